/**
 * Results in ordinary memory. An ArrayBuffer of its own costs a small one a call of the system's allocator, and an entry
 * in the collector's books: five times as much as a copy into memory that several share.
 *
 * A slab is collected when none of its results is left, so that one result keeps a slab at most.
 */
const word = 16;

interface UnsafeBuffers {
  readonly Buffer?: { allocUnsafeSlow?(bytes: number): { readonly buffer: ArrayBuffer } };
}
const { Buffer: host } = globalThis as UnsafeBuffers;

/** To be written from end to end. Where the host has memory that it has not cleared, that takes longer than the copy. */
const unfilled = (bytes: number): Uint8Array<ArrayBuffer> =>
  host?.allocUnsafeSlow === undefined ? new Uint8Array(bytes) : new Uint8Array(host.allocUnsafeSlow(bytes).buffer);

class Slab {
  private readonly bytes: number;
  private memory = new Uint8Array(0);
  private end = 0;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (this.end + bytes > this.memory.length) {
      this.memory = unfilled(this.bytes);
      this.end = 0;
    }
    const start = this.end;
    this.end = Math.ceil((start + bytes) / word) * word;
    return new Uint8Array(this.memory.buffer, start, bytes);
  }
}

/** Results of about a size share: what is kept of small ones does not keep room for large ones. */
const sizes = [
  { most: 2 ** 10, slab: new Slab(2 ** 14) },
  { most: 2 ** 14, slab: new Slab(2 ** 17) },
] as const;

/** An engine keeps arrays of up to so many bytes among its objects: nothing is cheaper. */
const mostInObject = 64;

/** A copy of these bytes, which may share its buffer with others. */
export function sharedCopy(memory: Uint8Array, address: number, bytes: number): Uint8Array<ArrayBuffer> {
  const size = bytes > mostInObject ? sizes.find(({ most }) => bytes <= most) : undefined;
  if (size === undefined) return ownCopy(memory, address, bytes);
  const copy = size.slab.take(bytes);
  copy.set(memory.subarray(address, address + bytes));
  return copy;
}

/** A copy of these bytes with a buffer of its own. */
export function ownCopy(memory: Uint8Array, address: number, bytes: number): Uint8Array<ArrayBuffer> {
  if (bytes <= mostInObject) return memory.slice(address, address + bytes);
  const copy = unfilled(bytes);
  copy.set(memory.subarray(address, address + bytes));
  return copy;
}
