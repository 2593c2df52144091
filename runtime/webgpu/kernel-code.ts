/**
 * What this runtime needs of a compiled kernel. `codegen/wgsl` makes it; the runtime is given the compiler as a
 * function, so that it knows artefacts and not how they are made.
 */
import type { Kind, LoopKernel } from "../../ir/loop.ts";
import type { ScalarValue } from "../device.ts";

export interface KernelDispatch {
  /** WGSL with entry point `main` for operands in these heaps (0, 1, ...; binding 1 + heap). Binding 0: the record. */
  source(heapOf: readonly number[]): string;
  /** Workgroups, counted along x, then y; a function where it depends on the kernel's numbers. */
  readonly workgroups: number | ((numbers: readonly ScalarValue[]) => number);
}

export interface KernelCode {
  /** Operands: the kernel's argument buffers in order, then scratch memory. */
  readonly argumentCount: number;
  /** Bytes of each scratch operand. */
  readonly scratchBytes: readonly number[];
  /** u32 words of the parameter record: 0, the word offset of each operand in its heap, then the numbers. */
  readonly recordWords: number;
  readonly numbers: readonly { readonly kind: Kind; readonly word: number }[];
  readonly dispatches: readonly KernelDispatch[];
}

export interface CompilerLimits {
  /** Workgroup memory, in bytes. */
  readonly workgroupBytes: number;
}

export type KernelCompiler = (kernel: LoopKernel, limits: CompilerLimits) => KernelCode;
