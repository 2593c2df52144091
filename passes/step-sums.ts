/**
 * Sums over the iterations of a loop. What each iteration contributes is taken apart into products and sums whose
 * operands can be stacked, so that one contraction after the loop replaces an addition in each iteration: the weight
 * gradients of a recurrence.
 */
import type { GraphBuilder } from "../ir/builder.ts";
import type { Node, NodeOf } from "../ir/graph.ts";

export type StepTerm =
  | {
      readonly kind: "stacked";
      /** Of one iteration. */
      readonly stacks: readonly Node[];
      /** The term's sum, given the values stacked along a new first axis. */
      readonly total: (g: GraphBuilder, stacked: readonly Node[]) => Node;
    }
  | {
      readonly kind: "carried";
      /** To be added up in the loop. */
      readonly value: Node;
      readonly total: (g: GraphBuilder, sum: Node) => Node;
    };

type Moves = readonly (NodeOf<"reshape"> | NodeOf<"permute">)[];

/** in: what one iteration contributes; out: terms whose totals add up to the sum over all iterations */
export function splitSum(contribution: Node): StepTerm[] {
  const terms: StepTerm[] = [];
  const stack: { node: Node; moves: Moves }[] = [{ node: contribution, moves: [] }];
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    const { node, moves } = item;
    if (node.op === "reshape" || node.op === "permute") stack.push({ node: node.inputs[0]!, moves: [node, ...moves] });
    else if (node.op === "add") for (const input of node.inputs) stack.push({ node: input, moves });
    else terms.push(termOf(node, moves));
  }
  return terms.reverse();
}

function termOf(node: Node, moves: Moves): StepTerm {
  switch (node.op) {
    case "dot":
      return {
        kind: "stacked",
        stacks: node.inputs,
        total: (g, [a, b]) => moved(g, stackedDot(g, node, a!, b!), moves),
      };
    case "reduce_sum":
      return {
        kind: "stacked",
        stacks: node.inputs,
        total: (g, [x]) =>
          moved(g, g.reshape(g.sum(x!, [0, ...node.attrs.axes.map((axis) => axis + 1)]), node.shape), moves),
      };
    default:
      return { kind: "carried", value: node, total: (g, sum) => moved(g, sum, moves) };
  }
}

function stackedDot(g: GraphBuilder, { attrs }: NodeOf<"dot">, a: Node, b: Node): Node {
  const later = (axes: readonly number[]): number[] => axes.map((axis) => axis + 1);
  const [left, right] = attrs.contract;
  const [leftBatch, rightBatch] = attrs.batch;
  return g.dot(
    a,
    b,
    [
      [0, ...later(left)],
      [0, ...later(right)],
    ],
    [later(leftBatch), later(rightBatch)],
  );
}

const moved = (g: GraphBuilder, x: Node, moves: Moves): Node =>
  moves.reduce((y, move) => (move.op === "reshape" ? g.reshape(y, move.shape) : g.permute(y, move.attrs.axes)), x);
