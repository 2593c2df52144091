/** Truth values and bits. */
import { type GraphBuilder } from "../builder.ts";
import { isComplex, isFloat, isIntegral, scalarName } from "../dtype.ts";
import { ArgumentError, DTypeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { checkBroadcast, describe, operand, promoted, resultType, type TensorOrScalar } from "./support.ts";
import { unsupported } from "../unsupported.ts";
import { anyCastable } from "./out-types.ts";

const elementwise = "[*] and [*], broadcast together -> [*]";

const truth = (g: GraphBuilder, x: Node): Node => (x.dtype === "bool" ? x : g.ne(x, 0));

for (const [name, summary, op] of [
  ["logical_and", "Whether both are non-zero.", "and"],
  ["logical_or", "Whether one of them is non-zero.", "or"],
  ["logical_xor", "Whether exactly one of them is non-zero.", "xor"],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, Tensor other) -> Tensor` as "logical(Tensor input, Tensor other) -> Tensor",
    places: ["torch", "Tensor"],
    out: anyCastable,
    inplace: true,
    doc: { summary, shape: "[*] and [*], broadcast together -> bool[*]", source: `torch.${name}` },
    gradient: "none",
    record(g, { input, other }) {
      checkBroadcast(name, input, other);
      return g.binary(op, truth(g, input), truth(g, other));
    },
  });
}

/** Both operands in their common type, which must be whole numbers or bools. */
function wholeOperands(g: GraphBuilder, name: string, a: TensorOrScalar, b: TensorOrScalar): [Node, Node] {
  const dtype = resultType(g, [a, b]);
  if (!isIntegral(dtype))
    throw unsupported(name, dtype, "Integers and bools have bits: convert the operands with long().");
  const [x, y] = promoted(g, a, b);
  checkBroadcast(name, x, y);
  return [x, y];
}

for (const [name, alias, summary, op] of [
  ["bitwise_and", "__and__", "Bits that are set in both.", "and"],
  ["bitwise_or", "__or__", "Bits that are set in one of them.", "or"],
  ["bitwise_xor", "__xor__", "Bits that are set in exactly one of them.", "xor"],
] as const) {
  defineOp({
    name,
    aliases: [alias],
    signature:
      `${name}(Tensor|Scalar input, Tensor|Scalar other) -> Tensor` as "bitwise(Tensor|Scalar input, Tensor|Scalar other) -> Tensor",
    places: ["torch", "Tensor"],
    out: anyCastable,
    inplace: true,
    doc: { summary: `${summary} Bools: as the logical operator.`, shape: elementwise, source: `torch.${name}` },
    gradient: "none",
    record(g, { input, other }) {
      const [x, y] = wholeOperands(g, name, input, other);
      return g.binary(op, x, y);
    },
  });
}

/** Bits of an integer type. */
const widths: Readonly<Record<string, number>> = { int8: 8, uint8: 8, int16: 16, int32: 32, int64: 64 };

for (const [name, alias, left] of [
  ["bitwise_left_shift", "__lshift__", true],
  ["bitwise_right_shift", "__rshift__", false],
] as const) {
  defineOp({
    name,
    aliases: [alias],
    signature:
      `${name}(Tensor|Scalar input, Tensor|Scalar other) -> Tensor` as "shift(Tensor|Scalar input, Tensor|Scalar other) -> Tensor",
    places: ["torch", "Tensor"],
    out: anyCastable,
    inplace: true,
    doc: {
      summary: `input shifted ${left ? "left" : "right, keeping its sign,"} by other bits.`,
      shape: elementwise,
      source: `torch.${name}`,
    },
    gradient: "none",
    record(g, { input, other }) {
      const [x, y] = wholeOperands(g, name, input, other);
      if (x.dtype === "bool") throw unsupported(name, x);
      const width = widths[x.dtype]!;
      // A count outside the width shifts everything out.
      const inside = g.and(g.ge(y, 0), g.lt(y, width));
      const count = g.where(inside, y, 0);
      if (left) return g.where(inside, g.binary("shl", x, count), 0);
      return g.where(inside, g.binary("shr", x, count), g.where(g.lt(x, 0), g.full([], -1, x.dtype), 0));
    },
  });
}

defineOp({
  name: "isclose",
  signature:
    "isclose(Tensor input, Tensor other, number rtol=1e-05, number atol=1e-08, bool equal_nan=False) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "Whether |input - other| <= atol + rtol * |other|; infinities only equal themselves.",
    shape: "[*] and [*], broadcast together -> bool[*]",
    source: "torch.isclose",
  },
  gradient: "none",
  record(g, { input, other, rtol, atol, equal_nan }) {
    if (input.dtype !== other.dtype)
      throw new DTypeError(
        "isclose/dtype",
        `isclose: ${scalarName(input.dtype)} did not match ${scalarName(other.dtype)}: ${describe(input)} and ${describe(other)}.`,
      );
    for (const [tolerance, value] of [
      ["rtol", rtol],
      ["atol", atol],
    ] as const)
      if (value < 0)
        throw new ArgumentError(
          "isclose/tolerance",
          `isclose: ${tolerance} must be greater than or equal to zero, but got ${value}.`,
        );
    checkBroadcast("isclose", input, other);
    const equal = g.eq(input, other);
    const float = isFloat(input.dtype) || isComplex(input.dtype);
    if (rtol === 0 && atol === 0)
      return float && equal_nan ? g.or(equal, g.and(g.isNaN(input), g.isNaN(other))) : equal;
    const wide = float ? input.dtype : g.defaultFloat;
    const [x, y] = [operand(g, input, wide), operand(g, other, wide)];
    const distance = g.abs(g.sub(x, y));
    const near = g.and(g.le(distance, g.add(atol, g.mul(g.abs(y), rtol))), g.lt(distance, Infinity));
    const close = g.or(equal, near);
    return float && equal_nan ? g.or(close, g.and(g.isNaN(input), g.isNaN(other))) : close;
  },
});
