/** Compiled programs by the form of their graphs: the most recently used of each device. */
import type { Node } from "../ir/graph.ts";
import { sameSignature, type GraphKey } from "../ir/graph-key.ts";
import type { Device, Executable } from "../runtime/device.ts";
import type { Compiled } from "./pipeline.ts";
import { prepareGraph } from "./program-families.ts";
import { placeholders, placeOf } from "./program-values.ts";
import { notesSites } from "./site.ts";
import { settings } from "./state.ts";

const cacheLimit = 512;

export interface CacheEntry {
  readonly signature: readonly (number | string)[];
  readonly compiled: Compiled;
  readonly executable: Executable;
  /** Positions of the roots that are inputs of the graph, by index in leaf order. */
  readonly inputLeaves: readonly number[];
  readonly scalarLeaves: readonly number[];
  /** Structural hashes of results that were read late: outputs of the next compilation. */
  readonly late: Set<number>;
  readonly compileMs: number;
  /** The number of the last run. */
  usedAt: number;
}

type ByHash = Map<number, CacheEntry[]>;

export class ProgramCache {
  private readonly cache = new Map<Device, ByHash>();
  /** The same for programs whose kernels know the user's lines (`noteSites`). */
  private readonly located: typeof this.cache = new Map();
  /** And for programs that are to give the same bits each time. */
  private readonly repeatable: typeof this.cache = new Map();
  /** All entries, with where they are kept. */
  private readonly entries = new Map<CacheEntry, { readonly hash: number; readonly byHash: ByHash }>();
  private uses = 0;

  find(device: Device, { hash, signature }: GraphKey): CacheEntry | undefined {
    return this.byHash(device)
      .get(hash)
      ?.find((candidate) => sameSignature(candidate.signature, signature));
  }

  add(device: Device, { hash }: GraphKey, entry: CacheEntry): void {
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
    const cache = notesSites() ? this.located : settings.deterministic ? this.repeatable : this.cache;
    let byHash = cache.get(device);
    if (byHash === undefined) cache.set(device, (byHash = new Map()));
    return byHash;
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
}

/** A recorded graph in its canonical order, where nothing lies before a leaf. */
export interface RecordedGraph {
  readonly order: readonly Node[];
  readonly roots: readonly Node[];
  readonly isLeaf: (node: Node) => boolean;
  readonly signature: GraphKey["signature"];
}

export function compileEntry({ order, roots, isLeaf, signature }: RecordedGraph, device: Device): CacheEntry {
  const started = performance.now();
  const placed = placeholders(order, isLeaf);
  const { compiled, executable } = prepareGraph(
    roots.map((root) => placed.get(root)!),
    signature,
    device,
    { device: device.name, name: "program" },
  );
  return {
    signature,
    compiled,
    executable,
    inputLeaves: compiled.inputs.map(placeOf),
    scalarLeaves: compiled.scalars.map(placeOf),
    late: new Set(),
    compileMs: performance.now() - started,
    usedAt: 0,
  };
}
