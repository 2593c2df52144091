import * as torch from "cresset";
import { describe, expect, it } from "vitest";

const rounded = (x: torch.Tensor): unknown =>
  JSON.parse(JSON.stringify(x.tolist()), (_, v: unknown) => (typeof v === "number" ? Number(v.toFixed(6)) : v));

describe("fake quantisation", () => {
  it("rounds to levels, and its gradient passes where nothing was clamped", () => {
    const x = torch.tensor([0.1, 1.26, -5, 200, 0.05, 0.15], { requires_grad: true });
    const y = torch.fake_quantize_per_tensor_affine(x, 0.1, 3, -20, 20);
    y.sum().backward();
    expect([rounded(y), x.grad!.tolist()]).toEqual([
      [0.1, 1.3, -2.3, 1.7, 0, 0.2],
      [1, 1, 0, 0, 1, 1],
    ]);
    const parameters = [torch.tensor(0.1), torch.tensor(3n)] as const;
    expect(torch.equal(torch.fake_quantize_per_tensor_affine(x, ...parameters, -20, 20), y)).toBe(true);
    const special = torch.tensor([NaN, Infinity, -Infinity]);
    expect(rounded(torch.fake_quantize_per_tensor_affine(special, 0.1, 0, -128, 127))).toEqual([-12.8, 12.7, -12.8]);
  });

  it("has a scale and a zero point for each channel", () => {
    const w = torch.tensor(
      [
        [0.1, 0.7],
        [-3, 1],
      ],
      { requires_grad: true },
    );
    const scale = torch.tensor([0.1, 0.25]);
    const zero = torch.tensor([0, 3], { dtype: torch.int32 });
    const z = torch.fake_quantize_per_channel_affine(w, scale, zero, 0, 0, 6);
    z.sum().backward();
    expect([rounded(z), w.grad!.tolist()]).toEqual([
      [
        [0.1, 0.6],
        [-0.75, 0.75],
      ],
      [
        [1, 0],
        [0, 0],
      ],
    ]);
    const fractions = torch.fake_quantize_per_channel_affine(
      torch.ones(2, 2, { dtype: torch.float64 }),
      torch.tensor([0.1, 0.3]),
      torch.tensor([0.5, 1]),
      0,
      0,
      255,
    );
    expect([fractions.dtype, rounded(fractions)]).toEqual([
      torch.float64,
      [
        [0.95, 0.95],
        [0.9, 0.9],
      ],
    ]);
  });

  it("refuses levels, types and sizes that do not fit", () => {
    const x = torch.ones(2, 2);
    const tensor = torch.fake_quantize_per_tensor_affine;
    expect(() => tensor(x, 0.1, 300, -128, 127)).toThrow("`zero_point` must be between");
    expect(() => tensor(x, 0.1, 0, 5, -5)).toThrow("`quant_min` should be less than or equal");
    expect(() => tensor(x.long(), 0.1, 0, 0, 5)).toThrow(torch.DTypeError);
    const channel = (zero: torch.Tensor, axis = 0) =>
      torch.fake_quantize_per_channel_affine(x, torch.tensor([0.1, 0.3]), zero, axis, 0, 255);
    expect(() => channel(torch.tensor([0n, 1n]))).toThrow("Zero-point must be Int32, Float or Half");
    expect(() => channel(torch.tensor([0]))).toThrow("not consistent with input tensor");
    expect(() => channel(torch.tensor([0, 1]), 2)).toThrow(torch.IndexError);
    expect(() => channel(torch.tensor([0, -1], { dtype: torch.int32 })).tolist()).toThrow("`zero_point` must be");
  });
});
