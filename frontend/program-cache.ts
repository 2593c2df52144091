/**
 * Compiled programs by the form of their graphs: the most recently used ones. A graph that a compiled function records
 * again, or another one does, is not compiled again.
 */
import type { Node } from "../ir/graph.ts";
import { sameSignature, type GraphKey } from "../ir/graph-key.ts";
import { mixHash } from "../ir/hash.ts";
import type { Device, Executable } from "../runtime/device.ts";
import type { Compiled } from "./pipeline.ts";
import { prepareGraph } from "./program-families.ts";
import type { Prepared } from "./shared-program.ts";
import { placeholders, placeOf } from "./program-values.ts";
import { notesSites } from "./site.ts";
import { settings } from "./state.ts";

const cacheLimit = 512;

export interface CacheEntry {
  readonly signature: GraphKey["signature"];
  readonly donated: readonly number[];
  readonly compiled: Compiled;
  readonly executable: Executable;
  /** Positions of the roots that are inputs of the graph, by index in leaf order. */
  readonly inputLeaves: readonly number[];
  readonly scalarLeaves: readonly number[];
  /** Structural hashes of results that were read late: outputs of the next compilation. */
  readonly late: Set<number>;
  /** How many programs were compiled for it. */
  readonly compileCount: number;
  readonly compileMs: number;
  /** The number of the last use. */
  usedAt: number;
  /** How many recordings of compiled functions have it. */
  users: number;
  isCached: boolean;
}

type ByHash = Map<number, CacheEntry[]>;

/** Whether kernels know the user's lines, give the same bits each time, are measured, and may be in Winograd's form. */
const wayNow = (): number =>
  Number(notesSites()) +
  2 * Number(settings.deterministic) +
  4 * Number(settings.tuner !== null) +
  8 * Number(settings.winograd !== null);

export class ProgramCache {
  /** By what the compiler is told beside the graph. */
  private readonly cache = new Map<Device, Map<number, ByHash>>();
  /** All entries, with where they are kept. */
  private readonly entries = new Map<CacheEntry, { readonly hash: number; readonly byHash: ByHash }>();
  private uses = 0;

  find(device: Device, key: ProgramKey): CacheEntry | undefined {
    const { signature, donated } = key;
    return this.byHash(device)
      .get(hashOf(key))
      ?.find((entry) => sameSignature(entry.signature, signature) && sameSignature(entry.donated, donated));
  }

  add(device: Device, key: ProgramKey, entry: CacheEntry): void {
    const hash = hashOf(key);
    const byHash = this.byHash(device);
    const bucket = byHash.get(hash);
    if (bucket === undefined) byHash.set(hash, [entry]);
    else bucket.push(entry);
    this.forgetOldest();
    this.entries.set(entry, { hash, byHash });
  }

  noteUse(entry: CacheEntry): void {
    entry.usedAt = ++this.uses;
  }

  private byHash(device: Device): ByHash {
    let byWay = this.cache.get(device);
    if (byWay === undefined) this.cache.set(device, (byWay = new Map<number, ByHash>()));
    const way = wayNow();
    let byHash = byWay.get(way);
    if (byHash === undefined) byWay.set(way, (byHash = new Map()));
    return byHash;
  }

  /** How much the cache holds, for tests. */
  get statistics(): { readonly programs: number; readonly buckets: number; readonly held: number } {
    const buckets = new Set([...this.entries.values()].map(({ byHash, hash }) => byHash.get(hash))).size;
    const held = [...this.entries.keys()].filter(({ users }) => users > 0).length;
    return { programs: this.entries.size, buckets, held };
  }

  private forgetOldest(): void {
    if (this.entries.size < cacheLimit) return;
    const [entry, { hash, byHash }] = [...this.entries].reduce((a, b) => (b[0].usedAt < a[0].usedAt ? b : a));
    this.entries.delete(entry);
    const others = byHash.get(hash)!.filter((other) => other !== entry);
    if (others.length > 0) byHash.set(hash, others);
    else byHash.delete(hash);
    entry.isCached = false;
    releaseUnused(entry);
  }
}

function releaseUnused({ executable, users, isCached }: CacheEntry): void {
  if (users === 0 && !isCached) executable.release();
}

/** A recording runs it, be it cached or not. */
export function hold(entry: CacheEntry): void {
  entry.users++;
}

/** A recording is given up. Its program stays while there is room: the same may be recorded again. */
export function release(entry: CacheEntry): void {
  entry.users--;
  releaseUnused(entry);
}

/** What tells programs apart. */
export interface ProgramKey extends GraphKey {
  /** Whose memory results may take over: the place of a root, that of a leaf in the order, and so on. */
  readonly donated: readonly number[];
}

const hashOf = ({ hash, donated }: ProgramKey): number => donated.reduce(mixHash, hash);

/** A recorded graph in its canonical order, where nothing lies before a leaf. */
export interface RecordedGraph {
  readonly order: readonly Node[];
  readonly roots: readonly Node[];
  readonly isLeaf: (node: Node) => boolean;
  readonly key: ProgramKey;
  /** What whoever watches the compiler is shown ("program"). */
  readonly name?: string;
}

export function compileEntry(
  { order, roots, isLeaf, key, name = "program" }: RecordedGraph,
  device: Device,
): CacheEntry {
  const started = performance.now();
  const { signature, donated } = key;
  const placed = placeholders(order, isLeaf);
  const donations = new Map<number, Node>();
  for (let i = 0; i < donated.length; i += 2) donations.set(donated[i]!, placed.get(order[donated[i + 1]!]!)!);
  const prepare = (): Prepared =>
    prepareGraph(
      roots.map((root) => placed.get(root)!),
      signature,
      device,
      { device: device.name, name, donations },
    );
  let prepared = prepare();
  // What is handed on as a result must not be overwritten.
  const kept = new Set(prepared.compiled.results.flatMap((item) => ("input" in item ? [item.input] : [])));
  const unsafe = [...donations].filter(([, leaf]) => kept.has(leaf));
  if (unsafe.length > 0) {
    prepared.executable.release();
    for (const [root] of unsafe) donations.delete(root);
    prepared = prepare();
  }
  const { compiled, executable } = prepared;
  return {
    signature,
    donated,
    compiled,
    executable,
    inputLeaves: compiled.inputs.map(placeOf),
    scalarLeaves: compiled.scalars.map(placeOf),
    late: new Set(),
    compileCount: unsafe.length > 0 ? 2 : 1,
    compileMs: performance.now() - started,
    usedAt: 0,
    users: 0,
    isCached: true,
  };
}
