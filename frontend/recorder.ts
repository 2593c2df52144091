/**
 * The recording: what has been written and returned since the last flush, and the flush itself: key, cache lookup,
 * compile on a miss, run, hand out the values.
 */
import type { ReadError } from "../ir/errors.ts";
import { becomeInput, leafNode, nextNodeId, type Node } from "../ir/graph.ts";
import { graphKey } from "../ir/graph-key.ts";
import { forgetInterned } from "../ir/interning.ts";
import { canonicalOrder, extendOrder, walksSoFar } from "../ir/walks.ts";
import type { Device, Executable, OutputHint, ScalarValue } from "../runtime/device.ts";
import { bodyUnderWay, refuseInBody, refuseLeaked } from "./body-scope.ts";
import { failedCheck, noteStatus, statusWithin, unlessFailed, type Conditions } from "./checks.ts";
import { CreatedNodes, type Created, noteAwaited, pendingEnds, recordingOf, usedAgain } from "./created-nodes.ts";
import { tracing } from "./host-effects.ts";
import { forgetOperationOf } from "./operations.ts";
import { compileEntry, ProgramCache, type CacheEntry, type RecordedGraph } from "./program-cache.ts";
import { noteShared, placeOf, scalarValue, valuesOf } from "./program-values.ts";
import { leaveLost, RetiringValues } from "./retiring-values.ts";
import type { Tensor } from "./tensor.ts";
import { UnreadTensors } from "./unread-tensors.ts";
import { isRetirement, valueOf, type Value } from "./value.ts";
import { isCopied } from "./versions.ts";
import { copyOf } from "./value-copy.ts";
import { ValueParts } from "./value-parts.ts";

/** How many bytes of given values a recording may hold before it is cut where no flush cuts it. */
const givenLimit = 16e6;

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
  /** What an earlier recording left pending, and this one uses, gets its value. */
  readonly keepsUsed?: boolean;
  /** So do pending tensors that nothing was computed of: what they are computed from is about to be overwritten. */
  readonly keepsEnds?: boolean;
}

export class Recorder {
  private readonly programs = new ProgramCache();
  private readonly contributors: Contributor[] = [];
  private readonly retiring = new RetiringValues();
  private readonly unread = new UnreadTensors();
  private created = new CreatedNodes();
  /** Whether storages have been given contents that exist already since time passed last. */
  private hasWritten = false;
  private guardsPending = false;
  private givenBytes = 0;
  compileCount = 0;
  compileMs = 0;
  lastExecutable: Executable | null = null;

  contribute(contributor: Contributor): void {
    this.contributors.push(contributor);
  }

  noteCreated(node: Node, device: Device): void {
    this.created.note(node, device);
  }

  /** A pending gradient became a tensor's. */
  noteGradient(owner: Tensor, gradient: Tensor): void {
    this.unread.addGradient(owner, gradient);
  }

  /** Marks the values that pending tensors are computed from. */
  notePending(): void {
    this.created.notePending();
  }

  /** How much the cache holds, for tests. */
  get statistics(): ProgramCache["statistics"] {
    return this.programs.statistics;
  }

  /** A storage has new contents: the old ones go after two more flushes. */
  supersede(value: Value, by: Value | null): void {
    if (!value.isShared) this.retiring.add(value);
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

  private startRecording(): void {
    if (this.guardsPending) this.created.notePending();
    this.givenBytes = 0;
    this.created = new CreatedNodes();
    forgetInterned();
  }

  /** Whether something of a device was recorded since its last flush. */
  hasCreated(device: Device): boolean {
    return this.created.has(device);
  }

  /** A compiled function is about to write: what was recorded before it is computed, if only because it may be read. */
  endRecording(device: Device): void {
    this.flush([], device, true);
  }

  /** Gives values to the requested nodes, to all written storages and to what modules returned. */
  flush(requests: readonly FlushRequest[], device: Device, keepsEnds = false): void {
    if (bodyUnderWay() !== null) {
      if (requests.every(({ node }) => valueOf(node) !== null)) return;
      const isItem = bodyUnderWay() === "vmap" && requests.every(({ node }) => node.shape.length === 0);
      const what = isItem ? "It looks like you're calling .item() on a Tensor: a value is read" : "a value is read";
      refuseInBody(what, "Compute with tensors only, or read before the call.");
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
    if (wanted.size === 0 && !keepsEnds) return;
    const created = this.created.take(device);
    const walks = walksSoFar();
    if (wanted.size === 0 && pendingEnds(created.nodes, walks).length === 0) {
      if (this.guardsPending) noteAwaited(created, 0);
      return;
    }
    // Only what overwrites something lets time pass: any number of reads may follow.
    const passesTime = this.hasWritten || [...wanted.values()].includes("state");
    let lost: ReadError | null = null;
    try {
      lost = this.executeAvailable(wanted, device, created, {
        before,
        keepsUsed: true,
        keepsEnds: keepsEnds || passesTime,
      });
      created.recording.end = nextNodeId();
    } catch (error) {
      for (const contributor of this.contributors) contributor.undo?.(error);
      forgetInterned();
      throw error;
    }
    for (const contributor of this.contributors) contributor.done?.();
    if (this.guardsPending) noteAwaited(created, 0);
    this.unread.addEnds(pendingEnds(created.nodes, walks), device);
    if (passesTime) this.advance();
    this.givenBytes = 0;
    forgetInterned();
    if (lost !== null && requests.some(({ node }) => valueOf(node) === null)) throw lost;
  }

  /**
   * Gives values to what is wanted. A value that is given up fails who reads what is computed from it, and nobody else:
   * that is taken out of `wanted`, and the error returned.
   */
  private executeAvailable(
    wanted: Map<Node, OutputHint>,
    device: Device,
    { nodes, recording }: Created,
    surroundings: Surroundings,
  ): ReadError | null {
    const execute = (around: Surroundings): CacheEntry =>
      this.execute([...wanted.keys()], [...wanted.values()], device, around);
    try {
      recording.entry = execute({ ...surroundings, created: nodes });
      return null;
    } catch (error) {
      if (!isRetirement(error)) throw error;
      leaveLost(wanted);
      if (wanted.size > 0) execute({ ...surroundings, keepsEnds: false });
      return error;
    }
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

  /**
   * A program ran: what was superseded long enough ago is given back. Compiled functions replay without a flush: views of
   * what they wrote, such as `p.detach()`, would otherwise be known, and kept, for ever.
   */
  advance(): void {
    this.hasWritten = false;
    forgetInterned();
    this.keepUnread();
    this.retiring.advance();
    this.unread.advance();
  }

  /** What rests on values that are about to be given up, and may still be read, is computed. */
  private keepUnread(): void {
    const due = this.unread.isEmpty ? null : this.retiring.due();
    if (due === null) return;
    for (const [device, nodes] of this.unread.restingOn(due)) {
      for (const node of nodes) this.noteLateRead(node);
      const wanted = new Map(nodes.map((node): [Node, OutputHint] => [node, "escapes"]));
      try {
        leaveLost(wanted);
        if (wanted.size > 0) this.execute([...wanted.keys()], [...wanted.values()], device);
      } catch (error) {
        // Who reads one is told: it cannot be computed.
        if (failedCheck(error) === null) throw error;
      }
    }
  }

  /** Runs a recording that no flush belongs to: what it creates is not counted as this one's until it is taken in. */
  aside<T>(record: () => T): { readonly result: T; readonly takeIn: () => void } {
    const { created } = this;
    const own = new CreatedNodes();
    this.created = own;
    try {
      return { result: record(), takeIn: () => this.created.add(own) };
    } finally {
      this.created = created;
    }
  }

  /** The program of a graph that is not computed now. */
  program(graph: RecordedGraph, device: Device): CacheEntry {
    const entry = this.programs.find(device, graph.key) ?? this.compile(graph, device);
    this.noteUse(entry);
    return entry;
  }

  private compile(graph: RecordedGraph, device: Device): CacheEntry {
    const entry = compileEntry(graph, device);
    this.compileCount += entry.compileCount;
    this.compileMs += entry.compileMs;
    this.programs.add(device, graph.key, entry);
    return entry;
  }

  private noteUse(entry: CacheEntry): void {
    this.programs.noteUse(entry);
    this.lastExecutable = entry.executable;
  }

  /** A node of an earlier recording is read after its flush: from now on that graph gives it out. */
  private noteLateRead(node: Node): void {
    if (valueOf(node) === null) recordingOf(node)?.entry?.late.add(node.hash);
  }

  /** More is computed beside what was asked for. */
  private executeWith(
    more: readonly Node[],
    requested: readonly Node[],
    hints: readonly OutputHint[],
    device: Device,
    surroundings: Surroundings,
  ): CacheEntry {
    const allHints = [...hints, ...more.map((): OutputHint => "escapes")];
    return this.execute([...requested, ...more], allHints, device, surroundings);
  }

  private execute(
    asked: readonly Node[],
    askedHints: readonly OutputHint[],
    device: Device,
    { created = [], before = new Map(), keepsUsed = false, keepsEnds = false }: Surroundings = {},
  ): CacheEntry {
    const parts = new ValueParts(device);
    const isLeaf = (node: Node): boolean => valueOf(node) !== null || parts.has(node);
    const walks = walksSoFar();
    let walked = canonicalOrder(asked, isLeaf);
    const ends = keepsEnds ? pendingEnds(created, walks) : [];
    const requested = ends.length === 0 ? asked : [...asked, ...ends];
    const requestedHints = ends.length === 0 ? askedHints : [...askedHints, ...ends.map((): OutputHint => "escapes")];
    walked = extendOrder(walked, ends, isLeaf);
    if (parts.giveUp()) walked = canonicalOrder(requested, isLeaf);
    const used = keepsUsed ? usedAgain(walked).filter((node) => !requested.includes(node)) : [];
    used.forEach((node) => this.noteLateRead(node));
    if (used.length > 0) return this.executeWith(used, requested, requestedHints, device, { created, before });
    const status = statusWithin(walked);
    const targets = status === null ? requested : [...requested, status.node];
    const roots = status === null || device.synchronous ? targets : guarded(targets, status, before);
    const hints: readonly OutputHint[] = status === null ? requestedHints : [...requestedHints, "escapes"];
    const order = status === null ? walked : canonicalOrder(roots, isLeaf);
    const key = { ...graphKey(order, roots, isLeaf), donated: [] };
    let entry = this.programs.find(device, key);
    if (entry !== undefined && entry.late.size > 0) {
      const { late } = entry;
      const extra = [
        ...new Set(created.filter((node) => late.has(node.hash) && valueOf(node) === null && !targets.includes(node))),
      ];
      if (extra.length > 0) {
        this.executeWith(extra, requested, requestedHints, device, { before });
        return entry;
      }
    }
    entry ??= this.compile({ order, roots, isLeaf, key }, device);
    this.noteUse(entry);
    const inputs = entry.inputLeaves.map((place) => {
      const leaf = order[place]!;
      return valueOf(leaf)?.memory() ?? parts.memoryOf(leaf) ?? refuseLeaked();
    });
    const numbers = entry.scalarLeaves.map((place): ScalarValue => scalarValue(order[place]!));
    const outputHints = new Array<OutputHint>(entry.compiled.program.outputCount).fill("escapes");
    entry.compiled.results.forEach((result, i) => {
      if ("output" in result && hints[i] === "state") outputHints[result.output] = "state";
    });
    const memories = entry.executable.run(inputs, numbers, [], outputHints);
    const made = valuesOf(entry.compiled, roots, device, memories);
    const values = entry.compiled.results.map((result, i) => {
      if ("output" in result) return made[i]!;
      const leaf = order[placeOf(result.input)]!;
      return valueOf(leaf) ?? parts.copyOf(leaf);
    });
    if (values.length > memories.length) noteShared(values, entry.compiled.results);
    // A condition that does not hold leaves everything pending.
    if (status !== null) noteStatus(status.checks, values[targets.length - 1]!);
    targets.forEach((target, i) => {
      target.binding = values[i];
      // Its copies may be asked for whenever.
      if (isCopied(target)) values[i]!.isShared = true;
      cutHistory(target);
    });
    return entry;
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

export const recorder = new Recorder();
