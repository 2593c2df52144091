/**
 * Loop kernel -> WGSL compute shaders, one for each phase of the kernel (see phases.ts).
 * in:  a verified kernel without float64 and complex numbers
 * out: for each phase the shader's text and the number of workgroups, and the layout of the parameter record that its
 *      dispatches share
 * A shader has one bind group: binding 0 is the record (`P`, uniform), binding 1 + h is heap h, to which operands are
 * assigned by the caller: operands in one GPU buffer share one binding, so nothing is reachable through two.
 */
import { IrError } from "../../ir/errors.ts";
import type { Kind, LoopKernel } from "../../ir/loop.ts";
import { countWorkgroups, reservedWords, type NumberValue } from "./grid.ts";
import { splitPhases } from "./phases.ts";
import { placeBuffers } from "./placement.ts";
import { printPhase } from "./shader.ts";

export interface WgslKernel {
  /** The first operands are the kernel's argument buffers in order; reserved scratch memory follows. */
  readonly argumentCount: number;
  /** Bytes of each further operand, to be reserved by the program; contents undefined. */
  readonly scratchBytes: readonly number[];
  /** u32 words of the parameter record. Word 0 is 0; word 1 + i is the offset of operand i in its heap, in words. */
  readonly recordWords: number;
  /** The kernel's numbers in order: where each is in the record. bool is 0 or 1; i64 is two words, the low one first. */
  readonly numbers: readonly { readonly kind: Kind; readonly word: number }[];
  /** Run one after another; each sees the writes of those before it. */
  readonly dispatches: readonly WgslDispatch[];
}

export interface WgslDispatch {
  /** The shader's text when operand i is in heap `heapOf[i]`; heaps are numbered from 0. Entry point: `main`. */
  source(heapOf: readonly number[]): string;
  /**
   * Workgroups, a function of the kernel's numbers (converted to their kinds) where it depends on them. Beyond the
   * limit of a dimension they may be spread over x and y with some to spare: the shader counts them row by row.
   */
  readonly workgroups: number | ((numbers: readonly NumberValue[]) => number);
}

export interface WgslOptions {
  /** The device's maxComputeWorkgroupStorageSize. */
  readonly workgroupBytes: number;
}

export function emitKernel(kernel: LoopKernel, options: WgslOptions = { workgroupBytes: 16384 }): WgslKernel {
  const argumentBuffers = kernel.buffers.filter((buffer) => buffer.scope === "argument");
  const plans = splitPhases(kernel, options.workgroupBytes).map((phase) => ({
    phase,
    placement: placeBuffers(kernel, phase, options.workgroupBytes),
  }));
  const scratch = kernel.buffers
    .filter((buffer) => buffer.scope !== "argument")
    .map((buffer) => {
      const words = plans.map(({ phase, placement }) => reservedWords(kernel, phase, placement, buffer));
      return { name: buffer.name, bytes: 4 * Math.max(0, ...words) };
    })
    .filter(({ bytes }) => bytes > 0);
  const operandNames = [...argumentBuffers, ...scratch].map(({ name }) => name);
  const operandOf = new Map(operandNames.map((name, i) => [name, i]));
  let word = 1 + operandNames.length;
  const numbers = kernel.numbers.map(({ kind }) => {
    const place = { kind, word };
    word += kind === "i64" ? 2 : 1;
    return place;
  });
  const record = recordStruct(operandNames.length, numbers);
  return {
    argumentCount: argumentBuffers.length,
    scratchBytes: scratch.map(({ bytes }) => bytes),
    recordWords: word,
    numbers,
    dispatches: plans.map(({ phase, placement }) => ({
      source: (heapOf) => record + printPhase({ kernel, phase, placement, operandOf }, heapOf),
      workgroups: countWorkgroups(kernel, phase, placement),
    })),
  };
}

function recordStruct(operandCount: number, numbers: WgslKernel["numbers"]): string {
  const fields = ["zero: u32"];
  for (let i = 0; i < operandCount; i++) fields.push(`b${i}: u32`);
  for (const [i, { kind }] of numbers.entries()) {
    if (kind === "f64") throw new IrError("wgsl/float64", "A WebGPU kernel's numbers cannot be float64.");
    if (kind === "i64") fields.push(`n${i}: u32`, `n${i}_high: u32`);
    else fields.push(`n${i}: ${kind === "bool" ? "u32" : kind}`);
  }
  return `struct Record { ${fields.join(", ")} }\n@group(0) @binding(0) var<uniform> P: Record;\n`;
}
