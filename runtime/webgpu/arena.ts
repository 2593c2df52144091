import type { Block, Heap } from "./heap.ts";

/**
 * One block for the temporaries of all programs: runs follow each other on the queue, so that they can share it. It
 * grows to what the largest program in use needs, and goes when no program is left.
 */
export class Arena {
  private readonly heap: Heap;
  private current: Block | null = null;
  private users = 0;

  constructor(heap: Heap) {
    this.heap = heap;
  }

  enter(): void {
    this.users++;
  }

  leave(): void {
    if (--this.users > 0 || this.current === null) return;
    this.heap.free(this.current);
    this.current = null;
  }

  /** A block of at least so many bytes, good until the next call. @throws OutOfMemoryError */
  reserve(bytes: number): Block {
    if (this.current !== null && this.current.bytes >= bytes) return this.current;
    const old = this.current;
    if (old !== null) {
      this.heap.free(old);
      this.current = null;
    }
    return (this.current = this.heap.allocate(bytes));
  }
}
