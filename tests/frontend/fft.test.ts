/** torch.fft: any length against the sum that defines the transform, gradients, what is refused. */
import * as torch from "cresset";
import { describe, expect, it } from "vitest";
import { webgpuAvailable } from "../support/webgpu.ts";
import { complexSigned, signed } from "./gradients/inputs.ts";

const devices = (await webgpuAvailable()) ? ["cpu", "cpu:js", "webgpu"] : ["cpu", "cpu:js"];

/** Both parts in turns, summed up in float64. */
function transform(values: ArrayLike<number>, sign: 1 | -1): Float64Array {
  const n = values.length / 2;
  const out = new Float64Array(2 * n);
  for (let k = 0; k < n; k++) {
    for (let j = 0; j < n; j++) {
      const angle = (sign * 2 * Math.PI * ((j * k) % n)) / n;
      out[2 * k]! += values[2 * j]! * Math.cos(angle) - values[2 * j + 1]! * Math.sin(angle);
      out[2 * k + 1]! += values[2 * j]! * Math.sin(angle) + values[2 * j + 1]! * Math.cos(angle);
    }
  }
  return out;
}
const length = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));

describe.each(devices)("transforms on %s", (device) => {
  // Powers of two, mixed factors, primes, products of large primes.
  it.each([1, 2, 7, 12, 17, 60, 97, 34 * 3, 289])("of %i values", async (n) => {
    if (device === "webgpu") await torch.webgpu.init();
    const values = Float32Array.from({ length: 2 * n }, (_, i) => Math.sin(i * i + 1));
    const z = torch.view_as_complex(torch.tensor(values, { device }).reshape(n, 2));
    for (const [found, wanted] of [
      [torch.fft.fft(z), transform(values, -1)],
      [torch.fft.ifft(z, { norm: "forward" }), transform(values, 1)],
    ] as const) {
      const got = await torch.view_as_real(found).flatten().numpyAsync();
      const apart = Array.from(got as Float32Array, (x, i) => x - wanted[i]!);
      expect(length(apart)).toBeLessThan(6e-7 * length(wanted));
    }
  });
});

describe("forms of the transform", () => {
  it("have the sizes, factors and symmetries of PyTorch's", () => {
    const x = torch.tensor([1, 2, 3, 4, 5], { dtype: torch.float64 });
    expect(torch.fft.rfft(x).shape).toEqual([3]);
    expect(torch.allclose(torch.fft.irfft(torch.fft.rfft(x), 5), x)).toBe(true);
    expect(torch.allclose(torch.fft.hfft(torch.fft.ihfft(x), 5), x)).toBe(true);
    expect(torch.allclose(torch.fft.fft(x, { norm: "ortho" }).abs().square().sum(), x.square().sum())).toBe(true);
    expect(torch.fft.fftfreq(5, 0.5).tolist()).toEqual([
      0,
      Math.fround(0.4),
      Math.fround(0.8),
      Math.fround(-0.8),
      Math.fround(-0.4),
    ]);
    expect(torch.fft.rfftfreq(4).tolist()).toEqual([0, 0.25, 0.5]);
    expect(torch.fft.fftshift(torch.arange(5)).tolist()).toEqual([3, 4, 0, 1, 2]);
    expect(torch.fft.ifftshift(torch.fft.fftshift(torch.arange(5))).tolist()).toEqual([0, 1, 2, 3, 4]);
  });

  it.each([
    ["no values", () => torch.fft.fft(torch.zeros(3, 0)), /Invalid number of data points \(0\)/],
    [
      "a complex input of rfft",
      () => torch.fft.rfft(torch.zeros(3, { dtype: torch.complex64 })),
      /expects a real input/,
    ],
    ["a dimension twice", () => torch.fft.fftn(torch.zeros(3, 3), { dim: [0, 0] }), /dims must be unique/],
    // @ts-expect-error no such norm
    ["an unknown norm", () => torch.fft.fft(torch.zeros(3), { norm: "mean" }), /Invalid normalization mode/],
    ["a length of -1", () => torch.fft.fft(torch.zeros(4), -1), /Invalid number of data points \(-1\) specified/],
    ["-1 real samples", () => torch.fft.rfft(torch.zeros(4), -1), /Invalid number of data points \(-1\) specified/],
    ["-1 real results", () => torch.fft.irfft(torch.zeros(4), -1), /Invalid number of data points \(-1\) specified/],
    ["half floats", () => torch.fft.fft(torch.zeros(4).half()), /Unsupported dtype Half/],
    ["sizes and dimensions that differ in number", () => torch.fft.fftn(torch.zeros(3, 3), [2], [0, 1]), /same length/],
  ])("refuse %s", (_what, call, message) => expect(call).toThrow(message));

  const functions: Readonly<Record<string, (z: torch.Tensor) => torch.Tensor>> = {
    "fft of a prime length": (z) => torch.fft.fft(z, 17),
    "irfft, whose end points have no imaginary part": (z) => torch.fft.irfft(z, 4),
    hfftn: (z) => torch.fft.hfftn(z),
    ifft2: (z) => torch.fft.ifft2(z, { norm: "ortho" }),
  };
  it.each(Object.entries(functions))("%s: gradients agree with differences", (_name, call) => {
    expect(torch.autograd.gradcheck(call, complexSigned(2, 3))).toBe(true);
    expect(torch.autograd.gradgradcheck(call, complexSigned(2, 3), { fast_mode: true })).toBe(true);
  });
  it("rfftn: gradients of real input agree with differences", () => {
    expect(torch.autograd.gradcheck((x: torch.Tensor) => torch.fft.rfftn(x, [3, 4]), signed(2, 5))).toBe(true);
  });
});

it("istft of all frequencies takes half of them for a real signal", () => {
  const x = torch.complex(torch.arange(60, { dtype: torch.float32 }).reshape(10, 6), torch.ones(10, 6));
  const real = torch.istft(x, 10, { center: false });
  expect(real.dtype).toBe(torch.float32);
  [15, -6.8988, 8, -3.9804].forEach((value, i) => expect(real.at(i).item()).toBeCloseTo(value, 3));
  const complex = torch.istft(x, 10, { center: false, return_complex: true });
  expect(complex.dtype).toBe(torch.complex64);
  [27, -3, 12.5].forEach((value, i) => expect(complex.real.at(i).item()).toBeCloseTo(value, 3));
});
