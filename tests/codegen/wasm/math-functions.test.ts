import "../../../frontend/special-functions.ts";
import { describe, expect, test } from "vitest";
import { hostFunctions } from "../../../codegen/wasm/host-functions.ts";
import type { HostFunction, HostFunctionName, MathOperation } from "../../../codegen/wasm/host-functions.ts";
import type { Expr, Type } from "../../../ir/loop.ts";
import { buffer, kernelOf, load, loop, op, relaxedModes, runKernel, store, v } from "./harness.ts";

const count = 4096;
const special = [0, -0, 1, -1, 0.5, -0.5, NaN, Infinity, -Infinity, 1e-45, -1e-40, 3.4e38, -3.4e38, 88.8, -104, 2, 3];

/** Values of all magnitudes, then values of everyday size, always the same ones. */
function inputs(seed: number): Float32Array {
  const values = new Float32Array(count);
  let state = seed;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let i = 0; i < count; i++) {
    const magnitude = i % 2 === 0 ? 2 ** (random() * 60 - 30) : random() * 10;
    values[i] = random() < 0.5 ? -magnitude : magnitude;
  }
  values.set(special, seed % 7);
  return values;
}

/** Distance in representable float32 values. */
function ulps(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b) ? 0 : Infinity;
  const [x, y] = new Int32Array(Float32Array.of(a, b).buffer);
  const ordered = (bits: number): number => (bits < 0 ? -(bits & 0x7fffffff) : bits);
  return Math.abs(ordered(x!) - ordered(y!));
}

function evaluate(
  name: MathOperation,
  operands: readonly Float32Array[],
  lanes: number,
  relaxed: boolean,
): Float32Array {
  const type: Type = { kind: "f32", lanes };
  const names = operands.map((_, i) => `in${i}`);
  const args = names.map((operand): Expr => load(operand, v("i"), type));
  const out = new Float32Array(count);
  runKernel(
    kernelOf(
      [...names, "out"].map((each) => buffer(each, "float32", count)),
      [loop("i", count, [store("out", v("i"), op(name, type, ...args))], lanes)],
    ),
    [...operands, out],
    [],
    relaxed,
  );
  return out;
}

const { fmod: _, ...functions } = {
  ...(hostFunctions() as Readonly<Record<HostFunctionName, HostFunction>>),
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
};
const names = Object.keys(functions) as Exclude<MathOperation, "exp_nonpositive">[];
const binary = new Set<MathOperation>(["atan2", "pow"]);

describe.each(names)("%s of float32", (name) => {
  const operands = binary.has(name) ? [inputs(1), inputs(2)] : [inputs(1)];
  const exact = Float32Array.from({ length: count }, (_, i) =>
    functions[name](operands[0]![i]!, operands[1]?.[i] ?? 0),
  );

  test.each(relaxedModes)("is within 4 ulp of float64's, in scalars and vectors, with relaxed SIMD %s", (relaxed) => {
    for (const lanes of [1, 4]) {
      const got = evaluate(name, operands, lanes, relaxed);
      const far = Array.from(got, (value, i) => ({ x: operands.map((o) => o[i]!), value, exact: exact[i]! }))
        .filter(({ value, exact: wanted }) => ulps(value, wanted) > 4)
        .slice(0, 3);
      expect(far).toEqual([]);
    }
  });

  test("is the same in scalars and vectors without relaxed SIMD", () => {
    expect(evaluate(name, operands, 4, false)).toEqual(evaluate(name, operands, 1, false));
  });
});

test("fmod of float32 is exact, whatever the operands", () => {
  const bits = new Uint32Array(4096);
  let seed = 1;
  for (let i = 0; i < bits.length; i++) bits[i] = seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  const any = Array.from(new Float32Array(bits.buffer));
  const edges = [0, -0, 1, -1, 2 ** -149, -(2 ** -149), 2 ** -126, 3.4028234663852886e38, Infinity, -Infinity, NaN];
  // Quotients that are whole, or just below, and those at which float64 holds the product no more.
  const near = any.flatMap((x) => (Math.abs(x) < 1e30 ? [x] : [])).slice(0, 500);
  const pairs: (readonly [number, number])[] = [
    ...any.map((x, i) => [x, any[(i * 7 + 3) % any.length]!] as const),
    ...edges.flatMap((x) => edges.map((y) => [x, y] as const)),
    ...near.flatMap((y, i) => [(i + 2) * 3, 2 ** 20 + i, 2 ** 29 - i, 2 ** 31 + i].map((n) => [y * n, y] as const)),
    ...near.flatMap((y, i) => [[Math.fround(y * (i + 3)) * (1 - 2 ** -23), y] as const, [y * 0.3, y] as const]),
  ];
  while (pairs.length % 4 !== 0) pairs.push([5, 3]);
  const [x, y] = [0, 1].map((side) => Float32Array.from(pairs, (pair) => pair[side]!)) as [Float32Array, Float32Array];
  for (const lanes of [1, 4]) {
    const out = new Float32Array(x.length);
    const type = { kind: "f32", lanes } as const;
    const remainder = op("rem", type, load("x", v("i"), type), load("y", v("i"), type));
    runKernel(
      kernelOf(
        ["x", "y", "out"].map((each) => buffer(each, "float32", x.length)),
        [loop("i", x.length, [store("out", v("i"), remainder)], lanes)],
      ),
      [x, y, out],
    );
    expect(out).toEqual(Float32Array.from(x, (value, i) => value % y[i]!));
  }
});
