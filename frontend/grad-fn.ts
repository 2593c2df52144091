/** `tensor.grad_fn`: how a value was made, as PyTorch shows it. Read from the recorded graph when asked for. */
import type { Node } from "../ir/graph.ts";
import { operationOf } from "./operations.ts";

/**
 * A step of the recorded graph that gradients pass through.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.Node.html
 */
export class GradientFunction {
  private readonly node: Node;
  private readonly known: string | null;

  /** @internal Use tensor.grad_fn. */
  constructor(node: Node, known: string | null) {
    this.node = behindBarriers(node);
    this.known = known;
  }

  /** Such as `MulBackward0`. */
  name(): string {
    if (this.node.op === "leaf") return "AccumulateGrad";
    return gradientName(this.known ?? operatorOf(this.node));
  }

  /** The steps that gradients go to next, each with the number of the result that is meant; null for what needs none. */
  get next_functions(): readonly (readonly [GradientFunction | null, number])[] {
    if (this.node.op === "leaf") return [];
    const operation = operationOf(this.node);
    const inputs = operation === null ? this.node.inputs : [...operation.inputs];
    return inputs.map(
      (input) =>
        [
          input.requiresGrad ? new GradientFunction(input, null) : null,
          input.op === "pick" ? input.attrs.index : 0,
        ] as const,
    );
  }

  toString(): string {
    return `<${this.name()}>`;
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** Barriers keep equal tensors apart and mean nothing. */
function behindBarriers(node: Node): Node {
  let current = node;
  while (current.op === "barrier" || current.op === "with_history")
    current = current.inputs[current.op === "barrier" ? 0 : 1]!;
  return current;
}

/** Movements that views are replayed with: no operator recorded them. */
const views: Readonly<Record<string, string>> = { reshape: "view", gather: "index" };

function operatorOf(node: Node): string {
  const operation = operationOf(node);
  if (operation !== null) return operation.name;
  if (node.op === "call") return node.attrs.name;
  return views[node.op] ?? node.op.replace("reduce_", "");
}

/** `log_softmax` is `LogSoftmaxBackward0`; a user's Function says its whole name. */
export function gradientName(operator: string): string {
  if (operator.endsWith("Backward")) return operator;
  const words = operator.split(".")[0]!.split("_").filter(Boolean);
  return `${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")}Backward0`;
}
