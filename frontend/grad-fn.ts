/** `tensor.grad_fn`: how a value was made, as PyTorch shows it. Read from the recorded graph when asked for. */
import type { Node } from "../ir/graph.ts";
import { NodeNote } from "../ir/node-notes.ts";
import { ownerOfLeaf } from "./leaf-owners.ts";
import {
  type GradInputsHook,
  type GradOutputsHook,
  hooksOf,
  inputsOfStep,
  type RemovableHandle,
} from "./node-hooks.ts";
import { operationOf, stepped } from "./operations.ts";
import { gradientName } from "../ir/step-names.ts";

/** The results that nodes are, which only tell how those lie in memory: no steps. */
export const laidOutOf = new NodeNote<Node>();

/** A step is one object, whoever asks for it. */
const functions = new NodeNote<GradientFunction>();

/** The step that made a node. */
export function gradientFunction(node: Node): GradientFunction {
  const step = stepOf(node);
  let found = functions.get(step);
  if (found === undefined) functions.set(step, (found = new GradientFunction(step)));
  return found;
}

/** Which of its step's results a node is. */
export function outputNumber(node: Node): number {
  const made = behindBarriers(node);
  return made.op === "pick" ? made.attrs.index : 0;
}

/**
 * A step of the recorded graph that gradients pass through.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.Node.html
 */
export class GradientFunction {
  private readonly node: Node;
  private kept: Record<string, unknown> | null = null;

  /** @internal Use tensor.grad_fn. */
  constructor(node: Node) {
    this.node = node;
  }

  /** Such as `MulBackward0`. */
  name(): string {
    if (this.node.op === "leaf") return "torch::autograd::AccumulateGrad";
    return gradientName(stepName(this.node));
  }

  /** The steps that gradients go to next, each with the number of the result that is meant; null for what needs none. */
  get next_functions(): readonly (readonly [GradientFunction | null, number])[] {
    if (this.node.op === "leaf") return [];
    return inputsOfStep(this.node).map(
      (input) => [input.requiresGrad ? gradientFunction(input) : null, outputNumber(input)] as const,
    );
  }

  /** Whatever a program keeps with a step. https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.Node.metadata.html */
  get metadata(): Record<string, unknown> {
    return (this.kept ??= {});
  }

  /** The tensor whose gradients a leaf's step accumulates; of no other step. */
  get variable(): object | undefined {
    return this.node.op === "leaf" ? (ownerOfLeaf(this.node) as object) : undefined;
  }

  /**
   * Calls `fn` with the gradients of the step's inputs (null where there is none) and of its results whenever they have
   * been computed; the gradients that it returns replace those of the inputs.
   * https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.Node.register_hook.html
   */
  register_hook(fn: GradInputsHook): RemovableHandle {
    return hooksOf(this.node).after.add(fn);
  }

  /**
   * Calls `fn` with the gradients of the step's results before those of its inputs are computed; the gradients that it
   * returns replace them.
   * https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.Node.register_prehook.html
   */
  register_prehook(fn: GradOutputsHook): RemovableHandle {
    return hooksOf(this.node).before.add(fn);
  }

  toString(): string {
    return `<${this.name().split("::").at(-1)!}>`;
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * Barriers keep equal tensors apart; those that no operator has recorded mean nothing. How a result lies is no step of
 * its own.
 */
function behindBarriers(node: Node): Node {
  let current = stepped(node);
  for (;;) {
    const result = laidOutOf.get(current);
    if (result !== undefined) current = stepped(result);
    else if (current.op === "barrier" && operationOf(current) === null) current = stepped(current.inputs[0]!);
    else return current;
  }
}
/** One for all results of an operator. */
function stepOf(node: Node): Node {
  const made = behindBarriers(node);
  return made.op === "pick" ? made.inputs[0]! : made;
}

/** Movements that views are replayed with: no operator recorded them. */
const views: Readonly<Record<string, string>> = { reshape: "view", gather: "index" };

function stepName(node: Node): string {
  const operation = operationOf(node);
  if (operation !== null) return operation.name;
  return node.op === "call" ? node.attrs.name : (views[node.op] ?? node.op.replace("reduce_", ""));
}
