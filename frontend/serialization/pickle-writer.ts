/** Python values as pickle protocol 2, which is what torch.save writes: atoms, names and brackets. */
import { ByteWriter, signedIntegerBytes } from "./byte-writer.ts";
import { opcodes as op } from "./pickle-opcodes.ts";

export class PickleWriter {
  readonly #out = new ByteWriter();
  readonly #memo = new Map<unknown, number>();
  readonly #globals = new Map<string, number>();
  #memoSize = 0;

  constructor() {
    this.#out.uint8(op.PROTO);
    this.#out.uint8(2);
  }

  opcode(code: number): void {
    this.#out.uint8(code);
  }

  #remember(): number {
    const index = this.#memoSize++;
    if (index < 256) {
      this.#out.uint8(op.BINPUT);
      this.#out.uint8(index);
    } else {
      this.#out.uint8(op.LONG_BINPUT);
      this.#out.uint32(index);
    }
    return index;
  }

  #repeat(index: number): void {
    if (index < 256) {
      this.#out.uint8(op.BINGET);
      this.#out.uint8(index);
    } else {
      this.#out.uint8(op.LONG_BINGET);
      this.#out.uint32(index);
    }
  }

  /** Lets `recall(value)` refer to what was just written. */
  memoize(value: unknown): void {
    this.#memo.set(value, this.#remember());
  }

  /** `alias` is from now on the same Python object as `value`. */
  memoizeAs(alias: unknown, value: unknown): void {
    const index = this.#memo.get(value);
    if (index !== undefined) this.#memo.set(alias, index);
  }

  /** Writes a reference to `value` if it was written before. */
  recall(value: unknown): boolean {
    const index = this.#memo.get(value);
    if (index === undefined) return false;
    this.#repeat(index);
    return true;
  }

  number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.#out.uint8(op.BINFLOAT);
      this.#out.float64BigEndian(value);
    } else if (value >= 0 && value < 2 ** 8) {
      this.#out.uint8(op.BININT1);
      this.#out.uint8(value);
    } else if (value >= 0 && value < 2 ** 16) {
      this.#out.uint8(op.BININT2);
      this.#out.uint16(value);
    } else if (value >= -(2 ** 31) && value < 2 ** 31) {
      this.#out.uint8(op.BININT);
      this.#out.int32(value);
    } else {
      this.bigint(BigInt(value));
    }
  }

  bigint(value: bigint): void {
    const bytes = signedIntegerBytes(value);
    if (bytes.length < 256) {
      this.#out.uint8(op.LONG1);
      this.#out.uint8(bytes.length);
    } else {
      this.#out.uint8(op.LONG4);
      this.#out.uint32(bytes.length);
    }
    this.#out.bytes(bytes);
  }

  string(value: string): void {
    if (this.recall(value)) return;
    this.#out.uint8(op.BINUNICODE);
    this.#out.prefixedText(value);
    this.memoize(value);
  }

  global(module: string, name: string): void {
    const key = `${module}\n${name}`;
    const index = this.#globals.get(key);
    if (index !== undefined) return this.#repeat(index);
    this.#out.uint8(op.GLOBAL);
    this.#out.line(module);
    this.#out.line(name);
    this.#globals.set(key, this.#remember());
  }

  /** `module.name(...args)`; `writeArgs` writes each argument. */
  call(module: string, name: string, ...writeArgs: readonly (() => void)[]): void {
    this.global(module, name);
    this.tuple(writeArgs);
    this.#out.uint8(op.REDUCE);
  }

  tuple(writeItems: readonly (() => void)[]): void {
    const short = [op.EMPTY_TUPLE, op.TUPLE1, op.TUPLE2, op.TUPLE3][writeItems.length];
    if (short === undefined) this.#out.uint8(op.MARK);
    for (const write of writeItems) write();
    this.#out.uint8(short ?? op.TUPLE);
  }

  indices(values: readonly number[]): void {
    this.tuple(values.map((value) => () => this.number(value)));
  }

  orderedDict(): void {
    this.call("collections", "OrderedDict");
  }

  /** Protocol 2 has no bytes: they travel as text. */
  bytesValue(value: Uint8Array): void {
    if (value.length === 0) return this.call("__builtin__", "bytes");
    let text = "";
    for (let at = 0; at < value.length; at += 4096) text += String.fromCharCode(...value.subarray(at, at + 4096));
    this.call(
      "_codecs",
      "encode",
      () => this.string(text),
      () => this.string("latin1"),
    );
  }

  finish(): Uint8Array {
    this.#out.uint8(op.STOP);
    return this.#out.finish();
  }
}
