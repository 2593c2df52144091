import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DType } from "../../../ir/dtype.ts";
import { bool, type Expr, type Operation, type Type } from "../../../ir/loop.ts";
import type { WebGpuDevice } from "../../../runtime/webgpu/device.ts";
import { hasWebGpu, openDevice, runKernel, type Values } from "../../runtime/webgpu/support.ts";
import { buffer, call, kernel, load, parallel, ref, store, typeOf } from "./build.ts";

type Plain = Exclude<DType, "complex64" | "complex128">;
const i = ref("i");

const nan = NaN;
const inf = Infinity;
const floats = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -2.5,
  3.75,
  7,
  -7,
  0.1,
  1e-30,
  1e30,
  -1e30,
  3e38,
  inf,
  -inf,
  nan,
  2 ** 23 + 1,
].map(Math.fround);
const ints = [0, 1, -1, 2, 3, -3, 7, -8, 31, 32, 100, -1000, 46341, 2 ** 30, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1];
const longs = [
  0n,
  1n,
  -1n,
  2n,
  3n,
  -3n,
  7n,
  31n,
  32n,
  33n,
  63n,
  1000n,
  -1000n,
  2n ** 31n,
  -(2n ** 31n),
  2n ** 32n,
  2n ** 32n + 5n,
  -(2n ** 32n) - 1n,
  0x123456789abcdefn,
  -0x123456789abcdefn,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  -(2n ** 63n) + 1n,
];

/** All pairs, a slowest. */
const pairs = <T>(values: readonly T[]): { a: T[]; b: T[] } => ({
  a: values.flatMap((value) => values.map(() => value)),
  b: values.flatMap(() => values),
});

/** WGSL lets a device give 0 for a subnormal result, and SwiftShader does. */
const f = (x: number): number => (Math.abs(Math.fround(x)) < 2 ** -126 ? copysign(0, x) : Math.fround(x));
const floatMax = (a: number, b: number) => (Number.isNaN(a) || Number.isNaN(b) ? nan : Math.max(a, b));
const floatMin = (a: number, b: number) => (Number.isNaN(a) || Number.isNaN(b) ? nan : Math.min(a, b));
const even = (x: number) => {
  const down = Math.floor(x);
  const half = x - down;
  const up = half > 0.5 || (half === 0.5 && down % 2 !== 0) ? down + 1 : down;
  return up === 0 && (x < 0 || Object.is(x, -0)) ? -0 : up;
};
const copysign = (a: number, b: number) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a));

describe.skipIf(!hasWebGpu)("operations in WGSL", () => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  /** Applies an expression of `a[i]` and `b[i]` to every element. */
  async function apply(
    from: Plain,
    to: Plain,
    lanes: 1 | 4,
    expression: (a: Expr, b: Expr) => Expr,
    a: Values,
    b: Values = a,
  ): Promise<(number | bigint)[]> {
    const count = Math.ceil(a.length / lanes) * lanes;
    const zero = from === "int64" ? 0n : 0;
    const padded = (values: Values) => [...values, ...new Array<typeof zero>(count - a.length).fill(zero)] as Values;
    const type = typeOf(from, lanes);
    const value = expression(load("a", i, type), load("b", i, type));
    const code = kernel(
      [buffer("a", from, count), buffer("b", from, count), buffer("c", to, count)],
      [parallel("i", count, [store("c", i, value)], lanes)],
    );
    const result = await runKernel(device, code, { a: padded(a), b: padded(b) });
    return result["c"]!.slice(0, a.length);
  }

  const resultType = (type: Type): Type => ({ ...bool, lanes: type.lanes });
  const comparisons: readonly [Operation, (a: number | bigint, b: number | bigint) => boolean][] = [
    ["eq", (a, b) => a === b],
    ["ne", (a, b) => a !== b],
    ["lt", (a, b) => a < b],
    ["le", (a, b) => a <= b],
    ["gt", (a, b) => a > b],
    ["ge", (a, b) => a >= b],
  ];

  describe.each([1, 4] as const)("float32 x %i", (lanes) => {
    const { a, b } = pairs(floats);
    const binary: Record<string, (a: number, b: number) => number> = {
      add: (x, y) => f(x + y),
      sub: (x, y) => f(x - y),
      mul: (x, y) => f(x * y),
      div: (x, y) => f(x / y),
      rem: (x, y) => f(x % y),
      min: floatMin,
      max: floatMax,
      copysign,
    };
    test.each(Object.entries(binary))("%s", async (op, expected) => {
      const result = await apply("float32", "float32", lanes, (x, y) => call(op as Operation, x.type, x, y), a, b);
      // WGSL allows division 2.5 ulp; SwiftShader rounds correctly.
      const wanted = a.map((x, k) => expected(x, b[k]!));
      result.forEach((value, k) => expect({ a: a[k], b: b[k], value }).toEqual({ a: a[k], b: b[k], value: wanted[k] }));
    });
    const unary: Record<string, (a: number) => number> = {
      neg: (x) => -x,
      abs: Math.abs,
      sqrt: (x) => f(Math.sqrt(x)),
      floor: Math.floor,
      ceil: Math.ceil,
      trunc: Math.trunc,
      nearest: even,
    };
    test.each(Object.entries(unary))("%s", async (op, expected) => {
      const result = await apply("float32", "float32", lanes, (x) => call(op as Operation, x.type, x), floats);
      expect(result).toEqual(floats.map(expected));
    });
    test.each(comparisons)("%s", async (op, expected) => {
      const result = await apply("float32", "bool", lanes, (x, y) => call(op, resultType(x.type), x, y), a, b);
      expect(result).toEqual(a.map((x, k) => (expected(x, b[k]!) ? 1 : 0)));
    });
    test("ne(x, x) finds NaN and eq(x, x) everything else", async () => {
      const isNan = await apply("float32", "bool", lanes, (x) => call("ne", resultType(x.type), x, x), floats);
      expect(isNan).toEqual(floats.map((x) => (Number.isNaN(x) ? 1 : 0)));
      const isNumber = await apply("float32", "bool", lanes, (x) => call("eq", resultType(x.type), x, x), floats);
      expect(isNumber).toEqual(floats.map((x) => (Number.isNaN(x) ? 0 : 1)));
    });
    test("madd, select, splat", async () => {
      const three = (x: Expr): Expr => {
        const constant: Expr = { op: "const", type: typeOf("float32"), value: 3 };
        return lanes === 1 ? constant : call("splat", x.type, constant);
      };
      const result = await apply(
        "float32",
        "float32",
        lanes,
        (x, y) => call("madd", x.type, x, three(x), y),
        [1, 2, -4],
        [10, 20, 30],
      );
      expect(result).toEqual([13, 26, 18]);
      const chosen = await apply(
        "float32",
        "float32",
        lanes,
        (x, y) => call("select", x.type, call("lt", resultType(x.type), x, y), x, three(x)),
        [1, 5, nan],
        [2, 2, 2],
      );
      expect(chosen).toEqual([1, 3, 3]);
    });
    test("casts truncate and saturate; NaN is 0, and true", async () => {
      const values = [...floats, 1e10, -1e10, 2147483520, -2147483648, 0.99, -0.99].map(f);
      const integers = await apply(
        "float32",
        "int32",
        lanes,
        (x) => call("cast", { ...x.type, kind: "i32" }, x),
        values,
      );
      const clamp = (x: number) =>
        Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), -(2 ** 31)), 2 ** 31 - 1) + 0;
      expect(integers).toEqual(values.map(clamp));
      const truths = await apply("float32", "bool", lanes, (x) => call("cast", resultType(x.type), x), [
        ...values,
        1e-45,
      ]);
      expect(truths).toEqual([...values, 1].map((x) => (x === 0 ? 0 : 1)));
      const bits = await apply("float32", "int32", lanes, (x) => call("bitcast", { ...x.type, kind: "i32" }, x), [
        1,
        -0,
        inf,
      ]);
      expect(bits).toEqual([0x3f800000, -(2 ** 31), 0x7f800000]);
    });
    test("constants are exact, NaN, infinity and -0 among them", async () => {
      for (const value of [nan, inf, -inf, -0, 1e-45, 0.1, 3.4028234663852886e38, -1.5]) {
        const constant: Expr = { op: "const", type: typeOf("float32", lanes), value };
        const [result] = await apply("float32", "float32", lanes, () => constant, [0]);
        expect(result).toBe(Math.fround(value));
      }
    });
    test("a product is rounded before it is added to", async () => {
      const values = [0.1, 1 / 3, 1.1, 123.456].map((x) => f(x));
      const both = (x: Expr): Expr => call("mul", x.type, x, x);
      const zero = await apply("float32", "float32", lanes, (x) => call("sub", x.type, both(x), both(x)), values);
      expect(zero).toEqual([0, 0, 0, 0]);
      const sums = await apply(
        "float32",
        "float32",
        lanes,
        (x, y) => call("add", x.type, both(x), y),
        values,
        [1, 2, 3, 4],
      );
      expect(sums).toEqual(values.map((x, k) => f(f(x * x) + k + 1)));
    });
    test("operations on constants overflow as at run time", async () => {
      const type = typeOf("float32", lanes);
      const constant = (value: number): Expr => ({ op: "const", type, value });
      const cases: readonly [Operation, number, number, number][] = [
        ["mul", 3e38, 10, inf],
        ["div", 1, 0, inf],
        ["div", 0, 0, nan],
        ["sub", inf, inf, nan],
      ];
      for (const [op, x, y, expected] of cases) {
        const [result] = await apply("float32", "float32", lanes, () => call(op, type, constant(x), constant(y)), [0]);
        expect(result).toBe(expected);
      }
    });
  });

  describe.each([1, 4] as const)("int32 x %i", (lanes) => {
    const { a, b } = pairs(ints);
    const binary: Record<string, (a: number, b: number) => number> = {
      add: (x, y) => (x + y) | 0,
      sub: (x, y) => (x - y) | 0,
      mul: Math.imul,
      div: (x, y) => (y === 0 ? 0 : (x / y) | 0),
      rem: (x, y) => (y === 0 ? 0 : (x % y) | 0),
      min: Math.min,
      max: Math.max,
      and: (x, y) => x & y,
      or: (x, y) => x | y,
      xor: (x, y) => x ^ y,
      shl: (x, y) => x << y,
      shr: (x, y) => x >> y,
      ushr: (x, y) => (x >>> y) | 0,
    };
    test.each(Object.entries(binary))("%s", async (op, expected) => {
      const result = await apply("int32", "int32", lanes, (x, y) => call(op as Operation, x.type, x, y), a, b);
      expect(result).toEqual(a.map((x, k) => expected(x, b[k]!) + 0));
    });
    test.each(comparisons)("%s", async (op, expected) => {
      const result = await apply("int32", "bool", lanes, (x, y) => call(op, resultType(x.type), x, y), a, b);
      expect(result).toEqual(a.map((x, k) => (expected(x, b[k]!) ? 1 : 0)));
    });
    test("neg, abs, not, rounding", async () => {
      for (const [op, expected] of Object.entries({
        neg: (x: number) => -x | 0,
        abs: (x: number) => Math.abs(x) | 0,
        not: (x: number) => ~x,
        floor: (x: number) => x,
      })) {
        const result = await apply("int32", "int32", lanes, (x) => call(op as Operation, x.type, x), ints);
        expect(result).toEqual(ints.map(expected));
      }
    });
    test("casts", async () => {
      expect(await apply("int32", "float32", lanes, (x) => call("cast", { ...x.type, kind: "f32" }, x), ints)).toEqual(
        ints.map(f),
      );
      expect(await apply("int32", "bool", lanes, (x) => call("cast", resultType(x.type), x), ints)).toEqual(
        ints.map((x) => (x === 0 ? 0 : 1)),
      );
    });
    test("constants wrap", async () => {
      const type = typeOf("int32", lanes);
      const constant = (value: number): Expr => ({ op: "const", type, value });
      const most = constant(2 ** 31 - 1);
      expect(await apply("int32", "int32", lanes, () => call("add", type, most, constant(1)), [0])).toEqual([
        -(2 ** 31),
      ]);
      expect(await apply("int32", "int32", lanes, () => call("div", type, most, constant(0)), [0])).toEqual([0]);
      expect(await apply("int32", "int32", lanes, () => call("shl", type, constant(3), constant(31)), [0])).toEqual([
        -(2 ** 31),
      ]);
      expect(await apply("int32", "int32", lanes, () => constant(-(2 ** 31)), [0])).toEqual([-(2 ** 31)]);
    });
  });

  describe("int64", () => {
    const { a, b } = pairs(longs);
    const wrap = (x: bigint) => BigInt.asIntN(64, x);
    const unsigned = (x: bigint) => BigInt.asUintN(64, x);
    const binary: Record<string, (a: bigint, b: bigint) => bigint> = {
      add: (x, y) => x + y,
      sub: (x, y) => x - y,
      mul: (x, y) => x * y,
      div: (x, y) => (y === 0n ? 0n : x / y),
      rem: (x, y) => (y === 0n ? 0n : x % y),
      min: (x, y) => (x < y ? x : y),
      max: (x, y) => (x > y ? x : y),
      and: (x, y) => x & y,
      or: (x, y) => x | y,
      xor: (x, y) => x ^ y,
      shl: (x, y) => x << (y & 63n),
      shr: (x, y) => x >> (y & 63n),
      ushr: (x, y) => unsigned(x) >> (y & 63n),
    };
    test.each(Object.entries(binary))("%s", async (op, expected) => {
      const result = await apply("int64", "int64", 1, (x, y) => call(op as Operation, x.type, x, y), a, b);
      expect(result).toEqual(a.map((x, k) => wrap(expected(x, b[k]!))));
    });
    test.each(comparisons)("%s", async (op, expected) => {
      const result = await apply("int64", "bool", 1, (x, y) => call(op, bool, x, y), a, b);
      expect(result).toEqual(a.map((x, k) => (expected(x, b[k]!) ? 1 : 0)));
    });
    test("neg, abs, not, madd, select, constants", async () => {
      const size = (x: bigint) => (x < 0n ? -x : x);
      for (const [op, expected] of Object.entries({ neg: (x: bigint) => -x, abs: size, not: (x: bigint) => ~x })) {
        const result = await apply("int64", "int64", 1, (x) => call(op as Operation, x.type, x), longs);
        expect(result).toEqual(longs.map((x) => wrap(expected(x))));
      }
      const constant: Expr = { op: "const", type: typeOf("int64"), value: -5_000_000_000n };
      const sums = await apply("int64", "int64", 1, (x, y) => call("madd", x.type, x, y, constant), [3n], [2n ** 40n]);
      expect(sums).toEqual([3n * 2n ** 40n - 5_000_000_000n]);
      const chosen = await apply(
        "int64",
        "int64",
        1,
        (x, y) => call("select", x.type, call("lt", bool, x, y), y, constant),
        [1n, 3n],
        [2n, 2n],
      );
      expect(chosen).toEqual([2n, -5_000_000_000n]);
    });
    test("casts to float32 round to even, to int32 wrap", async () => {
      const values = [
        ...longs,
        2n ** 24n + 1n,
        2n ** 24n + 3n,
        2n ** 62n + 2n ** 38n,
        2n ** 62n + 2n ** 38n + 1n,
        -(2n ** 40n) - 2n ** 15n,
      ];
      const toFloat = await apply("int64", "float32", 1, (x) => call("cast", typeOf("float32"), x), values);
      // Number() rounds too, but only to 53 bits: none of these lies near a tie after that but those exact in both.
      expect(toFloat).toEqual(values.map((x) => (x === 2n ** 62n + 2n ** 38n + 1n ? 2 ** 62 + 2 ** 39 : f(Number(x)))));
      const toInt = await apply("int64", "int32", 1, (x) => call("cast", typeOf("int32"), x), values);
      expect(toInt).toEqual(values.map((x) => Number(BigInt.asIntN(32, x))));
      const toBool = await apply("int64", "bool", 1, (x) => call("cast", bool, x), values);
      expect(toBool).toEqual(values.map((x) => (x === 0n ? 0 : 1)));
    });
    test("casts from float32 truncate and saturate, from int32 and bool extend", async () => {
      const values = [0, -0, 1.9, -1.9, 4e9, -4e9, 1e18, -1e18, 1e19, -1e19, inf, -inf, nan, 2 ** 62, -(2 ** 63)].map(
        f,
      );
      const expected = values.map((x) => {
        if (Number.isNaN(x)) return 0n;
        if (x >= 2 ** 63) return 2n ** 63n - 1n;
        return x <= -(2 ** 63) ? -(2n ** 63n) : BigInt(Math.trunc(x));
      });
      expect(await apply("float32", "int64", 1, (x) => call("cast", typeOf("int64"), x), values)).toEqual(expected);
      expect(await apply("int32", "int64", 1, (x) => call("cast", typeOf("int64"), x), ints)).toEqual(ints.map(BigInt));
      expect(await apply("bool", "int64", 1, (x) => call("cast", typeOf("int64"), x), [0, 1])).toEqual([0n, 1n]);
    });
  });

  describe.each([1, 4] as const)("bool x %i", (lanes) => {
    const { a, b } = pairs([0, 1]);
    test.each(["and", "or", "xor", "eq", "ne", "lt", "le", "gt", "ge"] as const)("%s", async (op) => {
      const expected = {
        and: (x: number, y: number) => x & y,
        or: (x: number, y: number) => x | y,
        xor: (x: number, y: number) => x ^ y,
        eq: (x: number, y: number) => +(x === y),
        ne: (x: number, y: number) => +(x !== y),
        lt: (x: number, y: number) => +(x < y),
        le: (x: number, y: number) => +(x <= y),
        gt: (x: number, y: number) => +(x > y),
        ge: (x: number, y: number) => +(x >= y),
      }[op];
      const result = await apply("bool", "bool", lanes, (x, y) => call(op, x.type, x, y), a, b);
      expect(result).toEqual(a.map((x, k) => expected(x, b[k]!)));
    });
    test("not and casts", async () => {
      expect(await apply("bool", "bool", lanes, (x) => call("not", x.type, x), [0, 1])).toEqual([1, 0]);
      expect(await apply("bool", "int32", lanes, (x) => call("cast", { ...x.type, kind: "i32" }, x), [0, 1])).toEqual([
        0, 1,
      ]);
      expect(await apply("bool", "float32", lanes, (x) => call("cast", { ...x.type, kind: "f32" }, x), [0, 1])).toEqual(
        [0, 1],
      );
    });
  });

  describe.each([1, 4] as const)("narrow dtypes x %i", (lanes) => {
    const cases: readonly [Plain, readonly number[], (x: number) => number][] = [
      ["int8", [0, 1, -1, 127, -128, 100, -77], (x) => (x << 25) >> 24],
      ["int16", [0, 1, -1, 32767, -32768, 1000, -12345], (x) => (x << 17) >> 16],
      ["uint8", [0, 1, 127, 128, 255, 200], (x) => (x * 2) & 255],
    ];
    test.each(cases)("%s is doubled and wraps", async (dtype, values, expected) => {
      const double = (x: Expr): Expr => ({
        op: "narrow",
        type: x.type,
        args: [call("add", x.type, x, x)],
        memory: dtype,
      });
      const result = await apply(dtype, dtype, lanes, double, values);
      expect(result).toEqual(values.map(expected));
      const wide = await apply(dtype, "int32", lanes, double, values);
      expect(wide).toEqual(values.map(expected));
    });
    test.each(["float16", "bfloat16"] as const)("every %s survives load, narrow and store", async (dtype) => {
      const all = Array.from({ length: 65536 }, (_, bits) => bits);
      const narrowed = (x: Expr): Expr => ({ op: "narrow", type: x.type, args: [x], memory: dtype });
      const result = await apply(dtype, dtype, lanes, narrowed, all);
      const [exponent, quiet] = dtype === "float16" ? [0x7c00, 0x7e00] : [0x7f80, 0x7fc0];
      const isNan = (bits: number) => (bits & 0x7fff) > exponent;
      const kept = (bits: number, from: number) => (isNan(from) ? (bits & quiet) === quiet : bits === from);
      expect(all.filter((bits) => !kept(Number(result[bits]), bits))).toEqual([]);
    });
    test("float32 rounds to float16 and bfloat16, ties to even", async () => {
      const values = [
        1,
        1 + 2 ** -11,
        1 + 3 * 2 ** -11,
        65504,
        65519,
        65520,
        1e10,
        -inf,
        2 ** -24,
        2 ** -25,
        1.5 * 2 ** -25,
        6.1e-5,
        0.1,
        -0,
      ].map(f);
      const half = [0x3c00, 0x3c00, 0x3c02, 0x7bff, 0x7bff, 0x7c00, 0x7c00, 0xfc00, 1, 0, 1, 0x03ff, 0x2e66, 0x8000];
      expect(await apply("float32", "float16", lanes, (x) => x, values)).toEqual(half);
      const rounded = await apply(
        "float32",
        "float32",
        lanes,
        (x) => ({ op: "narrow", type: x.type, args: [x], memory: "float16" }),
        values,
      );
      expect(rounded.slice(0, 4)).toEqual([1, 1, 1 + 2 ** -9, 65504]);
      const brain = await apply(
        "float32",
        "bfloat16",
        lanes,
        (x) => x,
        [1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38, nan, -inf, 0.1].map(f),
      );
      expect(brain).toEqual([0x3f80, 0x3f80, 0x3f82, 0x7f80, 0x7fc0, 0xff80, 0x3dcd]);
    });
  });

  test("vectors are made, taken apart and folded", async () => {
    const four = typeOf("float32", 4);
    const x = load("a", i, four);
    const values = [1, 2, 3, 4];
    const broadcast = (value: Expr): Expr => call("splat", four, value);
    const one = async (value: Expr) => (await apply("float32", "float32", 4, () => broadcast(value), values))[0];
    expect(await one({ op: "extract", type: typeOf("float32"), args: [x], lane: 2 })).toBe(3);
    expect(await one(call("reduce_add", typeOf("float32"), x))).toBe(10);
    expect(await one(call("reduce_mul", typeOf("float32"), x))).toBe(24);
    expect(await one(call("reduce_max", typeOf("float32"), x))).toBe(4);
    expect(await one(call("reduce_min", typeOf("float32"), x))).toBe(1);
    const ramp = await apply(
      "int32",
      "int32",
      4,
      (y) => call("add", y.type, y, call("ramp", y.type, i)),
      [10, 10, 10, 10, 20, 20, 20, 20],
    );
    expect(ramp).toEqual([10, 11, 12, 13, 24, 25, 26, 27]);
    const lane = (y: Expr, at: number): Expr => ({ op: "extract", type: typeOf("int32"), args: [y], lane: at });
    const turned = await apply(
      "int32",
      "int32",
      4,
      (y) => call("join", y.type, lane(y, 3), lane(y, 2), lane(y, 1), lane(y, 0)),
      [1, 2, 3, 4],
    );
    expect(turned).toEqual([4, 3, 2, 1]);
  });
});
