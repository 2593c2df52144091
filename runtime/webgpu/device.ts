/**
 * The WebGPU device. Calls return once their work is queued; uploads, runs and reads happen in the order of the calls,
 * also while kernels still compile. Values live in a few big GPU buffers (heap.ts), one element per u32 word or two
 * (element-words.ts).
 */
import type { DType } from "../../ir/dtype.ts";
import { ArgumentError, DeviceError, DeviceLostError, IrError, OutOfMemoryError } from "../../ir/errors.ts";
import type { Program } from "../../ir/program.ts";
import type { Device, DeviceStatistics, Executable, Memory } from "../device.ts";
import { requestWebGpu } from "./adapter.ts";
import { Arena } from "./arena.ts";
import type { DeviceContext } from "./context.ts";
import { deviceBytes, elementWidth, fromDeviceWords, toDeviceWords, widthOfView } from "./element-words.ts";
import { WebGpuExecutable } from "./executable.ts";
import { Heap, type Chunk } from "./heap.ts";
import type { KernelCompiler } from "./kernel-code.ts";
import { WebGpuMemory } from "./memory.ts";
import { OrderedOperations } from "./order.ts";
import { PipelineCache } from "./pipelines.ts";
import { StagingPool } from "./staging.ts";

const usage = { copySource: 0x4, copyDestination: 0x8, storage: 0x80 };
const mapRead = 0x1;

export interface WebGpuOptions {
  /** Makes WGSL of a kernel: `emitKernel` of codegen/wgsl. */
  readonly compileKernel: KernelCompiler;
  /** The most bytes of GPU memory to use; by default what the GPU gives. */
  readonly memoryLimitBytes?: number;
  /** Bytes of the first GPU buffer that values are put in. */
  readonly firstChunkBytes?: number;
}

export interface WebGpuDevice extends Device {
  /** What schedules must keep to. */
  readonly limits: { readonly workgroupBytes: number; readonly workgroupInvocations: number };
  /** Gives the GPU back. Pending and later reads reject with DeviceLostError. */
  destroy(): void;
}

/** @throws AdapterNotFoundError */
export async function createWebGpuDevice(options: WebGpuOptions): Promise<WebGpuDevice> {
  const { device } = await requestWebGpu();
  return new GpuDevice(device, options);
}

class GpuDevice implements WebGpuDevice {
  readonly name = "webgpu";
  readonly synchronous = false;
  readonly limits: WebGpuDevice["limits"];
  private readonly gpu: GPUDevice;
  private readonly heap: Heap;
  private readonly order = new OrderedOperations();
  private readonly staging: StagingPool;
  private readonly context: DeviceContext;
  private nextChunkId = 0;
  private lost: DeviceLostError | null = null;
  /** Errors of queued work, of which no reader has heard yet. */
  private unreported: Error | null = null;

  constructor(gpu: GPUDevice, options: WebGpuOptions) {
    this.gpu = gpu;
    this.limits = {
      workgroupBytes: gpu.limits.maxComputeWorkgroupStorageSize,
      workgroupInvocations: gpu.limits.maxComputeInvocationsPerWorkgroup,
    };
    this.heap = new Heap({
      createChunk: (bytes) => this.createChunk(bytes),
      destroyChunk: (chunk) => this.order.add(() => chunk.buffer.destroy()),
      firstChunkBytes: options.firstChunkBytes ?? 32 * 2 ** 20,
      largestChunkBytes: largestChunk(gpu.limits),
      limitBytes: options.memoryLimitBytes ?? Infinity,
    });
    this.staging = new StagingPool(gpu);
    this.context = {
      device: this,
      gpu,
      heap: this.heap,
      arena: new Arena(this.heap),
      pipelines: new PipelineCache(gpu),
      order: this.order,
      compileKernel: options.compileKernel,
      limits: { workgroupBytes: this.limits.workgroupBytes },
      requireAlive: () => {
        if (this.lost !== null) throw this.lost;
      },
      report: (error) => {
        this.unreported ??= error;
      },
    };
    void this.watchLoss();
    gpu.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.unreported ??= new IrError("webgpu/validation", `webgpu: ${event.error.message}`);
    });
  }

  upload(data: ArrayBufferView, dtype?: DType): Memory {
    this.context.requireAlive();
    const width = dtype === undefined ? widthOfView(data) : elementWidth(dtype);
    const memory = new WebGpuMemory(this, this.heap, data.byteLength, width);
    this.write(memory, data);
    return memory;
  }

  write(memory: Memory, data: ArrayBufferView): void {
    this.context.requireAlive();
    const own = this.own(memory);
    if (data.byteLength !== own.bytes) {
      throw new ArgumentError("memory/size", `webgpu: ${data.byteLength} bytes do not fit a value of ${own.bytes}.`);
    }
    if (data.byteLength === 0) return;
    const converted = toDeviceWords(data, own.width);
    // The caller may change the data before a queued write comes to its turn.
    const mayChange = !this.order.isIdle && converted.buffer === data.buffer;
    const words = mayChange
      ? new Uint8Array(converted.buffer, converted.byteOffset, converted.byteLength).slice()
      : converted;
    const { chunk, offset } = own.block;
    this.order.add(() => {
      own.error = chunk.error;
      if (chunk.error === null) this.gpu.queue.writeBuffer(chunk.buffer, offset, words);
    });
  }

  readSync(): ArrayBuffer {
    throw new DeviceError(
      "webgpu/synchronous-read",
      "webgpu: values can only be read asynchronously.",
      "Use itemAsync(), tolistAsync() or numpyAsync(), and await them.",
    );
  }

  read(memory: Memory): Promise<ArrayBuffer> {
    const own = this.own(memory);
    const { chunk, offset } = own.block;
    const size = deviceBytes(own.bytes, own.width);
    return this.whenReached(async () => {
      if (own.error !== null) throw own.error;
      if (chunk.error !== null) throw chunk.error;
      if (size === 0) return new ArrayBuffer(0);
      const { buffer, refusal } = this.staging.take(size);
      const encoder = this.gpu.createCommandEncoder();
      encoder.copyBufferToBuffer(chunk.buffer, offset, buffer, 0, size);
      this.gpu.queue.submit([encoder.finish()]);
      const mapped = buffer.mapAsync(mapRead, 0, size);
      const refused = await refusal?.catch(() => null);
      if (refused) {
        await mapped.catch(() => {});
        // What the missing buffer made invalid has been told of.
        this.unreported = null;
        throw refusedByGpu(size, refused.message);
      }
      await mapped;
      const result = fromDeviceWords(buffer.getMappedRange(0, size), own.width);
      buffer.unmap();
      this.staging.give(buffer);
      return result;
    });
  }

  prepare(program: Program): Executable {
    this.context.requireAlive();
    return new WebGpuExecutable(this.context, program);
  }

  async synchronize(): Promise<void> {
    await this.whenReached(() => this.gpu.queue.onSubmittedWorkDone());
  }

  statistics(): DeviceStatistics {
    const { liveBytes, peakBytes, allocations } = this.heap;
    return { liveBytes, peakBytes, allocations };
  }

  resetPeak(): void {
    this.heap.resetPeak();
  }

  destroy(): void {
    this.lost ??= lostError("it was destroyed");
    this.gpu.destroy();
  }

  private own(memory: Memory): WebGpuMemory {
    if (memory instanceof WebGpuMemory && memory.device === this) return memory;
    throw new ArgumentError("memory/device", "webgpu: the value is on another device.");
  }

  /**
   * Starts asynchronous work in its turn. Rejects with what went wrong before it, if nobody has been told, and with
   * DeviceLostError where the device is gone.
   */
  private whenReached<Result>(work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.order.add(() => {
        this.finish(work).then(resolve, reject);
      });
    });
  }

  private async finish<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.lost !== null) throw this.lost;
    this.throwUnreported();
    try {
      const result = await work();
      this.throwUnreported();
      return result;
    } catch (error) {
      // A lost device aborts what is pending, and says why shortly after.
      if (error instanceof Error && error.name === "AbortError") {
        await Promise.race([this.gpu.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
      }
      throw this.lost ?? error;
    }
  }

  private throwUnreported(): void {
    const error = this.unreported;
    this.unreported = null;
    if (error !== null) throw error;
  }

  private async watchLoss(): Promise<void> {
    const { message } = await this.gpu.lost;
    this.lost ??= lostError(message);
  }

  private createChunk(bytes: number): Chunk {
    this.gpu.pushErrorScope("out-of-memory");
    const chunk: Chunk = {
      id: this.nextChunkId++,
      bytes,
      buffer: this.gpu.createBuffer({
        label: `heap ${bytes} bytes`,
        size: bytes,
        usage: usage.storage | usage.copySource | usage.copyDestination,
      }),
      error: null,
    };
    // The answer comes later; what uses the chunk waits for it.
    this.order.add(() => {}, this.checkChunk(chunk, this.gpu.popErrorScope()));
    return chunk;
  }

  private async checkChunk(chunk: Chunk, scope: Promise<GPUError | null>): Promise<void> {
    // A lost device rejects; readers are told that by themselves.
    const error = await scope.catch(() => null);
    if (error === null) return;
    this.heap.forget(chunk);
    chunk.error = refusedByGpu(chunk.bytes, error.message);
  }
}

const refusedByGpu = (bytes: number, reason: string): OutOfMemoryError =>
  new OutOfMemoryError(
    "webgpu/out-of-memory",
    `webgpu: the GPU refused ${(bytes / 2 ** 20).toFixed(1)} MiB: ${reason}`,
    "Drop references to tensors that are no longer needed, or use smaller batches.",
  );

const largestChunk = (limits: GPUSupportedLimits): number =>
  Math.floor(Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize) / 256) * 256;

const lostError = (reason: string): DeviceLostError =>
  new DeviceLostError(
    "webgpu/device-lost",
    `webgpu: the GPU device was lost: ${reason}. Values in its memory are gone.`,
    "Create the device again, and the tensors from what is saved elsewhere.",
  );
