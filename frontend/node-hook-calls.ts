/** Calls the hooks on steps of the recorded graph while a backward pass goes through them. */
import { ArgumentError, AutogradError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { formatShape, sameShape } from "../ir/shape.ts";
import { differentiate, type DifferentiateHooks } from "../passes/differentiate.ts";
import type { Device } from "../runtime/device.ts";
import { inputsOfStep, isSingleNode, knownHooksOf } from "./node-hooks.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";

type Gradients = readonly (Node | null)[];

/** The gradients that a step goes on with. */
export function beforeStep(step: Node, grads: Gradients, device: Device): Gradients {
  let current = grads;
  for (const hook of knownHooksOf(step)?.before ?? []) current = replaced(hook(tensorsOf(current, device)), current);
  return current;
}

/** The gradients of its inputs that a step passes on. */
export function afterStep(step: Node, produced: Gradients, grads: Gradients, device: Device): Gradients {
  let current = produced;
  for (const hook of knownHooksOf(step)?.after ?? [])
    current = replaced(hook(tensorsOf(current, device), tensorsOf(grads, device)), current);
  return current;
}

/**
 * An operator of several nodes as one step: gradients go from its results to what it was called with, in a walk of its
 * own. Null for a step that has no such hooks or is one node.
 */
export function throughStep(
  step: Node,
  grads: Gradients,
  device: Device,
  rules: DifferentiateHooks,
): ReadonlyMap<Node, Node | null> | null {
  const after = knownHooksOf(step)?.after;
  if (after === undefined || [...after].length === 0 || isSingleNode(step) || step.outputs !== null) return null;
  const inputs = inputsOfStep(step);
  const produced = differentiate(graph, [step], [grads[0]!], inputs, { ...rules, boundary: new Set(inputs) });
  const passed = afterStep(step, produced, grads, device);
  return new Map(inputs.map((input, i) => [input, passed[i] ?? null]));
}

const tensorsOf = (nodes: Gradients, device: Device): (Tensor | null)[] =>
  nodes.map((node) => (node === null ? null : Tensor.ofNode(node, device)));

/** What a hook gave instead of gradients; they themselves when it gave nothing. */
function replaced(given: unknown, before: Gradients): Gradients {
  if (given === null || given === undefined) return before;
  if (!Array.isArray(given))
    throw new ArgumentError(
      "hook/result",
      `hook: expected an array (tuple), but hook returned ${given instanceof Tensor ? "a Tensor" : typeof given}.`,
      "Return one gradient, or null, for each that it was called with.",
    );
  if (given.length !== before.length)
    throw new ArgumentError(
      "hook/result",
      `hook: hook has returned an incorrect number of values (got ${given.length}, but expected ${before.length}).`,
    );
  return given.map((value: unknown, i) => (value === null ? null : hookResult(value, before[i] ?? null)));
}

/** @throws AutogradError when a hook returns what can be no gradient */
export function hookResult(given: unknown, before: Node | null): Node {
  if (!(given instanceof Tensor))
    throw new ArgumentError("hook/result", `hook: expected Tensor, but hook returned ${typeof given}.`);
  const node = given.node_();
  if (before !== null && (!sameShape(node.shape, before.shape) || node.dtype !== before.dtype))
    throw new AutogradError(
      "hook/result",
      `hook: hook has changed the ${sameShape(node.shape, before.shape) ? "type" : "size"} of value: ${before.dtype}${formatShape(before.shape)} to ${node.dtype}${formatShape(node.shape)}.`,
    );
  return node;
}
