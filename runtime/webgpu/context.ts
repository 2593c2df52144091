import type { Device } from "../device.ts";
import type { Arena } from "./arena.ts";
import type { Heap } from "./heap.ts";
import type { CompilerLimits, KernelCompiler } from "./kernel-code.ts";
import type { OrderedOperations } from "./order.ts";
import type { PipelineCache } from "./pipelines.ts";

/** What an executable needs of its device. */
export interface DeviceContext {
  readonly device: Device;
  readonly gpu: GPUDevice;
  readonly heap: Heap;
  readonly arena: Arena;
  readonly pipelines: PipelineCache;
  readonly order: OrderedOperations;
  readonly compileKernel: KernelCompiler;
  readonly limits: CompilerLimits;
  /** @throws DeviceLostError when the device is known to be lost. */
  requireAlive(): void;
  /** Keeps an error for the next reader: queued work has nobody to throw to. */
  report(error: Error): void;
}
