/** Storages: what tensors that alias each other share: the current contents as a node, and a version that writes bump. */
import type { DType } from "../ir/dtype.ts";
import { leafNode, type Node } from "../ir/graph.ts";
import type { Shape } from "../ir/shape.ts";
import type { Device } from "../runtime/device.ts";
import type { TypedArray } from "../runtime/typed-array.ts";
import { recorder, type FlushRequest } from "./recorder.ts";
import { behindMarkers, valueOf, type Value } from "./value.ts";
import { copyOf } from "./value-copy.ts";

/** Where a value was overwritten: for the error of a backward pass that needs the old one. */
export interface Overwrite {
  readonly version: number;
  readonly operator: string;
}
/** Nodes that were some tensor's value when the tensor's storage was written. */
const overwritten = new WeakMap<Node, Overwrite>();
export const overwriteOf = (node: Node): Overwrite | null => overwritten.get(node) ?? null;

/** Storages written since their device's last flush. */
const written = new Set<Storage>();
/** Takes the storages that were written (on any device) off the list of what the next flush computes. */
export function takeWritten(): Storage[] {
  const list = [...written];
  written.clear();
  return list;
}
/** Storages made from now on have this id or a higher one. */
export const newestStorageId = (): number => nextStorageId;

recorder.contribute({
  collect(device: Device): readonly FlushRequest[] {
    const requests: FlushRequest[] = [];
    for (const storage of written) {
      if (storage.device !== device) continue;
      written.delete(storage);
      requests.push({ node: behindMarkers(storage.node), hint: "state" });
    }
    return requests;
  },
});

let nextStorageId = 1;

/** Contents before the first write of a recording that is undone at its end; of storages older than it. */
interface Journal {
  readonly firstId: number;
  readonly before: Map<Storage, Node>;
}
let journal: Journal | null = null;

/**
 * Runs a recording that must leave nothing behind: what it wrote has its old contents again afterwards, and nothing of
 * it is asked for by a flush. Returns the storages from before that it wrote.
 */
export function undoingWrites<T>(body: () => T): { readonly result: T; readonly written: readonly Storage[] } {
  const outer = journal;
  const own: Journal = { firstId: nextStorageId, before: new Map() };
  journal = own;
  try {
    const result = recorder.aside(body);
    return { result, written: [...own.before.keys()] };
  } finally {
    journal = outer;
    for (const [storage, node] of own.before) storage.accept(node);
    for (const storage of written) if (storage.id >= own.firstId || own.before.has(storage)) written.delete(storage);
  }
}

export class Storage {
  readonly id = nextStorageId++;
  readonly dtype: DType;
  readonly device: Device;
  /** Shape in which the contents are recorded (the first tensor's). */
  readonly shape: Shape;
  version = 0;
  private current: Node;
  private counted: Value | null = null;
  /** Nodes handed out as values of this version. */
  private exposed: Node[] = [];
  /** A typed array of the user's that shares this storage. */
  shared: TypedArray | null = null;

  constructor(node: Node, device: Device) {
    this.dtype = node.dtype;
    this.device = device;
    this.shape = node.shape;
    this.current = node;
    this.count();
  }

  get node(): Node {
    return this.current;
  }

  expose(node: Node): void {
    if (this.exposed.at(-1) !== node) this.exposed.push(node);
  }

  /** New contents. */
  write(node: Node, operator: string): void {
    if (journal !== null && this.id < journal.firstId && !journal.before.has(this)) journal.before.set(this, this.current);
    this.version++;
    for (const old of this.exposed) overwritten.set(old, { version: this.version, operator });
    overwritten.set(this.current, { version: this.version, operator });
    this.exposed = [];
    this.replace(node);
    written.add(this);
  }

  /** Contents computed by a program that ran outside a flush; counts as a write. */
  accept(node: Node): void {
    this.version++;
    this.exposed = [];
    this.replace(node);
  }

  /** The value, computed if it is pending. */
  value(): Value {
    const node = behindMarkers(this.current);
    if (valueOf(node) === null) recorder.flush([{ node, hint: "state" }], this.device);
    this.count();
    return valueOf(node)!;
  }

  /**
   * A recording that will be replayed uses these contents: they get a value of their own, computed now if they are
   * pending, because two storages of equal contents now may hold different ones at a replay. What was written since the
   * recording began belongs to it.
   */
  takeForReplay(firstId: number): void {
    if (this.id >= firstId || written.has(this)) return;
    const node = behindMarkers(this.current);
    const value = valueOf(node);
    if (value !== null && node.op === "input" && value.holders <= 1) return;
    const own = value === null ? recorder.compute(node, this.device) : copyOf(value);
    this.accept(leafNode("input", node.dtype, node.shape, own));
  }

  /** The same contents as another node (a new leaf of differentiation): no write. */
  replace(node: Node): void {
    this.count();
    const before = this.counted;
    this.current = node;
    this.count();
    if (before !== null && before !== this.counted && before.holders === 0) recorder.supersede(before);
  }

  /** Keeps the value's count of holders right, whenever the contents got their value. */
  private count(): void {
    const value = valueOf(behindMarkers(this.current));
    if (value === this.counted) return;
    if (this.counted !== null) this.counted.holders--;
    if (value !== null) {
      value.holders++;
      value.owner = this;
    }
    this.counted = value;
  }
}
