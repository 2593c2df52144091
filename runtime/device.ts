/**
 * What a device offers to the rest of the runtime. Three implement it: JavaScript loops (`runtime/js`), WebAssembly
 * (`runtime/wasm`) and WebGPU (`runtime/webgpu`). A device knows bytes and programs, never graphs or tensors.
 */
import { isComplex, realOf, type DType } from "../ir/dtype.ts";
import type { Program, ScalarValue } from "../ir/program.ts";

export type DeviceName = "cpu" | "cpu:js" | "webgpu";

/** The dtypes that a device computes in (complex numbers are pairs of real ones there). Others are refused by passes/legalise-dtypes.ts. */
export const supports = (device: DeviceName, dtype: DType): boolean =>
  !isComplex(dtype) && !(device === "webgpu" && dtype === "float64");
/** The dtypes whose values lie in a device's memory: any on a CPU; a GPU's memory is packed by type. */
export const holds = (device: DeviceName, dtype: DType): boolean =>
  device !== "webgpu" || supports(device, realOf(dtype));

/**
 * One value's bytes, row-major, owned by a device. Written only by the program run that makes it, by `write`, or by a
 * program that the caller allowed to overwrite it (a donated input).
 *
 * Memory is freed by `release` or, as a back-stop, when the object is collected. After `release` every use throws.
 */
export interface Memory {
  readonly device: Device;
  readonly bytes: number;
  readonly released: boolean;
  release(): void;
}

export type { ScalarValue };

/** How a run hands back an output. */
export type OutputHint =
  /** Likely to be read or dropped by the user soon: kept where the garbage collector alone frees it. */
  | "escapes"
  /** Will be an input of later runs (parameters, optimizer state): kept in device memory. */
  | "state"
  /** As "state", written over this memory: an earlier result of the same size that nobody needs, and no input. */
  | Memory;

export interface Executable {
  readonly program: Program;
  /** Kernels (WASM function calls, dispatches) in one run. */
  readonly kernelCount: number;
  /** Milliseconds spent generating and compiling code. */
  readonly compileMs: number;
  /** Bytes of temporaries and outputs that a run holds at most. */
  readonly peakBytes: number;
  /**
   * Runs the program once. `numbers[i]` is the value of number slot i, `fill[j]` fills the memory of draw j.
   * Donated inputs are overwritten and their Memory object is returned as that output. Everything a run needs is
   * reserved before it starts: a thrown `OutOfMemoryError` leaves all inputs intact.
   * Asynchronous devices return once the work is queued; later reads wait for it.
   */
  run(
    inputs: readonly Memory[],
    numbers: readonly ScalarValue[],
    draws: readonly DrawSource[],
    hints: readonly OutputHint[],
  ): Memory[];
  /** Frees what the executable holds (arena, pipelines). */
  release(): void;
}

/** Fills a draw's slot with random values: called in step order, given the slot's typed array to fill. */
export type DrawSource = (target: ArrayBufferView) => void;

export type Tick = (leaf: number) => void;

export interface DeviceStatistics {
  /** Bytes of live Memory objects and arenas on the device. */
  readonly liveBytes: number;
  /** Highest liveBytes since `resetPeak`. */
  readonly peakBytes: number;
  readonly allocations: number;
}

export interface Device {
  readonly name: DeviceName;
  /** Whether `readSync` works. */
  readonly synchronous: boolean;
  /** Copies the bytes in; `dtype` where the array's own element size does not tell it. */
  upload(data: ArrayBufferView, dtype?: DType): Memory;
  /** A copy of the bytes in an ordinary ArrayBuffer. */
  readSync(memory: Memory): ArrayBuffer;
  read(memory: Memory): Promise<ArrayBuffer>;
  write(memory: Memory, data: ArrayBufferView): void;
  /** Part of a memory, as an input of runs while the whole is kept. `start`: in bytes. Not every device can. */
  part?(memory: Memory, start: number, bytes: number): Memory;
  /**
   * Generates code for a program. Asynchronous devices start compiling and let `run` queue behind it. A synchronous one
   * calls `tick` with the number of each leaf step (in the order of `leafSteps`) before it runs, each time.
   */
  prepare(program: Program, tick?: Tick): Executable;
  statistics(): DeviceStatistics;
  resetPeak(): void;
  /** Resolves when all queued work is done; rejects with `DeviceLostError`. */
  synchronize(): Promise<void>;
}
