/** Compiled and linked modules by their bytes: programs that come out the same share one. */

export type Entry = (table: number) => void;

interface CachedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly entries: readonly Entry[];
}

/** More modules than this are not remembered; the oldest is forgotten first. */
const capacity = 256;

export class ModuleCache {
  private readonly byHash = new Map<number, CachedModule>();
  private readonly link: WebAssembly.ModuleImports;

  /** `link` is the only module that may be imported from. */
  constructor(link: WebAssembly.ModuleImports) {
    this.link = link;
  }

  /** The functions `run0` to `run<count - 1>` of a module. */
  entries(bytes: Uint8Array<ArrayBuffer>, moduleName: string, count: number): readonly Entry[] {
    const hash = hashOf(bytes);
    const known = this.byHash.get(hash);
    if (known !== undefined && sameBytes(known.bytes, bytes)) return known.entries;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { [moduleName]: this.link });
    const entries = Array.from({ length: count }, (_, i) => instance.exports[`run${i}`] as Entry);
    this.byHash.delete(hash);
    this.byHash.set(hash, { bytes, entries });
    if (this.byHash.size > capacity) this.byHash.delete(this.byHash.keys().next().value!);
    return entries;
  }
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
