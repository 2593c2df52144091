/** What hooks on saved tensors do: they pack what operators save, and unpack it for the gradient. */
import { ArgumentError, AutogradError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { sameShape } from "../ir/shape.ts";
import type { Device } from "../runtime/device.ts";
import { withGradMode } from "./grad-mode.ts";
import { hooksInUse, type ActiveHooks, type Packed } from "./saved-hooks.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";

export interface SavedTensorHooks {
  readonly pack: (tensor: Tensor) => unknown;
  readonly unpack: (packed: never) => Tensor;
}

/** Why hooks are refused; null where they are not. */
let refusal: string | null = null;

/** @throws AutogradError where hooks are disabled */
export function useHooks(hooks: SavedTensorHooks): () => void {
  for (const name of ["pack", "unpack"] as const)
    if (typeof hooks[name] !== "function")
      throw new ArgumentError(
        "saved-hooks/callable",
        `saved_tensors_hooks: ${name}_hook is not callable, got ${typeof hooks[name]}.`,
      );
  if (refusal !== null) throw new AutogradError("saved-hooks/disabled", refusal);
  const used: ActiveHooks = { hooks, pack: (tensor) => pack(hooks, tensor) };
  hooksInUse.push(used);
  return () => void hooksInUse.splice(hooksInUse.lastIndexOf(used), 1);
}

/** @throws AutogradError where hooks are in use */
export function refuseHooks(message: string): () => void {
  if (hooksInUse.length > 0) throw new AutogradError("saved-hooks/disabled", message);
  const before = refusal;
  refusal = message;
  return () => {
    refusal = before;
  };
}

/** @throws AutogradError when the hook writes what it is given */
function pack(hooks: SavedTensorHooks, tensor: Tensor): Packed {
  const original = tensor.node_();
  const { version } = tensor.counter_;
  const content = withGradMode(false, () => hooks.pack(tensor));
  if (tensor.counter_.version !== version)
    throw new AutogradError(
      "saved-hooks/write",
      "saved_tensors_hooks: A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be modified by in-place operations as this can lead to unexpected side-effects.",
      "Return a tensor of its own: clone(), or the form without the underscore.",
    );
  const { device } = tensor.storage_;
  return { original, device, unpack: (saved) => unpack(hooks, content, saved, device) };
}

/** The value to compute with, with the history that the saved tensor had. */
function unpack(hooks: SavedTensorHooks, content: unknown, original: Node, device: Device): Node {
  const tensor = withGradMode(false, () => hooks.unpack(content as never)) as unknown;
  if (!(tensor instanceof Tensor))
    throw new ArgumentError(
      "saved-hooks/unpack",
      `saved_tensors_hooks: Output of saved tensor unpack_hook expected to be a Tensor but got result of type ${tensor === null ? "null" : typeof tensor}.`,
    );
  if (!sameShape(tensor.shape, original.shape) || tensor.type_ !== original.dtype || tensor.storage_.device !== device)
    throw new AutogradError(
      "saved-hooks/unpack",
      `saved_tensors_hooks: unpack_hook must give back what was saved, ${original.dtype}${JSON.stringify(original.shape)} on ${device.name}, got ${String(tensor)}.`,
    );
  const value = graph.detach(tensor.node_());
  return graph.gradEnabled && original.requiresGrad ? graph.withHistory(value, original) : value;
}
