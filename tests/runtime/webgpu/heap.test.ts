import { describe, expect, test } from "vitest";
import { OutOfMemoryError } from "../../../ir/errors.ts";
import { Heap, type Block, type Chunk } from "../../../runtime/webgpu/heap.ts";

function makeHeap(limitBytes = Infinity, firstChunkBytes = 4096) {
  const made: number[] = [];
  const destroyed: number[] = [];
  const heap = new Heap({
    // Bookkeeping never touches the buffer.
    createChunk: (bytes) => ({ id: made.push(bytes) - 1, bytes, buffer: null as unknown as GPUBuffer, error: null }),
    destroyChunk: (chunk: Chunk) => destroyed.push(chunk.id),
    firstChunkBytes,
    largestChunkBytes: 65536,
    limitBytes,
  });
  return { heap, made, destroyed };
}

describe("the heap", () => {
  test("blocks are aligned, apart, and joined again when freed", () => {
    const { heap, made } = makeHeap();
    const blocks = [100, 256, 257, 1, 0].map((bytes) => heap.allocate(bytes));
    expect(blocks.map(({ offset }) => offset)).toEqual([0, 256, 512, 1024, 1280]);
    expect(heap.liveBytes).toBe(1536);
    for (const i of [1, 3, 0, 4, 2]) heap.free(blocks[i]!);
    expect(heap.liveBytes).toBe(0);
    expect(heap.allocate(4096).offset).toBe(0);
    expect(made).toEqual([4096]);
    expect(heap.peakBytes).toBe(4096);
  });

  test("the smallest hole that fits is used", () => {
    const { heap } = makeHeap();
    const [a, , c] = [1024, 256, 512, 256].map((bytes) => heap.allocate(bytes));
    heap.free(a!);
    heap.free(c!);
    expect(heap.allocate(512).offset).toBe(c!.offset);
  });

  test("chunks double, and one larger than the largest chunk is refused", () => {
    const { heap, made } = makeHeap();
    for (let i = 0; i < 5; i++) heap.allocate(4096);
    expect(made).toEqual([4096, 4096, 8192, 16384]);
    expect(() => heap.allocate(65537)).toThrow(OutOfMemoryError);
  });

  test("at the limit empty chunks make room, and then allocation is refused", () => {
    const { heap, made, destroyed } = makeHeap(12288);
    const block = heap.allocate(4096);
    heap.allocate(4096);
    heap.free(block);
    heap.allocate(8192);
    expect({ made, destroyed }).toEqual({ made: [4096, 4096, 8192], destroyed: [0] });
    expect(() => heap.allocate(256)).toThrow(/are in use and .* are allowed/);
    expect(heap.liveBytes).toBe(12288);
  });

  test("random allocations never overlap", () => {
    const { heap } = makeHeap(Infinity, 8192);
    const live: Block[] = [];
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    for (let i = 0; i < 3000; i++) {
      if (live.length > 40 || (live.length > 0 && random(2) === 0)) {
        heap.free(live.splice(random(live.length), 1)[0]!);
      } else {
        const block = heap.allocate(random(3000));
        for (const other of live) {
          const apart = other.offset + other.bytes <= block.offset || block.offset + block.bytes <= other.offset;
          if (other.chunk === block.chunk && !apart) throw new Error("two blocks overlap");
        }
        live.push(block);
      }
      expect(heap.liveBytes).toBe(live.reduce((sum, { bytes }) => sum + bytes, 0));
    }
  });
});
