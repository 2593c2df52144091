/** Values and what is drawn after them, as PyTorch 2.13 has them. */
import * as torch from "cresset";
import { expect, it } from "vitest";

const drawn = (seed: number, draw: () => torch.Tensor): unknown => {
  torch.manual_seed(seed);
  return draw().tolist();
};

it("half precision draws float32's uniforms and rounds them", () => {
  const first = (dtype: string): unknown => drawn(0, () => torch.rand(3, { dtype } as object));
  expect(first("float16")).toEqual([0.496337890625, 0.76806640625, 0.0885009765625]);
  expect(first("bfloat16")).toEqual([0.49609375, 0.76953125, 0.08837890625]);
});

it("a uniform that is rounded up to the end of its range becomes the start", () => {
  const narrow = drawn(21, () => torch.empty(21, { dtype: "bfloat16" }).uniform_(-2, 3.3)) as number[];
  expect(narrow.slice(8, 12)).toEqual([1.796875, 1.203125, -2, -1.234375]);
  const wide = drawn(3, () => torch.empty(10, { dtype: "float32" }).uniform_(1, 1 + 2 ** -23)) as number[];
  expect(wide).toEqual(Array<number>(10).fill(1));
});

it("half precision draws a last incomplete block of normals once", () => {
  const half = (dtype: "float16" | "bfloat16"): unknown => drawn(0, () => torch.empty(18, { dtype }).normal_(1.3, 0.7));
  expect(half("bfloat16")).toEqual([
    0.51171875, 0.494140625, 0.353515625, 0.11279296875, 1.6953125, 1.8515625, 1.71875, 0.2119140625, 1.0625, 2.59375,
    1.828125, 0.890625, 1.1796875, 1.4296875, 2.265625, 2.40625, 1.9609375, 0.7109375,
  ]);
  expect(torch.rand(1).item()).toBe(0.17591017484664917);
  expect(half("float16")).toEqual([
    0.51171875, 0.493408203125, 0.35302734375, 0.11285400390625, 1.6962890625, 1.85546875, 1.71875, 0.21142578125,
    1.0615234375, 2.59765625, 1.8251953125, 0.89013671875, 1.1787109375, 1.4287109375, 2.2734375, 2.41015625,
    1.962890625, 0.70947265625,
  ]);
});

it("both parts of a complex normal have the mean", () => {
  torch.manual_seed(0);
  const parts = torch.view_as_real(torch.empty(2, { dtype: "complex64" }).normal_(1.5, 1));
  expect(parts.tolist()).toEqual([
    [2.589648723602295, 1.292514443397522],
    [-0.04063674807548523, 1.9019416570663452],
  ]);
});

it("multinomial refuses what it cannot draw from, in PyTorch's words", () => {
  const weights = torch.tensor([1, 2, 3], { dtype: "float32" });
  for (const count of [0, -1])
    expect(() => torch.multinomial(weights, count)).toThrow(/cannot sample n_sample <= 0 samples/);
  expect(() => torch.multinomial(weights, 2.5)).toThrow(/must be an int/);
  expect(() => torch.multinomial(weights, 4)).toThrow(/n_sample > prob_dist.size\(-1\) samples without replacement/);
  const from = (list: number[], count: number, replacement: boolean) => (): unknown =>
    torch.multinomial(torch.tensor(list, { dtype: "float32" }), count, replacement);
  expect(from([1, -1], 1, false)).toThrow(/probability tensor contains either `inf`, `nan` or element < 0/);
  expect(from([1, NaN], 2, true)).toThrow(/encountering probability entry = infinity or NaN/);
  expect(from([1, -1], 2, true)).toThrow(/encountering probability entry < 0/);
  expect(from([0, 0], 2, true)).toThrow(/invalid multinomial distribution \(sum of probabilities <= 0\)/);
  const out = torch.empty(2, { dtype: "float64" });
  expect(() => torch.multinomial(weights, 2, false, { out })).toThrow(/multinomial expects Long tensor out/);
});

it("normal of tensors takes no size and no options of a new tensor", () => {
  expect(() => torch.normal(torch.ones(3), 1, [2])).toThrow(/takes no size/);
  expect(() => torch.normal(1, torch.ones(3), { dtype: "float64" } as object)).toThrow(/takes no dtype/);
});

it("a normal of two types has the first one's, and no gradient to either", () => {
  torch.manual_seed(0);
  const mean = torch.tensor([1, 2], { requires_grad: true });
  const std = torch.tensor([1, 3], { dtype: "float64", requires_grad: true });
  const drawnOnce = torch.normal(mean, std);
  expect(drawnOnce.dtype).toBe(torch.float32);
  expect(drawnOnce.tolist()).toEqual([2.5409960746765137, Math.fround(1.1197133)]);
  const [toMean, toStd] = torch.autograd.grad(drawnOnce.sum(), [mean, std]);
  expect([toMean.tolist(), toStd.tolist()]).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

it("random_(from, None) goes up to the largest number", () => {
  torch.manual_seed(0);
  expect(
    torch
      .empty(2, { dtype: "int64" })
      .random_(-(2n ** 63n), null)
      .tolist({ bigint: true }),
  ).toEqual([-8322921849960486353n, -5253828890213626688n]);
  torch.manual_seed(0);
  expect(torch.empty(3, { dtype: "uint8" }).random_(5, null).tolist()).toEqual([69, 79, 30]);
});

it("fills refuse types that they have no numbers for", () => {
  const complex = (): torch.Tensor => torch.zeros(2, { dtype: "complex64" });
  for (const fill of [() => complex().random_(), () => complex().bernoulli_(), () => complex().geometric_(0.5)])
    expect(fill).toThrow("not implemented for 'ComplexFloat'");
  expect(() => torch.zeros(2, { dtype: "bool" }).geometric_(0.5)).toThrow("not implemented for 'Bool'");
  expect(() => torch.zeros(2).random_(0.5)).toThrow("to must be a whole number");
});

it("native_dropout says what it kept", () => {
  torch.manual_seed(0);
  const [kept, mask] = torch.native_dropout(torch.ones(3), 0.5, true);
  expect([kept.tolist(), mask.tolist()]).toEqual([
    [0, 0, 2],
    [false, false, true],
  ]);
});
