import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digamma, erf, erfc, erfinv, lgamma } from "../../../codegen/math/float64-library.ts";
import { f32, type Operation } from "../../../ir/loop.ts";
import type { WebGpuDevice } from "../../../runtime/webgpu/device.ts";
import { hasWebGpu, openDevice, runKernel } from "../../runtime/webgpu/support.ts";
import { buffer, call, kernel, load, parallel, ref, store, typeOf } from "./build.ts";

const smallestNormal = 2 ** -126;

/** Distance in units of the last place; a device may give 0 for a subnormal. */
function ulps(actual: number, expected: number): number {
  const rounded = Math.fround(expected);
  if (Object.is(actual, rounded) || (Number.isNaN(actual) && Number.isNaN(rounded))) return 0;
  if (actual === 0 && Math.abs(expected) <= smallestNormal) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(rounded)) return Infinity;
  const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(expected)))) - 23);
  return Math.abs(actual - expected) / unit;
}

const count = 20_000;
const spread = (low: number, high: number): number[] =>
  Array.from({ length: count }, (_, k) => Math.fround(low + ((high - low) * k) / count));
const special = [0, -0, 1, -1, Infinity, -Infinity, NaN, 1e-30, -1e-30, 1e30, -1e30].map(Math.fround);

const unary: readonly [Operation, (x: number) => number, readonly [number, number], number?][] = [
  ["exp", Math.exp, [-87, 89]],
  ["exp2", (x) => 2 ** x, [-126, 129]],
  ["expm1", Math.expm1, [-20, 89]],
  ["log", Math.log, [1e-3, 100]],
  ["log2", Math.log2, [1e-3, 100]],
  ["log10", Math.log10, [1e-3, 100]],
  ["log1p", Math.log1p, [-0.999, 10]],
  ["sin", Math.sin, [-30, 30]],
  ["cos", Math.cos, [-30, 30]],
  ["tan", Math.tan, [-30, 30]],
  ["asin", Math.asin, [-1, 1]],
  ["acos", Math.acos, [-1, 1]],
  ["atan", Math.atan, [-10, 10]],
  ["sinh", Math.sinh, [-80, 80]],
  ["cosh", Math.cosh, [-80, 80]],
  ["tanh", Math.tanh, [-10, 10]],
  ["asinh", Math.asinh, [-100, 100]],
  ["acosh", Math.acosh, [1, 100]],
  ["atanh", Math.atanh, [-0.999, 0.999]],
  ["erf", erf, [-5, 5]],
  ["erfc", erfc, [-5, 9]],
  ["erfinv", erfinv, [-1, 1]],
  ["lgamma", lgamma, [0.01, 50], 5],
  ["digamma", digamma, [0.01, 50], 4],
  ["sigmoid", (x) => 1 / (1 + Math.exp(-x)), [-80, 80]],
];

describe.skipIf(!hasWebGpu)("mathematical functions in WGSL", () => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  test.each(unary)("%s is as exact as elsewhere", async (op, reference, [low, high], bound = 2.5) => {
    const x = [...spread(low, high), ...special, 0];
    const four = typeOf("float32", 4);
    const i = ref("i");
    const j = ref("j");
    const buffers = ["x", "y", "z"].map((name) => buffer(name, "float32", x.length));
    const code = kernel(buffers, [
      parallel("i", x.length, [store("y", i, call(op, f32, load("x", i)))]),
      parallel("j", x.length, [store("z", j, call(op, four, load("x", j, four)))], 4),
    ]);
    const result = await runKernel(device, code, { x });
    const errors = x.map((value, k) => ulps(Number(result["y"]![k]), reference(value)));
    const worst = errors.indexOf(Math.max(...errors));
    expect({ x: x[worst], ulps: errors[worst], value: result["y"]![worst] }).toSatisfy(
      (found: { ulps: number }) => found.ulps <= bound,
    );
    expect(result["z"]).toEqual(result["y"]);
  });

  test.each([
    ["pow", Math.pow],
    ["atan2", Math.atan2],
  ] as const)("%s is within 2.5 ulp, signs and limits included", async (op, reference) => {
    const values = [...special, 0.5, 2, -2, 3, -3, 1.5, -1.5, 10, 0.1, 0.999, 1.001, 33.3, -7].map(Math.fround);
    const x = values.flatMap((value) => values.map(() => value));
    const y = values.flatMap(() => values);
    const i = ref("i");
    const buffers = ["x", "y", "z"].map((name) => buffer(name, "float32", x.length));
    const code = kernel(buffers, [parallel("i", x.length, [store("z", i, call(op, f32, load("x", i), load("y", i)))])]);
    const result = await runKernel(device, code, { x, y });
    // C's pow(1, NaN) and pow(-1, inf) are 1, unlike JavaScript's.
    const isC = (k: number) => op === "pow" && (x[k] === 1 || (x[k] === -1 && Math.abs(y[k]!) === Infinity));
    const found = x.map((a, k) => {
      const expected = isC(k) ? 1 : reference(a, y[k]!);
      return { x: a, y: y[k], value: result["z"]![k], ulps: ulps(Number(result["z"]![k]), expected) };
    });
    expect(found.filter((entry) => entry.ulps > 2.5)).toEqual([]);
  });
});
