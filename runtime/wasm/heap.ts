/**
 * An allocator over one WebAssembly memory. Blocks are 64-byte aligned; the smallest free range that fits is taken, and
 * neighbours that become free are joined. The memory grows when nothing fits, up to its maximum.
 *
 * Growing detaches every view of the memory's buffer, or leaves it too short where the memory is shared, so none may be
 * kept across an allocation: `buffer` is asked anew. (It is a field, since the memory's own takes a while to say.)
 */
import { sharedPages } from "../../codegen/wasm/index.ts";
import { OutOfMemoryError } from "../../ir/errors.ts";

const pageBytes = 65536;
const alignment = 64;
/**
 * Blocks from this size on start at different cache lines of their pages, since arrays that are walked together and
 * start at the same one compete for the same cache sets.
 */
const skewedFrom = 16384;
const skewStep = 320;
const skewCount = 12;

interface FreeRange {
  start: number;
  bytes: number;
}

interface Block {
  /** Of the range taken from the free list; the block itself may start later. */
  readonly start: number;
  readonly bytes: number;
}

export interface HeapOptions {
  /** The first address that is given out. */
  readonly start: number;
  /** Total size that the memory may reach, in bytes. */
  readonly maximumBytes?: number;
}

const largestMemory = sharedPages * pageBytes;

export class Heap {
  memory: WebAssembly.Memory;
  /** The memory's, at its present size. */
  buffer: ArrayBufferLike;
  private readonly maximumPages: number;
  /** By address. */
  private readonly free: FreeRange[] = [];
  private readonly blocks = new Map<number, Block>();
  private end: number;
  private skews = 0;
  /** Bytes in blocks, now and at most. */
  liveBytes = 0;
  peakBytes = 0;
  allocations = 0;

  constructor({ start, maximumBytes = largestMemory }: HeapOptions) {
    this.maximumPages = Math.min(Math.floor(maximumBytes / pageBytes), largestMemory / pageBytes);
    const pages = Math.ceil((start + pageBytes) / pageBytes);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: Math.max(pages, this.maximumPages) });
    this.buffer = this.memory.buffer;
    this.end = pages * pageBytes;
    this.free.push({ start: roundUp(start), bytes: this.end - roundUp(start) });
  }

  get isShared(): boolean {
    return !(this.buffer instanceof ArrayBuffer);
  }

  /**
   * Moves to a memory that threads can share, every block keeping its address.
   * @throws RangeError when there is no room for both at once; nothing has changed then.
   */
  share(): void {
    if (this.isShared) return;
    const pages = this.end / pageBytes;
    // Modules are made for the largest memory, whatever this one may grow to.
    const memory = new WebAssembly.Memory({ initial: pages, maximum: sharedPages, shared: true });
    const target = new Uint8Array(memory.buffer);
    for (const { start, bytes } of this.blocks.values()) target.set(new Uint8Array(this.buffer, start, bytes), start);
    this.memory = memory;
    this.buffer = memory.buffer;
  }

  get committedBytes(): number {
    return this.end;
  }

  get blockCount(): number {
    return this.blocks.size;
  }

  /**
   * @throws OutOfMemoryError when the memory cannot grow far enough; nothing has changed then.
   */
  allocate(bytes: number): number {
    const address = this.tryAllocate(bytes);
    if (address === null) throw this.exhausted(bytes);
    return address;
  }

  /** Null when there is no room. */
  tryAllocate(bytes: number): number | null {
    const skew = bytes >= skewedFrom ? (this.skews++ % skewCount) * skewStep : 0;
    const wanted = roundUp(Math.max(bytes, 1)) + skew;
    let best = this.smallestThatFits(wanted);
    if (best < 0) {
      if (!this.grow(wanted)) return null;
      best = this.smallestThatFits(wanted);
      if (best < 0) return null;
    }
    const range = this.free[best]!;
    const { start } = range;
    if (range.bytes === wanted) this.free.splice(best, 1);
    else {
      range.start += wanted;
      range.bytes -= wanted;
    }
    this.blocks.set(start + skew, { start, bytes: wanted });
    this.liveBytes += wanted;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    this.allocations++;
    return start + skew;
  }

  release(address: number): void {
    const block = this.blocks.get(address);
    if (block === undefined) throw new RangeError(`no block starts at ${address}`);
    this.blocks.delete(address);
    this.liveBytes -= block.bytes;
    this.insertFree(block.start, block.bytes);
  }

  resetPeak(): void {
    this.peakBytes = this.liveBytes;
  }

  exhausted(bytes: number): OutOfMemoryError {
    const largest = [...this.blocks.values()].map((block) => block.bytes).sort((a, b) => b - a);
    return new OutOfMemoryError(
      "wasm/out-of-memory",
      `cannot reserve ${bytes} bytes: ${this.liveBytes} are in use (largest blocks: ${largest.slice(0, 5).join(", ") || "none"}), ` +
        `and the memory of ${this.end} bytes may not grow beyond ${this.maximumPages * pageBytes}`,
      "Release tensors that are no longer needed, or work on smaller batches.",
    );
  }

  private smallestThatFits(bytes: number): number {
    let best = -1;
    let bestBytes = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.free.length; i++) {
      const size = this.free[i]!.bytes;
      if (size < bytes || size >= bestBytes) continue;
      best = i;
      bestBytes = size;
      if (size === bytes) break;
    }
    return best;
  }

  /** Makes room for `bytes` at the end; by an eighth more than needed, so that growth is seldom. */
  private grow(bytes: number): boolean {
    const last = this.free.at(-1);
    const tail = last !== undefined && last.start + last.bytes === this.end ? last.bytes : 0;
    const needed = Math.ceil((bytes - tail) / pageBytes);
    const pages = this.end / pageBytes;
    if (pages + needed > this.maximumPages) return false;
    const generous = Math.min(this.maximumPages - pages, Math.max(needed, Math.ceil(pages / 8), 16));
    const grown = this.tryGrow(generous) || (generous > needed && this.tryGrow(needed));
    if (!grown) return false;
    this.buffer = this.memory.buffer;
    const end = this.buffer.byteLength;
    this.insertFree(this.end, end - this.end);
    this.end = end;
    return true;
  }

  private tryGrow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  private insertFree(start: number, bytes: number): void {
    let low = 0;
    let high = this.free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.free[middle]!.start < start) low = middle + 1;
      else high = middle;
    }
    const before = this.free[low - 1];
    const after = this.free[low];
    const joinsBefore = before !== undefined && before.start + before.bytes === start;
    const joinsAfter = after !== undefined && start + bytes === after.start;
    if (joinsBefore) {
      before.bytes += bytes;
      if (joinsAfter) {
        before.bytes += after.bytes;
        this.free.splice(low, 1);
      }
    } else if (joinsAfter) {
      after.start = start;
      after.bytes += bytes;
    } else this.free.splice(low, 0, { start, bytes });
  }
}

const roundUp = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
