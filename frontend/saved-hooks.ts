/**
 * Hooks on what operators save for their backward pass: `pack` is given each saved tensor when the operator is recorded,
 * and what `unpack` makes of its result is what the gradient is computed with.
 *
 * Which tensors an operator saves is what its gradient rule reads, found by asking the rule once with gradients that
 * stand for any, and what the operator states besides (`saves`). An intermediate value that a rule reads is computed anew
 * from what is unpacked.
 */
import { leafNode, type Node } from "../ir/graph.ts";
import { topologicalOrder } from "../ir/walks.ts";
import { differentiate } from "../passes/differentiate.ts";
import type { Device } from "../runtime/device.ts";
import { bodyUnderWay } from "./body-scope.ts";
import { withGradMode } from "./grad-mode.ts";
import { operationOf, type Operation } from "./operations.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";

/** A saved value as its hooks have packed it. */
export interface Packed {
  readonly original: Node;
  readonly device: Device;
  /** The value to compute with, with the history that `original` has. */
  readonly unpack: (original: Node) => Node;
}
/** Hooks that are in use (frontend/saved-packing.ts). */
export interface ActiveHooks {
  /** As they were given. */
  readonly hooks: object;
  /** @throws AutogradError when the hook writes what it is given */
  readonly pack: (tensor: Tensor) => Packed;
}

/** The innermost are used. */
export const hooksInUse: ActiveHooks[] = [];

/** The hooks for what is recorded now. The functions that a region records run once for all its turns: none there. */
export const activeHooks = (): ActiveHooks | null => (bodyUnderWay() === null ? (hooksInUse.at(-1) ?? null) : null);

/** Packs what an operator saves. `tensors`: its arguments and results, where there are any for its values. */
export function packSaved(operation: Operation | null, tensors: readonly Tensor[], device: Device): void {
  const hooks = activeHooks();
  if (hooks === null || operation === null) return;
  const packed = new Map<Node, Packed>();
  for (const node of savedBy(operation)) {
    const tensor = tensors.find((each) => each.node_() === node) ?? Tensor.ofNode(node, device);
    packed.set(node, { ...hooks.pack(tensor), original: node });
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
    if (value === undefined) this.unpacked.set(saved, (value = saved.unpack(saved.original)));
    return value;
  }
}
