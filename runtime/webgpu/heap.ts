/**
 * Device memory: blocks cut from a few big chunks (GPU buffers). Pure bookkeeping: what makes a chunk is passed in.
 * Always true: blocks are 256-byte aligned and never overlap; two neighbouring free ranges of a chunk are one.
 */
import { OutOfMemoryError } from "../../ir/errors.ts";

export const blockAlignment = 256;

/** A new chunk is larger than the block it is made for by no more than this. */
const mostGrowthBytes = 512 * 2 ** 20;

export interface Chunk {
  /** Unique for the life of the device. */
  readonly id: number;
  readonly bytes: number;
  readonly buffer: GPUBuffer;
  /** Set when the GPU refused the memory: known only later. */
  error: Error | null;
}

export interface Block {
  readonly chunk: Chunk;
  readonly offset: number;
  /** Rounded up to the alignment. */
  readonly bytes: number;
}

export interface HeapOptions {
  readonly createChunk: (bytes: number) => Chunk;
  readonly destroyChunk: (chunk: Chunk) => void;
  readonly firstChunkBytes: number;
  readonly largestChunkBytes: number;
  /** Chunks may take so many bytes together. */
  readonly limitBytes: number;
}

interface FreeRange {
  offset: number;
  bytes: number;
}

interface ChunkState {
  readonly chunk: Chunk;
  /** Sorted by offset. */
  readonly free: FreeRange[];
}

export class Heap {
  private readonly options: HeapOptions;
  private chunks: ChunkState[] = [];
  private totalBytes = 0;
  private live = 0;
  private peak = 0;
  private count = 0;

  constructor(options: HeapOptions) {
    this.options = options;
  }

  get liveBytes(): number {
    return this.live;
  }
  get peakBytes(): number {
    return this.peak;
  }
  get allocations(): number {
    return this.count;
  }
  get chunkCount(): number {
    return this.chunks.length;
  }
  resetPeak(): void {
    this.peak = this.live;
  }

  /** @throws OutOfMemoryError when no chunk has room and another may not be made. */
  allocate(requested: number): Block {
    const bytes = Math.max(1, Math.ceil(requested / blockAlignment)) * blockAlignment;
    const block = this.takeBestFit(bytes) ?? this.takeFromNewChunk(bytes);
    this.live += block.bytes;
    this.peak = Math.max(this.peak, this.live);
    this.count++;
    return block;
  }

  free(block: Block): void {
    this.live -= block.bytes;
    const state = this.chunks.find(({ chunk }) => chunk === block.chunk);
    // The chunk of a refused allocation is gone already.
    if (state === undefined) return;
    const { free } = state;
    let low = 0;
    for (let high = free.length; low < high;) {
      const middle = (low + high) >> 1;
      if (free[middle]!.offset < block.offset) low = middle + 1;
      else high = middle;
    }
    const before = free[low - 1];
    const after = free[low];
    const joinsBefore = before !== undefined && before.offset + before.bytes === block.offset;
    const joinsAfter = after !== undefined && block.offset + block.bytes === after.offset;
    if (joinsBefore && joinsAfter) {
      before.bytes += block.bytes + after.bytes;
      free.splice(low, 1);
    } else if (joinsBefore) {
      before.bytes += block.bytes;
    } else if (joinsAfter) {
      after.offset = block.offset;
      after.bytes += block.bytes;
    } else {
      free.splice(low, 0, { offset: block.offset, bytes: block.bytes });
    }
  }

  /** Nothing more is taken from a chunk that the GPU refused. */
  forget(chunk: Chunk): void {
    const kept = this.chunks.filter((state) => state.chunk !== chunk);
    if (kept.length < this.chunks.length) this.totalBytes -= chunk.bytes;
    this.chunks = kept;
  }

  /** The smallest hole of the first chunk that has one: programs are bound to chunks, so values stay in the same few. */
  private takeBestFit(bytes: number): Block | null {
    for (const { chunk, free } of this.chunks) {
      let best: FreeRange | null = null;
      for (const range of free) {
        if (range.bytes >= bytes && (best === null || range.bytes < best.bytes)) best = range;
        if (range.bytes === bytes) break;
      }
      if (best === null) continue;
      const block = { chunk, offset: best.offset, bytes };
      best.offset += bytes;
      best.bytes -= bytes;
      if (best.bytes === 0) free.splice(free.indexOf(best), 1);
      return block;
    }
    return null;
  }

  private takeFromNewChunk(bytes: number): Block {
    const { firstChunkBytes, largestChunkBytes, limitBytes } = this.options;
    if (bytes > largestChunkBytes) {
      throw refusal(bytes, `one value can have at most ${megabytes(largestChunkBytes)} on this adapter`);
    }
    if (this.totalBytes + bytes > limitBytes) this.destroyEmptyChunks();
    const room = limitBytes - this.totalBytes;
    if (bytes > room) {
      throw refusal(bytes, `${megabytes(this.live)} are in use and ${megabytes(limitBytes)} are allowed`);
    }
    // Doubling keeps chunks few, and with them the combinations that kernels are bound to.
    const wanted = Math.max(firstChunkBytes, Math.min(this.totalBytes, mostGrowthBytes), bytes);
    const chunk = this.options.createChunk(Math.min(wanted, largestChunkBytes, room));
    this.totalBytes += chunk.bytes;
    const free = bytes < chunk.bytes ? [{ offset: bytes, bytes: chunk.bytes - bytes }] : [];
    this.chunks.push({ chunk, free });
    return { chunk, offset: 0, bytes };
  }

  private destroyEmptyChunks(): void {
    const empty = this.chunks.filter(({ chunk, free }) => free[0]?.bytes === chunk.bytes);
    for (const { chunk } of empty) {
      this.forget(chunk);
      this.options.destroyChunk(chunk);
    }
  }
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const refusal = (bytes: number, reason: string): OutOfMemoryError =>
  new OutOfMemoryError(
    "webgpu/out-of-memory",
    `webgpu: ${megabytes(bytes)} cannot be allocated: ${reason}.`,
    "Drop references to tensors that are no longer needed, or use smaller batches.",
  );
