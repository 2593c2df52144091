import { describe, expect, test } from "vitest";
import type { DType } from "../../../ir/dtype.ts";
import { bool, type Expr, f32, f64, i32, i64, type Operation, type Type } from "../../../ir/loop.ts";
import {
  buffer,
  c,
  int,
  kernelOf,
  load,
  loop,
  op,
  relaxedModes,
  runKernel,
  store,
  type Typed,
  v,
  vec,
} from "./harness.ts";

type Value = number | bigint;
const fround = Math.fround;
const minI64 = -(2n ** 63n);
const wrap64 = (x: bigint): bigint => BigInt.asIntN(64, x);

/** Operand values by kind, 8 of each so that vectors fill. */
const samples = {
  f32: [0, -0, 1.5, -2.5, NaN, Infinity, -Infinity, fround(0.1)],
  f64: [0, -0, 1.5, -2.5, NaN, Infinity, -Infinity, 0.1],
  i32: [0, 1, -1, 7, -8, 0x7fffffff, -0x80000000, 33],
  i64: [0n, 1n, -1n, 7n, -8n, 2n ** 63n - 1n, minI64, 65n],
  bool: [0, 1, 0, 1, 1, 0, 1, 0],
} as const;
type Kind = keyof typeof samples;
const dtypeOfKind: Record<Kind, DType> = { f32: "float32", f64: "float64", i32: "int32", i64: "int64", bool: "bool" };
const types: Record<Kind, Type> = { f32, f64, i32, i64, bool };

export function arrayOf(kind: Kind, values: readonly Value[]): Typed {
  switch (kind) {
    case "f32":
      return Float32Array.from(values as number[]);
    case "f64":
      return Float64Array.from(values as number[]);
    case "i32":
      return Int32Array.from(values as number[]);
    case "i64":
      return BigInt64Array.from(values as bigint[]);
    case "bool":
      return Uint8Array.from(values as number[]);
  }
}

/** All combinations of `arity` operands. */
function combinations(kind: Kind, arity: number): Value[][] {
  let columns: Value[][] = samples[kind].map((x) => [x]);
  for (let i = 1; i < arity; i++) columns = columns.flatMap((row) => samples[kind].map((x) => [...row, x]));
  return columns;
}

/** Applies `name` to every combination of operands, in scalars or vectors. */
function apply(
  name: Operation,
  kind: Kind,
  arity: number,
  result: Kind,
  lanes: number,
  relaxed: boolean,
  kinds?: Kind[],
): Value[] {
  const operandKinds = kinds ?? new Array<Kind>(arity).fill(kind);
  const rows = kinds
    ? samples[kinds[0]!].flatMap((x, i) => samples[kinds[1]!].map((y, j) => [x, y, samples[kinds[2]!][(i + j) % 8]!]))
    : combinations(kind, arity);
  const inputs = operandKinds.map((k, i) =>
    arrayOf(
      k,
      rows.map((row) => row[i]!),
    ),
  );
  const output = arrayOf(
    result,
    rows.map(() => (result === "i64" ? 0n : 0)),
  );
  const type = (k: Kind): Type => ({ kind: k, lanes });
  const args = operandKinds.map((k, i): Expr => load(`in${i}`, v("i"), type(k)));
  const kernel = kernelOf(
    [
      ...operandKinds.map((k, i) => buffer(`in${i}`, dtypeOfKind[k], rows.length)),
      buffer("out", dtypeOfKind[result], rows.length),
    ],
    [loop("i", rows.length, [store("out", v("i"), op(name, type(result), ...args))], lanes)],
  );
  runKernel(kernel, [...inputs, output], [], relaxed);
  return Array.from(output as Iterable<Value>);
}

const roundHalfEven = (x: number): number => {
  if (!Number.isFinite(x) || x === 0) return x;
  const r = Math.round(x);
  const even = Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
  return even === 0 && x < 0 ? -0 : even;
};
type Reference = (...args: never[]) => Value;
const floatOps: Partial<Record<Operation, (...args: number[]) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  rem: (a, b) => a % b,
  neg: (a) => -a,
  abs: (a) => Math.abs(a),
  sqrt: (a) => Math.sqrt(a),
  floor: (a) => Math.floor(a),
  ceil: (a) => Math.ceil(a),
  trunc: (a) => Math.trunc(a),
  nearest: (a) => roundHalfEven(a),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  copysign: (a, b) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a)),
};
const i32Ops: Partial<Record<Operation, (...args: number[]) => number>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: (a, b) => Math.imul(a, b),
  div: (a, b) => (b === 0 ? 0 : (a / b) | 0),
  rem: (a, b) => (b === 0 ? 0 : (a % b) | 0),
  neg: (a) => -a | 0,
  abs: (a) => Math.abs(a) | 0,
  floor: (a) => a,
  ceil: (a) => a,
  trunc: (a) => a,
  nearest: (a) => a,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  not: (a) => ~a,
  shl: (a, b) => a << b,
  shr: (a, b) => a >> b,
  ushr: (a, b) => (a >>> b) | 0,
};
const i64Ops: Partial<Record<Operation, (...args: bigint[]) => bigint>> = {
  add: (a, b) => wrap64(a + b),
  sub: (a, b) => wrap64(a - b),
  mul: (a, b) => wrap64(a * b),
  div: (a, b) => (b === 0n ? 0n : wrap64(a / b)),
  rem: (a, b) => (b === 0n ? 0n : a % b),
  neg: (a) => wrap64(-a),
  abs: (a) => wrap64(a < 0n ? -a : a),
  floor: (a) => a,
  ceil: (a) => a,
  trunc: (a) => a,
  nearest: (a) => a,
  min: (a, b) => (a < b ? a : b),
  max: (a, b) => (a > b ? a : b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  not: (a) => ~a,
  shl: (a, b) => wrap64(a << (b & 63n)),
  shr: (a, b) => wrap64(a >> (b & 63n)),
  ushr: (a, b) => wrap64(BigInt.asUintN(64, a) >> (b & 63n)),
};
const boolOps: Partial<Record<Operation, (...args: number[]) => number>> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  not: (a) => 1 - a,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
};
const comparisons: Partial<Record<Operation, (a: Value, b: Value) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};

function expected(kind: Kind, arity: number, reference: Reference): Value[] {
  return combinations(kind, arity).map((row) => {
    const value = reference(...(row as never[]));
    return kind === "f32" ? fround(value as number) : value;
  });
}

const tables: [Kind, Partial<Record<Operation, Reference>>][] = [
  ["f32", floatOps],
  ["f64", floatOps],
  ["i32", i32Ops],
  ["i64", i64Ops],
  ["bool", boolOps],
];
const lanesOf: Record<Kind, number[]> = { f32: [1, 4], f64: [1, 2], i32: [1, 4], i64: [1, 2], bool: [1, 2, 4] };

describe.each(relaxedModes)("with relaxed SIMD %s", (relaxed) => {
  for (const [kind, table] of tables) {
    for (const [name, reference] of Object.entries(table) as [Operation, Reference][]) {
      for (const lanes of lanesOf[kind]) {
        test(`${name} of ${kind}x${lanes} equals JavaScript`, () => {
          const arity = reference.length;
          expect(apply(name, kind, arity, kind, lanes, relaxed)).toEqual(expected(kind, arity, reference));
        });
      }
    }
    for (const [name, reference] of Object.entries(comparisons) as [Operation, (a: Value, b: Value) => boolean][]) {
      for (const lanes of lanesOf[kind]) {
        test(`${name} compares ${kind}x${lanes}`, () => {
          const rows = combinations(kind, 2);
          expect(apply(name, kind, 2, "bool", lanes, relaxed)).toEqual(rows.map(([a, b]) => Number(reference(a!, b!))));
        });
      }
    }
  }

  for (const kind of Object.keys(lanesOf) as Kind[]) {
    for (const lanes of lanesOf[kind]) {
      test(`select chooses between ${kind}x${lanes}`, () => {
        const result = apply("select", kind, 3, kind, lanes, relaxed, ["bool", kind, kind]);
        const rows = samples.bool.flatMap((x, i) => samples[kind].map((y, j) => (x ? y : samples[kind][(i + j) % 8]!)));
        expect(result).toEqual(rows);
      });
    }
  }

  test("madd multiplies and adds, fused or not", () => {
    for (const [kind, lanes] of [
      ["f32", 1],
      ["f32", 4],
      ["f64", 1],
      ["f64", 2],
    ] as const) {
      const got = apply("madd", kind, 3, kind, lanes, relaxed) as number[];
      combinations(kind, 3).forEach((row, i) => {
        const [a, b, d] = row as [number, number, number];
        const round = kind === "f32" ? fround : (x: number): number => x;
        const twice = round(round(a * b) + d);
        const slack = (kind === "f32" ? 2 ** -23 : 2 ** -52) * (Math.abs(a * b) + Math.abs(d));
        const close = Object.is(got[i], twice) || Math.abs(got[i]! - twice) <= slack;
        expect(close, `${a} * ${b} + ${d} gave ${got[i]}`).toBe(true);
      });
    }
    expect(apply("madd", "i32", 3, "i32", 4, relaxed)).toEqual(
      combinations("i32", 3).map(([a, b, d]) => (Math.imul(a as number, b as number) + (d as number)) | 0),
    );
  });
});

test.each(["div", "rem"] as const)("%s of int32 vectors by a constant equals JavaScript", (name) => {
  const vector: Type = { kind: "i32", lanes: 4 };
  const low = -0x80000000;
  for (const by of [2, 3, 5, 7, 9, 10, 64, 641, 1000003, 0x40000000, 0x7ffffffe, 0x7fffffff]) {
    const edges = [0, 1, by - 1, by, by + 1, 2 * by - 1, 2 * by, 0x7fffffff].map((n) => Math.min(n, 0x7fffffff));
    const values = Int32Array.from([...edges, ...edges.map((n) => -n), low, low + 1, 123456789, -987654321]);
    const out = new Int32Array(values.length);
    runKernel(
      kernelOf(
        [buffer("a", "int32", values.length), buffer("b", "int32", values.length)],
        [
          loop(
            "i",
            values.length,
            [store("b", v("i"), op(name, vector, load("a", v("i"), vector), op("splat", vector, int(by))))],
            4,
          ),
        ],
      ),
      [values, out],
    );
    expect([...out]).toEqual([...values].map((n) => (name === "div" ? Math.trunc(n / by) : n % by) | 0));
  }
});

describe("conversions", () => {
  const saturate = (x: number, low: number, high: number): number =>
    Number.isNaN(x) ? 0 : Math.min(high, Math.max(low, Math.trunc(x)));
  const casts: Record<Kind, Partial<Record<Kind, (x: never) => Value>>> = {
    f32: {
      f32: (x: number) => x,
      f64: (x: number) => x,
      i32: (x: number) => saturate(x, -0x80000000, 0x7fffffff) + 0,
      i64: (x: number) => (x === Infinity ? 2n ** 63n - 1n : x === -Infinity ? minI64 : BigInt(Math.trunc(x) || 0)),
      bool: (x: number) => (x !== 0 ? 1 : 0),
    },
    f64: {},
    i32: {
      f32: (x: number) => fround(x),
      f64: (x: number) => x,
      i32: (x: number) => x,
      i64: (x: number) => BigInt(x),
      bool: (x: number) => (x ? 1 : 0),
    },
    i64: {
      f32: (x: bigint) => fround(Number(x)),
      f64: (x: bigint) => Number(x),
      i32: (x: bigint) => Number(BigInt.asIntN(32, x)),
      i64: (x: bigint) => x,
      bool: (x: bigint) => (x ? 1 : 0),
    },
    bool: {
      f32: (x: number) => x,
      f64: (x: number) => x,
      i32: (x: number) => x,
      i64: (x: number) => BigInt(x),
      bool: (x: number) => x,
    },
  };
  casts.f64 = { ...casts.f32, f32: (x: number) => fround(x) };
  for (const from of Object.keys(casts) as Kind[]) {
    for (const to of Object.keys(casts[from]) as Kind[]) {
      const widths = lanesOf[from].filter((lanes) => lanesOf[to].includes(lanes));
      for (const lanes of widths) {
        test(`cast of ${from}x${lanes} to ${to}`, () => {
          const reference = casts[from][to]!;
          const got = apply("cast", from, 1, to, lanes, false);
          expect(got.map((x) => (Object.is(x, -0) && to === "i32" ? 0 : x))).toEqual(
            samples[from].map((x) => {
              const y = reference(x as never);
              return to === "i32" && y === 0 ? 0 : y;
            }),
          );
        });
      }
    }
  }

  test("bitcast keeps the bits", () => {
    for (const [from, to] of [
      ["f32", "i32"],
      ["i32", "f32"],
      ["f64", "i64"],
      ["i64", "f64"],
    ] as const) {
      for (const lanes of lanesOf[from]) {
        const source = arrayOf(from, samples[from]);
        const target = arrayOf(to, samples[to]);
        const value = op("bitcast", { kind: to, lanes }, load("a", v("i"), { kind: from, lanes }));
        runKernel(
          kernelOf(
            [buffer("a", dtypeOfKind[from], 8), buffer("b", dtypeOfKind[to], 8)],
            [loop("i", 8, [store("b", v("i"), value)], lanes)],
          ),
          [source, target],
        );
        expect(new Uint8Array(target.buffer)).toEqual(new Uint8Array(source.buffer));
      }
    }
  });

  test("narrow wraps integers to their memory type, in scalars and vectors", () => {
    const values = [0, 127, 128, 255, 256, -1, -129, 40000, -40000, 65535, 0x7fffffff, -0x80000000];
    for (const [memory, wrapped] of [
      ["int8", Int8Array.from(values)],
      ["int16", Int16Array.from(values)],
      ["uint8", Uint8Array.from(values)],
    ] as const) {
      for (const lanes of [1, 4]) {
        const out = new Int32Array(values.length);
        const value: Expr = {
          op: "narrow",
          type: { kind: "i32", lanes },
          memory,
          args: [load("a", v("i"), { kind: "i32", lanes })],
        };
        runKernel(
          kernelOf(
            [buffer("a", "int32", 12), buffer("b", "int32", 12)],
            [loop("i", 12, [store("b", v("i"), value)], lanes)],
          ),
          [Int32Array.from(values), out],
        );
        expect(Array.from(out)).toEqual(Array.from(wrapped));
      }
    }
  });
});

describe("vectors", () => {
  test("splat, ramp, extract and reductions", () => {
    for (const kind of ["f32", "f64", "i32", "i64"] as const) {
      const lanes = vec(types[kind]).lanes;
      const values = kind === "i64" ? [3n, -5n, 7n, 2n] : [3, -5, 7, 2];
      const shown = values.slice(0, lanes);
      const out = arrayOf(kind, new Array<Value>(16).fill(kind === "i64" ? 0n : 0));
      const type = types[kind];
      const vector = load("a", int(0), vec(type));
      const extractLane = (lane: number): Expr => ({ op: "extract", type, args: [vector], lane });
      runKernel(
        kernelOf(
          [buffer("a", dtypeOfKind[kind], 4), buffer("b", dtypeOfKind[kind], 16)],
          [
            store("b", int(0), op("reduce_add", type, vector)),
            store("b", int(1), op("reduce_mul", type, vector)),
            store("b", int(2), op("reduce_max", type, vector)),
            store("b", int(3), op("reduce_min", type, vector)),
            ...shown.map((_, lane) => store("b", int(4 + lane), extractLane(lane))),
            store("b", int(8), op("splat", vec(type), load("a", int(1), type))),
            store(
              "b",
              int(12),
              op("splat", vec(type), op("add", type, load("a", int(1), type), c(type, kind === "i64" ? 1n : 1))),
            ),
          ],
        ),
        [arrayOf(kind, values), out],
      );
      const numbers = shown.map(Number);
      const got = Array.from(out as Iterable<Value>).map(Number);
      expect(got.slice(0, 4)).toEqual([
        numbers.reduce((a, b) => a + b),
        numbers.reduce((a, b) => a * b),
        Math.max(...numbers),
        Math.min(...numbers),
      ]);
      expect(got.slice(4, 4 + lanes)).toEqual(numbers);
      expect(got.slice(8, 8 + lanes)).toEqual(new Array(lanes).fill(-5));
      expect(got.slice(12, 12 + lanes)).toEqual(new Array(lanes).fill(-4));
    }
  });

  test("ramp counts up", () => {
    const out = new Int32Array(4);
    runKernel(kernelOf([buffer("b", "int32", 4)], [store("b", int(0), op("ramp", vec(i32), int(5)))]), [out]);
    expect(Array.from(out)).toEqual([5, 6, 7, 8]);
  });

  test("join takes scalars and elements at any distance", () => {
    const input = Float32Array.from({ length: 16 }, (_, i) => i * 1.5);
    for (const distances of [
      [0, 2, 4, 6],
      [0, 3, 6, 9],
      [5, 4, 3, 2],
      [0, 2, 4, 8],
    ]) {
      const out = new Float32Array(4);
      const lanes = distances.map((distance) => load("a", int(3 + distance)));
      const body = [store("b", int(0), op("join", vec(f32), ...lanes))];
      runKernel(kernelOf([buffer("a", "float32", 16), buffer("b", "float32", 4)], body), [input, out]);
      expect(Array.from(out)).toEqual(distances.map((distance) => input[3 + distance]));
    }
    const last = new Float32Array(10).fill(7);
    const ends = [3, 5, 7, 9].map((i) => load("a", int(i)));
    const out = new Float32Array(4);
    runKernel(
      kernelOf(
        [buffer("a", "float32", 10), buffer("b", "float32", 4)],
        [store("b", int(0), op("join", vec(f32), ...ends))],
      ),
      [last, out],
    );
    expect(Array.from(out)).toEqual([7, 7, 7, 7]);
  });

  test("masks reduce to any and all, splat and extract", () => {
    for (const lanes of [2, 4]) {
      for (const values of [
        [0, 0, 0, 0],
        [1, 1, 1, 1],
        [0, 1, 0, 0],
      ]) {
        const out = new Uint8Array(8);
        const mask = load("a", int(0), { kind: "bool", lanes });
        runKernel(
          kernelOf(
            [buffer("a", "bool", 4), buffer("b", "bool", 8)],
            [
              store("b", int(0), op("reduce_max", bool, mask)),
              store("b", int(1), op("reduce_min", bool, mask)),
              store("b", int(2), { op: "extract", type: bool, args: [mask], lane: 1 }),
              store("b", int(3), op("splat", { kind: "bool", lanes }, load("a", int(1), bool))),
            ],
          ),
          [Uint8Array.from(values), out],
        );
        const shown = values.slice(0, lanes);
        expect(Array.from(out.subarray(0, 3))).toEqual([Math.max(...shown), Math.min(...shown), values[1]]);
        expect(Array.from(out.subarray(3, 3 + lanes))).toEqual(new Array(lanes).fill(values[1]));
      }
    }
  });
});
