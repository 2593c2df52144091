/**
 * Where everything of an exported WebGPU program lies, and what is dispatched: all decided here, so that the module
 * only uploads inputs, runs a fixed list and reads results back. Values lie in a few GPU buffers (chunks), elements
 * in one u32 word or two, as in runtime/webgpu.
 */
import { dtypeBytes, type DType } from "../../ir/dtype.ts";
import { IrError } from "../../ir/errors.ts";
import type { Kind } from "../../ir/loop.ts";
import { unrolled, type Slot } from "../../ir/program.ts";
import { roundToDType } from "../../ir/rounding.ts";
import { elementCount, type Shape } from "../../ir/shape.ts";
import { layOut } from "../arena.ts";
import { copyKernel } from "../wgsl/copy-kernel.ts";
import { emitKernel } from "../wgsl/index.ts";
import type { ExportModel } from "./model.ts";

/** The part of a buffer that every adapter can bind; a larger value gets a buffer of its own. */
const chunkLimit = 128 * 2 ** 20;
const alignment = 256;
/** Of workgroup memory, on every adapter. */
const workgroupBytes = 16384;

export interface PlacedBlock {
  readonly chunk: number;
  /** In bytes. */
  readonly offset: number;
}

export interface Dispatch {
  readonly kernel: string;
  /** Index among the shaders. */
  readonly shader: number;
  /** The chunks that its bindings 1, 2, ... show. */
  readonly chunks: readonly number[];
  /** Byte offset of its record. */
  readonly record: number;
  readonly workgroups: number;
}

export interface WebGpuPlan {
  readonly chunkBytes: readonly number[];
  readonly weights: readonly PlacedBlock[];
  readonly inputs: readonly PlacedBlock[];
  readonly results: readonly PlacedBlock[];
  readonly shaders: readonly string[];
  readonly dispatches: readonly Dispatch[];
  readonly records: Uint32Array;
  /** Bytes of a record that bind groups show. */
  readonly recordWindow: number;
}

/** Bytes of a value on the device. */
export const deviceBytes = ({ dtype, shape }: { readonly dtype: DType; readonly shape: Shape }): number =>
  elementCount(shape) * Math.max(4, dtypeBytes(dtype));
const aligned = (bytes: number): number => Math.max(1, Math.ceil(bytes / alignment)) * alignment;

export function planWebGpu(model: ExportModel): WebGpuPlan {
  const { program } = model;
  const steps = unrolled(program).map(({ step, placeOf }) => {
    if (step.kind === "draw")
      throw new IrError("export/step", "a program that draws random numbers cannot be exported");
    const source = step.kind === "copy" ? program.slots[step.from]! : null;
    const kernel = step.kind === "copy" ? copyKernel(source!.dtype, elementCount(source!.shape)) : step.kernel;
    const operands = (step.kind === "copy" ? [step.from, step.to] : step.buffers).map(placeOf);
    const numbers = step.kind === "copy" ? [] : step.numbers;
    return { name: kernel.name, operands, numbers, code: emitKernel(kernel, { workgroupBytes }) };
  });

  const chunks = new Chunks();
  const arena = planArena(
    program.slots,
    steps.map(({ operands }) => operands.map(({ slot }) => slot)),
  );
  const arenaBlock = chunks.reserve(arena.bytes);
  const scratchBlock = chunks.reserve(Math.max(0, ...steps.map(({ code }) => sum(code.scratchBytes.map(aligned)))));
  const places = {
    inputs: model.inputs.map((tensor) => chunks.reserve(deviceBytes(tensor))),
    results: new Array<PlacedBlock>(program.outputCount),
    weights: [] as PlacedBlock[],
  };
  for (const slot of program.slots)
    if (slot.place.kind === "output") places.results[slot.place.index] = chunks.reserve(deviceBytes(slot));
  places.weights = model.weights.map((tensor) => chunks.reserve(deviceBytes(tensor)));
  const withMemory = program.slots.filter(({ place }) => place.kind !== "slice");
  const blockOf = new Map(withMemory.map((slot) => [slot.id, slotBlock(slot)]));
  function slotBlock({ id, place }: Slot): PlacedBlock {
    switch (place.kind) {
      case "input": {
        const { kind, index } = model.given[place.index]!;
        return places[`${kind}s`][index]!;
      }
      case "output":
        return places.results[place.index]!;
      case "temporary":
        return { chunk: arenaBlock.chunk, offset: arenaBlock.offset + arena.offsets.get(id)! };
      case "slice":
      case "donated":
        throw new IrError("export/donated", `a slot that is ${place.kind} has no memory of its own in an export`);
    }
  }

  const shaders = new Map<string, number>();
  const dispatches: Dispatch[] = [];
  const records: number[] = [];
  let recordWindow = 16;
  const numberAt = new Map(program.numbers.map(({ id, dtype }, i) => [id, roundToDType(model.numbers[i]!, dtype)]));
  for (const { name, operands: parts, numbers, code } of steps) {
    let scratchOffset = scratchBlock.offset;
    const operands = [
      ...parts.map(({ slot, element }) => {
        const { chunk, offset } = blockOf.get(slot)!;
        return { chunk, offset: offset + element * Math.max(4, dtypeBytes(program.slots[slot]!.dtype)) };
      }),
      ...code.scratchBytes.map((bytes) => {
        const block = { chunk: scratchBlock.chunk, offset: scratchOffset };
        scratchOffset += aligned(bytes);
        return block;
      }),
    ];
    const used = [...new Set(operands.map(({ chunk }) => chunk))];
    const values = numbers.map((id, i) => asKind(numberAt.get(id)!, code.numbers[i]!.kind));
    const record = records.length * 4;
    const words = new Array<number>(Math.ceil((code.recordWords * 4) / alignment) * (alignment / 4)).fill(0);
    operands.forEach(({ offset }, i) => (words[1 + i] = offset / 4));
    values.forEach((value, i) =>
      wordsOf(value, code.numbers[i]!.kind).forEach((word, k) => (words[code.numbers[i]!.word + k] = word)),
    );
    records.push(...words);
    recordWindow = Math.max(recordWindow, Math.ceil((code.recordWords * 4) / 16) * 16);
    const heapOf = operands.map(({ chunk }) => used.indexOf(chunk));
    for (const dispatch of code.dispatches) {
      const workgroups = typeof dispatch.workgroups === "number" ? dispatch.workgroups : dispatch.workgroups(values);
      if (workgroups === 0) continue;
      const source = dispatch.source(heapOf);
      let shader = shaders.get(source);
      if (shader === undefined) shaders.set(source, (shader = shaders.size));
      dispatches.push({ kernel: name, shader, chunks: used, record, workgroups });
    }
  }
  return {
    chunkBytes: chunks.bytes,
    ...places,
    shaders: [...shaders.keys()],
    dispatches,
    records: Uint32Array.from(records),
    recordWindow,
  };
}

/** Cuts blocks from as few buffers as possible. */
class Chunks {
  readonly bytes: number[] = [];

  reserve(requested: number): PlacedBlock {
    const size = aligned(requested);
    let chunk = this.bytes.findIndex((bytes) => bytes + size <= chunkLimit);
    if (chunk < 0) chunk = this.bytes.push(0) - 1;
    const offset = this.bytes[chunk]!;
    this.bytes[chunk] = offset + size;
    return { chunk, offset };
  }
}

/** Temporaries of narrow types take more room here than the program's own plan reckons with. */
function planArena(
  slots: readonly Slot[],
  steps: readonly (readonly number[])[],
): { readonly offsets: ReadonlyMap<number, number>; readonly bytes: number } {
  const temporaries = slots.filter(({ place }) => place.kind === "temporary");
  const lifetimes = temporaries.map((slot) => ({
    bytes: aligned(deviceBytes(slot)),
    first: steps.findIndex((buffers) => buffers.includes(slot.id)),
    last: steps.findLastIndex((buffers) => buffers.includes(slot.id)),
  }));
  const { offsets, arenaBytes } = layOut(lifetimes);
  return { offsets: new Map(temporaries.map(({ id }, i) => [id, offsets[i]!])), bytes: arenaBytes };
}

function asKind(value: number | bigint, kind: Kind): number | bigint {
  switch (kind) {
    case "f32":
      return Math.fround(Number(value));
    case "i32":
      return Number(BigInt.asIntN(32, BigInt(Math.trunc(Number(value)))));
    case "i64":
      return BigInt.asIntN(64, BigInt(value));
    case "bool":
      return Number(value) === 0 ? 0 : 1;
    case "f64":
      return Number(value);
  }
}

function wordsOf(value: number | bigint, kind: Kind): number[] {
  const view = new DataView(new ArrayBuffer(8));
  if (kind === "f32") view.setFloat32(0, Number(value), true);
  else view.setBigInt64(0, BigInt(value), true);
  return kind === "i64" ? [view.getUint32(0, true), view.getUint32(4, true)] : [view.getUint32(0, true)];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
