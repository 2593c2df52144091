/** What floating-point numbers are made of: exponents, neighbours, special values. */
import { largestOf } from "./fitting.ts";
import type { GraphBuilder } from "../builder.ts";
import { eachPart } from "../complex/parts.ts";
import { cName, isComplex, isFloat, isIntegral, type DType } from "../dtype.ts";
import { DTypeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { checkBroadcast, describe, operand, promoted, resultType, toFloat } from "./support.ts";
import { unsupported } from "../unsupported.ts";
import { anyCastable, sameType } from "./out-types.ts";

const shape = "[*] -> [*]";

interface Format {
  /** The integer type of the same size. */
  readonly bits: DType;
  readonly fraction: number;
  readonly bias: number;
}
const formats: Readonly<Partial<Record<DType, Format>>> = {
  float32: { bits: "int32", fraction: 23, bias: 127 },
  float64: { bits: "int64", fraction: 52, bias: 1023 },
};

defineOp({
  name: "frexp",
  signature: "frexp(Tensor input) -> Tensor[2]",
  places: ["torch", "Tensor"],
  out: sameType(
    (wanted, given) =>
      wanted === "int"
        ? `torch.frexp() expects exponent to have int dtype but got ${given}`
        : `torch.frexp() expects mantissa to have dtype ${wanted} but got ${given}`,
    cName,
  ),
  results: ["mantissa", "exponent"],
  doc: {
    summary: "mantissa and exponent with input = mantissa * 2 ** exponent and 0.5 <= |mantissa| < 1.",
    shape: "[*] -> [*] and int32[*]",
    source: "torch.frexp",
  },
  saves: ["exponent"],
  gradient: "through decomposition",
  record(g, { input }) {
    if (!isFloat(input.dtype))
      throw new DTypeError(
        "frexp/dtype",
        `torch.frexp() only supports floating-point dtypes, got ${describe(input)}.`,
        "Convert it with input.float().",
      );
    // Half types are exact in float32.
    const x = input.dtype === "float64" ? input : g.cast(input, "float32");
    const { bits, fraction, bias } = formats[x.dtype]!;
    const size = g.abs(g.detach(x));
    // Subnormal numbers are scaled into the normal range first.
    const small = g.lt(size, 2 ** (1 - bias));
    const normal = g.where(small, g.mul(size, 2 ** (fraction + 1)), size);
    const raw = g.cast(g.binary("shr", g.bitcast(normal, bits), fraction), "int32");
    const exponent = g.sub(raw, g.where(small, g.full([], bias - 1 + fraction + 1, "int32"), bias - 1));
    const plain = g.and(g.ne(size, 0), g.lt(size, Infinity));
    const power = g.where(plain, exponent, 0);
    return [g.cast(g.where(plain, scaledBy(g, x, g.neg(power)), x), input.dtype), power];
  },
});

/** x * 2 ** exponent in two steps, of which neither overflows where the result does not. */
function scaledBy(g: GraphBuilder, x: Node, exponent: Node): Node {
  const half = g.binary("shr", exponent, 1);
  const power = (n: Node): Node => g.unary("exp2", g.cast(n, x.dtype));
  return g.mul(g.mul(x, power(half)), power(g.sub(exponent, half)));
}

defineOp({
  name: "ldexp",
  signature: "ldexp(Tensor input, Tensor other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: { summary: "input * 2 ** other.", shape: "[*] and [*], broadcast together -> [*]", source: "torch.ldexp" },
  saves: [{ name: "other", for: ["input"] }, "result"],
  gradient: "through decomposition",
  record(g, { input, other }) {
    // A whole exponent is one of the input's type.
    const exponent = isIntegral(other.dtype) && isFloat(input.dtype) ? g.cast(other, input.dtype) : toFloat(g, other);
    const power = g.unary("exp2", exponent);
    const dtype = resultType(g, [input, power]);
    const [x, y] = [operand(g, input, dtype), operand(g, power, dtype)];
    checkBroadcast("ldexp", x, y);
    return g.mul(x, y);
  },
});

/** How many numbers of float32 lie between neighbours of a half type. */
const halfSteps: Readonly<Partial<Record<DType, number>>> = { bfloat16: 2 ** 16, float16: 2 ** 13 };

/** float16 has fewer exponents than float32: near zero its numbers lie evenly, and the largest is not next to infinity. */
function float16Step(g: GraphBuilder, x: Node, y: Node, away: Node, between: Node): Node {
  const size = g.abs(x);
  const even = g.where(away, g.lt(size, 2 ** -14), g.le(size, 2 ** -14));
  const sum = g.add(x, g.where(g.lt(x, y), g.full([], 2 ** -24, "float32"), -(2 ** -24)));
  const small = g.where(g.eq(sum, 0), g.mul(x, 0), sum);
  const fromInfinity = g.where(g.gt(x, 0), g.full([], 65504, "float32"), -65504);
  return g.where(even, small, g.where(g.eq(size, Infinity), fromInfinity, between));
}

defineOp({
  name: "nextafter",
  signature: "nextafter(Tensor input, Tensor other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: {
    summary: "The next number after input towards other; the gradient is input's where they differ.",
    shape: "[*] and [*], broadcast together -> [*]",
    source: "torch.nextafter",
  },
  saves: [
    { name: "input", for: ["input"] },
    { name: "other", for: ["input"] },
  ],
  gradient: "through decomposition",
  record(g, { input, other }) {
    const [from, towards] = promoted(g, input, other);
    const [a, b] = [g.detach(from), g.detach(towards)];
    // Neighbours of a half type are some steps of float32 apart.
    const steps = halfSteps[a.dtype];
    const [x, y] = steps === undefined ? [a, b] : [g.cast(a, "float32"), g.cast(b, "float32")];
    const step = steps ?? 1;
    const format = formats[x.dtype];
    if (format === undefined) throw unsupported("nextafter", x, "It takes floats: convert the operands with float().");
    checkBroadcast("nextafter", x, y);
    const { bits } = format;
    // Numbers of one sign are in the order of their bits.
    const whole = g.bitcast(x, bits);
    const away = g.eq(g.lt(x, y), g.gt(x, 0));
    const moved = g.bitcast(g.add(whole, g.where(away, g.full([], step, bits), -step)), x.dtype);
    const least = g.bitcast(g.full([], step, bits), x.dtype);
    const fromZero = g.where(g.gt(y, 0), least, g.neg(least));
    const between = g.where(g.eq(x, 0), fromZero, moved);
    const stepped = a.dtype === "float16" ? float16Step(g, x, y, away, between) : between;
    const value = g.cast(g.where(g.or(g.isNaN(x), g.isNaN(y)), NaN, g.where(g.eq(x, y), y, stepped)), a.dtype);
    if (!from.requiresGrad && !towards.requiresGrad) return value;
    const none = g.where(g.full([], false, "bool"), towards, 0);
    return g.withHistory(value, g.where(g.eq(a, b), none, from));
  },
});

defineOp({
  name: "nan_to_num",
  signature: "nan_to_num(Tensor input, number? nan=None, number? posinf=None, number? neginf=None) -> Tensor",
  places: ["torch", "Tensor"],
  out: sameType((wanted, given) => `nan_to_num: dtype of out: ${given} should be same as input: ${wanted}`),
  inplace: true,
  keepsLayout: true,
  doc: {
    summary:
      "NaN and the infinities replaced, in each part of a complex number: by zero and by the largest and smallest numbers of the type, or as given.",
    shape,
    source: "torch.nan_to_num",
  },
  gradient: "through decomposition",
  record(g, { input, nan, posinf, neginf }) {
    if (isIntegral(input.dtype)) return input;
    const replaced = (x: Node): Node => {
      const largest = largestOf(x.dtype);
      const upper = g.where(g.eq(x, Infinity), posinf ?? largest, x);
      const lower = g.where(g.eq(x, -Infinity), neginf ?? -largest, upper);
      return g.where(g.isNaN(x), nan ?? 0, lower);
    };
    if (!isComplex(input.dtype)) return replaced(input);
    if (input.requiresGrad && g.gradEnabled)
      throw new DTypeError(
        "nan_to_num/complex-gradient",
        `nan_to_num does not support automatic differentiation for outputs with complex dtype: input ${describe(input)}.`,
        "Apply it to the parts: torch.complex(x.real.nan_to_num(), x.imag.nan_to_num()).",
      );
    return eachPart(g, input, replaced);
  },
});

/** log(x / (1 - x)), whose gradient is infinite at 0 and 1 instead of NaN. */
function logOfOdds(g: GraphBuilder, x: Node): Node {
  const value = g.log(g.div(x, g.sub(1, x)));
  return x.requiresGrad ? g.withHistory(g.detach(value), g.sub(g.log(x), g.log(g.sub(1, x)))) : value;
}

defineOp({
  name: "logit",
  signature: "logit(Tensor input, number? eps=None) -> Tensor",
  places: ["torch", "Tensor", "special"],
  out: anyCastable,
  inplace: true,
  keepsLayout: true,
  doc: {
    summary: "log(input / (1 - input)), input first limited to [eps, 1 - eps] when eps is given.",
    shape,
    source: "torch.logit",
  },
  gradient: "through decomposition",
  record(g, { input, eps }) {
    const x = toFloat(g, input);
    if (eps === null) {
      // Outside [0, 1] value and gradient are NaN.
      const valid = g.and(g.ge(x, 0), g.le(x, 1));
      return g.mul(logOfOdds(g, x), g.where(valid, 1, g.full([], NaN, x.dtype)));
    }
    // The gradient passes inside the limits, ends included.
    const inside = g.and(g.ge(x, eps), g.le(x, 1 - eps));
    const limited = g.max(g.min(g.detach(x), 1 - eps), eps);
    const z = g.where(g.isNaN(x), x, g.where(inside, x, limited));
    return logOfOdds(g, z);
  },
});
