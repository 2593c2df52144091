/**
 * Halves times or by one wider number: PyTorch takes the number as it is, computes in float32 and rounds once. Beside
 * other operators, and as the first operand, a number is rounded to the halves' type before.
 */
import { type GraphBuilder, isNode } from "../builder.ts";
import type { DType } from "../dtype.ts";
import type { Node } from "../graph.ts";
import { defineOp, recordOperator } from "../operator.ts";
import { elementCount } from "../shape.ts";
import { operand, type TensorOrScalar } from "./support.ts";

/** Whether an operand is a number, or a tensor of one element, that has more digits than the result. */
export function isWider(other: TensorOrScalar, dtype: DType): boolean {
  if (dtype !== "float16" && dtype !== "bfloat16") return false;
  return !isNode(other) || (other.dtype !== dtype && elementCount(other.shape) === 1);
}

/** What a function of halves and a wider number gives in float32, rounded once. */
export const roundedOnce = (
  g: GraphBuilder,
  x: Node,
  other: TensorOrScalar,
  compute: (x: Node, y: Node) => Node,
): Node => g.cast(compute(g.cast(x, "float32"), operand(g, other, "float32")), x.dtype);

/** x * other or x / other, where x is of halves and `other` is wider. */
export function byWider(g: GraphBuilder, op: "mul" | "div", x: Node, other: TensorOrScalar): Node {
  return isNode(other) && other.requiresGrad
    ? (recordOperator(g, op === "mul" ? product : quotient, { input: x, other }, isNode) as Node)
    : roundedOnce(g, x, other, (a, b) => g.binary(op, a, b));
}

/** x * other, where `other` is rounded first: the gradient is multiplied with it as it is. */
export function byRounded(g: GraphBuilder, x: Node, other: TensorOrScalar): Node {
  const y = operand(g, other, x.dtype);
  const value = g.mul(x, y);
  return x.requiresGrad || y.requiresGrad ? g.withHistory(value, byWider(g, "mul", x, other)) : value;
}

const doc = { shape: "[*] and [] -> [*]", source: "torch.mul" };

// By hand, for the gradient of the wider number: a sum of halves, as PyTorch has it.
const product = defineOp({
  name: "mul_by_wider",
  signature: "mul_by_wider(Tensor input, Tensor other) -> Tensor",
  places: [],
  composite: true,
  doc: { ...doc, summary: "Halves times a wider number." },
  gradient(g, { inputs, grads: [grad] }) {
    const [x, y] = inputs as [Node, Node];
    if (!grad) return [null, null];
    return [x.requiresGrad ? g.sumTo(byWider(g, "mul", grad, y), x.shape) : null, ofOther(g, y, () => g.mul(grad, x))];
  },
  record: (g, { input, other }) => roundedOnce(g, input, other, (x, y) => g.mul(x, y)),
});

const quotient = defineOp({
  name: "div_by_wider",
  signature: "div_by_wider(Tensor input, Tensor other) -> Tensor",
  places: [],
  composite: true,
  doc: { ...doc, summary: "Halves by a wider number." },
  gradient(g, { inputs, grads: [grad] }) {
    const [x, y] = inputs as [Node, Node];
    if (!grad) return [null, null];
    const slope = (): Node => byWider(g, "div", byWider(g, "div", x, y), y);
    return [
      x.requiresGrad ? g.sumTo(byWider(g, "div", grad, y), x.shape) : null,
      ofOther(g, y, () => g.mul(g.neg(grad), slope())),
    ];
  },
  record: (g, { input, other }) => roundedOnce(g, input, other, (x, y) => g.div(x, y)),
});

const ofOther = (g: GraphBuilder, y: Node, each: () => Node): Node | null =>
  y.requiresGrad ? g.cast(g.sumTo(each(), y.shape), y.dtype) : null;
