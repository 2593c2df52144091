/**
 * The functions that kernels call, as JavaScript text for exported modules: a module holds those that it uses, and
 * those that these use. They are the functions of runtime/js/library.ts and codegen/wasm/host-functions.ts; a test
 * holds them to the same bits.
 */
import type { helperNames } from "../js/emit-kernel.ts";
import { erfcSeries, erfSeries } from "../math/float64-error-function.ts";
import { digammaRoot, digammaRootRest, digammaSeries, digammaTail, halfLogOfTwoPi, lgammaSeries, stirlingSeries } from "../math/float64-gamma.ts";
import type { HostFunctionName } from "../wasm/host-functions.ts";

interface LibraryFunction {
  readonly source: string;
  /** Names in `functions` or `support` that the source mentions. */
  readonly needs?: readonly string[];
}

const math = (name: string, member = name): LibraryFunction => ({ source: `const ${name} = Math.${member};` });
const table = (name: string, values: readonly number[]): LibraryFunction => ({ source: `const ${name} = ${JSON.stringify(values)};` });

/** What only other library functions mention. */
const support: Readonly<Record<string, LibraryFunction>> = {
  scratch: { source: "const scratch = new DataView(new ArrayBuffer(8));" },
  erfSeries: table("erfSeries", erfSeries),
  erfcSeries: table("erfcSeries", erfcSeries),
  lgammaSeries: table("lgammaSeries", lgammaSeries),
  digammaSeries: table("digammaSeries", digammaSeries),
  stirlingSeries: table("stirlingSeries", stirlingSeries),
  digammaTail: table("digammaTail", digammaTail),
  chebyshev: {
    source: `function chebyshev(coefficients, t) {
  let next = 0, afterNext = 0;
  for (let index = coefficients.length - 1; index > 0; index--) {
    const current = 2 * t * next - afterNext + coefficients[index];
    afterNext = next;
    next = current;
  }
  return t * next - afterNext + (coefficients[0] ?? 0);
}`,
  },
  horner: { source: "const horner = (coefficients, x) => coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);" },
  expOfMinusSquare: {
    source: `function expOfMinusSquare(x) {
  const head = Math.fround(x);
  return Math.exp(-head * head) * Math.exp(-(x - head) * (x + head));
}`,
  },
  scaledErfc: {
    needs: ["chebyshev", "erfcSeries"],
    source: `function scaledErfc(x) {
  if (x === Infinity) return 0;
  const t = ((x - 3) / (x + 3) + 5 / 7) * (7 / 6) - 1;
  return chebyshev(erfcSeries, t) / (1 + 2 * x);
}`,
  },
  roughInverse: {
    source: `function roughInverse(complement) {
  if (complement < 1e-4) {
    const logarithm = -Math.log(complement);
    return Math.sqrt(logarithm - Math.log(Math.PI * logarithm) / 2);
  }
  const logarithm = Math.log(complement * (2 - complement));
  const half = 2 / (Math.PI * 0.147) + logarithm / 2;
  return Math.sqrt(Math.sqrt(half * half - logarithm / 0.147) - half);
}`,
  },
  invertErf: {
    needs: ["roughInverse", "expOfMinusSquare", "scaledErfc", "erf"],
    source: `function invertErf(y, complement) {
  let x = roughInverse(complement);
  for (let step = 0; step < 3; step++) {
    const scale = expOfMinusSquare(x);
    const residual = complement < 0.4 ? complement / scale - scaledErfc(x) : (erf(x) - y) / scale;
    const newton = residual * (Math.sqrt(Math.PI) / 2);
    x -= newton / (1 + x * newton);
  }
  return x;
}`,
  },
  sinPi: {
    source: `function sinPi(x) {
  const r = x - 2 * Math.round(x / 2);
  return Math.abs(r) <= 0.25 ? Math.sin(Math.PI * r) : Math.sign(r) * Math.cos(Math.PI * (Math.abs(r) - 0.5));
}`,
  },
  lgamma1p: { needs: ["chebyshev", "lgammaSeries"], source: "const lgamma1p = (x) => x * (x - 1) * chebyshev(lgammaSeries, x - 1);" },
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
  erf: {
    needs: ["chebyshev", "erfSeries", "expOfMinusSquare", "scaledErfc"],
    source: `function erf(x) {
  const magnitude = Math.abs(x);
  if (magnitude <= 1) return x * chebyshev(erfSeries, 2 * x * x - 1);
  const value = magnitude > 6 ? 1 : 1 - expOfMinusSquare(magnitude) * scaledErfc(magnitude);
  return Number.isNaN(x) ? NaN : Math.sign(x) * value;
}`,
  },
  erfc: {
    needs: ["erf", "expOfMinusSquare", "scaledErfc"],
    source: `function erfc(x) {
  if (x < 0.5) return x < -6 ? 2 : 1 - erf(x);
  if (Number.isNaN(x)) return NaN;
  return x > 28 ? 0 : expOfMinusSquare(x) * scaledErfc(x);
}`,
  },
  erfinv: {
    needs: ["invertErf"],
    source: `function erfinv(y) {
  const magnitude = Math.abs(y);
  if (!(magnitude <= 1)) return NaN;
  if (magnitude === 1) return y * Infinity;
  if (magnitude < 1e-9) return y * (Math.sqrt(Math.PI) / 2);
  return Math.sign(y) * invertErf(magnitude, 1 - magnitude);
}`,
  },
  lgamma: {
    needs: ["chebyshev", "horner", "lgamma1p", "lgammaSeries", "sinPi", "stirlingSeries"],
    source: `function lgamma(x) {
  if (Number.isNaN(x)) return NaN;
  if (!Number.isFinite(x)) return Infinity;
  if (x <= 0) {
    if (Number.isInteger(x)) return Infinity;
    if (x > -1e-20) return -Math.log(-x);
    return Math.log(Math.PI / Math.abs(x * sinPi(x))) - lgamma(-x);
  }
  if (x < 1) return x < 1e-20 ? -Math.log(x) : lgamma1p(x) - Math.log(x);
  if (x <= 3) return (x - 1) * (x - 2) * chebyshev(lgammaSeries, x - 2);
  if (x < 10) {
    let product = 1, reduced = x;
    while (reduced > 3) product *= --reduced;
    return Math.log(product) + lgamma(reduced);
  }
  return (x - 0.5) * (Math.log(x) - 1) + (${halfLogOfTwoPi} - 0.5 + horner(stirlingSeries, 1 / (x * x)) / x);
}`,
  },
  digamma: {
    needs: ["chebyshev", "digammaSeries", "digammaTail", "horner"],
    source: `function digamma(x) {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x < 0) {
    if (Number.isInteger(x) || x === -Infinity) return NaN;
    const fraction = x - Math.round(x);
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * fraction);
  }
  if (x < 1) return digamma(1 + x) - 1 / x;
  if (x <= 2) return (x - ${digammaRoot} - ${digammaRootRest}) * chebyshev(digammaSeries, 2 * x - 3);
  let shifted = x, sum = 0;
  while (shifted < 10) sum += 1 / shifted++;
  const square = 1 / (shifted * shifted);
  return Math.log(shifted) - 0.5 / shifted - square * horner(digammaTail, square) - sum;
}`,
  },
  pow: { source: "const pow = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);" },
  fmod: { source: "const fmod = (a, b) => a % b;" },
  bitcast_f32_i32: { needs: ["scratch"], source: "const bitcast_f32_i32 = (x) => (scratch.setFloat32(0, x), scratch.getInt32(0));" },
  bitcast_i32_f32: { needs: ["scratch"], source: "const bitcast_i32_f32 = (x) => (scratch.setInt32(0, x), scratch.getFloat32(0));" },
  bitcast_f64_i64: { needs: ["scratch"], source: "const bitcast_f64_i64 = (x) => (scratch.setFloat64(0, x), scratch.getBigInt64(0));" },
  bitcast_i64_f64: { needs: ["scratch"], source: "const bitcast_i64_f64 = (x) => (scratch.setBigInt64(0, x), scratch.getFloat64(0));" },
  narrow_int8: { source: "const narrow_int8 = (x) => (x << 24) >> 24;" },
  narrow_int16: { source: "const narrow_int16 = (x) => (x << 16) >> 16;" },
  narrow_uint8: { source: "const narrow_uint8 = (x) => x & 255;" },
  narrow_float16: { needs: ["load_float16", "store_float16"], source: "const narrow_float16 = (x) => load_float16(store_float16(x));" },
  narrow_bfloat16: { needs: ["load_bfloat16", "store_bfloat16"], source: "const narrow_bfloat16 = (x) => load_bfloat16(store_bfloat16(x));" },
  load_float16: {
    source: `function load_float16(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}`,
  },
  load_bfloat16: { needs: ["scratch"], source: "const load_bfloat16 = (bits) => (scratch.setUint32(0, (bits & 0xffff) << 16), scratch.getFloat32(0));" },
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
  for (const [, name] of body.matchAll(/\b([A-Za-z_]\w*)\(/g)) if (Object.hasOwn(functions, name!)) called.add(name as LibraryName);
  return called;
}
