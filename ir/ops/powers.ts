/** Powers and angles of two operands. */
import { nameSteps, when } from "../step-names.ts";
import { type GraphBuilder, isNode } from "../builder.ts";
import { isIntegral } from "../dtype.ts";
import { DTypeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import type { ScalarArgument } from "../signature.ts";
import { binary, refuseBool } from "./arithmetic.ts";
import { fitting } from "./fitting.ts";
import { checkBroadcast, operand, resultType } from "./support.ts";
import { anyCastable } from "./out-types.ts";

const page = (name: string): string => `torch.${name}`;
const elementwise = "[*] and [*], broadcast together -> [*]";

/** Exponents that have a simpler form, as precise. */
export function specialPower(g: GraphBuilder, x: Node, { source, category, value }: ScalarArgument): Node | null {
  if (isIntegral(x.dtype) || source !== null || category === "complex") return null;
  switch (Number(value)) {
    case 0.5:
      return g.sqrt(x);
    case 2:
      return g.mul(x, x);
    case 3:
      return g.mul(g.mul(x, x), x);
    case -1:
      return g.div(1, x);
    case -0.5:
      return g.div(1, g.sqrt(x));
    case -2:
      return g.div(1, g.mul(x, x));
    default:
      return null;
  }
}

/** base ** exponent of integers, wrapping: by repeated squaring over the exponent's bits. */
function integerPower(g: GraphBuilder, x: Node, y: Node): Node {
  let result = g.full([], 1, x.dtype);
  let base = x;
  const bits =
    x.dtype === "int64" ? 63 : x.dtype === "int32" ? 31 : x.dtype === "int16" ? 15 : x.dtype === "uint8" ? 8 : 7;
  for (let bit = 0; bit < Math.min(bits, 40); bit++) {
    const set = g.ne(g.and(g.binary("shr", y, bit), 1), 0);
    result = g.where(set, g.mul(result, base), result);
    base = g.mul(base, base);
  }
  // Negative exponents: 1 for 1, +-1 for -1, else 0.
  const odd = g.ne(g.and(y, 1), 0);
  const negative = g.where(g.eq(x, 1), 1, g.where(g.eq(x, -1), g.where(odd, g.full([], -1, x.dtype), 1), 0));
  return g.where(g.lt(y, 0), negative, result);
}

export const pow = defineOp({
  name: "pow",
  signature: "pow(Tensor|Scalar input, Tensor|Scalar exponent) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: { summary: "input ** exponent.", shape: elementwise, source: page("pow") },
  gradient: "through decomposition",
  record(g, { input, exponent }) {
    const dtype = resultType(g, [input, exponent]);
    if (isNode(input) && !isNode(exponent)) {
      const special = specialPower(g, g.cast(input, dtype), exponent);
      if (special !== null) return special;
      const isKnown = exponent.source === null && exponent.category !== "complex";
      if (isIntegral(dtype) && isKnown && Number(exponent.value) < 0)
        throw new DTypeError(
          "pow/negative",
          "pow: Integers to negative integer powers are not allowed.",
          "Convert the input with input.float().",
        );
    }
    const [x, y] = [operand(g, input, dtype), fitting(g, "pow", exponent, dtype)];
    checkBroadcast("pow", x, y);
    // Beside a number there is nothing to compute.
    if (dtype === "bool" && !isNode(exponent)) return exponent.value ? x : g.full(x.shape, true, "bool");
    refuseBool("pow", x);
    return isIntegral(dtype) ? integerPower(g, x, y) : g.pow(x, y);
  },
});

export const atan2 = defineOp({
  name: "atan2",
  aliases: ["arctan2"],
  signature: "atan2(Tensor input, Tensor other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  inplace: true,
  doc: { summary: "Angle of the point (other, input), in radians.", shape: elementwise, source: page("atan2") },
  gradient: "through decomposition",
  record(g, { input, other }) {
    const common = resultType(g, [input, other]);
    const dtype = isIntegral(common) ? g.defaultFloat : common;
    return binary(g, "atan2", "atan2", g.cast(input, dtype), g.cast(other, dtype));
  },
});

nameSteps(
  {},
  {
    pow: when((args) => isNode(args["exponent"]), 1),
  },
);
