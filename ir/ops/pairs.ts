/** Functions of two operands, element by element, beyond plain arithmetic. */
import { nameSteps, when, tensor1 } from "../step-names.ts";
import { specialPower } from "./powers.ts";
import { isNode, type GraphBuilder } from "../builder.ts";
import { isComplex, isFloat, isIntegral } from "../dtype.ts";
import { DTypeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { unsupported } from "../unsupported.ts";
import { defineOp } from "../operator.ts";
import { fitting } from "./fitting.ts";
import { checkBroadcast, describe, operand, promoted, resultType, type TensorOrScalar } from "./support.ts";
import { withoutDerivative } from "./underived.ts";
import { anyCastable, operandsType, powersType, sameType } from "./out-types.ts";

const shape = "[*] and [*], broadcast together -> [*]";

/** Both operands in their common type, integers as floats. */
function floats(g: GraphBuilder, name: string, a: TensorOrScalar, b: TensorOrScalar): [Node, Node] {
  const common = resultType(g, [a, b]);
  const dtype = isIntegral(common) ? g.defaultFloat : common;
  const [x, y] = [operand(g, a, dtype), operand(g, b, dtype)];
  checkBroadcast(name, x, y);
  return [x, y];
}

for (const [name, op, summary] of [
  ["fmax", "max", "The larger of two; a number beats NaN."],
  ["fmin", "min", "The smaller of two; a number beats NaN."],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, Tensor other) -> Tensor` as "fmax(Tensor input, Tensor other) -> Tensor",
    places: ["torch", "Tensor"],
    out: anyCastable,
    doc: { summary, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    record(g, { input, other }) {
      const [x, y] = promoted(g, input, other);
      checkBroadcast(name, x, y);
      if (!isFloat(x.dtype)) return g.binary(op, x, y);
      // Of two equal ones the first counts, as in PyTorch's gradient.
      const first = g.or(op === "max" ? g.ge(x, y) : g.le(x, y), g.isNaN(y));
      return g.where(first, x, y);
    },
  });
}

for (const [name, isMin] of [
  ["clamp_min", true],
  ["clamp_max", false],
] as const) {
  const argument = isMin ? "min" : "max";
  defineOp({
    name,
    signature:
      `${name}(Tensor input, Tensor|Scalar ${argument}) -> Tensor` as "clamp(Tensor input, Tensor|Scalar bound) -> Tensor",
    places: ["torch", "Tensor"],
    out: (types, args) => (isNode(args[argument]) ? anyCastable : operandsType)(types, args),
    inplace: true,
    doc: { summary: `No ${isMin ? "smaller than min" : "larger than max"}.`, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    record(g, args) {
      const [input, bound] = Object.values(args) as [Node, TensorOrScalar];
      const dtype = resultType(g, [input, bound]);
      const [x, limit] = [operand(g, input, dtype), fitting(g, name, bound, dtype)];
      checkBroadcast(name, x, limit);
      const value = isMin ? g.max(x, limit) : g.min(x, limit);
      if (!(x.requiresGrad || limit.requiresGrad) || !isFloat(dtype)) return value;
      // The gradient passes where the input is within the bound, its end included.
      const [inside, outside] = isMin ? [g.ge(x, limit), g.lt(x, limit)] : [g.le(x, limit), g.gt(x, limit)];
      return g.withHistory(value, g.where(inside, x, g.where(outside, limit, 0)));
    },
  });
}

defineOp({
  name: "copysign",
  signature: "copysign(Tensor input, Tensor|Scalar other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: { summary: "The size of input with the sign of other.", shape, source: "torch.copysign" },
  saves: [{ name: "input", for: ["input"] }, "result"],
  gradient: "through decomposition",
  record(g, { input, other }) {
    const [x, y] = floats(g, "copysign", input, other);
    return g.binary("copysign", x, y);
  },
});

defineOp({
  name: "hypot",
  signature: "hypot(Tensor input, Tensor other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  composite: true,
  doc: { summary: "sqrt(input ** 2 + other ** 2) without overflow.", shape, source: "torch.hypot" },
  // By hand: the scaling that avoids overflow is no part of the derivative, input / result.
  gradient(g, { inputs, outputs, grads }) {
    const [result, grad] = [outputs[0]!, grads[0]];
    if (!grad) return inputs.map(() => null);
    return inputs.map((x) => g.sumTo(g.cast(g.mul(grad, g.div(g.cast(x, result.dtype), result)), x.dtype), x.shape));
  },
  record(g, { input, other }) {
    const [x, y] = promoted(g, input, other);
    if (!isFloat(x.dtype)) throw unsupported("hypot", x, "Convert the operands with float().");
    checkBroadcast("hypot", x, y);
    const [a, b] = [g.abs(x), g.abs(y)];
    const large = g.detach(g.max(a, b));
    const scale = g.where(g.or(g.eq(large, 0), g.eq(large, Infinity)), 1, large);
    const [p, q] = [g.div(x, scale), g.div(y, scale)];
    const infinite = g.or(g.eq(a, Infinity), g.eq(b, Infinity));
    return g.where(infinite, Infinity, g.mul(g.sqrt(g.add(g.mul(p, p), g.mul(q, q))), scale));
  },
});

/**
 * log(exp(x) + exp(y)) of complex numbers: the one of the larger real part, which decides what overflows, and what the
 * other adds to it. So the imaginary part goes on from that number's, as in PyTorch, and is not brought to [-pi, pi].
 */
export function complexLogAddExp(g: GraphBuilder, x: Node, y: Node): Node {
  const first = g.ge(g.real(x), g.real(y));
  const [large, small] = [g.where(first, x, y), g.where(first, y, x)];
  const most = g.real(large);
  // Two infinite real parts would subtract to NaN.
  const same = g.and(g.eq(most, g.real(small)), g.eq(g.abs(most), Infinity));
  const distance = g.sub(g.where(same, 0, small), g.where(same, 0, large));
  const sum = g.add(large, g.unary("log1p", g.exp(distance)));
  const above = g.and(same, g.gt(most, 0));
  const infinite = g.log(g.add(g.exp(g.where(above, x, 0)), g.exp(g.where(above, y, 0))));
  const anyNaN = [x, y].flatMap((z) => [g.isNaN(g.real(z)), g.isNaN(g.imag(z))]).reduce((a, b) => g.or(a, b));
  return g.where(
    anyNaN,
    g.complex(g.full([], NaN, most.dtype), g.full([], NaN, most.dtype)),
    g.where(above, infinite, g.where(same, small, sum)),
  );
}

for (const [name, base, summary] of [
  ["logaddexp", Math.E, "log(exp(input) + exp(other)) without overflow."],
  ["logaddexp2", 2, "log2(2 ** input + 2 ** other) without overflow."],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, Tensor other) -> Tensor` as "logaddexp(Tensor input, Tensor other) -> Tensor",
    places: ["torch", "Tensor"],
    out: anyCastable,
    doc: { summary, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    record(g, { input, other }) {
      const [x, y] = promoted(g, input, other);
      if (base === Math.E && isComplex(x.dtype)) {
        checkBroadcast(name, x, y);
        return complexLogAddExp(g, x, y);
      }
      if (!isFloat(x.dtype)) throw unsupported(name, x, "Convert the operands with float().");
      checkBroadcast(name, x, y);
      const scaled = (value: Node, factor: number): Node => (base === 2 ? g.mul(value, factor) : value);
      const [a, b] = [scaled(x, Math.LN2), scaled(y, Math.LN2)];
      const larger = g.max(a, b);
      const difference = g.sub(g.min(a, b), larger);
      const curved = g.add(larger, g.log1p(g.exp(difference)));
      // Equal infinities would subtract to NaN.
      const same = g.and(g.eq(a, b), g.eq(g.abs(a), Infinity));
      return scaled(g.where(same, a, curved), Math.LOG2E);
    },
  });
}

defineOp({
  name: "float_power",
  signature: "float_power(Tensor|Scalar input, Tensor|Scalar exponent) -> Tensor",
  places: ["torch", "Tensor"],
  out: powersType,
  inplace: true,
  doc: { summary: "input ** exponent in float64, or complex128.", shape, source: "torch.float_power" },
  // What is converted first is a copy.
  saves: ({ input, exponent }) => [
    ...[input, exponent].filter((x) => isNode(x)).filter(({ dtype }) => dtype === "float64" || dtype === "complex128"),
    "result",
  ],
  gradient: "through decomposition",
  record(g, { input, exponent }) {
    const dtype = isComplex(resultType(g, [input, exponent])) ? "complex128" : "float64";
    const [x, y] = [operand(g, input, dtype), operand(g, exponent, dtype)];
    checkBroadcast("float_power", x, y);
    return (isNode(exponent) ? null : specialPower(g, x, exponent)) ?? g.pow(x, y);
  },
});

defineOp({
  name: "heaviside",
  signature: "heaviside(Tensor input, Tensor values) -> Tensor",
  places: ["torch", "Tensor"],
  out: sameType(() => "heaviside is not yet implemented for tensors with different dtypes"),
  inplace: true,
  doc: { summary: "0 below zero, 1 above, `values` at zero.", shape, source: "torch.heaviside" },
  gradient: "none",
  record(g, { input, values }) {
    if (input.dtype !== values.dtype)
      throw new DTypeError(
        "heaviside/dtype",
        `heaviside is not yet implemented for tensors with different dtypes: ${describe(input)} and ${describe(values)}.`,
      );
    checkBroadcast("heaviside", input, values);
    const value = g.where(g.eq(input, 0), g.detach(values), g.cast(g.gt(input, 0), input.dtype));
    return withoutDerivative(g, value, [input, values], "derivative for aten::heaviside");
  },
});

nameSteps(
  {},
  {
    clamp_max: tensor1("max"),
    clamp_min: tensor1("min"),
    copysign: when((args) => !isNode(args["other"]), 1),
    float_power: when((args) => isNode(args["exponent"]), "pow:1", "pow"),
  },
);
