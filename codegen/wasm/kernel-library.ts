/** The kernels of a module as functions: one for each that is distinct, several for one that threads do in stages. */
import type { LoopKernel } from "../../ir/loop.ts";
import type { Values } from "../../ir/loop-cost.ts";
import type { Job } from "../schedule/jobs.ts";
import { sharedBuffer, type SplitSums, type Stage } from "../schedule/split-sums.ts";
import type { FunctionRef } from "./code.ts";
import type { EmitOptions } from "./context.ts";
import { emitKernel, placeScratch, type EmittedKernel } from "./emit-kernel.ts";
import { threadFunctions } from "./host-functions.ts";
import type { ModuleBuilder } from "./module-builder.ts";

/** A function that does a kernel, or a stage of it. */
export interface StageFunction {
  readonly fn: FunctionRef;
  readonly scratchBytes: number;
  /** Buffers behind the kernel's own, which all begin where the memory does that threads share. */
  readonly sharedBuffers: number;
  /** When it takes which parts to do, and of how many. */
  readonly jobOf: ((sizes: Values) => Job) | null;
}

export interface KernelStages {
  readonly stages: readonly StageFunction[];
  /** Of the memory that threads share. */
  readonly bytesOf: (sizes: Values) => number;
}

/** Where the kernels of a module come from. */
export interface KernelSource {
  stagesOf(kernel: LoopKernel): KernelStages;
  /** The most of a function. */
  readonly scratchBytes: number;
  readonly functionCount: number;
}

/** Kernels that were emitted for another program of the same form, in the order of their steps. */
export class KnownKernels implements KernelSource {
  private readonly stages: readonly KernelStages[];
  private next = 0;
  scratchBytes = 0;
  readonly functionCount: number;

  constructor(stages: readonly KernelStages[], functionCount: number) {
    this.stages = stages;
    this.functionCount = functionCount;
  }

  stagesOf(kernel: LoopKernel): KernelStages {
    const { stages, bytesOf } = this.stages[this.next++]!;
    // Scratch memory of a kernel that one thread does may be larger or smaller here.
    const scratchBytes = placeScratch(kernel).bytes;
    const fitted = stages.map((stage) => (stage.jobOf === null ? { ...stage, scratchBytes } : stage));
    for (const stage of fitted) this.scratchBytes = Math.max(this.scratchBytes, stage.scratchBytes);
    return { stages: stages.length > 1 ? stages : fitted, bytesOf };
  }
}

/** Emits each kernel once: kernels that come out as the same instructions are one function. */
export class KernelLibrary implements KernelSource {
  private readonly module: ModuleBuilder;
  private readonly options: EmitOptions;
  private readonly byText = new Map<string, FunctionRef>();
  private readonly byKernel = new Map<LoopKernel, KernelStages>();
  /** The most of a function. */
  scratchBytes = 0;

  constructor(module: ModuleBuilder, options: EmitOptions) {
    this.module = module;
    this.options = options;
  }

  get functionCount(): number {
    return this.byText.size;
  }

  stagesOf(kernel: LoopKernel): KernelStages {
    let found = this.byKernel.get(kernel);
    if (found === undefined) {
      const { stages, bytesOf } = this.cut(kernel);
      found = { stages: stages.map((stage) => this.functionOf(stage)), bytesOf };
      this.byKernel.set(kernel, found);
    }
    return found;
  }

  /** In parts where threads are to share it. */
  private cut(kernel: LoopKernel): SplitSums {
    const { shared } = this.options;
    if (shared !== undefined) {
      const { by, from } = shared;
      const parts = by.split(kernel, from);
      const stages = parts === null ? null : { stages: [parts], bytesOf: () => 0 };
      for (const attempt of [stages, by.splitSums(kernel, from)])
        if (attempt !== null && attempt.stages.every((stage) => this.isForThreads(stage))) return attempt;
    }
    return { stages: [{ kernel, jobOf: null }], bytesOf: () => 0 };
  }

  /** Threads that help have few functions of the host. */
  private isForThreads({ kernel, jobOf }: Stage): boolean {
    return jobOf === null || !this.module.reachesImport(this.emit(kernel).fn, threadFunctions);
  }

  private readonly emitted = new Map<LoopKernel, EmittedKernel>();
  private emit(kernel: LoopKernel): EmittedKernel {
    let emitted = this.emitted.get(kernel);
    if (emitted === undefined) this.emitted.set(kernel, (emitted = emitKernel(kernel, this.module, this.options)));
    return emitted;
  }

  private functionOf({ kernel, jobOf }: Stage): StageFunction {
    const { fn, scratchBytes } = this.emit(kernel);
    // Calls are encoded by the callee's identity here, so equal text means equal function.
    const text = `${fn.params.join()} ${textOf(fn.encode(({ id }) => id))}`;
    let found = this.byText.get(text);
    if (found === undefined) {
      found = this.module.add(fn);
      this.byText.set(text, found);
      this.scratchBytes = Math.max(this.scratchBytes, scratchBytes);
    }
    const sharedBuffers = kernel.buffers.filter(({ name }) => name.startsWith(sharedBuffer)).length;
    return { fn: found, scratchBytes, sharedBuffers, jobOf };
  }
}

/** Bytes as a string, for use as a key. */
function textOf(bytes: readonly number[]): string {
  const chunk = 4096;
  let text = "";
  for (let i = 0; i < bytes.length; i += chunk) text += String.fromCharCode(...bytes.slice(i, i + chunk));
  return text;
}
