/** Compiled and linked modules by their bytes: programs that come out the same share one. */
import type { Heap } from "./heap.ts";

export type Entry = (table: number) => void;

/** What threads find of a module in shared memory: its number, the length of its bytes, and these. */
export interface ModuleRecord {
  readonly id: number;
  readonly address: number;
}
const recordHeadBytes = 8;

export interface LinkedModule {
  /** The functions `run0` to `run<count - 1>`. */
  readonly entries: readonly Entry[];
  /** For threads that help; null where none do. */
  readonly record: ModuleRecord | null;
}

interface CachedModule extends LinkedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  users: number;
  remembered: boolean;
}

/** More modules than this are not remembered; the oldest is forgotten first. */
const capacity = 256;
let lastId = 0;

export class ModuleCache {
  private readonly byHash = new Map<number, CachedModule>();
  private readonly heap: Heap;
  private readonly moduleName: string;
  private readonly functions: () => WebAssembly.ModuleImports;
  private readonly retire: (record: ModuleRecord) => void;

  /**
   * Modules import from `moduleName` alone: the heap's memory, and `functions`. `retire` is told of a record whose memory
   * is about to be free for others.
   */
  constructor(
    heap: Heap,
    moduleName: string,
    functions: () => WebAssembly.ModuleImports,
    retire: (record: ModuleRecord) => void,
  ) {
    this.retire = retire;
    this.heap = heap;
    this.moduleName = moduleName;
    this.functions = functions;
  }

  /** The module, to be given back by `release`. */
  link(bytes: Uint8Array<ArrayBuffer>, entryCount: number): LinkedModule {
    const hash = hashOf(bytes);
    const known = this.byHash.get(hash);
    if (known !== undefined && sameBytes(known.bytes, bytes)) {
      known.users++;
      return known;
    }
    const imports = { ...this.functions(), memory: this.heap.memory };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { [this.moduleName]: imports });
    const entries = Array.from({ length: entryCount }, (_, i) => exports[`run${i}`] as Entry);
    const record = "work" in exports ? this.layOut(bytes) : null;
    const made: CachedModule = { bytes, entries, record, users: 1, remembered: true };
    if (known !== undefined) this.forget(hash, known);
    this.byHash.set(hash, made);
    if (this.byHash.size > capacity) this.forget(...this.byHash.entries().next().value!);
    return made;
  }

  release(module: LinkedModule): void {
    const cached = module as CachedModule;
    cached.users--;
    this.dropRecord(cached);
  }

  private forget(hash: number, module: CachedModule): void {
    this.byHash.delete(hash);
    module.remembered = false;
    this.dropRecord(module);
  }

  private dropRecord({ users, remembered, record }: CachedModule): void {
    if (users > 0 || remembered || record === null) return;
    this.retire(record);
    this.heap.release(record.address);
  }

  private layOut(bytes: Uint8Array): ModuleRecord {
    const { heap } = this;
    const address = heap.allocate(recordHeadBytes + bytes.length);
    const id = ++lastId;
    new Int32Array(heap.buffer, address, 2).set([id, bytes.length]);
    new Uint8Array(heap.buffer, address + recordHeadBytes).set(bytes);
    return { id, address };
  }
}

/** FNV-1a over four bytes at a time: a module's first use is where code is still slow. The last ones do not count. */
function hashOf(bytes: Uint8Array): number {
  let hash = bytes.length;
  const words = new Int32Array(bytes.slice(0, bytes.length & ~3).buffer);
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193);
  return hash;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
