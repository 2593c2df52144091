/** Kernels as functions: one for each that is distinct, several for one that threads do in stages. */
import type { LoopKernel } from "../../ir/loop.ts";
import type { Values } from "../../ir/loop-cost.ts";
import type { Job } from "../schedule/jobs.ts";
import { sharedBuffer, type SplitSums, type Stage } from "../schedule/split-sums.ts";
import type { FunctionRef } from "./code.ts";
import type { EmitOptions } from "./context.ts";
import { emitKernel, placeScratch, type EmittedKernel } from "./emit-kernel.ts";
import { threadFunctions } from "./host-functions.ts";
import { hostModule } from "./math-functions.ts";
import { FunctionPool, importsOf } from "./module-builder.ts";

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

/** Emits each kernel once: kernels that come out as the same instructions are one function. */
export class KernelLibrary {
  readonly pool = new FunctionPool();
  private readonly options: EmitOptions;
  private readonly byText = new Map<string, FunctionRef>();
  private readonly byKernel = new WeakMap<LoopKernel, KernelStages>();
  /** Of kernels whose code is others', too: by code and where its scratch memory begins. */
  private readonly byCode = new WeakMap<object, Map<string, KernelStages>>();
  /** Bytes of all functions. */
  weight = 0;

  constructor(options: EmitOptions) {
    this.options = options;
  }

  stagesOf(kernel: LoopKernel): KernelStages {
    let found = this.byKernel.get(kernel);
    if (found === undefined) this.byKernel.set(kernel, (found = this.found(kernel)));
    return found;
  }

  private found(kernel: LoopKernel): KernelStages {
    const { code } = kernel;
    if (code === undefined) return this.made(kernel);
    const byPlaces = this.byCode.get(code) ?? new Map<string, KernelStages>();
    this.byCode.set(code, byPlaces);
    const key = scratchKey(kernel, this.options.shared !== undefined);
    const known = byPlaces.get(key);
    if (known === undefined) {
      const made = this.made(kernel);
      byPlaces.set(key, made);
      return made;
    }
    const { stages, bytesOf } = known;
    if (stages.length > 1) return known;
    // Scratch memory of a kernel that one thread does may be larger or smaller here.
    const scratchBytes = placeScratch(kernel).bytes;
    return { stages: stages.map((stage) => (stage.jobOf === null ? { ...stage, scratchBytes } : stage)), bytesOf };
  }

  private made(kernel: LoopKernel): KernelStages {
    const { stages, bytesOf } = this.cut(kernel);
    return { stages: stages.map((stage) => this.functionOf(stage)), bytesOf };
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
    return jobOf === null || importsOf(this.emit(kernel).fn, hostModule).every((name) => threadFunctions.has(name));
  }

  private readonly emitted = new WeakMap<LoopKernel, EmittedKernel>();
  private emit(kernel: LoopKernel): EmittedKernel {
    let emitted = this.emitted.get(kernel);
    if (emitted === undefined) this.emitted.set(kernel, (emitted = emitKernel(kernel, this.pool, this.options)));
    return emitted;
  }

  private functionOf({ kernel, jobOf }: Stage): StageFunction {
    const { fn, scratchBytes } = this.emit(kernel);
    // Calls are encoded by the callee's identity here, so equal text means equal function.
    const text = `${fn.params.join()} ${textOf(fn.encode(({ id }) => id))}`;
    let found = this.byText.get(text);
    if (found === undefined) {
      found = fn;
      this.byText.set(text, fn);
      this.weight += text.length;
    }
    const sharedBuffers = kernel.buffers.filter(({ name }) => name.startsWith(sharedBuffer)).length;
    return { fn: found, scratchBytes, sharedBuffers, jobOf };
  }
}

/**
 * What is in the code of a kernel's sizes of scratch buffers: they lie one behind the other, so the size of the last is
 * not, unless threads have it each.
 */
export function scratchKey(kernel: LoopKernel, shared: boolean): string {
  const { buffers, bytes } = placeScratch(kernel);
  return `${buffers.map(({ param, start }) => `${param.name} ${start}`).join()} ${shared ? bytes : ""}`;
}

/** Bytes as a string, for use as a key. */
function textOf(bytes: readonly number[]): string {
  const chunk = 4096;
  let text = "";
  for (let i = 0; i < bytes.length; i += chunk) text += String.fromCharCode(...bytes.slice(i, i + chunk));
  return text;
}
