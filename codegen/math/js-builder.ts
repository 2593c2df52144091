/**
 * The float32 builder on plain JavaScript numbers: the JavaScript device's scalars, and the means of testing the
 * expansions. Every operation is rounded with `Math.fround`, so results equal those of WebAssembly bit for bit.
 */
import { roundScaledByMagic, type MathBuilder } from "./builder.ts";

const floatView = new Float32Array(1);
const intView = new Int32Array(floatView.buffer);
const round = Math.fround;

export type JsMathBuilder = MathBuilder<number, number, boolean>;

/**
 * `fused` says how `madd` rounds. The fused form goes through float64, where the product is exact and the sum is
 * rounded once more than a true fused operation would: good enough to measure error bounds with.
 */
export function createJsMathBuilder({ fused }: { readonly fused: boolean }): JsMathBuilder {
  const madd = fused
    ? (a: number, b: number, c: number): number => round(a * b + c)
    : (a: number, b: number, c: number): number => round(round(a * b) + c);
  const bitcastToInt = (a: number): number => {
    floatView[0] = a;
    return intView[0]!;
  };
  const basics = { f32: round, madd, bitcastToInt, sub: (a: number, b: number): number => round(a - b) };
  return {
    ...basics,
    i32: (value) => value | 0,
    add: (a, b) => round(a + b),
    mul: (a, b) => round(a * b),
    div: (a, b) => round(a / b),
    sqrt: (a) => round(Math.sqrt(a)),
    abs: Math.abs,
    neg: (a) => -a,
    floor: Math.floor,
    min: (a, b) => (b < a ? b : a),
    max: (a, b) => (a < b ? b : a),
    roundScaled: (a, scale, bias) => roundScaledByMagic(basics, a, scale, bias),
    lt: (a, b) => a < b,
    eq: (a, b) => a === b,
    and: (a, b) => a && b,
    or: (a, b) => a || b,
    not: (a) => !a,
    select: (mask, whenTrue, whenFalse) => (mask ? whenTrue : whenFalse),
    bitcastToFloat: (a) => {
      intView[0] = a;
      return floatView[0]!;
    },
    toFloat: round,
    iadd: (a, b) => (a + b) | 0,
    isub: (a, b) => (a - b) | 0,
    iand: (a, b) => a & b,
    ior: (a, b) => a | b,
    ixor: (a, b) => a ^ b,
    ishl: (a, count) => a << count,
    ishr: (a, count) => a >> count,
    ilt: (a, b) => a < b,
    ieq: (a, b) => a === b,
    iselect: (mask, whenTrue, whenFalse) => (mask ? whenTrue : whenFalse),
    rare: (mask, slow, fast) => (mask ? slow() : fast),
  };
}
