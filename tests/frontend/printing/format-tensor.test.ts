import { describe, expect, it } from "vitest";
import type { PrintableTensor, PrintOptionChanges } from "../../../frontend/printing/index.ts";
import {
  changePrintOptions,
  defaultPrintOptions,
  formatTensor,
  reprDevice,
  reprTuple,
  strDevice,
} from "../../../frontend/printing/index.ts";

const print = (
  data: ArrayLike<number> | ArrayLike<bigint>,
  about: Partial<PrintableTensor> = {},
  options: PrintOptionChanges = {},
): string =>
  formatTensor(
    { data, shape: [data.length], dtype: "float32", ...about },
    changePrintOptions(defaultPrintOptions, options),
  );

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

// Every expected text here was printed by torch 2.13.0+cpu.
describe("formatTensor", () => {
  it("rounds ties to even, as Python does", () => {
    expect(print([0.03125, 0.09375])).toBe("tensor([0.0312, 0.0938])");
    expect(print([100005, 200015, 0.5], {}, { sci_mode: true })).toBe("tensor([1.0000e+05, 2.0002e+05, 5.0000e-01])");
    expect(print([2.5], {}, { precision: 0 })).toBe("tensor([2])");
  });

  it("formats the parts of complex numbers apart", () => {
    const complex = { dtype: "complex64", shape: [2] };
    expect(print([1, 2, -3.5, -0.25], complex)).toBe("tensor([ 1.0000+2.0000j, -3.5000-0.2500j])");
    expect(print([NaN, Infinity, 1, 0], complex)).toBe("tensor([nan+infj, 1.+0.j])");
    expect(print([1, -0], { dtype: "complex64", shape: [] })).toBe("tensor(1.-0.j)");
  });

  it("keeps the edges of every dimension of a summarised tensor", () => {
    expect(print(range(24), { shape: [2, 3, 4], dtype: "int64" }, { threshold: 5, edgeitems: 1 })).toBe(
      "tensor([[[ 0,  ...,  3],\n         ...,\n         [ 8,  ..., 11]],\n\n" +
        "        [[12,  ..., 15],\n         ...,\n         [20,  ..., 23]]])",
    );
  });

  it("shows only the size when no edge is kept", () => {
    const options = { threshold: 0, edgeitems: 0 };
    expect(print(range(24), { shape: [2, 3, 4], dtype: "int64" }, options)).toBe("tensor([...], size=(2, 3, 4))");
    expect(print(range(10), { dtype: "int64" }, options)).toBe("tensor([...], size=(10,))");
  });

  it("lets zeros and non-finite values choose neither notation nor width", () => {
    expect(print([0, 0], {}, { sci_mode: true })).toBe("tensor([0., 0.])");
    expect(print([0, NaN, -Infinity])).toBe("tensor([0., nan, -inf])");
  });

  it("prints int64 exactly", () => {
    const data = new BigInt64Array([1n, -(2n ** 63n), 2n ** 63n - 1n, 0n]);
    expect(print(data, { shape: [2, 2], dtype: "int64" })).toBe(
      "tensor([[                   1, -9223372036854775808],\n        [ 9223372036854775807,                    0]])",
    );
  });

  it("prints whole floats beyond 2^53 with all their digits", () => {
    expect(print([Math.fround(1e30)], {}, { sci_mode: false })).toBe("tensor([1000000015047466219876688855040.])");
  });

  it("names the dtype of an empty tensor, int64 and complex included", () => {
    expect(print([], { shape: [0, 2], dtype: "int64" })).toBe("tensor([], size=(0, 2), dtype=torch.int64)");
    expect(print([], { dtype: "float64", requires_grad: true })).toBe(
      "tensor([], dtype=torch.float64, requires_grad=True)",
    );
  });

  it("leaves the default dtype unsaid", () => {
    expect(print([1.5], { dtype: "float64", defaultDtype: "float64" })).toBe("tensor([1.5000])");
    expect(print([1.5], { defaultDtype: "float64" })).toBe("tensor([1.5000], dtype=torch.float32)");
  });

  it("shows a meta tensor without its data, and other devices by name", () => {
    expect(print([], { shape: [2, 2], dtype: "float64", device: "meta" })).toBe(
      "tensor(..., device='meta', size=(2, 2), dtype=torch.float64)",
    );
    expect(print([1, 2], { device: "webgpu:0" })).toBe("tensor([1., 2.], device='webgpu:0')");
    expect(print([1, 2], { device: "cpu" })).toBe("tensor([1., 2.])");
  });

  it("breaks lines at linewidth and moves a suffix that does not fit to its own line", () => {
    expect(print(range(14), { dtype: "float64" }, { linewidth: 70 })).toBe(
      "tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11.,\n        12., 13.], dtype=torch.float64)",
    );
    const eighths = range(8).map((i) => i / 8);
    expect(print(eighths, { requires_grad: true, grad_fn: "MulBackward0" }, { linewidth: 60 })).toBe(
      "tensor([0.0000, 0.1250, 0.2500, 0.3750, 0.5000, 0.6250,\n        0.7500, 0.8750], grad_fn=<MulBackward0>)",
    );
    expect(print([1, 2], { requires_grad: true }, { linewidth: 20 })).toBe(
      "tensor([1., 2.],\n       requires_grad=True)",
    );
  });

  it("does not format what it does not show", () => {
    const data = new Proxy(new Float32Array(1_000_000), {
      get(target, key) {
        const index = Number(String(key));
        if (index >= 3 && index < 999_997) throw new Error(`element ${index} was read`);
        return Reflect.get(target, key, target) as unknown;
      },
    });
    expect(print(data)).toBe("tensor([0., 0., 0.,  ..., 0., 0., 0.])");
  });
});

describe("texts around tensors", () => {
  it("shows tuples and devices as Python does", () => {
    expect([[], [3], [3, 4]].map(reprTuple)).toEqual(["()", "(3,)", "(3, 4)"]);
    expect(reprDevice({ type: "webgpu", index: 0 })).toBe("device(type='webgpu', index=0)");
    expect(strDevice({ type: "webgpu", index: 0 })).toBe("webgpu:0");
  });
});
