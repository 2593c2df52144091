/**
 * Memory of the user's that a storage shares. Nobody says when it is written, so it is compared with what was seen of
 * it last whenever the storage's contents are asked for; what the library writes goes into it at once.
 */
import type { TypedArray } from "../runtime/typed-array.ts";

export class SharedMemory {
  readonly array: TypedArray;
  /** The contents that the storage's current node stands for; never written. */
  private seen: TypedArray;
  /** Contents that have been recorded but not yet written into the array. */
  behind = false;

  constructor(array: TypedArray, seen: TypedArray) {
    this.array = array;
    this.seen = seen;
  }

  /** A copy of what the user has written since the last look; null when nothing has changed. */
  changes(): TypedArray | null {
    return sameBits(this.array, this.seen) ? null : (this.seen = this.array.slice());
  }

  /** The library's contents become the user's. They are kept: nobody else may write them. */
  receive(contents: TypedArray): void {
    (this.array as Float32Array).set(contents as Float32Array);
    this.seen = contents;
    this.behind = false;
  }
}

/** Bits and not numbers: NaN is itself, and 0 is not -0. */
function sameBits(a: TypedArray, b: TypedArray): boolean {
  const wide = a.byteOffset % 4 === 0 && b.byteOffset % 4 === 0;
  const words = wide ? a.byteLength >> 2 : 0;
  const [x, y] = [
    new Int32Array(a.buffer, wide ? a.byteOffset : 0, words),
    new Int32Array(b.buffer, wide ? b.byteOffset : 0, words),
  ];
  for (let i = 0; i < words; i++) if (x[i] !== y[i]) return false;
  const rest = a.byteLength - 4 * words;
  const [u, v] = [
    new Uint8Array(a.buffer, a.byteOffset + 4 * words, rest),
    new Uint8Array(b.buffer, b.byteOffset + 4 * words, rest),
  ];
  for (let i = 0; i < rest; i++) if (u[i] !== v[i]) return false;
  return true;
}
