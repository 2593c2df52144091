/** Hooks on the steps of the recorded graph: what `grad_fn.register_hook` and `register_prehook` keep. */
import type { Node } from "../ir/graph.ts";
import { NodeNote } from "../ir/node-notes.ts";
import { operationOf } from "./operations.ts";
import type { Tensor } from "./tensor.ts";
import { noteRareChange } from "./trace.ts";

/** What registering a hook returns. */
export interface RemovableHandle {
  remove(): void;
}
type Gradients = readonly (Tensor | null)[];
/** Sees the gradients of a step's results, and may give others. */
export type GradOutputsHook = (grad_outputs: Gradients) => Gradients | null | undefined | void;
/** Sees the gradients of a step's inputs and of its results, and may give others for the inputs. */
export type GradInputsHook = (grad_inputs: Gradients, grad_outputs: Gradients) => Gradients | null | undefined | void;

/** Hooks in the order of their registration. */
export class HookList<H> {
  private readonly hooks = new Set<{ readonly call: H }>();

  add(call: H): RemovableHandle {
    const entry = { call };
    this.hooks.add(entry);
    noteRareChange();
    return {
      remove: () => {
        this.hooks.delete(entry);
        noteRareChange();
      },
    };
  }
  [Symbol.iterator](): Iterator<H> {
    return [...this.hooks].map(({ call }) => call).values();
  }
}

export interface NodeHooks {
  readonly before: HookList<GradOutputsHook>;
  readonly after: HookList<GradInputsHook>;
}
const hooks = new NodeNote<NodeHooks>();

/** The hooks of a step, which may be added to. */
export function hooksOf(step: Node): NodeHooks {
  let found = hooks.get(step);
  if (found === undefined) hooks.set(step, (found = { before: new HookList(), after: new HookList() }));
  return found;
}
/** The hooks of a step; null where none has been registered. */
export const knownHooksOf = (step: Node): NodeHooks | null => hooks.get(step) ?? null;

/** Whether a step is one node: no other node stands between it and what its operator was called with. */
export function isSingleNode(step: Node): boolean {
  const operation = operationOf(step);
  return operation === null || step.inputs.every((input) => operation.inputs.has(input) || !input.requiresGrad);
}

/** What gradients go to from a step. */
export const inputsOfStep = (step: Node): readonly Node[] =>
  isSingleNode(step) ? step.inputs : [...operationOf(step)!.inputs];
