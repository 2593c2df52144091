/**
 * Nodes that forward-mode differentiation starts from. They are recorded as what requires grad, so that everything that
 * rests on them is; for users it does not, unless a leaf is behind it.
 */
import { makeNode, type Node } from "../ir/graph.ts";
import { NodeFlag } from "../ir/node-notes.ts";

const dual = new NodeFlag();
const real = new NodeFlag();
const unreal = new NodeFlag();
let count = 0;

/** A node of the same value from which tangents start. */
export function dualNode(primal: Node): Node {
  const { dtype, shape } = primal;
  // Far from those of `distinct`, and negative as they are: nothing to the compiler.
  const tag = -(2 ** 40) - count++;
  const node = makeNode({ op: "barrier", inputs: [primal], attrs: { tag }, dtype, shape, requiresGrad: true });
  dual.set(node);
  return node;
}

/** Whether a user is told that a node requires grad: where a leaf is behind it. */
export function isRecorded(root: Node): boolean {
  if (!root.requiresGrad || count === 0) return root.requiresGrad;
  // Inputs before users: what is on the stack waits for what is above it.
  const stack = [root];
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const inputs = node.inputs.filter((input) => input.requiresGrad);
    const open = inputs.find((input) => !real.has(input) && !unreal.has(input));
    if (open !== undefined && !inputs.some((input) => real.has(input))) {
      stack.push(open);
      continue;
    }
    const isReal = inputs.length === 0 ? !dual.has(node) : inputs.some((input) => real.has(input));
    (isReal ? real : unreal).set(node);
    stack.pop();
  }
  return real.has(root);
}
