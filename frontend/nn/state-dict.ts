/** Saving and loading the values of a module tree. */
import { ArgumentError, ShapeError } from "../../ir/errors.ts";
import { sameShape, sizeText } from "../../ir/shape.ts";
import { graph } from "../state.ts";
import { setDictInfo } from "../serialization/values.ts";
import { Tensor } from "../tensor.ts";
import { withGradMode } from "../grad-mode.ts";
import { internalsOf, ownBuffers, ownChildren, ownParameters, setAttribute, walk } from "./module-internals.ts";
import type { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/** Values by dotted name. */
export type StateDict = Record<string, unknown>;

/** What did not fit in a load_state_dict that is not strict. */
export interface IncompatibleKeys {
  readonly missing_keys: string[];
  readonly unexpected_keys: string[];
}

export const extraStateKey = "_extra_state";

/** Parameters and saved buffers by name, sharing memory with the module's. */
export function collectState(root: Module, prefix: string, keepVars: boolean, destination: StateDict): StateDict {
  for (const { hook } of internalsOf(root).hooks?.stateDictPre.entries ?? []) hook(root as never, prefix, keepVars);
  for (const [name, parameter] of ownParameters(root))
    destination[prefix + name] = keepVars ? parameter : parameter.detach();
  for (const [name, buffer, persistent] of ownBuffers(root))
    if (persistent) destination[prefix + name] = keepVars ? buffer : buffer.detach();
  const extra = root.get_extra_state();
  if (extra !== undefined) destination[prefix + extraStateKey] = extra;
  for (const [name, child] of ownChildren(root))
    child.state_dict({ destination, prefix: `${prefix}${name}.`, keep_vars: keepVars });
  for (const { hook } of internalsOf(root).hooks?.stateDict.entries ?? []) hook(root as never, destination, prefix);
  return setDictInfo(destination, { ordered: true });
}

interface Plan {
  readonly apply: (() => void)[];
  readonly missing: string[];
  readonly unexpected: string[];
  readonly mismatched: string[];
}

/**
 * Loads values in place.
 * @throws ShapeError or ArgumentError naming every key that does not fit; nothing has been changed then
 */
export function loadState(
  root: Module,
  given: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>,
  strict: boolean,
  assign: boolean,
): IncompatibleKeys {
  const state: StateDict =
    given instanceof Map ? (Object.fromEntries(given) as StateDict) : { ...(given as StateDict) };
  const plan: Plan = { apply: [], missing: [], unexpected: [], mismatched: [] };
  const tree = walk(root, "", false);
  for (const [path, module] of tree) planModule(module, path === "" ? "" : `${path}.`, state, assign, plan);
  const known = new Set<string>();
  for (const [path, module] of tree) {
    const prefix = path === "" ? "" : `${path}.`;
    for (const [name] of [...ownParameters(module), ...ownBuffers(module).filter(([, , persistent]) => persistent)])
      known.add(prefix + name);
    if (module.get_extra_state() !== undefined) known.add(prefix + extraStateKey);
  }
  plan.unexpected.push(...Object.keys(state).filter((key) => !known.has(key)));
  const quoted = (keys: readonly string[]): string => keys.map((key) => `"${key}"`).join(", ");
  const messages = [...plan.mismatched];
  if (strict && plan.missing.length > 0) messages.unshift(`Missing key(s) in state_dict: ${quoted(plan.missing)}. `);
  if (strict && plan.unexpected.length > 0)
    messages.unshift(`Unexpected key(s) in state_dict: ${quoted(plan.unexpected)}. `);
  if (messages.length > 0) {
    const text = `load_state_dict: Error(s) in loading state_dict for ${root._get_name()}:\n\t${messages.join("\n\t")}`;
    const keysDiffer = messages.length > plan.mismatched.length;
    if (!keysDiffer)
      throw new ShapeError("load_state_dict/shape", text, "Load a state dict of a model with the same sizes.");
    throw new ArgumentError("load_state_dict/keys", text, "Pass { strict: false } to load what fits.");
  }
  withGradMode(false, () => plan.apply.forEach((apply) => apply()));
  const incompatible: IncompatibleKeys = { missing_keys: plan.missing, unexpected_keys: plan.unexpected };
  for (const [, module] of tree)
    for (const { hook } of internalsOf(module).hooks?.loadPost.entries ?? []) hook(module as never, incompatible);
  return incompatible;
}

function planModule(module: Module, prefix: string, state: StateDict, assign: boolean, plan: Plan): void {
  module.prepareState_(state, prefix);
  for (const { hook } of internalsOf(module).hooks?.loadPre.entries ?? []) hook(module as never, state, prefix);
  const buffers = ownBuffers(module).filter(([, , persistent]) => persistent);
  for (const [name, own] of [...ownParameters(module), ...buffers]) {
    const key = prefix + name;
    if (!(key in state)) {
      plan.missing.push(key);
      continue;
    }
    const value = state[key];
    if (!(value instanceof Tensor)) {
      plan.mismatched.push(
        `While copying the parameter named "${key}", expected torch.Tensor or Tensor-like object from checkpoint but received ${typeof value}`,
      );
      continue;
    }
    // Old checkpoints hold 0-d values in one element.
    const fitting = own.ndim === 0 && value.ndim === 1 && value.numel() === 1;
    if (!fitting && !sameShape(value.shape, own.shape)) {
      plan.mismatched.push(
        `size mismatch for ${key}: copying a param with shape ${sizeText(value.shape)} from checkpoint, the shape in current model is ${sizeText(own.shape)}.`,
      );
      continue;
    }
    if (assign)
      plan.apply.push(() =>
        setAttribute(module, name, own instanceof Parameter ? new Parameter(value, own.requires_grad) : value),
      );
    else plan.apply.push(() => copyInto(own, value));
  }
  const extra = state[prefix + extraStateKey];
  if (extra !== undefined && module.get_extra_state() !== undefined)
    plan.apply.push(() => module.set_extra_state(extra));
  else if (module.get_extra_state() !== undefined) plan.missing.push(prefix + extraStateKey);
}

/** Writes a tensor's values, converted and moved, into another. */
export function copyInto(target: Tensor, source: Tensor): void {
  const moved = source.to(target.device, target.dtype).node_();
  const node = moved.requiresGrad ? graph.detach(moved) : moved;
  target.write_(sameShape(node.shape, target.shape) ? node : graph.reshape(node, target.shape), "copy_");
}
