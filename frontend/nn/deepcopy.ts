/** Python's `copy.deepcopy` for modules and what they hold. */
import { isPlainObject } from "../bind.ts";
import { withGradMode } from "../grad-mode.ts";
import { graph } from "../state.ts";
import { Tensor } from "../tensor.ts";
import { attribute, callable, internalsOf, isModule, setAttribute } from "./module-internals.ts";
import type { Module } from "./module.ts";
import { Buffer, Parameter, parameterOf } from "./parameter.ts";

/** A copy that shares nothing with the original; what occurs twice in it is copied once. Functions and unknown objects stay the same. */
export function deepcopy<T>(value: T, memo = new Map<unknown, unknown>()): T {
  if (typeof value !== "object" && typeof value !== "function") return value;
  if (value === null) return value;
  if (memo.has(value)) return memo.get(value) as T;
  const remember = <C>(copy: C): C => (memo.set(value, copy), copy);
  const inner = (item: unknown): unknown => deepcopy(item, memo);
  if (value instanceof Tensor) return remember(copyTensor(value)) as T;
  if (isModule(value)) return copyModule(value, remember, inner) as T;
  if (Array.isArray(value)) {
    const copy: unknown[] = remember([]);
    for (const item of value as unknown[]) copy.push(inner(item));
    return copy as T;
  }
  if (value instanceof Map) {
    const copy = remember(new Map<unknown, unknown>());
    for (const [key, item] of value) copy.set(inner(key), inner(item));
    return copy as T;
  }
  if (isPlainObject(value)) {
    const copy: Record<string, unknown> = remember({});
    for (const key of Object.keys(value)) copy[key] = inner(value[key]);
    return copy as T;
  }
  return value;
}

function copyTensor(tensor: Tensor): Tensor {
  return withGradMode(false, () => {
    const node = tensor.node_();
    const fresh = Tensor.ofNode(node.requiresGrad ? graph.detach(node) : node, tensor.storage_.device);
    const copy =
      tensor instanceof Parameter
        ? parameterOf(fresh, tensor.requires_grad)
        : tensor instanceof Buffer
          ? new Buffer(fresh, tensor.persistent)
          : fresh;
    if (!(tensor instanceof Parameter) && tensor.is_leaf && tensor.requires_grad) copy.requires_grad_();
    if (tensor.grad !== null) copy.grad = copyTensor(tensor.grad);
    return copy;
  });
}

function copyModule(module: Module, remember: (copy: Module) => Module, inner: (item: unknown) => unknown): Module {
  const { buffers, order, run, onRead } = internalsOf(module);
  const copy = remember(callable(Object.getPrototypeOf(module) as object, run));
  for (const [name, persistent] of buffers) internalsOf(copy).buffers.set(name, persistent);
  internalsOf(copy).onRead = onRead;
  internalsOf(copy).order = order === null ? null : [...order];
  for (const name of Object.keys(module)) setAttribute(copy, name, inner(attribute(module, name)));
  return copy;
}
