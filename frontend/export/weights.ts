/** What a recorded model computes with besides its inputs: parameters, buffers and other tensors that it closes over. */
import { leafNode, type Node } from "../../ir/graph.ts";
import { topologicalOrder } from "../../ir/walks.ts";
import type { Device } from "../../runtime/device.ts";
import { recorder } from "../recorder.ts";
import { takeWritten, type Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { behindMarkers, valueOf, type Value } from "../value.ts";

export interface Weight {
  /** In the module, where it has one. */
  readonly name: string;
  readonly node: Node;
  /** The contents when the model was exported. */
  readonly contents: Promise<ArrayBuffer>;
}

/** Parameters and buffers: their nodes, marks of differentiation included, and their names in the module. */
export type LeafNames = ReadonlyMap<Node, string>;

/**
 * Gives values to what was written before and to the module's tensors, so that no initialisation is exported, and a
 * leaf of its own to each of the module's tensors: equal initial values may have been computed as one.
 */
export function namedLeaves(model: object): LeafNames {
  for (const storage of takeWritten()) storage.value();
  const source = model as {
    named_parameters?(): Iterable<[string, Tensor]>;
    named_buffers?(): Iterable<[string, Tensor]>;
  };
  const tensors = [...(source.named_parameters?.() ?? []), ...(source.named_buffers?.() ?? [])];
  flushAll(tensors.map(([, { storage_ }]) => ({ node: behindMarkers(storage_.node), device: storage_.device })));
  const names = new Map<Node, string>();
  const known = new Set<Storage>();
  for (const [name, tensor] of tensors) {
    const { storage_, parent_ } = tensor;
    if (parent_ !== null || known.has(storage_)) continue;
    known.add(storage_);
    const node = tensor.node_();
    if (names.has(node)) storage_.accept(leafNode("input", node.dtype, node.shape, storage_.value()));
    names.set(tensor.node_(), name);
  }
  return names;
}

/** The node whose value marks of differentiation pass on, or the first on the way that has a name. */
export function behindMarkersOf(names: LeafNames, node: Node): Node {
  let current = node;
  while (!names.has(current) && markers.has(current.op)) current = current.inputs[0]!;
  return current;
}
const markers: ReadonlySet<string> = new Set(["leaf", "detach", "with_history"]);

function flushAll(wanted: readonly { readonly node: Node; readonly device: Device }[]): void {
  for (const device of new Set(wanted.map((item) => item.device))) {
    recorder.flush(
      wanted.flatMap((item) =>
        item.device === device && valueOf(item.node) === null ? [{ node: item.node, hint: "state" as const }] : [],
      ),
      device,
    );
  }
}

const passedThrough: ReadonlySet<string> = new Set([
  "reshape",
  "permute",
  "expand",
  "slice",
  "leaf",
  "detach",
  "with_history",
  "barrier",
]);

/** Tensors that forward closes over and that are not computed yet: what is older than the recording depends on no input. */
export function computeConstants(roots: readonly Node[], first: number, device: Device): void {
  const wanted = new Set<Node>();
  const isLeaf = (node: Node): boolean =>
    valueOf(node) !== null || (node.id < first && node.inputs.length > 0 && !passedThrough.has(node.op));
  for (const node of topologicalOrder(roots, isLeaf)) if (isLeaf(node) && valueOf(node) === null) wanted.add(node);
  flushAll(Array.from(wanted, (node) => ({ node, device })));
}

/** @param isInput whether a value stands for an input */
export function weightsOf(
  copyOf: ReadonlyMap<Node, Node>,
  names: LeafNames,
  isInput: (value: Value) => boolean,
): Weight[] {
  const taken = new Set(names.values());
  let constants = 0;
  const freshName = (): string => {
    let name;
    do name = `constant_${constants++}`;
    while (taken.has(name));
    return name;
  };
  const weights: Weight[] = [];
  for (const [original, node] of copyOf) {
    const value = valueOf(node);
    if (value === null || isInput(value)) continue;
    weights.push({ name: names.get(original) ?? freshName(), node, contents: contentsOf(value) });
  }
  return weights;
}

/** A copy, since the value may be overwritten by training later. */
function contentsOf(value: Value): Promise<ArrayBuffer> {
  const host = value.hostContents;
  if (host !== null)
    return Promise.resolve(Uint8Array.from(new Uint8Array(host.buffer, host.byteOffset, host.byteLength)).buffer);
  const contents = value.device.read(value.memory());
  // Whoever uses the weights hears of an error; nobody has to.
  contents.catch(() => {});
  return contents;
}
