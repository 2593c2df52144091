/**
 * Files that PyTorch wrote (zip, legacy and safetensors): the values that `torch.load` gives, the layout of its tensors,
 * and which of them share memory.
 */
import { hasMethod, member, type Adapter } from "../adapter.ts";
import { Comparison, entry, liveLeaves } from "../comparison.ts";
import {
  elementCount,
  elementsOf,
  isTagged,
  isTensorNode,
  membersOf,
  type DTypeName,
  type NdarrayNode,
  type SequenceNode,
  type TensorNode,
  type Tree,
} from "../format.ts";
import { stateOf } from "../modules.ts";
import { defineKind } from "./kind.ts";

interface FileCase {
  /** Relative to the cases. */
  file: string;
  format: "zip" | "legacy" | "safetensors";
  expected?: Tree;
  /** A pickled module instead: its class, and its state. */
  contains_class?: string;
  state?: Tree;
}

export const ptFiles = defineKind<FileCase>({
  operator: (record) => `torch.load (${record.format})`,
  *checks(record, { adapter, directory }) {
    const load = () => loadFile(adapter, record, `${directory}/${record.file}`);
    yield { label: `${record.file} values`, run: async () => checkValues(adapter, record, await load()) };
    const nodes = tensorNodes(record.expected ?? null);
    if (nodes.length === 0) return;
    yield { label: `${record.file} layout`, run: async () => checkLayout(adapter, record, await load()) };
    if (sharedNodes(nodes).length > 0) {
      yield { label: `${record.file} sharing`, run: async () => checkSharing(adapter, record, await load()) };
    }
  },
});

/** The loaded object; a module's state dict in its place. */
async function loadFile(adapter: Adapter, record: FileCase, path: string): Promise<unknown> {
  if (record.format === "safetensors" && adapter.has("torch.safetensors.load_file")) {
    return adapter.call("torch.safetensors.load_file", [path]);
  }
  const loaded = await adapter.call("torch.load", [path], { weights_only: false });
  return record.contains_class === undefined ? loaded : stateOf(adapter, loaded);
}

async function checkValues(adapter: Adapter, record: FileCase, loaded: unknown): Promise<string | null> {
  const comparison = new Comparison(adapter);
  comparison.expect(loaded, record.expected ?? record.state ?? null);
  for (const [where, node, value] of specials(record.expected ?? null, loaded)) {
    if (node.$ === "bytes") {
      const got = ArrayBuffer.isView(value) ? Buffer.from(value as Uint8Array).toString("base64") : String(value);
      comparison.expect(got, node.v, {}, where);
    } else if (node.$ !== "ndarray") {
      const members = hasMethod(value, Symbol.iterator) ? [...(value as Iterable<unknown>)].map(Number) : value;
      comparison.expect(members, node.v, {}, where);
    } else {
      comparison.expect(await arrayNumbers(adapter, value), Array.from(elementsOf(node), Number), {}, where);
    }
  }
  return comparison.verdict();
}

/** Elements of a NumPy array, whether it was loaded as a tensor, a typed array, or raw bytes with a dtype. */
async function arrayNumbers(adapter: Adapter, value: unknown): Promise<unknown> {
  if (adapter.isTensor(value) && hasMethod(value, "detach"))
    return Array.from((await adapter.read(value)).data, Number);
  const bytes = member(value, "bytes");
  if (bytes instanceof Uint8Array) {
    const data = Buffer.from(bytes).toString("base64");
    return Array.from(elementsOf({ dtype: adapter.dtypeName(member(value, "dtype")) as DTypeName, data }), Number);
  }
  const data = member(value, "data") ?? value;
  return ArrayBuffer.isView(data) ? Array.from(data as unknown as ArrayLike<number>, Number) : data;
}

type Special = NdarrayNode | SequenceNode | { $: "bytes"; v: string };

/** The nodes that comparing a tree passes over, with what was loaded for them. */
function specials(tree: Tree, loaded: unknown, where = ""): [string, Special, unknown][] {
  if (!isTagged(tree)) {
    return (membersOf(tree) ?? []).flatMap((part, i) => specials(part, member(loaded, i), `${where}.${i}`));
  }
  switch (tree.$) {
    case "bytes":
    case "ndarray":
    case "set":
      return [[where, tree, loaded]];
    case "dict":
    case "ordered_dict":
      return tree.v.flatMap(([key, value]) => specials(value, entry(loaded, key), `${where}.${JSON.stringify(key)}`));
    case "tuple":
      return tree.v.flatMap((part, i) => specials(part, member(loaded, i), `${where}.${i}`));
    default:
      return [];
  }
}

function tensorNodes(tree: Tree): TensorNode[] {
  return recordedLeaves(tree).filter(isTensorNode);
}

/** The recorded leaves, in the order of `liveLeaves`. */
function recordedLeaves(tree: Tree): Tree[] {
  const parts = membersOf(tree);
  if (parts !== null) return parts.flatMap(recordedLeaves);
  if (isTagged(tree) && (tree.$ === "dict" || tree.$ === "ordered_dict")) {
    return tree.v.flatMap(([, value]) => recordedLeaves(value));
  }
  return [tree];
}

/** Recorded tensors with the live values that stand in their place. */
function tensorPairs(record: FileCase, loaded: unknown): [TensorNode, unknown][] {
  const live = liveLeaves(loaded, record.expected ?? null);
  return recordedLeaves(record.expected ?? null).flatMap((node, i) =>
    isTensorNode(node) ? [[node, live[i]] as [TensorNode, unknown]] : [],
  );
}

async function checkLayout(adapter: Adapter, record: FileCase, loaded: unknown): Promise<string | null> {
  const comparison = new Comparison(adapter);
  for (const [i, [node, value]] of tensorPairs(record, loaded).entries()) {
    const where = `tensor ${i}`;
    comparison
      .expect(await adapter.method(value, "stride"), node.strides ?? null, {}, `${where} stride`)
      .expect(await adapter.method(value, "storage_offset"), node.storage_offset ?? 0, {}, `${where} storage_offset`)
      .expect(member(value, "requires_grad"), node.requires_grad ?? false, {}, `${where} requires_grad`);
    if (node.class === "Parameter") {
      const Parameter = adapter.lookup("torch.nn.Parameter") as abstract new (...args: never) => unknown;
      comparison.expect(value instanceof Parameter, true, {}, `${where} is a Parameter`);
    }
  }
  return comparison.verdict();
}

/** Whole storages: contiguous tensors over all of their elements, with another tensor over the same. */
function sharedNodes(nodes: readonly TensorNode[]): TensorNode[] {
  return nodes.filter(
    (node) =>
      node.dtype === "float32" &&
      node.storage_offset === 0 &&
      elementCount(node.shape) === node.storage_elems &&
      nodes.some((other) => other !== node && other.storage === node.storage),
  );
}

/** Adds one to each shared storage through one of its tensors: all the others must show it. */
async function checkSharing(adapter: Adapter, record: FileCase, loaded: unknown): Promise<string | null> {
  const pairs = tensorPairs(record, loaded);
  const written = new Set<number>();
  for (const node of sharedNodes(pairs.map(([recorded]) => recorded))) {
    if (written.has(node.storage!)) continue;
    written.add(node.storage!);
    const [, owner] = pairs.find(([recorded]) => recorded === node)!;
    await adapter.method(owner, "add_", [1]);
  }
  const comparison = new Comparison(adapter);
  for (const [i, [node, value]] of pairs.entries()) {
    if (!written.has(node.storage!)) continue;
    const raised = Float32Array.from(elementsOf(node) as Float32Array, (x) => x + 1);
    const data = Buffer.from(raised.buffer).toString("base64");
    comparison.expect(value, { ...node, data }, {}, `tensor ${i} of storage ${node.storage}`);
  }
  return comparison.verdict();
}
