/**
 * The body of a WebAssembly function as it is written: bytes, plus the places where the number of a function must be
 * filled in once all functions are known.
 */
import { type Opcode, opcodes } from "./opcodes.ts";

/** Value types by their names in the text format. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";
export const valueTypeBytes: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** A function, imported or defined; its number is known when the module is assembled. */
export interface FunctionRef {
  readonly id: number;
}

interface Call {
  readonly position: number;
  readonly target: FunctionRef;
}

const scratch = new DataView(new ArrayBuffer(8));

/** So many are added one by one; more are joined at once. */
const fewBytes = 32;

export class Code {
  /** Plain numbers: most pieces of code are short, and a typed array costs more than it saves. */
  private buffer: number[] = [];
  private readonly calls: Call[] = [];

  get length(): number {
    return this.buffer.length;
  }

  byte(value: number): this {
    this.buffer.push(value);
    return this;
  }

  bytes(values: ArrayLike<number>): this {
    for (let i = 0; i < values.length; i++) this.buffer.push(values[i]!);
    return this;
  }

  /** An unsigned number in LEB128. */
  unsigned(value: number): this {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return this.byte(rest);
  }

  /** A signed number of up to 64 bits in LEB128. */
  signed(value: number | bigint): this {
    if (typeof value === "bigint") {
      let rest = BigInt.asIntN(64, value);
      while (rest < -64n || rest > 63n) {
        this.byte(Number(rest & 0x7fn) | 0x80);
        rest >>= 7n;
      }
      return this.byte(Number(rest & 0x7fn));
    }
    let rest = value | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    return this.byte(rest & 0x7f);
  }

  op(name: Opcode): this {
    const code: number = opcodes[name];
    if (code < 0x100) return this.byte(code);
    return this.byte(code >> 12).unsigned(code & 0xfff);
  }

  get(local: number): this {
    return this.op("local.get").unsigned(local);
  }
  set(local: number): this {
    return this.op("local.set").unsigned(local);
  }
  tee(local: number): this {
    return this.op("local.tee").unsigned(local);
  }

  i32(value: number): this {
    return this.op("i32.const").signed(value | 0);
  }
  i64(value: bigint): this {
    return this.op("i64.const").signed(value);
  }
  f32(value: number): this {
    scratch.setFloat32(0, value, true);
    return this.op("f32.const").bytes(new Uint8Array(scratch.buffer, 0, 4));
  }
  f64(value: number): this {
    scratch.setFloat64(0, value, true);
    return this.op("f64.const").bytes(new Uint8Array(scratch.buffer, 0, 8));
  }
  v128(value: Uint8Array): this {
    return this.op("v128.const").bytes(value);
  }

  /** A load or store whose address is on the stack; the alignment hint is left at one byte, engines ignore it. */
  memory(name: Opcode, offset: number): this {
    return this.op(name).byte(0).unsigned(offset);
  }
  /** An atomic access of `bytes` bytes, whose address must be a multiple of them. */
  atomic(name: Opcode, bytes: 4 | 8, offset: number): this {
    return this.op(name).byte(Math.log2(bytes)).unsigned(offset);
  }
  /** An instruction on one lane; the lane forms of loads and stores take `memory(...)` and then the lane's byte. */
  lane(name: Opcode, lane: number): this {
    return this.op(name).byte(lane);
  }
  /** Opens a block, loop or if; `result` is the type of the value it leaves, if any. */
  open(name: "block" | "loop" | "if", result?: ValueType): this {
    return this.op(name).byte(result === undefined ? 0x40 : valueTypeBytes[result]);
  }
  branch(name: "br" | "br_if", depth: number): this {
    return this.op(name).unsigned(depth);
  }
  /** Branches out of as many blocks as the number on the stack says, and out of `most` when it is larger. */
  branchTable(most: number): this {
    this.op("br_table").unsigned(most);
    for (let depth = 0; depth <= most; depth++) this.unsigned(depth);
    return this;
  }
  memoryCopy(): this {
    return this.op("memory.copy").byte(0).byte(0);
  }

  /** A call; five bytes are kept for the function's number. */
  call(target: FunctionRef): this {
    this.op("call");
    this.calls.push({ position: this.length, target });
    for (let i = 0; i < 5; i++) this.byte(0);
    return this;
  }

  /** The functions that are called. */
  get callees(): readonly FunctionRef[] {
    return this.calls.map(({ target }) => target);
  }

  append(other: Code): this {
    for (const { position, target } of other.calls) this.calls.push({ position: position + this.length, target });
    if (other.length <= fewBytes) return this.bytes(other.buffer);
    this.buffer = this.buffer.concat(other.buffer);
    return this;
  }

  /** The bytes of code without calls. */
  get written(): readonly number[] {
    return this.buffer;
  }

  /** The bytes with every call's number filled in. */
  resolve(numberOf: (target: FunctionRef) => number): readonly number[] {
    for (const { position, target } of this.calls) {
      let rest = numberOf(target);
      for (let i = 0; i < 5; i++, rest >>>= 7) this.buffer[position + i] = (rest & 0x7f) | (i < 4 ? 0x80 : 0);
    }
    return this.buffer;
  }
}
