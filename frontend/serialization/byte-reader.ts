/** Reads little-endian fields from bytes, and never past their end. */
import { serializationErrors } from "./errors.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  #take(count: number, what: string): number {
    const start = this.offset;
    const available = Math.max(0, this.#bytes.length - start);
    if (count > available) throw serializationErrors.truncated(what, count, available);
    this.offset += count;
    return start;
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1, "an opcode"));
  }
  uint16(): number {
    return this.#view.getUint16(this.#take(2, "a number"), true);
  }
  uint32(): number {
    return this.#view.getUint32(this.#take(4, "a number"), true);
  }
  int32(): number {
    return this.#view.getInt32(this.#take(4, "a number"), true);
  }
  /** A length or count; beyond 2 ** 53 nothing in memory is that long, and the next read fails. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#take(8, "a length"), true));
  }
  float64BigEndian(): number {
    return this.#view.getFloat64(this.#take(8, "a number"), false);
  }

  /** A view, not a copy. */
  bytes(count: number, what: string): Uint8Array {
    const start = this.#take(count, what);
    return this.#bytes.subarray(start, start + count);
  }

  text(count: number): string {
    const bytes = this.bytes(count, "a string");
    try {
      return utf8.decode(bytes);
    } catch {
      throw serializationErrors.corrupt(`the string at byte ${this.offset - count} is not UTF-8`);
    }
  }

  /** Up to the next newline, which is consumed. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.offset);
    if (end < 0) throw serializationErrors.corrupt(`the line at byte ${this.offset} never ends`);
    const text = this.text(end - this.offset);
    this.offset++;
    return text;
  }
}

/** Two's complement, little-endian, of any length: how pickle writes large ints. */
export function signedInteger(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return BigInt.asIntN(bytes.length * 8, value);
}
