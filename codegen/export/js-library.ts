/**
 * The functions that kernels call, as JavaScript text for exported modules: a module holds those that it uses, and
 * those that these use. They are the functions of runtime/js/library.ts and codegen/wasm/host-functions.ts; a test
 * holds them to the same bits.
 */
import type { helperNames } from "../js/emit-kernel.ts";
import type { HostFunctionName } from "../wasm/host-functions.ts";
import { specialFunctions, specialSupport, type LibraryFunction } from "./js-special-functions.ts";

const math = (name: string): LibraryFunction => ({ source: `const ${name} = Math.${name};` });

/** What only other library functions mention. */
const support: Readonly<Record<string, LibraryFunction>> = {
  scratch: { source: "const scratch = new DataView(new ArrayBuffer(8));" },
  ...specialSupport,
};

const functions = {
  fround: math("fround"),
  imul: math("imul"),
  abs: math("abs"),
  sqrt: math("sqrt"),
  floor: math("floor"),
  ceil: math("ceil"),
  trunc: math("trunc"),
  nearest: {
    source: `function nearest(x) {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const low = Math.floor(x), diff = x - low;
  const rounded = diff < 0.5 ? low : diff > 0.5 ? low + 1 : low % 2 === 0 ? low : low + 1;
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded;
}`,
  },
  min: math("min"),
  max: math("max"),
  copysign: {
    source: `function copysign(x, y) {
  const isNegative = (n) => n < 0 || Object.is(n, -0);
  return Number.isNaN(x) ? x : isNegative(x) === isNegative(y) ? x : -x;
}`,
  },
  toInt32: {
    source: `function toInt32(x) {
  if (Number.isNaN(x)) return 0;
  return x >= 2147483647 ? 2147483647 : x <= -2147483648 ? -2147483648 : Math.trunc(x) | 0;
}`,
  },
  toInt64: {
    source: `function toInt64(x) {
  if (Number.isNaN(x)) return 0n;
  if (x >= 9223372036854775807) return 9223372036854775807n;
  if (x <= -9223372036854775808) return -9223372036854775808n;
  return BigInt(Math.trunc(x));
}`,
  },
  exp: math("exp"),
  exp2: { source: "const exp2 = (x) => 2 ** x;" },
  expm1: math("expm1"),
  log: math("log"),
  log2: math("log2"),
  log10: math("log10"),
  log1p: math("log1p"),
  sin: math("sin"),
  cos: math("cos"),
  tan: math("tan"),
  asin: math("asin"),
  acos: math("acos"),
  atan: math("atan"),
  atan2: math("atan2"),
  sinh: math("sinh"),
  cosh: math("cosh"),
  tanh: math("tanh"),
  asinh: math("asinh"),
  acosh: math("acosh"),
  atanh: math("atanh"),
  sigmoid: { source: "const sigmoid = (x) => 1 / (1 + Math.exp(-x));" },
  ...specialFunctions,
  pow: { source: "const pow = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);" },
  fmod: { source: "const fmod = (a, b) => a % b;" },
  bitcast_f32_i32: {
    needs: ["scratch"],
    source: "const bitcast_f32_i32 = (x) => (scratch.setFloat32(0, x), scratch.getInt32(0));",
  },
  bitcast_i32_f32: {
    needs: ["scratch"],
    source: "const bitcast_i32_f32 = (x) => (scratch.setInt32(0, x), scratch.getFloat32(0));",
  },
  bitcast_f64_i64: {
    needs: ["scratch"],
    source: "const bitcast_f64_i64 = (x) => (scratch.setFloat64(0, x), scratch.getBigInt64(0));",
  },
  bitcast_i64_f64: {
    needs: ["scratch"],
    source: "const bitcast_i64_f64 = (x) => (scratch.setBigInt64(0, x), scratch.getFloat64(0));",
  },
  narrow_int8: { source: "const narrow_int8 = (x) => (x << 24) >> 24;" },
  narrow_int16: { source: "const narrow_int16 = (x) => (x << 16) >> 16;" },
  narrow_uint8: { source: "const narrow_uint8 = (x) => x & 255;" },
  narrow_float16: {
    needs: ["load_float16", "store_float16"],
    source: "const narrow_float16 = (x) => load_float16(store_float16(x));",
  },
  narrow_bfloat16: {
    needs: ["load_bfloat16", "store_bfloat16"],
    source: "const narrow_bfloat16 = (x) => load_bfloat16(store_bfloat16(x));",
  },
  load_float16: {
    source: `function load_float16(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}`,
  },
  load_bfloat16: {
    needs: ["scratch"],
    source: "const load_bfloat16 = (bits) => (scratch.setUint32(0, (bits & 0xffff) << 16), scratch.getFloat32(0));",
  },
  store_float16: {
    needs: ["nearest", "scratch"],
    source: `function store_float16(value) {
  scratch.setFloat32(0, value);
  const sign = (scratch.getUint32(0) >>> 16) & 0x8000;
  if (Number.isNaN(value)) return sign | 0x7e00;
  const magnitude = Math.abs(Math.fround(value));
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | nearest(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const power = magnitude < 2 ** (exponent > 15 ? 15 : exponent) ? exponent - 1 : exponent;
  return sign | (((power + 15) << 10) + (nearest((magnitude / 2 ** power) * 1024) - 1024));
}`,
  },
  store_bfloat16: {
    needs: ["scratch"],
    source: `function store_bfloat16(value) {
  if (Number.isNaN(value)) return 0x7fc0;
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}`,
  },
} satisfies Record<(typeof helperNames)[number] | HostFunctionName, LibraryFunction>;

export type LibraryName = keyof typeof functions;
export const libraryNames = Object.keys(functions) as readonly LibraryName[];
const all: Readonly<Record<string, LibraryFunction>> = { ...support, ...functions };

/** Declarations of these functions and all that they need, in an order in which they can stand. */
export function librarySource(names: Iterable<string>): string {
  const done = new Set<string>();
  const sources: string[] = [];
  const add = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const { needs = [], source } = all[name]!;
    needs.forEach(add);
    sources.push(source);
  };
  for (const name of [...names].sort()) add(name);
  return sources.join("\n");
}

/** The library functions that a kernel's text calls. */
export function calledFunctions(body: string): Set<LibraryName> {
  const called = new Set<LibraryName>();
  for (const [, name] of body.matchAll(/\b([A-Za-z_]\w*)\(/g))
    if (Object.hasOwn(functions, name!)) called.add(name as LibraryName);
  return called;
}
