/** A value's bytes: in an ordinary ArrayBuffer, in a heap block, or in both. */
import { ReadError } from "../../ir/errors.ts";
import type { Device, Memory } from "../device.ts";
import { ownCopy } from "./host-copies.ts";
import type { MemoryPool, Residency } from "./memory-pool.ts";

export class WasmMemory implements Memory {
  readonly device: Device;
  readonly bytes: number;
  released = false;
  private readonly pool: MemoryPool;
  /** What it is a part of, and where. */
  private of: { readonly whole: WasmMemory; readonly start: number } | null = null;
  private host: Uint8Array<ArrayBuffer> | null;
  private residency: Residency | null = null;
  /** The first run that used it as an input. */
  private firstRun = 0;

  private constructor(device: Device, pool: MemoryPool, bytes: number, host: Uint8Array<ArrayBuffer> | null) {
    this.device = device;
    this.pool = pool;
    this.bytes = bytes;
    this.host = host;
  }

  /** Takes over the array; its buffer may hold others. */
  static fromHost(device: Device, pool: MemoryPool, host: Uint8Array<ArrayBuffer>): WasmMemory {
    return new WasmMemory(device, pool, host.length, host);
  }

  /** Takes over a heap block. */
  static fromBlock(device: Device, pool: MemoryPool, address: number, bytes: number): WasmMemory {
    const memory = new WasmMemory(device, pool, bytes, null);
    memory.residency = pool.adopt(memory, address, bytes);
    return memory;
  }

  /** Takes over a heap block whose bytes may be moved to an ArrayBuffer later. */
  static loose(device: Device, pool: MemoryPool, address: number, bytes: number): WasmMemory {
    const memory = new WasmMemory(device, pool, bytes, null);
    memory.residency = pool.adoptLoose(memory, address, bytes);
    return memory;
  }

  /** Part of these bytes, to be read while they are kept. */
  part(start: number, bytes: number): WasmMemory {
    const part = new WasmMemory(this.device, this.pool, bytes, null);
    part.of = { whole: this, start };
    return part;
  }

  /** Takes note when the pool has moved the bytes out of the heap. */
  private settle(): void {
    const moved = this.residency?.moved;
    if (moved === undefined) return;
    this.host = moved;
    this.residency = null;
  }

  /**
   * The address of a heap block for the current run, or 0 when the bytes should be copied into the run's own memory:
   * a value that is an input for the first time may never be one again.
   */
  addressForRun(): number {
    if (this.of !== null) {
      const address = this.of.whole.presentAddress();
      return address === 0 ? 0 : address + this.of.start;
    }
    const address = this.presentAddress();
    if (address !== 0) return address;
    const { pool } = this;
    if (this.firstRun === 0 || this.firstRun === pool.run) {
      this.firstRun = pool.run;
      return 0;
    }
    return this.makeResident();
  }

  /** The address of the heap block that has the bytes now, kept for the current run; 0 where there is none. */
  private presentAddress(): number {
    this.settle();
    const { pool, residency } = this;
    if (residency === null || residency.address === 0) return 0;
    residency.lastRun = pool.run;
    return residency.address;
  }

  /** The address of a heap block with these bytes. */
  makeResident(): number {
    const address = this.presentAddress();
    if (address !== 0) return address;
    const { pool, residency } = this;
    if (residency !== null) pool.release(residency);
    this.residency = pool.reside(this, this.bytes, true);
    pool.views.u8.set(this.hostBytes(), this.residency.address);
    return this.residency.address;
  }

  /** A program is about to overwrite the block: only it counts from now on. */
  giveUpHost(): void {
    if (this.residency === null) throw new ReadError("wasm/not-resident", "a donated value must lie in the heap");
    this.pool.keep(this.residency);
    this.host = null;
  }

  /** The block of an earlier result, which a program writes anew. */
  addressToOverwrite(): number {
    const address = this.makeResident();
    this.giveUpHost();
    return address;
  }

  /** The bytes in ordinary memory. */
  hostBytes(): Uint8Array<ArrayBuffer> {
    if (this.of !== null) return this.of.whole.hostBytes().subarray(this.of.start, this.of.start + this.bytes);
    this.settle();
    if (this.host === null) throw new ReadError("wasm/no-host-copy", "these bytes lie in the heap only");
    return this.host;
  }

  read(): ArrayBuffer {
    this.checkLive();
    this.settle();
    if (this.of !== null) return this.of.whole.readPart(this.of.start, this.bytes);
    const { host } = this;
    if (host !== null) return ownCopy(host, 0, this.bytes).buffer;
    return this.pool.copyOut(this.residency!.address, this.bytes).buffer;
  }

  private readPart(start: number, bytes: number): ArrayBuffer {
    const address = this.presentAddress();
    if (address !== 0) return this.pool.copyOut(address + start, bytes).buffer;
    return ownCopy(this.hostBytes(), start, bytes).buffer;
  }

  write(data: Uint8Array): void {
    this.checkLive();
    this.settle();
    this.host?.set(data);
    if (this.residency !== null && this.residency.address !== 0) {
      this.pool.views.u8.set(data, this.residency.address);
    }
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    if (this.residency !== null) this.pool.release(this.residency);
    this.residency = null;
    this.host = null;
  }

  checkLive(): void {
    if (this.released || this.of?.whole.released === true) {
      throw new ReadError("memory/released", `a value of ${this.bytes} bytes was used after its memory was released`);
    }
  }
}
