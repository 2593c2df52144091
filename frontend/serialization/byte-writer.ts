/** Bytes that grow as they are written. */
const utf8 = new TextEncoder();

export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  #room(count: number): Uint8Array {
    const needed = this.#length + count;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    const room = this.#bytes.subarray(this.#length, needed);
    this.#length = needed;
    return room;
  }

  #view(count: number): DataView {
    const room = this.#room(count);
    return new DataView(room.buffer, room.byteOffset, count);
  }

  uint8(value: number): void {
    this.#room(1)[0] = value;
  }
  uint16(value: number): void {
    this.#view(2).setUint16(0, value, true);
  }
  uint32(value: number): void {
    this.#view(4).setUint32(0, value, true);
  }
  int32(value: number): void {
    this.#view(4).setInt32(0, value, true);
  }
  float64BigEndian(value: number): void {
    this.#view(8).setFloat64(0, value, false);
  }
  bytes(values: Uint8Array): void {
    this.#room(values.length).set(values);
  }
  /** UTF-8, after its length as uint32. */
  prefixedText(text: string): void {
    const encoded = utf8.encode(text);
    this.uint32(encoded.length);
    this.bytes(encoded);
  }
  line(text: string): void {
    this.bytes(utf8.encode(`${text}\n`));
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** The shortest two's complement, little-endian. */
export function signedIntegerBytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(Number(rest & 0xffn));
    rest >>= 8n;
  } while (!((rest === 0n && bytes.at(-1)! < 0x80) || (rest === -1n && bytes.at(-1)! >= 0x80)));
  return Uint8Array.from(bytes);
}
