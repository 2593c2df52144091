/** Functions of two or three operands, element by element, beyond plain arithmetic. */
import { isNode, type GraphBuilder } from "../builder.ts";
import { isFloat, isIntegral, type DType } from "../dtype.ts";
import { ArgumentError, DTypeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp, recordOperator, type Place } from "../operator.ts";
import { broadcastShapes } from "../shape.ts";
import type { ScalarArgument } from "../signature.ts";
import { lerpOf } from "./ordering.ts";
import {
  checkBroadcast,
  describe,
  inFloat32,
  operand,
  promoted,
  resultType,
  scalarAs,
  type TensorOrScalar,
} from "./support.ts";

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
    inplace: true,
    doc: { summary: `No ${isMin ? "smaller than min" : "larger than max"}.`, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    record(g, args) {
      const [input, bound] = Object.values(args) as [Node, TensorOrScalar];
      const dtype = resultType(g, [input, bound]);
      const [x, limit] = [operand(g, input, dtype), operand(g, bound, dtype)];
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
  inplace: true,
  doc: { summary: "The size of input with the sign of other.", shape, source: "torch.copysign" },
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
    if (!isFloat(x.dtype))
      throw new DTypeError(
        "hypot/dtype",
        `hypot: takes floating point tensors, got ${describe(input)} and ${describe(other)}.`,
        "Convert them with float().",
      );
    checkBroadcast("hypot", x, y);
    const [a, b] = [g.abs(x), g.abs(y)];
    const large = g.detach(g.max(a, b));
    const scale = g.where(g.or(g.eq(large, 0), g.eq(large, Infinity)), 1, large);
    const [p, q] = [g.div(x, scale), g.div(y, scale)];
    const infinite = g.or(g.eq(a, Infinity), g.eq(b, Infinity));
    return g.where(infinite, Infinity, g.mul(g.sqrt(g.add(g.mul(p, p), g.mul(q, q))), scale));
  },
});

for (const [name, base, summary] of [
  ["logaddexp", Math.E, "log(exp(input) + exp(other)) without overflow."],
  ["logaddexp2", 2, "log2(2 ** input + 2 ** other) without overflow."],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, Tensor other) -> Tensor` as "logaddexp(Tensor input, Tensor other) -> Tensor",
    places: ["torch", "Tensor"],
    doc: { summary, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    record(g, { input, other }) {
      const [x, y] = promoted(g, input, other);
      if (!isFloat(x.dtype))
        throw new DTypeError(
          `${name}/dtype`,
          `${name}: takes floating point tensors, got ${describe(input)} and ${describe(other)}.`,
          "Convert them with float().",
        );
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

/** [name, summary, where the logarithm becomes infinite, the logarithm, its argument's distance from that place] */
for (const [name, summary, least, log, distance, places] of [
  [
    "xlogy",
    "input * log(other), zero where input is.",
    0,
    (g: GraphBuilder, y: Node) => g.log(y),
    (_g: GraphBuilder, y: Node) => y,
    ["torch", "Tensor", "special"],
  ],
  [
    "xlog1py",
    "input * log1p(other), zero where input is.",
    -1,
    (g: GraphBuilder, y: Node) => g.log1p(y),
    (g: GraphBuilder, y: Node) => g.add(y, 1),
    ["special"],
  ],
] as const satisfies readonly (readonly [
  string,
  string,
  number,
  (g: GraphBuilder, y: Node) => Node,
  (g: GraphBuilder, y: Node) => Node,
  readonly Place[],
])[]) {
  /** x * log(y), zero where x is zero, NaN where y is. */
  const product = (g: GraphBuilder, x: Node, y: Node): Node => {
    const zero = g.eq(x, 0);
    return g.where(g.isNaN(y), NaN, g.where(zero, 0, g.mul(x, log(g, g.where(zero, 1, y)))));
  };
  const core = defineOp({
    name: `${name}_same_type`,
    signature:
      `${name}_same_type(Tensor input, Tensor other) -> Tensor` as "core(Tensor input, Tensor other) -> Tensor",
    places: [],
    composite: true,
    doc: { summary: `${summary} Of one type and shape.`, shape: "[*] and [*] -> [*]", source: `torch.special.${name}` },
    // By hand: 0 * log(0) is 0 in the gradient too.
    gradient(g, { inputs, grads }) {
      const [x, y] = inputs as [Node, Node];
      const grad = grads[0];
      if (!grad) return [null, null];
      const none = g.and(g.eq(x, 0), g.le(y, least));
      return [g.where(none, 0, product(g, grad, y)), g.mul(grad, g.div(x, distance(g, y)))];
    },
    record: (g, { input, other }) => product(g, input, other),
  });
  defineOp({
    name,
    signature:
      `${name}(Tensor|Scalar input, Tensor|Scalar other) -> Tensor` as "xlogy(Tensor|Scalar input, Tensor|Scalar other) -> Tensor",
    places,
    inplace: name === "xlogy",
    doc: { summary, shape, source: `torch.special.${name}` },
    gradient: "through decomposition",
    record(g, { input, other }) {
      const [x, y] = floats(g, name, input, other);
      const common = broadcastShapes(x.shape, y.shape)!;
      return recordOperator(g, core, { input: g.expandTo(x, common), other: g.expandTo(y, common) }, isNode);
    },
  });
}

defineOp({
  name: "float_power",
  signature: "float_power(Tensor|Scalar input, Tensor|Scalar exponent) -> Tensor",
  places: ["torch", "Tensor"],
  inplace: true,
  doc: { summary: "input ** exponent in float64.", shape, source: "torch.float_power" },
  gradient: "through decomposition",
  record(g, { input, exponent }) {
    const [x, y] = [operand(g, input, "float64"), operand(g, exponent, "float64")];
    checkBroadcast("float_power", x, y);
    return g.pow(x, y);
  },
});

defineOp({
  name: "heaviside",
  signature: "heaviside(Tensor input, Tensor values) -> Tensor",
  places: ["torch", "Tensor"],
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
    return g.where(g.eq(input, 0), values, g.cast(g.gt(input, 0), input.dtype));
  },
});

// ---- three operands

const common3 = (name: string, a: Node, b: Node, c: Node): void => {
  checkBroadcast(name, a, b);
  const joined = broadcastShapes(a.shape, b.shape)!;
  if (broadcastShapes(joined, c.shape) === null) checkBroadcast(name, b, c);
};

for (const [name, divides, summary] of [
  ["addcmul", false, "input + value * tensor1 * tensor2."],
  ["addcdiv", true, "input + value * tensor1 / tensor2."],
] as const) {
  defineOp({
    name,
    signature:
      `${name}(Tensor input, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor` as "addc(Tensor input, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor",
    places: ["torch", "Tensor"],
    inplace: true,
    doc: { summary, shape: "[*], [*] and [*], broadcast together -> [*]", source: `torch.${name}` },
    gradient: "through decomposition",
    record(g, { input, tensor1, tensor2, value }) {
      const dtype = resultType(g, [input, tensor1, tensor2]);
      if (divides && isIntegral(tensor1.dtype) && isIntegral(tensor2.dtype))
        throw new DTypeError(
          "addcdiv/integer",
          "Integer division with addcdiv is no longer supported.",
          "Use input.add(tensor1.div(tensor2)).",
        );
      const [a, b, c] = [g.cast(input, dtype), g.cast(tensor1, dtype), g.cast(tensor2, dtype)];
      common3(name, a, b, c);
      if (dtype === "bool") return g.or(a, g.and(g.and(b, scaleOf(g, name, value, dtype)), c));
      const plain = value.source === null && Number(value.value) === 1;
      return inFloat32(g, [a, b, c], (x, y, z) => {
        const scaled = plain ? y : g.mul(y, scaleOf(g, name, value, y.dtype));
        return g.add(x, divides ? g.div(scaled, z) : g.mul(scaled, z));
      });
    },
  });
}
function scaleOf(g: GraphBuilder, name: string, value: ScalarArgument, dtype: DType): Node {
  if (isIntegral(dtype) && value.category === "float")
    throw new ArgumentError(
      `${name}/value`,
      `${name}: For integral input tensors, argument value must not be a floating point number.`,
    );
  return scalarAs(g, value, dtype);
}

defineOp({
  name: "lerp",
  signature: "lerp(Tensor input, Tensor end, Tensor|Scalar weight) -> Tensor",
  places: ["torch", "Tensor"],
  inplace: true,
  doc: {
    summary: "input + weight * (end - input).",
    shape: "[*], [*] and [*], broadcast together -> [*]",
    source: "torch.lerp",
  },
  gradient: "through decomposition",
  record(g, { input, end, weight }) {
    if (input.dtype !== end.dtype || ("op" in weight && weight.dtype !== input.dtype))
      throw new DTypeError(
        "lerp/dtype",
        `lerp: expected dtype ${input.dtype} for \`end\` and \`weight\`: ${describe(input)}, ${describe(end)}${"op" in weight ? `, ${describe(weight)}` : ""}.`,
      );
    if (!isFloat(input.dtype))
      throw new DTypeError(
        "lerp/integer",
        `lerp: takes floating point tensors, got ${describe(input)}.`,
        "Convert them with float().",
      );
    const by = operand(g, weight, input.dtype);
    common3("lerp", input, end, by);
    return inFloat32(g, [input, end, by], (a, b, w) => lerpOf(g, a, b, w));
  },
});

// ---- greatest common divisors

/** Steps of Euclid's algorithm that the numbers of a type can take (Fibonacci numbers take the most). */
const euclidSteps: Readonly<Partial<Record<DType, number>>> = { int8: 11, uint8: 12, int16: 22, int32: 45, int64: 91 };

function gcdOf(g: GraphBuilder, name: string, a: Node, b: Node): Node {
  const steps = euclidSteps[a.dtype];
  if (steps === undefined)
    throw new DTypeError(`${name}/dtype`, `${name}: "gcd_cpu" not implemented for '${a.dtype}': it takes integers.`);
  let [x, y] = [g.abs(a), g.abs(b)];
  for (let i = 0; i < steps; i++) {
    const done = g.eq(y, 0);
    const rest = g.binary("rem", x, g.where(done, 1, y));
    [x, y] = [g.where(done, x, y), g.where(done, 0, rest)];
  }
  return x;
}
for (const name of ["gcd", "lcm"] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, Tensor other) -> Tensor` as "gcd(Tensor input, Tensor other) -> Tensor",
    places: ["torch", "Tensor"],
    inplace: true,
    doc: {
      summary: name === "gcd" ? "Greatest common divisor; never negative." : "Least common multiple; never negative.",
      shape,
      source: `torch.${name}`,
    },
    gradient: "none",
    record(g, { input, other }) {
      const [x, y] = promoted(g, input, other);
      checkBroadcast(name, x, y);
      const divisor = gcdOf(g, name, x, y);
      if (name === "gcd") return divisor;
      const none = g.eq(divisor, 0);
      return g.where(none, 0, g.abs(g.mul(g.div(x, g.where(none, 1, divisor)), y)));
    },
  });
}
