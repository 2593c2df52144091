import { ReadError } from "../../ir/errors.ts";
import type { Device, Memory } from "../device.ts";
import type { Block, Heap } from "./heap.ts";
import { deviceBytes, type ElementWidth } from "./element-words.ts";

/** What outlives a Memory object that was collected without release. */
interface Holder {
  readonly block: Block;
  readonly heap: Heap;
}

const collected = new FinalizationRegistry<Holder>(({ block, heap }) => heap.free(block));

/**
 * A value in device memory. Its block may be given away at once on release: whatever was queued before runs before
 * anything that uses the block next.
 */
export class WebGpuMemory implements Memory {
  readonly device: Device;
  readonly bytes: number;
  readonly width: ElementWidth;
  /** Why there is no value, when what should have made it failed; readers reject with it. */
  error: Error | null = null;
  private holder: Holder | null;

  constructor(device: Device, heap: Heap, bytes: number, width: ElementWidth) {
    this.device = device;
    this.bytes = bytes;
    this.width = width;
    this.holder = { block: heap.allocate(deviceBytes(bytes, width)), heap };
    collected.register(this, this.holder, this);
  }

  get released(): boolean {
    return this.holder === null;
  }

  /** @throws ReadError after release. */
  get block(): Block {
    if (this.holder === null) {
      throw new ReadError(
        "memory/released",
        "webgpu: this value's memory was released.",
        "Keep it until its last use.",
      );
    }
    return this.holder.block;
  }

  release(): void {
    if (this.holder === null) return;
    collected.unregister(this);
    this.holder.heap.free(this.holder.block);
    this.holder = null;
  }
}
