import { describe, expect, test } from "vitest";
import { OutOfMemoryError } from "../../../ir/errors.ts";
import { Heap } from "../../../runtime/wasm/heap.ts";

describe("the heap", () => {
  test("blocks are aligned, lie above the start, and never overlap", () => {
    const heap = new Heap({ start: 1 << 20 });
    const live = new Map<number, number>();
    let seed = 1;
    const random = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below;
    for (let turn = 0; turn < 3000; turn++) {
      if (live.size > 40 || (live.size > 0 && random(3) === 0)) {
        const [address] = [...live.keys()].slice(random(live.size));
        heap.release(address!);
        live.delete(address!);
        continue;
      }
      const bytes = random(10) === 0 ? random(200_000) : random(2000);
      const address = heap.allocate(bytes);
      expect(address % 64).toBe(0);
      expect(address).toBeGreaterThanOrEqual(1 << 20);
      expect(address + bytes).toBeLessThanOrEqual(heap.buffer.byteLength);
      for (const [other, size] of live) expect(address + bytes <= other || other + size <= address).toBe(true);
      live.set(address, bytes);
    }
    for (const address of live.keys()) heap.release(address);
    expect(heap.liveBytes).toBe(0);
    const committed = heap.committedBytes;
    // Everything was joined again: one block takes it all without growing.
    heap.allocate(committed - (1 << 20) - 8192);
    expect(heap.committedBytes).toBe(committed);
  });

  test("refuses with the sizes, and changes nothing", () => {
    const heap = new Heap({ start: 65536, maximumBytes: 4 * 65536 });
    const kept = heap.allocate(65536);
    expect(() => heap.allocate(10 * 65536)).toThrow(OutOfMemoryError);
    expect(() => heap.allocate(10 * 65536)).toThrow("655360");
    heap.release(kept);
    expect(heap.allocate(2 * 65536)).toBeGreaterThan(0);
    expect(() => heap.release(12345)).toThrow("no block");
  });

  test("big blocks start at different cache lines of their pages", () => {
    const heap = new Heap({ start: 65536 });
    const places = new Set(Array.from({ length: 8 }, () => heap.allocate(1 << 18) % 4096));
    expect(places.size).toBe(8);
  });
});
