/**
 * Hooks on what operators save for their backward pass: `pack` is given each saved tensor when the operator is recorded,
 * and what `unpack` makes of its result is what the gradient is computed with.
 *
 * Which tensors an operator saves is what its gradient rule reads, found by asking the rule once with gradients that
 * stand for any, and what the operator states besides (`saves`). An intermediate value that a rule reads is computed anew
 * from what is unpacked.
 */
import { ArgumentError, AutogradError } from "../ir/errors.ts";
import { leafNode, type Node } from "../ir/graph.ts";
import { sameShape } from "../ir/shape.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { differentiate } from "../passes/differentiate.ts";
import type { Device } from "../runtime/device.ts";
import { bodyUnderWay } from "./body-scope.ts";
import { withGradMode } from "./grad-mode.ts";
import { operationOf, type Operation } from "./operations.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";

export interface SavedTensorHooks {
  readonly pack: (tensor: Tensor) => unknown;
  readonly unpack: (packed: never) => Tensor;
}

/** A saved value as its hooks have packed it. */
export interface Packed {
  readonly hooks: SavedTensorHooks;
  readonly content: unknown;
  readonly original: Node;
  readonly device: Device;
}

/** The innermost are used. */
const active: SavedTensorHooks[] = [];
/** Why hooks are refused; null where they are not. */
let refusal: string | null = null;

/** The hooks for what is recorded now. The functions that a region records run once for all its turns: none there. */
export const activeHooks = (): SavedTensorHooks | null => (bodyUnderWay() === null ? (active.at(-1) ?? null) : null);

/** @throws AutogradError where hooks are disabled */
export function useHooks(hooks: SavedTensorHooks): () => void {
  for (const name of ["pack", "unpack"] as const)
    if (typeof hooks[name] !== "function")
      throw new ArgumentError(
        "saved-hooks/callable",
        `saved_tensors_hooks: ${name}_hook is not callable, got ${typeof hooks[name]}.`,
      );
  if (refusal !== null) throw new AutogradError("saved-hooks/disabled", refusal);
  active.push(hooks);
  return () => void active.splice(active.lastIndexOf(hooks), 1);
}

/** @throws AutogradError where hooks are in use */
export function refuseHooks(message: string): () => void {
  if (active.length > 0) throw new AutogradError("saved-hooks/disabled", message);
  const before = refusal;
  refusal = message;
  return () => {
    refusal = before;
  };
}

/** @throws AutogradError when the hook writes what it is given */
export function pack(hooks: SavedTensorHooks, tensor: Tensor): Packed {
  const original = tensor.node_();
  const { version } = tensor.counter_;
  const content = withGradMode(false, () => hooks.pack(tensor));
  if (tensor.counter_.version !== version)
    throw new AutogradError(
      "saved-hooks/write",
      "saved_tensors_hooks: A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot be modified by in-place operations as this can lead to unexpected side-effects.",
      "Return a tensor of its own: clone(), or the form without the underscore.",
    );
  return { hooks, content, original, device: tensor.storage_.device };
}

/** The value to compute with, with the history that the saved tensor had. */
export function unpack({ hooks, content, original, device }: Packed): Node {
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

/** Packs what an operator saves. `tensors`: its arguments and results, where there are any for its values. */
export function packSaved(operation: Operation | null, tensors: readonly Tensor[], device: Device): void {
  const hooks = activeHooks();
  if (hooks === null || operation === null) return;
  const packed = new Map<Node, Packed>();
  for (const node of savedBy(operation)) {
    const tensor = tensors.find((each) => each.node_() === node) ?? Tensor.ofNode(node, device);
    packed.set(node, { ...pack(hooks, tensor), original: node });
  }
  operation.packed = packed;
}

/** What an operator saves: arguments and results, in order. */
export function savedBy(operation: Operation): Node[] {
  const saved = new Set(operation.saves);
  withGradMode(false, () => {
    const roots = [...operation.results].filter((result) => result.requiresGrad);
    const grads = roots.map(({ dtype, shape }) => leafNode("input", dtype, shape, null));
    const inputs = [...operation.inputs];
    const isOwn = (node: Node): boolean => operation.inputs.has(node) || operation.results.has(node);
    differentiate(
      graph,
      roots,
      grads,
      inputs.filter((input) => input.requiresGrad),
      {
        boundary: operation.inputs,
        onRule: (_node, _grads, produced) => {
          const made = produced.filter((grad) => grad !== null);
          for (const read of topologicalOrder(made, isOwn)) if (isOwn(read) && isTensor(read)) saved.add(read);
          return produced;
        },
      },
    );
  });
  return [...operation.inputs, ...operation.results].filter((node) => saved.delete(node));
}

/** Numbers and literals are kept with the graph. */
const isTensor = ({ op }: Node): boolean => op !== "scalar" && op !== "constant";

/** The values of one backward pass that come out of hooks, each unpacked once. */
export class Unpacking {
  private readonly unpacked = new Map<Packed, Node>();

  /** A gradient that arrives at an operator, told apart from what the operator has saved. */
  arriving(node: Node, grad: Node): Node {
    return operationOf(node)?.packed?.has(grad) === true ? graph.distinct(grad) : grad;
  }

  /** The gradients that a rule made, of what comes out of the hooks. */
  applied(node: Node, grads: readonly (Node | null)[], produced: readonly (Node | null)[]): readonly (Node | null)[] {
    const operation = operationOf(node);
    const packed = operation?.packed ?? null;
    if (operation === null || packed === null || packed.size === 0) return produced;
    const isKnown = (each: Node): boolean => packed.has(each) || operation.inputs.has(each) || grads.includes(each);
    const roots = produced.filter((grad) => grad !== null);
    const replaced = new Map<Node, Node>();
    for (const each of topologicalOrder(roots, isKnown)) {
      const saved = packed.get(each);
      if (saved !== undefined) replaced.set(each, this.valueOf(saved));
      else if (!isKnown(each) && each.inputs.some((input) => replaced.has(input)))
        replaced.set(
          each,
          graph.rebuild(
            each,
            each.inputs.map((input) => replaced.get(input) ?? input),
          ),
        );
    }
    return produced.map((grad) => (grad === null ? null : (replaced.get(grad) ?? grad)));
  }

  private valueOf(saved: Packed): Node {
    let value = this.unpacked.get(saved);
    if (value === undefined) this.unpacked.set(saved, (value = unpack(saved)));
    return value;
  }
}
