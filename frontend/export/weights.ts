/** What a recorded model computes with besides its inputs: parameters, buffers and other tensors that it closes over. */
import { topologicalOrder, type Node } from "../../ir/graph.ts";
import type { Device } from "../../runtime/device.ts";
import { recorder } from "../recorder.ts";
import { takeWritten } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { behindMarkers, valueOf, type Value } from "../value.ts";

export interface Weight {
  /** In the module, where it has one. */
  readonly name: string;
  readonly node: Node;
  /** The contents when the model was exported. */
  readonly contents: Promise<ArrayBuffer>;
}

/** Parameters and buffers by their storage's name in the module. */
export function namedTensors(model: object): Map<Tensor, string> {
  const named = new Map<Tensor, string>();
  const source = model as { named_parameters?(): Iterable<[string, Tensor]>; named_buffers?(): Iterable<[string, Tensor]> };
  for (const [name, tensor] of source.named_parameters?.() ?? []) named.set(tensor, name);
  for (const [name, tensor] of source.named_buffers?.() ?? []) named.set(tensor, name);
  return named;
}

/** What was written before, and the module's tensors, get their values, so that no initialisation is exported. */
export function computePending(tensors: readonly Tensor[]): void {
  for (const storage of takeWritten()) storage.value();
  flushAll(tensors.map(({ storage_ }) => ({ node: behindMarkers(storage_.node), device: storage_.device })));
}

function flushAll(wanted: readonly { readonly node: Node; readonly device: Device }[]): void {
  for (const device of new Set(wanted.map((item) => item.device))) {
    recorder.flush(wanted.flatMap((item) => (item.device === device && valueOf(item.node) === null ? [{ node: item.node, hint: "state" as const }] : [])), device);
  }
}

const passedThrough: ReadonlySet<string> = new Set(["reshape", "permute", "expand", "slice", "leaf", "detach", "with_history", "barrier"]);

/** Tensors that forward closes over and that are not computed yet: what is older than the recording depends on no input. */
export function computeConstants(roots: readonly Node[], first: number, device: Device): void {
  const wanted = new Set<Node>();
  const isLeaf = (node: Node): boolean => valueOf(node) !== null || (node.id < first && node.inputs.length > 0 && !passedThrough.has(node.op));
  for (const node of topologicalOrder(roots, isLeaf)) if (isLeaf(node) && valueOf(node) === null) wanted.add(node);
  flushAll(Array.from(wanted, (node) => ({ node, device })));
}

/** @param isInput whether a value stands for an input */
export function weightsOf(order: readonly Node[], names: ReadonlyMap<Tensor, string>, isInput: (value: Value) => boolean): Weight[] {
  const known = new Map<Value, string>();
  for (const [tensor, name] of names) {
    const value = valueOf(behindMarkers(tensor.storage_.node));
    if (value !== null && tensor.parent_ === null && !known.has(value)) known.set(value, name);
  }
  const taken = new Set(known.values());
  let constants = 0;
  const freshName = (): string => {
    let name;
    do name = `constant_${constants++}`;
    while (taken.has(name));
    return name;
  };
  const weights = new Map<Value, Weight>();
  for (const node of order) {
    const value = valueOf(node);
    if (value === null || isInput(value) || weights.has(value)) continue;
    weights.set(value, { name: known.get(value) ?? freshName(), node, contents: contentsOf(value) });
  }
  return [...weights.values()];
}

/** A copy, since the value may be overwritten by training later. */
function contentsOf(value: Value): Promise<ArrayBuffer> {
  const host = value.hostContents;
  if (host !== null) return Promise.resolve(Uint8Array.from(new Uint8Array(host.buffer, host.byteOffset, host.byteLength)).buffer);
  const contents = value.device.read(value.memory());
  // Whoever uses the weights hears of an error; nobody has to.
  contents.catch(() => {});
  return contents;
}

