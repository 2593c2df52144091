/** Storages: what tensors that alias each other share: the current contents as a node, and a version that writes bump. */
import { dtypeBytes, isComplex, type DType } from "../ir/dtype.ts";
import { ShapeError } from "../ir/errors.ts";
import { leafNode, type Node } from "../ir/graph.ts";
import { elementCount, sameShape, type Shape } from "../ir/shape.ts";
import type { Device } from "../runtime/device.ts";
import { typedView, type TypedArray } from "../runtime/typed-array.ts";
import { checkCount, dependsOn, failedCheck } from "./checks.ts";
import { noteOverwritten } from "./created-nodes.ts";
import { withGradMode } from "./grad-mode.ts";
import { recorder, type FlushRequest } from "./recorder.ts";
import { SharedMemory } from "./shared-memory.ts";
import { graph } from "./state.ts";
import { notePlaceChange, traceObserver, type MakingCall } from "./trace.ts";
import { behindMarkers, contentsOf, inputNode, nodeOver, valueOf, type Value } from "./value.ts";
import { claimNode, newCounter, noteWrite, ownNode, type Exposure, type VersionCounter } from "./versions.ts";
import { copyOf } from "./value-copy.ts";

/** Storages written since their device's last flush. Replaced by each flush: see the tables of ir/graph.ts. */
let written = new Set<Storage>();
/** Takes the storages that were written (on any device) off the list of what the next flush computes. */
export function takeWritten(): Storage[] {
  const list = [...written].sort((a, b) => a.id - b.id);
  written = new Set();
  return list;
}
/** Whether a storage of the device was written since its last flush. */
export function isWritePending(device: Device): boolean {
  for (const storage of written) if (storage.device === device) return true;
  return false;
}
/** Storages made from now on have this id or a higher one. */
export const newestStorageId = (): number => nextStorageId;
/** The id of a storage that is made now, or later as if it had been. */
export const newStorageId = (): number => nextStorageId++;

/** What the last flush was asked to compute. */
let collected: Storage[] = [];

recorder.contribute({
  undo(error: unknown): void {
    // What was read may have failed for reasons of its own, which are not those of the writes.
    const cause = failedCheck(error) === null ? failureAlone(collected) : error;
    for (const storage of collected) storage.undoWrites(cause);
    collected = [];
  },
  done(): void {
    for (const storage of collected) storage.settle();
    collected = [];
  },
  collect(device: Device): readonly FlushRequest[] {
    const requests: FlushRequest[] = [];
    collected = [];
    // By age, not by when they were written: a first step may write in another order than the next ones.
    const candidates = [...written].sort((a, b) => a.id - b.id);
    written = new Set();
    for (const storage of candidates) {
      if (storage.device !== device || storage.isBehind) written.add(storage);
      if (storage.device !== device) continue;
      collected.push(storage);
      requests.push(requestOf(storage));
    }
    return requests;
  },
});

/** For contents to be computed, the old ones kept where a condition fails. */
export const requestOf = (storage: Storage): FlushRequest => ({
  node: behindMarkers(storage.node),
  hint: "state",
  before: (check) => storage.contentsAt(check),
});

/** Computes what was written, all or nothing; gives the error, or null. */
function failureAlone(storages: readonly Storage[]): unknown {
  const pending = storages.map(requestOf).filter(({ node }) => valueOf(node) === null);
  try {
    if (pending.length > 0) recorder.computeAlone(pending, storages[0]!.device);
    return null;
  } catch (error) {
    return error;
  }
}

let nextStorageId = 1;

/** How many of the nodes that contents were handed out as are known at least. */
const exposedLimit = 1024;

/** Contents before the first write of a recording that is undone at its end; of storages older than it. */
interface Journal {
  readonly firstId: number;
  readonly before: Map<Storage, Node>;
  /** Throws, where such a write is an error. */
  readonly refuse: ((storage: Storage, operator: string) => never) | null;
}
let journal: Journal | null = null;

/**
 * Runs a recording that must leave nothing behind: what it wrote has its old contents again afterwards, and nothing of
 * it is asked for by a flush. Returns the storages from before that it wrote; with `refuse` such a write is an error.
 */
export function undoingWrites<T>(
  body: () => T,
  refuse: Journal["refuse"] = null,
): { readonly result: T; readonly written: readonly Storage[] } {
  const outer = journal;
  const own: Journal = { firstId: nextStorageId, before: new Map(), refuse };
  journal = own;
  try {
    const { result } = recorder.aside(body);
    return { result, written: [...own.before.keys()] };
  } finally {
    journal = outer;
    for (const [storage, node] of own.before) storage.accept(node);
    for (const storage of written) if (storage.id >= own.firstId || own.before.has(storage)) written.delete(storage);
  }
}

/** Contents that no tensor is a leaf of. */
const leafless = (node: Node): Node => (node.op === "leaf" ? node.inputs[0]! : node);

/** Elements in a row, as many as a shape has: the last ones fall away, or zeros follow. */
function refitted(node: Node, shape: Shape): Node {
  if (sameShape(node.shape, shape)) return node;
  const [had, count] = [elementCount(node.shape), elementCount(shape)];
  const row = graph.reshape(node, [had]);
  const filler = node.dtype === "bool" ? false : 0;
  const fitting = count <= had ? graph.sliceAxis(row, 0, 0, count) : graph.pad(row, [0], [count - had], filler);
  return graph.reshape(fitting, shape);
}

export class Storage {
  readonly id: number;
  readonly dtype: DType;
  readonly device: Device;
  /** Other contents, or other nodes for them, have another version. */
  version = 0;
  readonly counter = newCounter();
  /** Contents since the last computed ones, each with how many conditions had been recorded when it was replaced. */
  private earlier: { readonly node: Node; readonly checks: number }[] = [];
  /** Nodes handed out as values of this version. */
  private exposed: Exposure[] = [];
  private current: Node;
  private counted: Value | null = null;
  /** The last contents that had a value. */
  private known: Value | null = null;
  /** Contents without one, before the first write that has not been computed. */
  private pending: Node | null = null;
  /** A leaf made for this storage alone. Storages made while another node was pending are not counted as its value's. */
  private own: Node | null;
  private shared: SharedMemory | null = null;

  /** The recorded call that made it, where replays of that call make it no more. */
  madeIn: MakingCall | null = traceObserver()?.made ?? null;

  constructor(node: Node, device: Device, id = newStorageId()) {
    this.id = id;
    this.dtype = node.dtype;
    this.device = device;
    this.current = node;
    const value = valueOf(node);
    this.own = value !== null && value.owner === null && value.hostContents !== null ? node : null;
    this.count();
  }

  get node(): Node {
    this.refresh();
    return this.current;
  }

  /** Shape in which the contents are recorded: that of the tensor which is no view. */
  get shape(): Shape {
    return this.current.shape;
  }

  /** The storage's whole contents in an array that shares memory with it from now on. */
  share(): TypedArray {
    this.refresh();
    if (this.shared === null) {
      const node = behindMarkers(this.current);
      recorder.flush([{ node, hint: "escapes" }], this.device);
      const value = valueOf(node)!;
      value.check();
      const read = (): TypedArray => typedView(this.dtype, this.device.readSync(value.memory()));
      this.shared = new SharedMemory(read(), read());
    }
    return this.shared.array;
  }
  /** The contents are an array of the user's, of which they hold a copy. */
  shareWith(array: TypedArray, copy: TypedArray): void {
    this.shared = new SharedMemory(array, copy);
  }
  get isShared(): boolean {
    return this.shared !== null;
  }

  get isBehind(): boolean {
    return this.shared?.behind === true;
  }

  /** Takes in what the user has written into shared memory. A recording under way sees what it has recorded. */
  refresh(): void {
    const { shared } = this;
    if (shared === null) return;
    // A compiled function that has taken the writes off the list makes them itself.
    if (shared.behind) return written.has(this) ? this.writeOutside() : undefined;
    const contents = shared.changes();
    if (contents === null) return;
    const { current } = this;
    const fresh = this.held(inputNode(contentsOf(this.dtype, current.shape, this.device, contents)));
    const history = current.op !== "leaf" && current.requiresGrad;
    this.version++;
    this.exposed = [];
    this.replace(history ? withGradMode(true, () => graph.withHistory(fresh, current)) : fresh);
  }

  /** Brings shared memory up to date: at once, but never with what a recording may still take back. */
  private writeOutside(): void {
    const { shared } = this;
    if (shared === null) return;
    shared.behind = journal !== null || traceObserver() !== null;
    if (shared.behind) return;
    const node = behindMarkers(this.current);
    const value = valueOf(node) ?? recorder.compute(node, this.device);
    shared.receive(typedView(this.dtype, this.device.readSync(value.memory())));
    if (valueOf(node) === null && !this.current.requiresGrad) {
      // Tensors know the pending node: it would be computed again, from what is given up meanwhile.
      this.version++;
      this.replace(leafNode("input", node.dtype, node.shape, value));
    }
    if (valueOf(behindMarkers(this.current)) !== null) written.delete(this);
  }

  expose(node: Node, counter: VersionCounter): void {
    // Most have one: a list that grows takes room for more at once.
    if (this.exposed.length === 0) this.exposed = [{ node, counter }];
    else if (this.exposed.at(-1)!.node !== node) this.exposed.push({ node, counter });
    // Batches of data that nobody writes: a graph that is still to be differentiated has some of the latest.
    if (this.exposed.length > 2 * exposedLimit) this.exposed = this.exposed.slice(-exposedLimit);
  }

  /** New contents, by a tensor with this counter. */
  write(contents: Node, operator: string, counter = this.counter): void {
    this.noteJournal(operator);
    noteWrite([...this.exposed, { node: this.current, counter: this.counter }], counter, operator);
    this.exposed = [];
    this.contain(contents);
  }

  /** Counts as a write of what is there. */
  touch(operator: string, counter: VersionCounter): void {
    this.write(leafless(this.current), operator, counter);
  }

  /** Memory of another size: the elements stay, and new ones are zero. */
  resize(shape: Shape, operator: string): void {
    this.refuseResize(elementCount(shape), operator);
    this.noteJournal(operator);
    this.contain(refitted(leafless(this.current), shape));
    notePlaceChange(null);
  }
  /** @throws ShapeError when the memory is an array's */
  refuseResize(count: number, operator: string): void {
    if (this.isShared)
      throw new ShapeError(
        "resize/shared",
        `${operator}: Trying to resize storage that is not resizable: its memory is an array's, of ${elementCount(this.shape)} elements, and ${count} are needed.`,
        "clone() the tensor first.",
      );
  }

  private noteJournal(operator: string): void {
    if (journal === null || this.id >= journal.firstId) return;
    journal.refuse?.(this, operator);
    if (!journal.before.has(this)) journal.before.set(this, this.current);
  }

  private contain(contents: Node): void {
    traceObserver()?.storageWritten?.(this, this.current);
    this.version++;
    this.noteEarlier();
    const node = ownNode(contents);
    noteOverwritten(behindMarkers(this.current));
    if (!written.has(this)) this.pending = this.isComputed ? null : this.current;
    this.replace(node);
    // What has its value already asks for nothing; a recording wants to know of every write.
    if (valueOf(behindMarkers(node)) === null || journal !== null || traceObserver() !== null || this.isShared)
      written.add(this);
    this.writeOutside();
  }

  /** Keeps what a write replaces: only contents that were there when a condition was recorded may be asked for. */
  private noteEarlier(): void {
    const checks = checkCount();
    if (valueOf(behindMarkers(this.current)) !== null) this.earlier = [];
    if (checks > 0 && this.earlier.at(-1)?.checks !== checks) this.earlier.push({ node: this.current, checks });
  }

  /** Memory of complex numbers as those. */
  private held(node: Node): Node {
    return isComplex(this.dtype) && !isComplex(node.dtype) ? graph.asComplex(node) : node;
  }

  /** Contents computed by a program that ran outside a flush. `own`: a leaf made for this storage. */
  accept(node: Node, own = false): void {
    this.version++;
    this.exposed = [];
    this.own = own ? node : null;
    this.replace(node);
    this.writeOutside();
  }

  /** Whether the contents have a value. */
  get isComputed(): boolean {
    return valueOf(behindMarkers(this.current)) !== null;
  }

  /** The contents' value, where nobody but this storage knows it. */
  get soleValue(): Value | null {
    const { counted } = this;
    if (counted === null || counted.isAwaited || counted.isShared || !counted.available || this.isShared) return null;
    return counted.owner === this && counted.holders === 1 ? counted : null;
  }

  /** The value, computed if it is pending. */
  value(): Value {
    this.refresh();
    const node = behindMarkers(this.current);
    if (valueOf(node) === null) recorder.flush([{ node, hint: "state" }], this.device);
    this.count();
    if (this.isBehind) this.writeOutside();
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
    if (value !== null && node === this.own && value.holders <= 1) {
      value.owner = this;
      return;
    }
    const own = value === null ? recorder.compute(node, this.device) : copyOf(value);
    // It is not overwritten: who needs it, such as a pending gradient, keeps it.
    if (value !== null) value.isShared = true;
    this.accept(leafNode("input", node.dtype, node.shape, own), true);
  }

  /** Views that were read know their own values, of what is there now: from here on they are parts of the contents. */
  forgetViews(): void {
    if (this.exposed.some(({ node }) => node !== this.current)) this.accept(this.current, this.own === this.current);
  }

  /** The contents when a condition was recorded (see `checkCount`), if they have been replaced since. */
  contentsAt(check: number): Node | null {
    const { earlier, current } = this;
    const node = earlier.find((item) => item.checks > check)?.node ?? null;
    return node === null || node === current ? null : behindMarkers(node);
  }

  /** What was written has been computed: nothing of it is undone any more. */
  settle(): void {
    this.earlier = [];
    this.pending = null;
    // What a tensor was given of itself is the value that the write gave up: it is held again.
    if (this.known !== null && valueOf(behindMarkers(this.current)) === this.known) this.count();
  }

  /**
   * Those written since cannot be computed: the contents are again what they were when the condition that failed was
   * recorded, as if the writes after it had not been made; after any other error, those before the first of them.
   */
  undoWrites(error: unknown): void {
    if (valueOf(behindMarkers(this.current)) !== null) return this.settle();
    const check = failedCheck(error);
    const before = check === null ? this.pending : this.contentsAt(check);
    const value = before !== null ? valueOf(before) : check === null ? this.known : null;
    if (value?.available === true) this.accept(this.contentsOver(value));
    else if (before !== null) this.accept(refitted(this.held(before), this.shape));
    this.settle();
    const node = behindMarkers(this.current);
    // Contents that cannot be computed themselves are asked for by nobody but their reader.
    const isCertain = check === null ? value?.available === true : !dependsOn(node, check);
    if (valueOf(node) === null && isCertain) written.add(this);
  }

  /** A value as contents: memory may have got another size since. */
  private contentsOver(value: Value): Node {
    const count = value.bytes / dtypeBytes(this.dtype);
    if (count === elementCount(this.shape)) return nodeOver(this.dtype, this.shape, value);
    return refitted(nodeOver(this.dtype, [count], value), this.shape);
  }

  /** The same contents as another node (a new leaf of differentiation): no write. */
  replace(node: Node): void {
    this.count();
    const before = this.counted;
    this.current = this.held(node);
    claimNode(this.current);
    this.count();
    if (before !== null && before !== this.counted && before.holders === 0) recorder.supersede(before, this.counted);
  }

  /** Keeps the value's count of holders right, whenever the contents got their value. */
  private count(): void {
    const value = valueOf(behindMarkers(this.current));
    if (value === this.counted) return;
    if (this.counted !== null) this.counted.holders--;
    if (value !== null) {
      this.known = value;
      value.holders++;
      if (value.owner === null && value.hostContents !== null) recorder.noteGiven(value.bytes);
      // While a function is recorded, a value is known by the storage that held it before.
      if (traceObserver() === null || value.owner === null) value.owner = this;
    }
    this.counted = value;
  }
}
