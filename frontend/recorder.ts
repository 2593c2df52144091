/**
 * The recording: what has been written and returned since the last flush, and the flush itself: key, cache lookup,
 * compile on a miss, run, hand out the values.
 */
import { bareCopy, becomeInput, canonicalOrder, forgetInterned, leafNode, type Node } from "../ir/graph.ts";
import { NodeNote } from "../ir/node-notes.ts";
import type { ScalarArgument } from "../ir/signature.ts";
import type { Device, Executable, Memory, OutputHint, ScalarValue } from "../runtime/device.ts";
import type { Compiled } from "./pipeline.ts";
import { prepareGraph } from "./program-families.ts";
import { graphKey, sameSignature } from "../ir/graph-key.ts";
import { noteStatus, statusOf, unlessFailed, type Conditions } from "./checks.ts";
import { forgetOperationOf } from "./operations.ts";
import { tracing } from "./host-effects.ts";
import { RetiringValues } from "./retiring-values.ts";
import { notesSites } from "./site.ts";
import { bodyUnderWay, refuseInBody, refuseLeaked } from "./body-scope.ts";
import { Value, valueOf } from "./value.ts";
import { copyOf } from "./value-copy.ts";

const cacheLimit = 512;
/** How many bytes of given values a recording may hold before it is cut where no flush cuts it. */
const givenLimit = 16e6;

interface CacheEntry {
  readonly signature: readonly (number | string)[];
  readonly compiled: Compiled;
  readonly executable: Executable;
  /** Positions of the roots that are inputs of the graph, by index in leaf order. */
  readonly inputLeaves: readonly number[];
  readonly scalarLeaves: readonly number[];
  /** Structural hashes of results that were read late: outputs of the next compilation. */
  readonly late: Set<number>;
  /** The number of the last run. */
  usedAt: number;
}

export interface FlushRequest {
  readonly node: Node;
  readonly hint: OutputHint;
  /** Of new contents: the old ones, when a condition was recorded; null when they were new already. */
  readonly before?: (check: number) => Node | null;
}

/** What asks to be computed at the next flush besides what is read. */
export interface Contributor {
  /** Results to compute on a device, with what to do with them. */
  collect(device: Device): readonly FlushRequest[];
  /** What was collected last could not be computed: tensors are to be as they were. */
  undo?(error: unknown): void;
  /** What was collected last has been computed. */
  done?(): void;
}

/** What a run of a recording has to do with the flush that it belongs to. */
interface Surroundings {
  /** Nodes that became tensors: some may have been read late before. */
  readonly created?: readonly Node[];
  readonly before?: ReadonlyMap<Node, (check: number) => Node | null>;
}

export class Recorder {
  private readonly cache = new Map<Device, Map<number, CacheEntry[]>>();
  /** The same for programs whose kernels know the user's lines (`noteSites`). */
  private readonly located: typeof this.cache = new Map();
  /** All entries, with where they are kept. */
  private readonly entries = new Map<
    CacheEntry,
    { readonly hash: number; readonly byHash: Map<number, CacheEntry[]> }
  >();
  private readonly contributors: Contributor[] = [];
  private readonly retiring = new RetiringValues();
  /** Nodes that became tensors since the last flush: those that may be read late. */
  private created = new Map<Device, Node[]>();
  /** The graph of the flush that followed on a node's recording. Held by the node alone: time need not pass here. */
  private readonly graphOf = new NodeNote<CacheEntry>();
  /** Whether storages have been given contents that exist already since time passed last. */
  private hasWritten = false;
  /** Created nodes that pending values were looked for in, by list, and all nodes that were walked for that. */
  private readonly looked = new WeakMap<readonly Node[], number>();
  private readonly walked = new WeakSet<Node>();
  private guardsPending = false;
  private givenBytes = 0;
  private uses = 0;
  compileCount = 0;
  compileMs = 0;
  lastExecutable: Executable | null = null;

  contribute(contributor: Contributor): void {
    this.contributors.push(contributor);
  }

  noteCreated(node: Node, device: Device): void {
    const list = this.created.get(device);
    if (list === undefined) this.created.set(device, [node]);
    else list.push(node);
  }

  /** A storage has new contents: the old ones go after two more flushes. */
  supersede(value: Value, by: Value | null): void {
    this.retiring.add(value);
    // What is pending is written by a flush to come.
    if (by !== null) this.hasWritten = true;
  }

  /**
   * A tensor was made of values that exist. A program that makes models and never reads anything never flushes: what it
   * has recorded must not keep them all, so equal nodes are made anew after this many bytes.
   */
  noteGiven(bytes: number): void {
    if (tracing.active) return;
    this.givenBytes += bytes;
    if (this.givenBytes > givenLimit) this.startRecording();
  }

  /** Compiled functions overwrite values in place: from now on it is known which of them pending tensors need. */
  guardPending(): void {
    this.guardsPending = true;
  }

  /** Marks the values that pending tensors are computed from. */
  notePending(): void {
    for (const created of this.created.values()) this.noteAwaited(created);
  }

  private noteAwaited(created: readonly Node[]): void {
    const stack: Node[] = [];
    for (let i = this.looked.get(created) ?? 0; i < created.length; i++) stack.push(created[i]!);
    this.looked.set(created, created.length);
    while (stack.length > 0) {
      const node = stack.pop()!;
      const value = valueOf(node);
      if (value !== null) value.isAwaited = true;
      else if (!this.walked.has(node)) {
        this.walked.add(node);
        stack.push(...node.inputs);
      }
    }
  }

  private startRecording(): void {
    if (this.guardsPending) this.notePending();
    this.givenBytes = 0;
    this.created = new Map();
    forgetInterned();
  }

  /** Gives values to the requested nodes, to all written storages and to what modules returned. */
  flush(requests: readonly FlushRequest[], device: Device): void {
    if (bodyUnderWay() !== null) {
      if (requests.every(({ node }) => valueOf(node) !== null)) return;
      refuseInBody("a value is read", "Compute with tensors only, or read before the call.");
    }
    const wanted = new Map<Node, OutputHint>();
    const before = new Map<Node, (check: number) => Node | null>();
    const want = (request: FlushRequest): void => {
      if (valueOf(request.node) !== null) return;
      if (request.before !== undefined) before.set(request.node, request.before);
      if (wanted.get(request.node) !== "state") wanted.set(request.node, request.hint);
    };
    for (const request of requests) {
      want(request);
      this.noteLateRead(request.node);
    }
    for (const contributor of this.contributors) contributor.collect(device).forEach(want);
    if (wanted.size === 0) return;
    const created = this.created.get(device) ?? [];
    this.created.set(device, []);
    let entry: CacheEntry;
    try {
      entry = this.execute([...wanted.keys()], [...wanted.values()], device, { created, before });
    } catch (error) {
      for (const contributor of this.contributors) contributor.undo?.(error);
      forgetInterned();
      throw error;
    }
    for (const contributor of this.contributors) contributor.done?.();
    for (const node of created) if (valueOf(node) === null && !this.graphOf.has(node)) this.graphOf.set(node, entry);
    if (this.guardsPending) this.noteAwaited(created.filter((node) => valueOf(node) === null));
    // Only what overwrites something lets time pass: any number of reads may follow.
    if (this.hasWritten || [...wanted.values()].includes("state")) this.advance();
    this.givenBytes = 0;
    forgetInterned();
  }

  /** Gives values to these nodes and to nothing else. */
  computeAlone(requests: readonly FlushRequest[], device: Device): void {
    const nodes = [...new Set(requests.map(({ node }) => node))];
    const before = new Map(requests.flatMap((request) => (request.before ? [[request.node, request.before]] : [])));
    const hints = nodes.map((): OutputHint => "state");
    if (nodes.length > 0) this.execute(nodes, hints, device, { before });
  }

  /**
   * A fresh value of a pending node. Nothing else is computed: what is written meanwhile belongs to a recording under
   * way. The node itself stays pending, since others may hold it.
   */
  compute(node: Node, device: Device): Value {
    const alias = leafNode("leaf", node.dtype, node.shape, null, false, [node]);
    const { compiled } = this.execute([alias], ["state"], device);
    const value = valueOf(alias)!;
    return "input" in compiled.results[0]! ? copyOf(value) : value;
  }

  /** A program ran: what was superseded long enough ago is given back. Compiled functions replay without a flush. */
  advance(): void {
    this.hasWritten = false;
    this.retiring.advance();
  }

  /** Runs a recording that no flush belongs to: what it creates is not counted as this one's. */
  aside<T>(record: () => T): T {
    const { created } = this;
    this.created = new Map();
    try {
      return record();
    } finally {
      this.created = created;
    }
  }

  /** A compiled function made a program of its own. */
  noteCompiled(executable: Executable): void {
    this.compileCount++;
    this.lastExecutable = executable;
  }

  /** A node of an earlier recording is read after its flush: from now on that graph gives it out. */
  private noteLateRead(node: Node): void {
    if (valueOf(node) === null) this.graphOf.get(node)?.late.add(node.hash);
  }

  private execute(
    requested: readonly Node[],
    requestedHints: readonly OutputHint[],
    device: Device,
    { created = [], before = new Map() }: Surroundings = {},
  ): CacheEntry {
    const isLeaf = (node: Node): boolean => valueOf(node) !== null;
    const status = statusOf(requested);
    const targets = status === null ? requested : [...requested, status.node];
    const roots = status === null || device.synchronous ? targets : guarded(targets, status, before);
    const hints: readonly OutputHint[] = status === null ? requestedHints : [...requestedHints, "escapes"];
    const order = canonicalOrder(roots, isLeaf);
    const key = graphKey(order, roots, isLeaf);
    const cache = notesSites() ? this.located : this.cache;
    let byHash = cache.get(device);
    if (byHash === undefined) cache.set(device, (byHash = new Map<number, CacheEntry[]>()));
    let entry = byHash.get(key.hash)?.find((candidate) => sameSignature(candidate.signature, key.signature));
    if (entry !== undefined && entry.late.size > 0) {
      const { late } = entry;
      const extra = [
        ...new Set(created.filter((node) => late.has(node.hash) && valueOf(node) === null && !targets.includes(node))),
      ];
      if (extra.length > 0) {
        this.execute([...requested, ...extra], [...requestedHints, ...extra.map((): OutputHint => "escapes")], device, {
          before,
        });
        return entry;
      }
    }
    if (entry === undefined) {
      entry = this.compile(order, roots, device, key.signature);
      const bucket = byHash.get(key.hash);
      if (bucket === undefined) byHash.set(key.hash, [entry]);
      else bucket.push(entry);
      this.forgetOldest();
      this.entries.set(entry, { hash: key.hash, byHash });
    }
    entry.usedAt = ++this.uses;
    this.lastExecutable = entry.executable;
    const inputs = entry.inputLeaves.map((place) => (valueOf(order[place]!) ?? refuseLeaked()).memory());
    const numbers = entry.scalarLeaves.map((place): ScalarValue => scalarValue(order[place]!));
    const outputHints = new Array<OutputHint>(entry.compiled.program.outputCount).fill("escapes");
    entry.compiled.results.forEach((result, i) => {
      if ("output" in result && hints[i] === "state") outputHints[result.output] = "state";
    });
    const memories = entry.executable.run(inputs, numbers, [], outputHints);
    const made = valuesOf(entry.compiled, roots, device, memories);
    const values = entry.compiled.results.map((result, i) =>
      "output" in result ? made[i]! : valueOf(order[placeOf(result.input)]!),
    );
    // A condition that does not hold leaves everything pending.
    if (status !== null) noteStatus(status.checks, values[targets.length - 1]!);
    targets.forEach((target, i) => {
      target.binding = values[i];
      cutHistory(target);
    });
    return entry;
  }

  /** How much the cache holds, for tests. */
  get statistics(): { readonly programs: number; readonly buckets: number } {
    const buckets = [...this.cache.values()].reduce((sum, byHash) => sum + byHash.size, 0);
    return { programs: this.entries.size, buckets };
  }

  private forgetOldest(): void {
    if (this.entries.size < cacheLimit) return;
    const [entry, { hash, byHash }] = [...this.entries].reduce((a, b) => (b[0].usedAt < a[0].usedAt ? b : a));
    this.entries.delete(entry);
    const others = byHash.get(hash)!.filter((other) => other !== entry);
    if (others.length > 0) byHash.set(hash, others);
    else byHash.delete(hash);
    entry.executable.release();
  }

  private compile(
    order: readonly Node[],
    roots: readonly Node[],
    device: Device,
    signature: readonly (number | string)[],
  ): CacheEntry {
    const started = performance.now();
    const placed = placeholders(order);
    const { compiled, executable } = prepareGraph(
      roots.map((root) => placed.get(root)!),
      signature,
      device,
      { device: device.name, name: "program" },
    );
    this.compileCount++;
    this.compileMs += performance.now() - started;
    return {
      signature,
      compiled,
      executable,
      inputLeaves: compiled.inputs.map(placeOf),
      scalarLeaves: compiled.scalars.map(placeOf),
      late: new Set(),
      usedAt: 0,
    };
  }
}

/** New contents become the old ones where a condition fails: what the first condition was recorded after. */
function guarded(
  targets: readonly Node[],
  status: Conditions,
  before: ReadonlyMap<Node, (check: number) => Node | null>,
): readonly Node[] {
  return targets.map((target) => {
    const old = before.get(target)?.(status.checks[0]!.number) ?? null;
    return old === null ? target : unlessFailed(status, old, target);
  });
}

/** A value that no gradient flows through needs no history: without this, weights would remember all their updates. */
function cutHistory(node: Node): void {
  if (node.requiresGrad) return;
  becomeInput(node);
  forgetOperationOf(node);
}

/** The graph with anonymous leaves: a cached program must not keep anybody's values alive. */
export function placeholders(order: readonly Node[]): Map<Node, Node> {
  const mapped = new Map<Node, Node>();
  order.forEach((node, place) => {
    if (valueOf(node) !== null) {
      const leaf = {
        op: "input",
        inputs: [],
        attrs: {},
        outputs: null,
        requiresGrad: false,
        binding: { place },
      } as const;
      mapped.set(node, bareCopy(node, leaf));
    } else if (node.op === "scalar") mapped.set(node, bareCopy(node, { binding: { place } }));
    else if (node.op === "input" && node.binding === null) refuseLeaked();
    else if (node.inputs.length === 0) mapped.set(node, bareCopy(node, { binding: node.binding }));
    else mapped.set(node, bareCopy(node, { inputs: node.inputs.map((input) => mapped.get(input)!) }));
  });
  return mapped;
}

/** The values of the roots that a run computed (null: an input handed on). What is in one memory is one value. */
export function valuesOf(
  { results }: Compiled,
  roots: readonly Node[],
  device: Device,
  memories: readonly Memory[],
): (Value | null)[] {
  const byOutput = new Array<Value | undefined>(memories.length);
  const values = new Array<Value | null>(results.length);
  for (let i = 0; i < results.length; i++) {
    const result = results[i]!;
    if (!("output" in result)) {
      values[i] = null;
      continue;
    }
    const { output } = result;
    const { dtype, shape } = roots[i]!;
    values[i] = byOutput[output] ??= new Value(dtype, shape, device, memories[output]!);
  }
  return values;
}

/** A placeholder's place in the order of the graph that it was made for. */
export const placeOf = (leaf: Node): number => (leaf.binding as { place: number }).place;

export function scalarValue(node: Node): ScalarValue {
  const argument = node.binding as ScalarArgument;
  const { value } = argument;
  return typeof value === "boolean" ? Number(value) : value;
}

export const recorder = new Recorder();
