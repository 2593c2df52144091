/**
 * The heap blocks of a device: those that belong to Memory objects, and one arena that all runs share, since runs
 * never overlap.
 *
 * A block whose bytes also lie in an ordinary ArrayBuffer is a copy made for speed, and is given up when room is
 * needed. Other blocks are freed by `release`, or when their Memory object is collected.
 */
import { Heap } from "./heap.ts";
import { ownCopy } from "./host-copies.ts";

/** A heap block that belongs to a Memory. It does not know the Memory, so that the Memory can be collected. */
export interface Residency {
  /** 0 once the block has been given up. */
  address: number;
  readonly bytes: number;
  /** Whether the same bytes lie in an ArrayBuffer. */
  evictable: boolean;
  lastRun: number;
  /** The bytes, once they have been moved out of the heap. */
  moved?: Uint8Array<ArrayBuffer>;
}

export interface PoolOptions {
  /** The first address that is used. */
  readonly start: number;
  readonly maximumBytes?: number;
  /** How many bytes of copies may stay. */
  readonly copyBudgetBytes: number;
}

/** Views of the whole heap, valid until the next allocation. */
export interface HeapViews {
  readonly buffer: ArrayBufferLike;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i64: BigInt64Array;
}

/** How many bytes of loose results stay in the heap. */
const looseBudgetBytes = 2 ** 28;

export class MemoryPool {
  readonly heap: Heap;
  /** Counts runs; what the current one uses is not given up. */
  run = 0;
  private readonly copyBudgetBytes: number;
  private readonly copies = new Set<Residency>();
  private copyBytes = 0;
  private readonly registry = new FinalizationRegistry<Residency>((residency) => this.free(residency));
  /** Large results that nobody may need any more, oldest first. */
  private readonly loose = new Set<Residency>();
  private looseBytes = 0;
  private arenaAddress = 0;
  private arenaBytes = 0;
  private currentViews: HeapViews | null = null;

  constructor({ start, maximumBytes, copyBudgetBytes }: PoolOptions) {
    this.heap = new Heap({ start, ...(maximumBytes === undefined ? {} : { maximumBytes }) });
    this.copyBudgetBytes = copyBudgetBytes;
  }

  get views(): HeapViews {
    const { buffer } = this.heap;
    if (this.currentViews?.buffer !== buffer) {
      this.currentViews = {
        buffer,
        u8: new Uint8Array(buffer),
        i32: new Int32Array(buffer),
        u32: new Uint32Array(buffer),
        f32: new Float32Array(buffer),
        f64: new Float64Array(buffer),
        i64: new BigInt64Array(buffer),
      };
    }
    return this.currentViews;
  }

  /** A copy in ordinary memory of its own. */
  copyOut(address: number, bytes: number): Uint8Array<ArrayBuffer> {
    return ownCopy(this.views.u8, address, bytes);
  }

  /** A block, if need be at the cost of copies. @throws OutOfMemoryError */
  allocate(bytes: number): number {
    for (;;) {
      const address = this.heap.tryAllocate(bytes);
      if (address !== null) return address;
      if (!this.evictOldest() && !this.moveOldest()) throw this.heap.exhausted(bytes);
    }
  }

  /** A block for a Memory, freed when `owner` is collected at the latest. */
  reside(owner: object, bytes: number, evictable: boolean): Residency {
    if (evictable) this.evictDownTo(this.copyBudgetBytes - bytes);
    const residency: Residency = { address: this.allocate(bytes), bytes, evictable, lastRun: this.run };
    if (evictable) this.addCopy(residency);
    this.registry.register(owner, residency, residency);
    return residency;
  }

  /** Hands a block that a run has filled to the Memory made for it. */
  adopt(owner: object, address: number, bytes: number): Residency {
    const residency: Residency = { address, bytes, evictable: false, lastRun: this.run };
    this.registry.register(owner, residency, residency);
    return residency;
  }

  /** As `adopt`, for a result that escapes: its bytes may be moved to an ArrayBuffer, which the collector frees. */
  adoptLoose(owner: object, address: number, bytes: number): Residency {
    while (this.looseBytes + bytes > looseBudgetBytes && this.moveOldest());
    const residency = this.adopt(owner, address, bytes);
    this.loose.add(residency);
    this.looseBytes += bytes;
    return residency;
  }

  private moveOldest(): boolean {
    for (const oldest of this.loose) {
      // The current run reads it.
      if (oldest.lastRun === this.run) continue;
      oldest.moved = this.copyOut(oldest.address, oldest.bytes);
      // From here on only the Memory knows the bytes: nothing else keeps them alive.
      this.release(oldest);
      return true;
    }
    return false;
  }

  /** The block is now the only place where its bytes lie. */
  keep(residency: Residency): void {
    this.dropLoose(residency);
    if (!residency.evictable) return;
    residency.evictable = false;
    this.removeCopy(residency);
  }

  release(residency: Residency): void {
    this.registry.unregister(residency);
    this.free(residency);
  }

  /**
   * The arena's address, with room for `bytes`. It moves only when it grows; what it held is lost then.
   * @throws OutOfMemoryError
   */
  arena(bytes: number): number {
    if (bytes > this.arenaBytes || this.arenaAddress === 0) {
      this.dropArena();
      this.arenaAddress = this.allocate(bytes);
      this.arenaBytes = bytes;
    }
    return this.arenaAddress;
  }

  /** Frees the arena if it is larger than `bytes`. */
  shrinkArena(bytes: number): void {
    if (this.arenaBytes > bytes) this.dropArena();
  }

  private dropArena(): void {
    if (this.arenaAddress !== 0) this.heap.release(this.arenaAddress);
    this.arenaAddress = 0;
    this.arenaBytes = 0;
  }

  private free(residency: Residency): void {
    if (residency.address === 0) return;
    if (residency.evictable) this.removeCopy(residency);
    this.dropLoose(residency);
    this.heap.release(residency.address);
    residency.address = 0;
  }

  private dropLoose(residency: Residency): void {
    if (this.loose.delete(residency)) this.looseBytes -= residency.bytes;
  }

  private addCopy(residency: Residency): void {
    this.copies.add(residency);
    this.copyBytes += residency.bytes;
  }

  private removeCopy(residency: Residency): void {
    if (this.copies.delete(residency)) this.copyBytes -= residency.bytes;
  }

  private evictDownTo(bytes: number): void {
    while (this.copyBytes > bytes && this.evictOldest());
  }

  private evictOldest(): boolean {
    let oldest: Residency | null = null;
    for (const residency of this.copies) {
      if (residency.lastRun < this.run && (oldest === null || residency.lastRun < oldest.lastRun)) oldest = residency;
    }
    if (oldest === null) return false;
    this.free(oldest);
    return true;
  }
}
