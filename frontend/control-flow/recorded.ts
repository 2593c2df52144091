/**
 * What `scan`, `cond` and `while_loop` share: each function is recorded once, over tensors that stand for its arguments,
 * and computes nothing meanwhile.
 */
import { ArgumentError, DeviceError, DTypeError, ShapeError } from "../../ir/errors.ts";
import type { Node } from "../../ir/graph.ts";
import { formatShape } from "../../ir/shape.ts";
import type { Device } from "../../runtime/device.ts";
import { inBodyOf } from "../body-scope.ts";
import { collectingChecks, type NumberedCheck } from "../checks.ts";
import { withoutReturning } from "../nn/returned.ts";
import { type TensorTree } from "../pytree.ts";
import { withSite } from "../site.ts";
import { graph } from "../state.ts";
import { undoingWrites } from "../storage.ts";
import { Tensor } from "../tensor.ts";

/** What recording a function once gave. */
export interface RecordedBody<T> {
  readonly result: T;
  /** Conditions on values inside. */
  readonly checks: readonly NumberedCheck[];
}

/** Records a function; it leaves nothing behind but its result. */
export function recordBody<T>(operator: string, run: () => T): RecordedBody<T> {
  return collectingChecks(() =>
    inBodyOf(operator, () => withoutReturning(() => undoingWrites(run, refuseWrite(operator)).result)),
  );
}

const refuseWrite = (operator: string) => (storage: { dtype: string; shape: readonly number[] }, write: string) =>
  withSite((): never => {
    throw new ArgumentError(
      `${operator}/write`,
      `${operator}: ${write} writes a ${storage.dtype}[${storage.shape.join(", ")}] that comes from outside of the function: it might be modifying the input.`,
      "Return the new value, or write to a clone().",
    );
  });

export function requireValue(operator: string, result: unknown): unknown {
  if (result instanceof Promise)
    throw new ArgumentError(`${operator}/async`, `${operator}: the function is async: it must return its result.`);
  return result;
}

export function requireFunctions(operator: string, functions: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(functions))
    if (typeof value !== "function")
      throw new ArgumentError(
        `${operator}/callable`,
        `${operator}: Expected ${name} to be callable, got ${value === null ? "null" : typeof value}.`,
      );
}

/** @throws DeviceError when the tensors are on several devices */
export function deviceOf(operator: string, tensors: readonly Tensor[]): Device {
  const { device } = tensors[0]!.storage_;
  const other = tensors.find((tensor) => tensor.storage_.device !== device);
  if (other !== undefined)
    throw new DeviceError(
      `${operator}/device`,
      `${operator}: Expected all tensors to be on the same device, got ${String(tensors[0])} and ${String(other)}.`,
      `Move one with tensor.to("${device.name}").`,
    );
  return device;
}

/** @throws ArgumentError for another structure, DTypeError or ShapeError for another type or shape, naming both */
export function requireSame(operator: string, [oldName, before]: Named, [newName, after]: Named): void {
  if (before.paths.join() !== after.paths.join())
    throw new ArgumentError(
      `${operator}/structure`,
      `${operator}: Expected ${oldName} and ${newName} to have the same structure, but got {${before.paths.join(", ")}} and {${after.paths.join(", ")}}.`,
    );
  before.leaves.forEach((leaf, i) => {
    const next = after.leaves[i]!;
    const path = before.paths[i]!;
    const message = `${operator}: Expected ${oldName} and ${newName} to have same metadata but found: ${oldName}${path} is ${described(leaf)}, ${newName}${path} is ${described(next)}.`;
    if (leaf.dtype !== next.dtype) throw new DTypeError(`${operator}/dtype`, message, "Convert one with .to(dtype).");
    if (leaf.shape.length !== next.shape.length || leaf.shape.some((size, axis) => size !== next.shape[axis]))
      throw new ShapeError(`${operator}/shape`, message);
  });
}
const described = ({ dtype, shape }: Tensor): string => `${dtype.name}${formatShape(shape)}`;
type Named = readonly [name: string, tree: TensorTree];

export const tensorsOf = (nodes: readonly Node[], device: Device): Tensor[] =>
  nodes.map((node) => Tensor.ofNode(node, device));
export const nodesOf = ({ leaves }: TensorTree): Node[] => leaves.map((leaf) => leaf.node_());

export function predicateOf(operator: string, what: string, pred: unknown): Node {
  if (!(pred instanceof Tensor))
    throw new ArgumentError(
      `${operator}/pred`,
      `${operator}: Expected ${what} to be bool or tensor, but got ${typeof pred}.`,
    );
  if (pred.numel() !== 1)
    throw new ShapeError(
      `${operator}/pred`,
      `${operator}: Expected ${what} to be bool or single-element tensor, but got ${String(pred)}.`,
    );
  if (pred.dtype.name !== "bool")
    throw new DTypeError(`${operator}/pred`, `${operator}: Expected ${what} to be bool, but got ${String(pred)}.`);
  return graph.reshape(pred.node_(), []);
}
