/**
 * `random_` and `randint`: integers by remainder, one draw an element and never a second try.
 *
 *   random_(from, to)   range = to - from;  value = from + draw mod range, where the draw is one word, or two (64 bits,
 *                       high first) if range >= 2^28, whatever the dtype
 *   random_()           0 .. the dtype's largest: draw mod (largest + 1). Floats: 0 .. 2^digits inclusive. int64 and
 *                       float64 take two words, the rest one
 *
 * The limit of 2^28 is PyTorch 2.7's; before, it was 2^32 and some dtypes never took two words.
 */
import { cName, integerRange, isFloat } from "../../ir/dtype.ts";
import type { CpuGenerator } from "./cpu-generator.ts";
import {
  chunkSize,
  type DrawArray,
  type DrawDType,
  dtypeOf,
  type FloatDType,
  roundingOf,
  significandBits,
  storeValues,
} from "./element.ts";
import { badParameter } from "./errors.ts";
import { remainder64 } from "./remainder.ts";

const wideRange = 2n ** 28n;
const minInt64 = -(2n ** 63n);
const maxInt64 = 2n ** 63n - 1n;

const isFloatDType = (dtype: DrawDType): dtype is FloatDType => isFloat(dtype);

/** The values that `random_(from, to)` draws from: base .. base + range - 1. */
export interface IntegerRange {
  readonly base: bigint;
  readonly range: bigint;
}

/** Words that an element of this range takes. */
export const randintWordsPerElement = (range: bigint): 1 | 2 => (range >= wideRange ? 2 : 1);

/** Words that an element of `random_()` takes. */
export const randomWordsPerElement = (dtype: DrawDType): 1 | 2 => (dtype === "int64" || dtype === "float64" ? 2 : 1);

const asInt64 = (value: number): bigint =>
  Number.isFinite(value) ? BigInt.asIntN(64, BigInt(Math.trunc(value))) : value > 0 ? maxInt64 : minInt64;

/** 2 to the power of the spacing of a dtype's values around `magnitude`. */
function spacing(magnitude: bigint, dtype: FloatDType): bigint {
  const shift = magnitude.toString(2).length - significandBits[dtype];
  return shift < 0 ? 0n : 1n << BigInt(shift);
}

/**
 * The range that `random_(from, to)` draws from; `to` omitted stands for the dtype's largest value plus one (2^digits
 * plus one for floats). A float dtype that cannot hold from or to - 1 moves each inwards to a value it can.
 */
export function integerRangeOf(from: number | bigint, to: number | bigint | undefined, dtype: DrawDType): IntegerRange {
  let low = BigInt(from);
  let high: bigint;
  if (isFloatDType(dtype)) {
    const round = (value: bigint): bigint =>
      asInt64(dtype === "float64" ? Number(value) : roundingOf[dtype](toFloat32(value)));
    high = to === undefined ? (1n << BigInt(significandBits[dtype])) + 1n : BigInt(to);
    if (low >= high) throw badOrder(low, high);
    const after = round(low + 1n);
    if (after < low) low = after + spacing(low < -1n ? -(low + 1n) : low + 1n, dtype);
    if (to !== undefined) {
      const before = round(high - 1n);
      if (before >= high) high = before - spacing(high > 0n ? high - 1n : 1n - high, dtype);
    }
    if (low >= high) throw badOrder(low, high, " casted to dtype");
    if (dtype === "float16" && (low < -65504n || high - 1n > 65504n)) throw outOfBounds(low < -65504n, dtype);
  } else {
    const [smallest, largest] = integerRange(dtype);
    high = to === undefined ? largest + 1n : BigInt(to);
    if (low >= high) throw badOrder(low, high);
    if (low < smallest || low > largest) throw outOfBounds(true, dtype);
    if (high - 1n > largest) throw outOfBounds(false, dtype);
  }
  return { base: low, range: high - low };
}

const badOrder = (low: bigint, high: bigint, cast = ""): Error =>
  badParameter("random_", `'from'${cast} to be less than 'to'${cast}`, `from=${low} >= to=${high}`);

const outOfBounds = (isFrom: boolean, dtype: DrawDType): Error =>
  badParameter("random_", `values of ${dtype}`, `${isFrom ? "from" : "to - 1"} is out of bounds for ${cName(dtype)}`);

const words = new Int32Array(2 * chunkSize);
const values = new Float64Array(chunkSize);

/** `random_(from, to)` and `randint(from, to)`. Consumes `randintWordsPerElement(to - from)` words an element. */
export function fillRandint(
  out: DrawArray,
  generator: CpuGenerator,
  from: number | bigint,
  to: number | bigint | undefined,
  dtype: DrawDType = dtypeOf(out),
): void {
  const { base, range } = integerRangeOf(from, to, dtype);
  const perElement = randintWordsPerElement(range);
  if (range > 2n ** 37n || !isSafe(base) || !isSafe(base + range)) {
    const draw = perElement === 2 ? () => generator.random64() : () => BigInt(generator.random());
    storeWide(out, dtype, () => BigInt.asIntN(64, (draw() % range) + base));
    return;
  }
  const offset = Number(base);
  const divisor = Number(range);
  for (let start = 0; start < out.length; start += chunkSize) {
    const count = Math.min(chunkSize, out.length - start);
    generator.fillWords(words, 0, perElement * count);
    if (perElement === 1) {
      // Of unsigned words throughout: else the engine takes remainders of float64.
      const by = divisor >>> 0;
      for (let i = 0; i < count; i++) values[i] = (((words[i]! >>> 0) % by) >>> 0) + offset;
    } else {
      for (let i = 0; i < count; i++) values[i] = remainder64(words[2 * i]!, words[2 * i + 1]!, divisor) + offset;
    }
    storeValues(out, dtype, start, values, count);
  }
}

const isSafe = (value: bigint): boolean => value >= -(2n ** 53n) && value <= 2n ** 53n;

/** `random_()`. Consumes `randomWordsPerElement(dtype)` words an element. */
export function fillRandom(out: DrawArray, generator: CpuGenerator, dtype: DrawDType = dtypeOf(out)): void {
  if (out instanceof BigInt64Array) {
    const halves = new Int32Array(out.buffer, out.byteOffset, out.length * 2);
    generator.fillWords(halves);
    for (let i = 0; i < halves.length; i += 2) {
      const high = halves[i]!;
      halves[i] = halves[i + 1]!;
      halves[i + 1] = high & 0x7fffffff;
    }
    return;
  }
  const limit = isFloatDType(dtype) ? 2 ** significandBits[dtype] : Number(integerRange(dtype)[1]);
  const perElement = randomWordsPerElement(dtype);
  for (let start = 0; start < out.length; start += chunkSize) {
    const count = Math.min(chunkSize, out.length - start);
    generator.fillWords(words, 0, perElement * count);
    if (perElement === 1) for (let i = 0; i < count; i++) values[i] = (words[i]! >>> 0) % (limit + 1);
    // 2^53 + 1 is no float64, so the remainder is taken in integers.
    else for (let i = 0; i < count; i++) values[i] = Number(join(words[2 * i]!, words[2 * i + 1]!) % (2n ** 53n + 1n));
    storeValues(out, dtype, start, values, count);
  }
}

const join = (high: number, low: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

/**
 * `random_(-2^63, None)`: all 64 bits of two words as a signed number. PyTorch has it for int64, float32, float64 and
 * bfloat16.
 */
export function fillRandomFullRange(out: DrawArray, generator: CpuGenerator, dtype: DrawDType = dtypeOf(out)): void {
  if (dtype !== "int64" && (dtype === "float16" || !isFloatDType(dtype))) {
    throw badParameter("random_", "int64, float64, float32 or bfloat16 for the full 64-bit range", dtype);
  }
  storeWide(out, dtype, () => BigInt.asIntN(64, generator.random64()));
}

function storeWide(out: DrawArray, dtype: DrawDType, next: () => bigint): void {
  if (out instanceof BigInt64Array) {
    for (let i = 0; i < out.length; i++) out[i] = next();
    return;
  }
  const single = new Float64Array(1);
  for (let i = 0; i < out.length; i++) {
    const value = next();
    single[0] = dtype === "float64" ? Number(value) : toFloat32(value);
    storeValues(out, dtype, i, single, 1);
  }
}

/** An int64 as the nearest float32. By way of float64 it would be rounded twice, so lost bits are kept as a sticky one. */
function toFloat32(value: bigint): number {
  if (isSafe(value)) return Math.fround(Number(value));
  const kept = value >> 10n;
  return Math.fround(Number((value & 1023n) === 0n ? kept : kept | 1n)) * 1024;
}
