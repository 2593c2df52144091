import { beforeAll, describe, expect, it } from "vitest";
import * as torch from "cresset";
import { expectGradients, sample } from "../support.ts";
import { gradientOf } from "./support.ts";

const F = torch.nn.functional;
type Function = (...inputs: torch.Tensor[]) => torch.Tensor;
type Case = readonly [title: string, of: Function, ...shapes: number[][]];

const cases: readonly Case[] = [
  [
    "convolution with stride, padding and dilation",
    (x, w, b) => F.conv2d(x, w, b, [2, 1], [1, 2], [1, 2]),
    [2, 3, 6, 7],
    [4, 3, 3, 2],
    [4],
  ],
  ["grouped convolution", (x, w) => F.conv2d(x, w, null, 1, 1, 1, 2), [2, 4, 4, 3], [6, 2, 3, 3]],
  ["depthwise convolution", (x, w) => F.conv1d(x, w, null, 2, 1, 1, 3), [2, 3, 7], [3, 1, 3]],
  ["convolution with few channels", (x, w) => F.conv2d(x, w), [2, 1, 4, 4], [5, 1, 2, 2]],
  [
    "convolution of padding 'same' with an even kernel",
    (x, w) => F.conv2d(x, w, null, 1, "same"),
    [1, 2, 4, 5],
    [3, 2, 2, 4],
  ],
  ["3-d convolution", (x, w) => F.conv3d(x, w, null, 1, 1), [1, 2, 3, 3, 2], [2, 2, 2, 2, 2]],
  ["transposed convolution", (x, w, b) => F.conv_transpose2d(x, w, b, 2, 1, 1), [2, 3, 3, 4], [3, 2, 3, 3], [2]],
  [
    "transposed convolution whose padding exceeds its windows",
    (x, w) => F.conv_transpose1d(x, w, null, 1, 0, 1, 1, 2),
    [1, 2, 4],
    [2, 3, 2],
  ],
  ["average pooling", (x) => F.avg_pool2d(x, 3, 2, 1, true, false), [1, 2, 6, 5]],
  ["average pooling side by side", (x) => F.avg_pool2d(x, 2), [1, 2, 5, 4]],
  ["uneven adaptive average pooling", (x) => F.adaptive_avg_pool2d(x, [3, 2]), [1, 2, 5, 7]],
  ["overlapping maximum pooling", (x) => F.max_pool2d(x, 3, 2, 1), [1, 2, 6, 5]],
  ["maximum pooling side by side", (x) => F.max_pool2d(x, 2), [1, 2, 5, 4]],
  ["uneven adaptive maximum pooling", (x) => F.adaptive_max_pool2d(x, [3, 2]), [1, 2, 5, 7]],
  ["layer normalisation", (x, w, b) => F.layer_norm(x, [4], w, b), [3, 4], [4], [4]],
  ["group normalisation", (x, w, b) => F.group_norm(x, 2, w, b), [2, 4, 3], [4], [4]],
  ["batch normalisation", (x, w, b) => F.batch_norm(x, null, null, w, b, true), [3, 2, 4], [2], [2]],
  ["softmax", (x) => F.softmax(x, 0), [3, 4]],
  [
    "attention",
    (q, k, v) => F.scaled_dot_product_attention(q, k, v, { is_causal: true }),
    [2, 3, 4],
    [2, 3, 4],
    [2, 3, 2],
  ],
  [
    "attention of grouped queries",
    (q, k, v) => F.scaled_dot_product_attention(q, k, v, { enable_gqa: true }),
    [4, 2, 3],
    [2, 3, 3],
    [2, 3, 2],
  ],
  ["cross entropy", (x) => F.cross_entropy(x, torch.tensor([1n, 3n, -100n]), { label_smoothing: 0.2 }), [3, 4]],
  ["bicubic resizing", (x) => F.interpolate(x, { size: [5, 3], mode: "bicubic" }), [1, 1, 3, 4]],
  ["reflection", (x) => F.pad(x, [2, 1], "reflect"), [2, 4]],
];

describe("gradients agree with differences of values", () => {
  beforeAll(() => torch.set_default_device("cpu:js"));

  it.each(cases.map(([title, of, ...shapes]) => ({ title, of, shapes })))("$title", ({ of, shapes }) => {
    expect(() =>
      expectGradients(
        of,
        shapes.map((shape) => sample(...shape)),
      ),
    ).not.toThrow();
  });

  const twice: readonly { title: string; of: Function; shapes: number[][] }[] = [
    {
      title: "convolution",
      of: (x, w) => F.conv1d(x, w, null, 2, 1).pow(2),
      shapes: [
        [1, 2, 5],
        [2, 2, 3],
      ],
    },
    {
      title: "transposed convolution",
      of: (x, w) => F.conv_transpose1d(x, w, null, 2, 1).pow(2),
      shapes: [
        [1, 2, 3],
        [2, 2, 3],
      ],
    },
    { title: "layer normalisation", of: (x, w) => F.layer_norm(x, [3], w).pow(2), shapes: [[2, 3], [3]] },
    { title: "softplus", of: (x, y) => F.softplus(x.mul(y)), shapes: [[4], [4]] },
  ];
  it.each(twice)("at second order: $title", ({ of, shapes }) => {
    const inputs = shapes.map((shape) => sample(...shape).mul(0.5));
    for (const which of [0, 1]) expect(() => expectGradients(gradientOf(of, which), inputs)).not.toThrow();
  });
});

describe("gradients stay finite", () => {
  beforeAll(() => torch.set_default_device("cpu"));
  const slopes = (of: (x: torch.Tensor) => torch.Tensor, values: number[]): number[] => {
    const x = torch.tensor(values).requires_grad_();
    return torch.autograd.grad([of(x).sum()], [x])[0].tolist() as number[];
  };

  it("where an exponential would overflow", () => {
    expect(slopes((x) => F.softplus(x), [-200, 0, 200])).toEqual([0, 0.5, 1]);
    expect(slopes((x) => F.logsigmoid(x), [-200, 0, 200])).toEqual([1, 0.5, 0]);
    expect(slopes((x) => F.elu(x), [-200, 200])).toEqual([0, 1]);
    const zeros = torch.zeros(2);
    expect(slopes((x) => F.binary_cross_entropy_with_logits(x, zeros, { reduction: "sum" }), [-200, 200])).toEqual([
      0, 1,
    ]);
    expect(slopes((x) => F.log_softmax(x, 0).at(0), [-2000, 2000])).toEqual([1, -1]);
  });

  it("at a vector of length zero", () => {
    expect(slopes((x) => F.normalize(x, 2, 0), [0, 0])).toEqual([Math.fround(1e12), Math.fround(1e12)]);
    expect(slopes((x) => F.pairwise_distance(x, x.detach(), 2, 0), [0, 0])).toEqual([0, 0]);
  });
});
