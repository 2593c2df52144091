/**
 * A program as one WebAssembly module: a function for each distinct kernel, and entries `run0`, `run1`, ... that call
 * them in step order, in loops and branches where the program has them. A run is one call of each entry; between two
 * entries the host fills the slot of a draw.
 *
 * For threads, a kernel in parts is a step of the module's function `work`, which threads that help call too (team.ts).
 *
 * An entry's only parameter is the address of the program's table, which the host fills before the run: the address of
 * every slot, the value of every number (8 bytes each, as the number's register kind), the addresses of the scratch area
 * and of what threads share beside the slots,
 * and once for all the extents: sizes of copies, loops, slices and jobs. Every slot and the scratch area lie at or above `lowestAddress`.
 */
import { dtypeBytes } from "../../ir/dtype.ts";
import { IrError } from "../../ir/errors.ts";
import { registerKind } from "../../ir/loop.ts";
import { type LeafStep, leafSteps, type NumberSlot, type Program, type Step } from "../../ir/program.ts";
import type { Values } from "../../ir/loop-cost.ts";
import type { Job } from "../schedule/jobs.ts";
import type { Code, FunctionRef } from "./code.ts";
import type { EmitOptions } from "./context.ts";
import { emitScalarCast } from "./conversions.ts";
import { KernelLibrary, scratchKey, type StageFunction } from "./kernel-library.ts";
import { hostModule } from "./math-functions.ts";
import { type FunctionBuilder, ModuleBuilder } from "./module-builder.ts";
import type { Opcode } from "./opcodes.ts";
import { sharedPages } from "./team.ts";
import { type TeamSteps, workParameters } from "./team-steps.ts";

export interface DrawStep {
  readonly slot: number;
  readonly draw: number;
}

export interface TableLayout {
  readonly slotOffset: (slot: number) => number;
  readonly numberOffset: (number: number) => number;
  readonly scratchOffset: number;
  readonly sharedOffset: number;
  readonly extentOffset: (extent: number) => number;
}

export interface WasmProgram {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly table: TableLayout;
  readonly tableBytes: number;
  /** What the host writes at the table's extents, once. */
  readonly extents: readonly number[];
  /** The draw after entry i; there is one entry more than there are draws. */
  readonly draws: readonly DrawStep[];
  /** Of one thread; those of further threads follow. */
  readonly scratchBytes: number;
  /** Of what threads share beside the slots. */
  readonly sharedBytes: number;
  /** Function calls and copies in one run. */
  readonly kernelCount: number;
  /** Distinct kernels. */
  readonly functionCount: number;
  /** Functions that the host must provide, in module `env`, besides `memory`. */
  readonly hostFunctions: readonly string[];
}

function tableLayout(slotCount: number, numberCount: number): TableLayout {
  const numbers = Math.ceil((slotCount + 2) / 2) * 8;
  const extents = numbers + numberCount * 8;
  return {
    slotOffset: (slot) => slot * 4,
    scratchOffset: slotCount * 4,
    sharedOffset: slotCount * 4 + 4,
    numberOffset: (number) => numbers + number * 8,
    extentOffset: (extent) => extents + extent * 4,
  };
}

const mostInstructions = 2 ** 29;

/** What `EmitOptions.ticks` imports from the host. */
export const tickFunction = "tick";

/** Programs of one form and with equal keys are the same code. */
export function formKey({ steps }: Program, { shared }: EmitOptions): string {
  const keys = leafSteps(steps).map((step) =>
    step.kind === "kernel" ? scratchKey(step.kernel, shared !== undefined) : "",
  );
  return JSON.stringify([shared !== undefined, keys]);
}

/** `library`: of the same options. `known`: the code of a program of the same form and key. */
export function emitProgram(
  program: Program,
  options: EmitOptions,
  library = new KernelLibrary(options),
  known?: WasmProgram,
): WasmProgram {
  const { pool } = library;
  const { shared } = options;
  const team = shared === undefined ? null : shared.by.steps(pool, shared.from);
  const table = tableLayout(program.slots.length, program.numbers.length);
  const extents: number[] = [];
  /** Sizes outside kernels are read from the table: programs that differ in nothing else share their module. */
  const addExtent = (value: number): number => table.extentOffset(extents.push(value) - 1);
  const extent = (body: Code, value: number): Code => body.get(0).memory("i32.load", addExtent(value));
  const positions = new Map(program.slots.map(({ id }, position) => [id, position]));
  const slotOffset = (id: number): number => {
    const position = positions.get(id);
    if (position === undefined) throw new IrError("wasm/unknown-slot", `${program.name}: there is no slot ${id}`);
    return table.slotOffset(position);
  };
  const numbers = new Map(program.numbers.map((slot, position) => [slot.id, { slot, position }]));
  const numberOf = (id: number): { slot: NumberSlot; position: number } => {
    const found = numbers.get(id);
    if (found === undefined) throw new IrError("wasm/unknown-number", `${program.name}: there is no number ${id}`);
    return found;
  };

  const entries: FunctionBuilder[] = [pool.createFunction(["i32"], [])];
  const draws: DrawStep[] = [];
  const functions = new Set<FunctionRef>();
  let kernelCount = 0;
  let scratchBytes = 0;
  let sharedBytes = 0;
  let leaves = 0;
  const emitLeaf = (body: Code, step: LeafStep): void => {
    if (options.ticks === true) body.i32(leaves++).call(pool.importFunction(hostModule, tickFunction, ["i32"], []));
    switch (step.kind) {
      case "draw":
        draws.push({ slot: step.slot, draw: step.draw });
        entries.push(pool.createFunction(["i32"], []));
        break;
      case "copy": {
        const { bytes } = program.slots[positions.get(step.from)!]!;
        body.get(0).memory("i32.load", slotOffset(step.to));
        body.get(0).memory("i32.load", slotOffset(step.from));
        extent(body, bytes).memoryCopy();
        kernelCount++;
        break;
      }
      case "kernel": {
        checkCounts(step);
        const { stages, bytesOf } = library.stagesOf(step.kernel);
        const sizes = sizesOf(step);
        sharedBytes = Math.max(sharedBytes, bytesOf(sizes));
        for (const stage of stages) {
          functions.add(stage.fn);
          scratchBytes = Math.max(scratchBytes, stage.scratchBytes);
          if (stage.jobOf === null || team === null) emitCall(body, step, stage);
          else postJob(team, body, step, stage, stage.jobOf(sizes));
        }
        kernelCount++;
      }
    }
  };
  /** Local 0 is the table's address. */
  const emitCall = (body: Code, step: KernelStep, stage: StageFunction, parts?: number): void => {
    const { fn, scratchBytes, sharedBuffers } = stage;
    for (const slot of step.buffers) body.get(0).memory("i32.load", slotOffset(slot));
    for (let i = 0; i < sharedBuffers; i++) body.get(0).memory("i32.load", table.sharedOffset);
    step.numbers.forEach((id, position) => {
      const { slot, position: index } = numberOf(id);
      const from = numberKind(slot);
      body.get(0).memory(numberLoads[from], table.numberOffset(index));
      emitScalarCast(body, from, step.kernel.numbers[position]!.kind);
    });
    if (parts !== undefined)
      body.get(workParameters.firstPart).get(workParameters.lastPart).get(0).memory("i32.load", parts);
    if (scratchBytes > 0) {
      body.get(0).memory("i32.load", table.scratchOffset);
      if (parts !== undefined) body.get(workParameters.scratch).op("i32.add");
    }
    body.call(fn);
  };
  const sizesOf = ({ kernel, numbers: ids }: KernelStep): Values =>
    new Map(
      kernel.numbers.flatMap(({ name }, i) => {
        const { size } = numberOf(ids[i]!).slot;
        return size === undefined ? [] : [[name, size] as const];
      }),
    );
  const postJob = (team: TeamSteps, body: Code, step: KernelStep, stage: StageFunction, job: Job): void => {
    const parts = addExtent(job.parts);
    team.post(
      body,
      (code) => extent(code.get(0).memory("i32.load", parts), Math.min(job.instructions, mostInstructions)),
      (work) => emitCall(work, step, stage, parts),
    );
  };
  /** The table's address of a slice: where its slot begins, and the loop's distance from there. */
  const placeSlice = (body: Code, id: number, turn: number): void => {
    const { place, dtype } = program.slots[positions.get(id)!]!;
    if (place.kind !== "slice") throw new IrError("wasm/slice", `${program.name}: slot ${id} is no slice`);
    const bytes = dtypeBytes(dtype);
    body.get(0);
    body.get(0).memory("i32.load", slotOffset(place.of));
    extent(body.get(turn), place.stride * bytes)
      .op("i32.mul")
      .op("i32.add");
    extent(body, place.first * bytes)
      .op("i32.add")
      .memory("i32.store", slotOffset(id));
  };
  const truth = (body: Code, slot: number): Code =>
    body.get(0).memory("i32.load", slotOffset(slot)).memory("i32.load8_u", 0);
  const emitSteps = (steps: readonly Step[]): void => {
    for (const step of steps) {
      const entry = entries.at(-1)!;
      const { body } = entry;
      if (step.kind === "loop") {
        const turn = entry.local("i32");
        body.i32(0).set(turn).open("loop");
        for (const id of step.slices) placeSlice(body, id, turn);
        emitSteps(step.steps);
        extent(body.get(turn).i32(1).op("i32.add").tee(turn), step.count).op("i32.lt_s").branch("br_if", 0).op("end");
      } else if (step.kind === "while") {
        truth(body, step.condition).open("if").open("loop");
        emitSteps(step.steps);
        truth(body, step.condition).branch("br_if", 0).op("end").op("end");
      } else if (step.kind === "branch") {
        truth(body, step.predicate).open("if");
        emitSteps(step.then);
        body.op("else");
        emitSteps(step.else);
        body.op("end");
      } else emitLeaf(body, step);
    }
  };
  emitSteps(program.steps);
  const build = (): Pick<WasmProgram, "bytes" | "hostFunctions"> => {
    const module = new ModuleBuilder();
    const memory = shared === undefined ? {} : { maximumPages: sharedPages, shared: true };
    module.importMemory({ module: hostModule, name: "memory", minimumPages: 0, ...memory });
    team?.finish(module, scratchBytes);
    entries.forEach((entry, position) => module.exportFunction(`run${position}`, entry));
    return { bytes: module.build(), hostFunctions: module.importedNames(hostModule) };
  };
  const { bytes, hostFunctions } = known ?? build();
  return {
    bytes,
    table,
    tableBytes: table.extentOffset(extents.length),
    extents,
    draws,
    scratchBytes,
    sharedBytes,
    kernelCount,
    functionCount: functions.size,
    hostFunctions,
  };
}

type NumberKind = (typeof registerKind)[keyof typeof registerKind];

const numberLoads: Readonly<Record<NumberKind, Opcode>> = {
  f32: "f32.load",
  f64: "f64.load",
  i32: "i32.load",
  i64: "i64.load",
  bool: "i32.load",
};

/** The register kind as which a number lies in the table. */
export function numberKind({ dtype }: NumberSlot): NumberKind {
  if (dtype === "complex64" || dtype === "complex128") {
    throw new IrError("wasm/complex", "a complex number must be given by its parts");
  }
  return registerKind[dtype];
}

type KernelStep = Extract<LeafStep, { readonly kind: "kernel" }>;

function checkCounts({ kernel, buffers, numbers }: KernelStep): void {
  const wanted = kernel.buffers.filter(({ scope }) => scope === "argument").length;
  if (wanted !== buffers.length || kernel.numbers.length !== numbers.length) {
    throw new IrError(
      "wasm/argument-count",
      `kernel ${kernel.name} takes ${wanted} buffers and ${kernel.numbers.length} numbers, ` +
        `its step gives ${buffers.length} and ${numbers.length}`,
    );
  }
}
