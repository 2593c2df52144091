/**
 * Where a program's time goes: it is cut into a program for each of its steps, which run one after the other on the real
 * values and are timed apart, in processor time. What a step finds in the processor's caches is as in the whole.
 */
import type { Program, Slot, Step } from "../ir/program.ts";
import type { Device, Executable } from "../runtime/device.ts";
import { median } from "./measure.ts";

export interface KernelTime {
  readonly name: string;
  readonly ms: number;
  readonly shapes: readonly string[];
}

const alignment = 64;
/** More than any kernel's. */
const scratchBytes = 2 ** 24;

/** Takes the place of an executable's `run`. Only for devices whose runs are done when they return. */
export class KernelProfiler {
  private readonly program: Program;
  private readonly segments: readonly Executable[];
  private readonly empty: Executable;
  private readonly reserve: Executable;
  private readonly handOut: Executable;
  private readonly times: number[][];
  private readonly overheads: number[] = [];

  constructor(device: Device, executable: Executable) {
    const { program } = executable;
    this.program = program;
    const { slots, arenaBytes, copies } = keepOutputsInArena(program);
    const prepare = (steps: readonly Step[], given = slots): Executable =>
      device.prepare({
        ...program,
        slots: given,
        steps,
        arenaBytes,
        outputCount: given === slots ? 0 : program.outputCount,
      });
    this.segments = program.steps.map((step) => prepare([step]));
    this.empty = prepare([]);
    // An arena that grew between two steps would lose what lies in it: it starts large enough for all of them.
    const slack = slots.reduce((sum, { bytes }) => sum + bytes, scratchBytes);
    this.reserve = device.prepare({ ...program, slots, steps: [], arenaBytes: arenaBytes + slack, outputCount: 0 });
    this.handOut = prepare(copies, [...slots, ...outputsOf(program)]);
    this.times = program.steps.map(() => []);
    executable.run = (...given) => this.run(...given);
  }

  private run(...[inputs, numbers, draws, hints]: Parameters<Executable["run"]>): ReturnType<Executable["run"]> {
    const timed = (executable: Executable, times: number[]): void => {
      const start = process.cpuUsage();
      executable.run(inputs, numbers, draws, hints);
      const { user, system } = process.cpuUsage(start);
      times.push((user + system) / 1000);
    };
    this.reserve.run(inputs, numbers, draws, hints);
    timed(this.empty, this.overheads);
    this.segments.forEach((segment, i) => timed(segment, this.times[i]!));
    return this.handOut.run(inputs, numbers, draws, hints);
  }

  /** In the order of the program. */
  results(): KernelTime[] {
    const overhead = median(this.overheads);
    return this.program.steps.map((step, i) => {
      const slots = step.kind === "kernel" ? step.buffers : step.kind === "copy" ? [step.from, step.to] : [step.slot];
      const used = [...new Set(slots)].map((id) => this.program.slots.find((slot) => slot.id === id)!);
      return {
        name: step.kind === "kernel" ? step.kernel.name : step.kind,
        ms: Math.max(0, median(this.times[i]!) - overhead),
        shapes: used.map(({ dtype, shape }) => `${dtype}[${shape.join(", ")}]`),
      };
    });
  }
}

const handedOut = 1e6;
const isOutput = (slot: Slot): boolean => slot.place.kind === "output";

/** Results that a later step reads must outlive the step that makes them. Results made in place of inputs do anyway. */
function keepOutputsInArena(program: Program): { slots: Slot[]; arenaBytes: number; copies: Step[] } {
  let arenaBytes = program.arenaBytes;
  const copies: Step[] = [];
  const slots = program.slots.map((slot): Slot => {
    if (!isOutput(slot)) return slot;
    const offset = Math.ceil(arenaBytes / alignment) * alignment;
    arenaBytes = offset + slot.bytes;
    copies.push({ kind: "copy", from: slot.id, to: handedOut + slot.id });
    return { ...slot, place: { kind: "temporary", offset } };
  });
  return { slots, arenaBytes, copies };
}

const outputsOf = (program: Program): Slot[] =>
  program.slots.filter(isOutput).map((slot) => ({ ...slot, id: handedOut + slot.id }));
