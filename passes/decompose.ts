/**
 * Replaces every composite by what it stands for, and drops the markers that only differentiation needs.
 *
 * in:  a recorded graph, forward and adjoint nodes mixed
 * out: the same values in primitives; no `call`, `detach`, `leaf` or `with_history`
 */
import { makeBody, withBodies } from "../ir/body.ts";
import type { GraphBuilder } from "../ir/builder.ts";
import { noteSite, type Node } from "../ir/graph.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { operator } from "../ir/operator.ts";

export function decompose(g: GraphBuilder, roots: readonly Node[]): Node[] {
  const replaced = new Map<Node, readonly Node[]>();
  const around = noteSite(null);
  // Expansions contain further composites: a stack of what still has to be translated, instead of recursion.
  const stack: Node[] = [...topologicalOrder(roots)].reverse();
  const result = (node: Node): Node | undefined => replaced.get(node)?.[0];
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    if (replaced.has(node)) {
      stack.pop();
      continue;
    }
    const waiting = node.inputs.filter((input) => !replaced.has(input));
    if (waiting.length > 0) {
      stack.push(...waiting);
      continue;
    }
    const inputs = node.inputs.map((input) => result(input)!);
    noteSite(node.site);
    switch (node.op) {
      case "detach":
      case "leaf":
      case "with_history":
        replaced.set(node, [inputs[0]!]);
        break;
      case "barrier":
        // A negative tag only tells two tensors of one value apart.
        replaced.set(node, [node.attrs.tag < 0 ? inputs[0]! : g.rebuild(node, inputs)]);
        break;
      case "constant":
        // Made anew, so that a literal of the recording and one of an expansion are one node.
        replaced.set(node, [g.constant(node.attrs.value, node.dtype)]);
        break;
      case "iota":
        replaced.set(node, [g.iota(node.shape[0]!, node.dtype)]);
        break;
      case "pick": {
        const source = replaced.get(node.inputs[0]!)!;
        replaced.set(node, [source.length > 1 ? source[node.attrs.index]! : g.rebuild(node, inputs)]);
        break;
      }
      case "call": {
        const rebuilt = g.rebuild(node, inputs);
        if (rebuilt.op !== "call") break;
        rebuilt.expansion ??= operator(node.attrs.name).expand(g, rebuilt);
        const pending = rebuilt.expansion.filter((root) => !replaced.has(root));
        // The expansion's own leaves are already translated nodes.
        for (const input of inputs) if (!replaced.has(input)) replaced.set(input, [input]);
        if (pending.length > 0) {
          stack.push(...pending);
          continue;
        }
        replaced.set(
          node,
          rebuilt.expansion.map((root) => result(root)!),
        );
        break;
      }
      case "loop":
      case "while":
      case "cond":
        replaced.set(node, [
          withBodies(g, g.rebuild(node, inputs), ({ parameters, results }) =>
            makeBody(parameters, decompose(g, results)),
          ),
        ]);
        break;
      default:
        replaced.set(node, [node.inputs.length === 0 ? node : g.rebuild(node, inputs)]);
    }
    stack.pop();
  }
  noteSite(around);
  return roots.map((root) => result(root)!);
}
