/** Arithmetic of two operands. */
import { nameSteps, given, when, tensor1 } from "../step-names.ts";
import { type GraphBuilder, isNode } from "../builder.ts";
import { type DType, isComplex, isFloat, isIntegral } from "../dtype.ts";
import { ArgumentError, DTypeError, ValueError } from "../errors.ts";
import type { BinaryPrimitive, Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import type { ScalarArgument } from "../signature.ts";
import { filler } from "./fitting.ts";
import { checkBroadcast, operand, promoted, resultType, type TensorOrScalar } from "./support.ts";
import { withoutDerivative } from "./underived.ts";
import { byRounded, byWider, isWider, roundedOnce } from "./wide-operands.ts";
import { noKernel, unsupported } from "../unsupported.ts";
import { anyCastable } from "./out-types.ts";

const page = (name: string): string => `torch.${name}`;
const elementwise = "[*] and [*], broadcast together -> [*]";

export function binary(g: GraphBuilder, name: string, op: BinaryPrimitive, a: TensorOrScalar, b: TensorOrScalar): Node {
  const [x, y] = promoted(g, a, b);
  checkBroadcast(name, x, y);
  return g.binary(op, x, y);
}

/** other * alpha, where a factor of 1 costs nothing. */
export function scaled(
  g: GraphBuilder,
  name: string,
  other: TensorOrScalar,
  alpha: ScalarArgument,
  dtype: DType,
): Node {
  const y = operand(g, other, dtype);
  if (alpha.source === null && alpha.value === 1 && alpha.category !== "complex") return y;
  if (isIntegral(dtype) && alpha.category === "float")
    throw new DTypeError(
      `${name}/alpha`,
      `${name}: For integral input tensors, argument alpha must not be a floating point number.`,
    );
  if (alpha.category === "bool" && dtype !== "bool")
    throw new DTypeError(`${name}/alpha`, `${name}: Boolean alpha only supported for Boolean results.`);
  if (dtype === "bool") return g.and(y, g.scalar(alpha, dtype));
  const factor = filler(g, name, alpha, dtype);
  return isWider(alpha, dtype) ? byRounded(g, y, alpha) : g.mul(y, factor);
}

export const add = defineOp({
  name: "add",
  signature: "add(Tensor|Scalar input, Tensor|Scalar other, *, Scalar alpha=1) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: { summary: "input + alpha * other.", shape: elementwise, source: page("add") },
  gradient: "through decomposition",
  record(g, { input, other, alpha }) {
    const dtype = resultType(g, [input, other]);
    const x = operand(g, input, dtype);
    const y = scaled(g, "add", other, alpha, dtype);
    checkBroadcast("add", x, y);
    return dtype === "bool" ? g.or(x, y) : g.add(x, y);
  },
});

/** @throws DTypeError for bools, of which PyTorch takes no difference */
export function refuseBoolDifference(name: string, input: TensorOrScalar, other: TensorOrScalar): void {
  const isBool = (value: TensorOrScalar): boolean =>
    isNode(value) ? value.dtype === "bool" : value.category === "bool";
  if (!isBool(input) && !isBool(other)) return;
  const which = isBool(input) && isBool(other) ? "two bool tensors" : "a bool tensor";
  throw new DTypeError(
    `${name}/bool`,
    `${name}: Subtraction, the \`-\` operator, with ${which} is not supported.`,
    "Use logical_xor() or logical_not(), or convert the bool tensor with long().",
  );
}

function subtract(
  g: GraphBuilder,
  name: string,
  input: TensorOrScalar,
  other: TensorOrScalar,
  alpha: ScalarArgument,
): Node {
  const dtype = resultType(g, [input, other]);
  refuseBoolDifference(name, input, other);
  const x = operand(g, input, dtype);
  const y = scaled(g, name, other, alpha, dtype);
  checkBroadcast(name, x, y);
  return g.sub(x, y);
}

/** input - other as the operator `name` computes it. */
export const difference = (g: GraphBuilder, name: string, input: Node, other: Node): Node =>
  subtract(g, name, input, other, { value: 1, category: "integer", source: null });

export const sub = defineOp({
  name: "sub",
  aliases: ["subtract"],
  signature: "sub(Tensor|Scalar input, Tensor|Scalar other, *, Scalar alpha=1) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: { summary: "input - alpha * other.", shape: elementwise, source: page("sub") },
  gradient: "through decomposition",
  record: (g, { input, other, alpha }) => subtract(g, "sub", input, other, alpha),
});

export const rsub = defineOp({
  name: "rsub",
  signature: "rsub(Tensor input, Tensor|Scalar other, *, Scalar alpha=1) -> Tensor",
  places: ["torch", "Tensor"],
  doc: { summary: "other - alpha * input.", shape: elementwise, source: page("rsub") },
  gradient: "through decomposition",
  record: (g, { input, other, alpha }) => subtract(g, "rsub", other, input, alpha),
});

export const mul = defineOp({
  name: "mul",
  aliases: ["multiply"],
  signature: "mul(Tensor|Scalar input, Tensor|Scalar other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: { summary: "input * other.", shape: elementwise, source: page("mul") },
  gradient: "through decomposition",
  record(g, { input, other }) {
    const [x, y] = promoted(g, input, other);
    checkBroadcast("mul", x, y);
    if (isWider(other, x.dtype)) return byWider(g, "mul", x, other);
    if (isWider(input, x.dtype)) return byRounded(g, y, input);
    return x.dtype === "bool" ? g.and(x, y) : g.mul(x, y);
  },
});

export function refuseBool(name: string, x: Node): void {
  if (x.dtype === "bool") throw unsupported(name, x, "Convert the operands with long().");
}

/**
 * An integer divisor. A number that is zero is refused at the call; a zero among the elements of a tensor when the result
 * is read. Where nothing is divided nothing is refused.
 */
function notZero(g: GraphBuilder, name: string, other: TensorOrScalar, [x, y]: readonly [Node, Node]): Node {
  if (!isIntegral(y.dtype) || y.shape.includes(0) || x.shape.includes(0)) return y;
  const error = (): Error =>
    new ValueError(`${name}/zero`, `${name}: ZeroDivisionError: an integer is divided by zero.`, "Divide floats.");
  if (isNode(other)) return other.op === "constant" ? y : g.refuseWhere(y, () => g.eq(y, 0), error);
  if (Number(other.value) === 0) throw error();
  return y;
}

/** floor(a / b) exactly, by Python's rule for the sign. */
export function floorDivide(g: GraphBuilder, x: Node, y: Node): Node {
  if (isFloat(x.dtype)) {
    // As Python: from the exact remainder, so that rounding of the quotient cannot cross an integer.
    const remainder = g.binary("rem", x, y);
    const quotient = g.div(g.sub(x, remainder), y);
    const adjusted = g.where(
      g.and(g.ne(remainder, 0), g.ne(g.lt(remainder, 0), g.lt(y, 0))),
      g.sub(quotient, 1),
      quotient,
    );
    const floored = g.unary("floor", adjusted);
    const result = g.where(g.gt(g.sub(adjusted, floored), 0.5), g.add(floored, 1), floored);
    const plain = g.div(x, y);
    return g.where(
      g.eq(y, 0),
      plain,
      g.where(g.eq(adjusted, 0), g.binary("copysign", g.full([], 0, x.dtype), plain), result),
    );
  }
  const quotient = g.div(x, y);
  const remainder = g.binary("rem", x, y);
  const adjust = g.and(g.ne(remainder, 0), g.ne(g.lt(remainder, 0), g.lt(y, 0)));
  return g.sub(quotient, g.cast(adjust, x.dtype));
}

export const div = defineOp({
  name: "div",
  aliases: ["divide", "true_divide"],
  signature: "div(Tensor|Scalar input, Tensor|Scalar other, *, 'trunc'|'floor'? rounding_mode=None) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: {
    summary: "input / other; whole with rounding_mode 'trunc' or 'floor'. Integers divide to the default float type.",
    shape: elementwise,
    source: page("div"),
  },
  saves: [{ name: "input", for: ["other"] }, "other"],
  gradient: "through decomposition",
  record(g, { input, other, rounding_mode }) {
    const common = resultType(g, [input, other]);
    if (rounding_mode === null) {
      const dtype = isIntegral(common) ? g.defaultFloat : common;
      const [x, y] = [operand(g, input, dtype), operand(g, other, dtype)];
      checkBroadcast("div", x, y);
      return isWider(other, dtype) ? byWider(g, "div", x, other) : g.div(x, y);
    }
    if (rounding_mode !== "trunc" && rounding_mode !== "floor")
      throw new ArgumentError(
        "div/rounding-mode",
        `div: expected rounding_mode to be one of None, 'trunc', or 'floor' but found '${rounding_mode}'`,
      );
    if (isComplex(common)) throw noKernel("div", `div_${rounding_mode}_cpu`, common, "Round its parts.");
    const x = operand(g, input, common);
    const y = notZero(g, "div", other, [x, operand(g, other, common)]);
    checkBroadcast("div", x, y);
    if (!isFloat(common)) return rounding_mode === "floor" ? floorDivide(g, x, y) : g.div(x, y);
    const whole = (a: Node, b: Node): Node =>
      rounding_mode === "floor" ? floorDivide(g, a, b) : g.unary("trunc", g.div(a, b));
    const value = isWider(other, common) ? roundedOnce(g, x, other, whole) : whole(x, y);
    // A step function: its gradient is zero, also where the quotient's is infinite.
    return value.requiresGrad ? g.withHistory(g.detach(value), g.add(g.unary("floor", x), g.unary("floor", y))) : value;
  },
});

const zeroGradient = 'div with rounding_mode "floor" has one, which is zero.';

export const floorDivideOp = defineOp({
  name: "floor_divide",
  signature: "floor_divide(Tensor|Scalar input, Tensor|Scalar other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: { summary: "floor(input / other).", shape: elementwise, source: page("floor_divide") },
  gradient: "none",
  record(g, { input, other }) {
    const [x, y] = promoted(g, input, other);
    refuseBool("floor_divide", x);
    checkBroadcast("floor_divide", x, y);
    const [a, b] = [g.detach(x), g.detach(y)];
    const value = isWider(other, x.dtype)
      ? roundedOnce(g, a, isNode(other) ? g.detach(other) : other, (p, q) => floorDivide(g, p, q))
      : floorDivide(g, a, notZero(g, "floor_divide", other, [a, b]));
    return withoutDerivative(g, value, [x, y], "derivative for aten::floor_divide", zeroGradient);
  },
});

export const remainder = defineOp({
  name: "remainder",
  signature: "remainder(Tensor|Scalar input, Tensor|Scalar other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: {
    summary: "input - other * floor(input / other): has the sign of other, as Python's %.",
    shape: elementwise,
    source: page("remainder"),
  },
  saves: [
    { name: "input", for: ["other"] },
    { name: "other", for: ["other"] },
  ],
  gradient: "through decomposition",
  record(g, { input, other }) {
    const [x, divisor] = promoted(g, input, other);
    refuseBool("remainder", x);
    checkBroadcast("remainder", x, divisor);
    const y = notZero(g, "remainder", other, [x, divisor]);
    const plain = g.binary("rem", x, y);
    const wrongSide = g.and(g.ne(plain, 0), g.ne(g.lt(plain, 0), g.lt(y, 0)));
    return g.where(wrongSide, g.add(plain, y), plain);
  },
});

export const fmod = defineOp({
  name: "fmod",
  signature: "fmod(Tensor input, Tensor|Scalar other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: { summary: "Remainder with the sign of input, as C's fmod.", shape: elementwise, source: page("fmod") },
  gradient: "through decomposition",
  record(g, { input, other }) {
    const [x, y] = promoted(g, input, other);
    refuseBool("fmod", x);
    checkBroadcast("fmod", x, y);
    return g.binary("rem", x, notZero(g, "fmod", other, [x, y]));
  },
});

export const maximum = defineOp({
  name: "maximum",
  aliases: ["max.other"],
  signature: "maximum(Tensor input, Tensor other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  doc: { summary: "The larger of two; NaN if either is.", shape: elementwise, source: page("maximum") },
  gradient: "through decomposition",
  record: (g, { input, other }) => binary(g, "maximum", "max", input, other),
});

export const minimum = defineOp({
  name: "minimum",
  aliases: ["min.other"],
  signature: "minimum(Tensor input, Tensor other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  doc: { summary: "The smaller of two; NaN if either is.", shape: elementwise, source: page("minimum") },
  gradient: "through decomposition",
  record: (g, { input, other }) => binary(g, "minimum", "min", input, other),
});

// Numbers alone make a 0-d tensor.
for (const operator of [add, sub, mul, div]) {
  const { name, aliases = [], signature, doc } = operator;
  defineOp({
    name: `${name}.numbers`,
    aliases: aliases.map((alias) => `${alias}.numbers`),
    signature: signature.replaceAll("Tensor|Scalar", "Scalar"),
    places: ["torch"],
    out: anyCastable,
    doc: { ...doc, shape: "[]" },
    gradient: "none",
    record: operator.record,
  });
}

nameSteps(
  {},
  {
    div: when((args) => given(args["rounding_mode"]), 2),
    fmod: tensor1("other"),
    max: () => 1,
    min: () => 1,
    remainder: tensor1("other"),
    rsub: when((args) => !isNode(args["other"]), 1),
  },
);
