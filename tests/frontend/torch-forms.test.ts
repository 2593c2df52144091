/** Functions that torch itself has, in forms of its own. Numbers are PyTorch's. */
import * as torch from "cresset";
import { expect, it } from "vitest";
import { expectClose, expectGradients, flat, onEachDevice, sample } from "../ir/ops/support.ts";

const wave = (...shape: number[]): torch.Tensor =>
  torch.arange(shape.reduce((n, size) => n * size, 1)).float().reshape(shape).sin(); // prettier-ignore
const F = torch.nn.functional;

onEachDevice("torch's own forms", () => {
  it("native_group_norm gives the statistics of each group, and the gradient of group_norm", () => {
    const [weight, bias] = [torch.tensor([1, 2, 3, 4]), torch.tensor([0, 1, 0, 1])];
    const [output, mean, inverse] = torch.native_group_norm(wave(2, 4, 3), weight, bias, 2, 4, 3, 2, 1e-5);
    expect(flat(output)).toEqual(flat(F.group_norm(wave(2, 4, 3), 2, weight, bias)));
    const groups = wave(2, 4, 3).reshape(4, 6);
    expectClose(mean, flat(groups.mean(1)));
    expectClose(inverse, flat(groups.var(1, { correction: 0 }).add(1e-5).rsqrt()));
    expect([mean.shape, inverse.shape]).toEqual([[2, 2], [2, 2]]); // prettier-ignore
    expectGradients((x) => torch.native_group_norm(x, null, null, 2, 4, 3, 2, 1e-5)[0], [sample(2, 4, 3)]);
    expect(() => torch.native_group_norm(wave(2, 4, 3), null, null, 2, 4, 4, 2, 1e-5)).toThrow(torch.ShapeError);
  });

  it("grid samplers take numbers for words", () => {
    const image = torch.arange(16).float().reshape(1, 1, 4, 4);
    const grid = torch.tensor([[[[-0.5, 0.3], [0.9, -1.2]]]]); // prettier-ignore
    const modes = ["bilinear", "nearest", "bicubic"] as const;
    const paddings = ["zeros", "border", "reflection"] as const;
    modes.forEach((mode, i) =>
      paddings.forEach((padding_mode, j) => {
        const expected = flat(F.grid_sample(image, grid, { mode, padding_mode, align_corners: i === 1 }));
        expect(flat(torch.grid_sampler(image, grid, i, j, i === 1))).toEqual(expected);
        expect(flat(torch.grid_sampler_2d(image, grid, i, j, i === 1))).toEqual(expected);
      }),
    );
    const volume = torch.ones(1, 1, 2, 2, 2);
    expect(torch.grid_sampler_3d(volume, torch.zeros(1, 1, 1, 1, 3), 0, 0, false).tolist()).toEqual([[[[[1]]]]]);
    expect(() => torch.grid_sampler(image, grid, 4, 0, false)).toThrow("2 (bicubic), but got: 4");
    expect(() => torch.grid_sampler_2d(volume, grid, 0, 0, false)).toThrow(torch.ShapeError);
    const theta = torch.tensor([[[1, 0, 0.1], [0, 1, 0.2]]]); // prettier-ignore
    const made = torch.affine_grid_generator(theta, [1, 1, 2, 2], false);
    expect(flat(made)).toEqual(flat(F.affine_grid(theta, [1, 1, 2, 2], { align_corners: false })));
  });

  it("convolution is over as many dimensions as the weight says, or its adjoint", () => {
    const [x, weight, bias] = [wave(1, 2, 9), wave(2, 2, 3), torch.tensor([1, 2])];
    const forward = torch.convolution(x, weight, bias, [2], [1], [1], false, [0], 1);
    expect(flat(forward)).toEqual(flat(F.conv1d(x, weight, bias, 2, 1)));
    const back = torch.convolution(x, weight, null, [2], [1], [1], true, [1], 1);
    expect(flat(back)).toEqual(flat(F.conv_transpose1d(x, weight, null, 2, 1, 1)));
    expect(() => torch.convolution(x, wave(1, 2, 3, 3), null, [1], [0], [1], false, [0], 1)).toThrow(
      "Expected 4-dimensional input for 4-dimensional weight",
    );
  });

  it("pooling of one dimension gives the positions, too", () => {
    const x = wave(1, 2, 9).add(wave(9));
    const [values, positions] = torch.adaptive_max_pool1d(x, 4);
    expect(flat(values)).toEqual(flat(F.adaptive_max_pool1d(x, 4)));
    expect(flat(x.gather(2, positions))).toEqual(flat(values));
    const [largest, places] = torch.max_pool1d_with_indices(x, 3, 2);
    expect(flat(x.gather(2, places))).toEqual(flat(largest));
    expect(largest.shape).toEqual([1, 2, 4]);
  });

  it("losses know a reduction by its number, and reduce nothing unless they are told", () => {
    const [x, y, pos_weight] = [torch.tensor([1, -2]), torch.tensor([1, 0]), torch.tensor([2, 3])];
    expectClose(torch.binary_cross_entropy_with_logits(x, y, null, pos_weight), [0.6265233, 0.12692805]);
    expectClose(torch.binary_cross_entropy_with_logits(x, y, null, pos_weight, 2), [0.7534515]);
    expectClose(torch.binary_cross_entropy_with_logits(x, y, pos_weight, { reduction: 1 }), [0.5036538]);
    expect(() => torch.binary_cross_entropy_with_logits(x, y, null, null, 4)).toThrow("not a valid value");
    const log_probs = wave(4, 2, 3).log_softmax(-1);
    const targets = torch.tensor([[1n, 2n], [2n, 1n]]); // prettier-ignore
    expectClose(torch.ctc_loss(log_probs, targets, [4, 4], [2, 1]), [1.3780013, 1.8393933]);
    expectClose(torch.ctc_loss(log_probs, targets, [4, 4], [2, 1], 0, 1), [1.264197]);
  });

  it("tables and weights come first", () => {
    const table = torch.arange(8).float().reshape(4, 2);
    expect(torch.embedding_renorm_(table, torch.tensor([1n]), 2, 2)).toBe(table);
    expectClose(table, [0, 1, 1.1094, 1.6641, 4, 5, 6, 7], 1e-4);
    const rows = torch.arange(8).float().reshape(4, 2).requires_grad_();
    torch
      .embedding(rows, torch.tensor([1n, 3n, 1n]), 3, true)
      .sum()
      .backward();
    expect(rows.grad!.tolist()).toEqual([[0, 0], [1, 1], [0, 0], [0, 0]]); // prettier-ignore
    const statistics = (): [torch.Tensor, torch.Tensor] => [torch.zeros(2), torch.ones(2)];
    const [x, weight, bias] = [wave(3, 2, 4), torch.tensor([1, 2]), torch.tensor([3, 4])];
    const [mean, variance] = statistics();
    const [otherMean, otherVariance] = statistics();
    const both = [
      torch.batch_norm(x, weight, bias, mean, variance, true, 0.1, 1e-5, false),
      torch.instance_norm(x, weight, bias, mean, variance, true, 0.1, 1e-5, false),
    ];
    const expected = [
      F.batch_norm(x, otherMean, otherVariance, weight, bias, true, 0.1, 1e-5),
      F.instance_norm(x, otherMean, otherVariance, weight, bias, true, 0.1, 1e-5),
    ];
    expect([...both, mean, variance].map(flat)).toEqual([...expected, otherMean, otherVariance].map(flat));
  });

  it("nonzero_static fills what is missing, cuts what is too much, and reads nothing", () => {
    const x = torch.tensor([[0, 1], [2, 0]]); // prettier-ignore
    expect(torch.nonzero_static(x, { size: 3 }).tolist()).toEqual([[0, 1], [1, 0], [-1, -1]]); // prettier-ignore
    expect(x.nonzero_static({ size: 1, fill_value: 7 }).tolist()).toEqual([[0, 1]]);
    expect(torch.nonzero_static(torch.tensor([0, 0]), { size: 2, fill_value: 7 }).tolist()).toEqual([[7], [7]]);
    expect(torch.nonzero_static(torch.tensor(3), { size: 2 }).shape).toEqual([2, 0]);
    expect(torch.nonzero_static(torch.ones(0, 3), { size: 1 }).tolist()).toEqual([[-1, -1]]);
    const counted = torch.compile((v: torch.Tensor) => torch.nonzero_static(v, { size: 2 }).sum());
    expect([counted(torch.tensor([0, 1, 1])).item(), counted(torch.tensor([1, 0, 0])).item()]).toEqual([3, -1]);
    expect(() => torch.nonzero_static(x, { size: -1 })).toThrow("must be an non-negative integer");
  });

  it("norms by their older names", () => {
    const x = torch.tensor([[0, 0], [5, 0]]); // prettier-ignore
    expect(torch.frobenius_norm(x, []).item()).toBe(5);
    expect(torch.frobenius_norm(x, [0], true).tolist()).toEqual([[5, 0]]);
    expectClose(torch.nuclear_norm(x), [5]);
    expectClose(torch.nuclear_norm(torch.stack([x, x.mul(2)]), [1, 2]), [5, 10]);
  });
});

it("empty_permuted lays dimensions out in the order given", () => {
  const made = torch.empty_permuted([2, 3, 4], [2, 0, 1], { dtype: torch.int32 });
  expect([made.shape, made.stride(), made.dim_order(), made.dtype]).toEqual([[2, 3, 4], [3, 1, 6], [2, 0, 1], torch.int32]); // prettier-ignore
  for (const layout of [[0, 0], [0], [0, 2]])
    expect(() => torch.empty_permuted([2, 3], layout)).toThrow(torch.ShapeError);
});

it("a tensor says where it is not, and in which order its dimensions lie", () => {
  const x = torch.ones(2, 3, 4, 5);
  expect([x.is_cpu, x.is_cuda, x.is_mps, x.is_nested, x.volatile, x.name]).toEqual([true, false, false, false, false, null]); // prettier-ignore
  expect(x.to({ memory_format: torch.channels_last }).dim_order()).toEqual([0, 2, 3, 1]);
  expect(torch.ones(2, 3).expand(4, 2, 3).dim_order()).toEqual([0, 1, 2]);
  expect(torch.ones(4).resize(2, 2).resize_as(torch.ones(4)).shape).toEqual([4]);
  expect(() => torch.ones(4).resize(3)).toThrow("requested resize to 3");
});

it("members are functions, constants have names, and what PyTorch removed says what replaced it", () => {
  const x = torch.ones(3).requires_grad_();
  const y = x.mul(2);
  expect([torch.detach(y).requires_grad, torch.detach_(y).requires_grad]).toEqual([false, false]);
  expect([torch.get_device(x), torch.is_signed(x), torch.is_signed(torch.ones(1).byte())]).toEqual([-1, true, false]);
  expect([torch.typename(x), torch.typename(3), torch.typename(torch.nn.Linear)]).toEqual(["torch.FloatTensor", "number", "Linear"]); // prettier-ignore
  expect([torch.pi, torch.e, torch.inf, torch.nan]).toEqual([Math.PI, Math.E, Infinity, NaN]);
  expect(x.at(torch.newaxis).shape).toEqual([1, 3]);
  expect(torch.legacy_contiguous_format).toBe(torch.contiguous_format);
  torch.set_anomaly_enabled(true, false);
  expect([torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()]).toEqual([true, false]);
  torch.set_anomaly_enabled(false);
  expect(torch.is_anomaly_enabled()).toBe(false);
  for (const gone of [torch.eig, torch.lstsq, torch.matrix_rank, torch.solve, torch.symeig])
    expect(() => gone(x)).toThrow("is now removed");
});

it("fractional pooling gives the positions, too, under a name of its own", () => {
  const x = torch.rand(1, 2, 6, 6);
  const options = { output_size: [3, 3], _random_samples: torch.rand(1, 2, 2) };
  const [values, positions] = F.fractional_max_pool2d_with_indices(x, 2, options);
  expect(flat(values)).toEqual(flat(F.fractional_max_pool2d(x, 2, options)));
  expect(flat(x.flatten(2).gather(2, positions.flatten(2)))).toEqual(flat(values));
  const volume = F.fractional_max_pool3d_with_indices(torch.rand(1, 1, 4, 4, 4), 2, { output_size: 2 });
  expect(volume.map(({ shape }) => shape)).toEqual([[1, 1, 2, 2, 2], [1, 1, 2, 2, 2]]); // prettier-ignore
});
