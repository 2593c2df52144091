/** What does not lie row by row is filled in the order of its memory; the values are PyTorch 2.13's. */
import * as torch from "cresset";
import { expect, it } from "vitest";

const transposed = (): torch.Tensor => torch.zeros(2, 3).t();
const start = [
  [0.49625658988952637, 0.13203048706054688],
  [0.7682217955589294, 0.30742281675338745],
  [0.08847743272781372, 0.6340786814689636],
];
const normals = [
  [1.5409960746765137, 0.5684312582015991],
  [-0.293428897857666, -1.0845223665237427],
  [-2.1787893772125244, -1.3985954523086548],
];
const numbers = [
  [44, 60],
  [39, 63],
  [33, 79],
];
const probabilities = (): torch.Tensor =>
  torch.tensor([
    [0.1, 0.9],
    [0.3, 0.5],
    [0.7, 0.2],
  ]);

it.each<[string, () => torch.Tensor, unknown]>([
  ["uniform_", () => transposed().uniform_(), start],
  ["random_", () => transposed().random_(100), numbers],
  ["normal_", () => transposed().normal_(), normals],
  ["bernoulli_", () => transposed().bernoulli_(), [[0, 0], [0, 0], [1, 0]]], // prettier-ignore
  ["bernoulli_ of a tensor", () => transposed().bernoulli_(probabilities()), [[0, 1], [0, 1], [1, 0]]], // prettier-ignore
  ["geometric_", () => transposed().geometric_(0.2), [[1, 1], [2, 2], [4, 2]]], // prettier-ignore
  ["rand_like", () => torch.rand_like(transposed()), start],
  ["randn_like", () => torch.randn_like(transposed()), normals],
  ["randint_like", () => torch.randint_like(transposed(), 100), numbers],
  ["dropout", () => torch.nn.functional.dropout(torch.ones(2, 3).t()), [[0, 0], [0, 0], [2, 0]]], // prettier-ignore
  [
    "uniform_ of every other column",
    () => torch.zeros(3, 4).at(":", "::2").t().uniform_(),
    [
      [0.49625658988952637, 0.08847743272781372, 0.30742281675338745],
      [0.7682217955589294, 0.13203048706054688, 0.6340786814689636],
    ],
  ],
  [
    "normal_ of 16 that lie apart",
    () => torch.zeros(32).at("::2").normal_(),
    [
      1.5409960746765137, -0.293428897857666, -2.1787893772125244, 0.5684312582015991, -1.0845223665237427,
      -1.3985954523086548, 0.40334683656692505, 0.8380263447761536, -0.7192575931549072, -0.40334352850914,
      -0.5966353416442871, 0.18203648924827576, -0.8566746115684509, 1.1006041765213013, -1.0711873769760132,
      0.1227012425661087,
    ],
  ],
  [
    "the parts of a complex normal_",
    () => torch.view_as_real(torch.zeros(2, 3, { dtype: "complex64" }).t().normal_()),
    [
      [
        [1.0896488428115845, -0.20748557150363922],
        [0.2852092981338501, 0.5925741195678711],
      ],
      [
        [-1.5406367778778076, 0.40194159746170044],
        [-0.508591890335083, -0.28520694375038147],
      ],
      [
        [-0.7668731212615967, -0.9889562726020813],
        [-0.4218849241733551, 0.1287192404270172],
      ],
    ],
  ],
])("%s", (_, draw, expected) => {
  torch.manual_seed(0);
  expect(draw().tolist()).toEqual(expected);
});

it("a multinomial over columns races in the order of memory", () => {
  torch.manual_seed(0);
  const weights = torch.tensor([
    [0.1, 0.5, 0.4],
    [0.3, 0.3, 0.4],
  ]);
  expect(torch.multinomial(weights.t(), 2).tolist({ bigint: false })).toEqual([
    [1, 0],
    [0, 1],
    [0, 1],
  ]);
});

it("dropout lies as its input does", () => {
  const image = torch.ones(2, 3, 4, 5).to({ memory_format: torch.channels_last });
  const F = torch.nn.functional;
  for (const p of [0.5, 1])
    for (const drop of [F.dropout, F.alpha_dropout, F.dropout2d, F.feature_alpha_dropout])
      expect(drop(image, p, true).stride()).toEqual([60, 1, 15, 3]);
});

it("what is drawn like a tensor has its strides", () => {
  for (const like of [torch.rand_like, torch.randn_like])
    expect([like(transposed()).stride(), like(torch.zeros(6).at("::2")).stride()]).toEqual([[1, 3], [1]]);
  expect(torch.rand_like(transposed(), { memory_format: torch.contiguous_format }).stride()).toEqual([2, 1]);
});
