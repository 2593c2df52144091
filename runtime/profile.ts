/**
 * Runs a program step by step and times each: the program is cut into one program for every step, which hand their
 * memory on. Slower than the program itself, and its numbers are the kernels' alone. Only for synchronous devices.
 */
import { usesWithin, type Program, type Slot, type Step } from "../ir/program.ts";
import type { Device, Executable, Memory } from "./device.ts";

export interface StepTime {
  readonly name: string;
  readonly ms: number;
  /** Bytes of the slots that the step reads and writes. */
  readonly bytes: number;
}

/** A step as a program of its own, with the slots behind its inputs and results. */
interface Segment {
  readonly executable: Executable;
  readonly step: Step;
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
}

export function profiled(device: Device, program: Program, report: (times: readonly StepTime[]) => void): Executable {
  const whole = device.prepare(program);
  const touched = new Set(program.slots.filter(({ place }) => place.kind === "input").map(memoryKey));
  const segments = program.steps.map((step) => segmentOf(device, program, step, touched));
  const run: Executable["run"] = (inputs, numbers, draws, hints) => {
    const memories = new Map<string, Memory>();
    for (const slot of program.slots)
      if (slot.place.kind === "input") memories.set(memoryKey(slot), inputs[slot.place.index]!);
    const times = segments.map(({ executable, step, inputs: read, outputs }): StepTime => {
      const given = read.map((slot) => memories.get(memoryKey(slot))!);
      const hintsHere = outputs.map(({ place }) =>
        place.kind === "output" ? (hints[place.index] ?? "escapes") : "state",
      );
      const start = performance.now();
      const made = executable.run(given, numbers, draws, hintsHere);
      const ms = performance.now() - start;
      outputs.forEach((slot, i) => memories.set(memoryKey(slot), made[i]!));
      const bytes = [...read, ...outputs].reduce((sum, slot) => sum + slot.bytes, 0);
      return { name: step.kind === "kernel" ? step.kernel.name : step.kind, ms, bytes };
    });
    report(times);
    const results: Memory[] = [];
    for (const slot of program.slots) {
      const memory = memories.get(memoryKey(slot));
      if (slot.place.kind === "output" || slot.place.kind === "donated")
        results[slot.place.index] = memory ?? emptyMemory(device, slot);
      else if (slot.place.kind === "temporary") memory?.release();
    }
    return results;
  };
  return {
    program,
    kernelCount: whole.kernelCount,
    compileMs: whole.compileMs,
    peakBytes: whole.peakBytes,
    run,
    release() {
      whole.release();
      for (const { executable } of segments) executable.release();
    },
  };
}

/** A result that takes an input over has the input's memory. */
const memoryKey = ({ id, place }: Slot): string =>
  place.kind === "input" ? `input ${place.index}` : place.kind === "donated" ? `input ${place.of}` : `slot ${id}`;

const emptyMemory = (device: Device, slot: Slot): Memory => device.upload(new Uint8Array(slot.bytes), slot.dtype);

/** `touched`: memories that exist already; grows by what the step writes. */
function segmentOf(device: Device, program: Program, step: Step, touched: Set<string>): Segment {
  const uses = usesWithin(program, step);
  const used = [...new Set(uses.map(({ slot }) => slot))].map((id) => program.slots[id]!);
  const writes = (slot: Slot): boolean => uses.some((use) => use.slot === slot.id && use.writes);
  const inputs: Slot[] = [];
  for (const slot of used) {
    if (touched.has(memoryKey(slot)) && !inputs.some((other) => memoryKey(other) === memoryKey(slot)))
      inputs.push(slot);
  }
  const outputs = used.filter(writes);
  const slots = program.slots.map((slot): Slot => {
    if (slot.place.kind === "slice") return slot;
    const input = inputs.findIndex((other) => memoryKey(other) === memoryKey(slot));
    const output = outputs.indexOf(slot);
    if (output >= 0 && input >= 0) return { ...slot, place: { kind: "donated", index: output, of: input } };
    if (output >= 0) return { ...slot, place: { kind: "output", index: output } };
    return { ...slot, place: input >= 0 ? { kind: "input", index: input } : { kind: "temporary", offset: 0 } };
  });
  for (const slot of outputs) touched.add(memoryKey(slot));
  // Slots that the step does not touch stay as places, without memory.
  const own = slots.map((slot) =>
    used.some(({ id }) => id === slot.id) || slot.place.kind === "slice"
      ? slot
      : { ...slot, bytes: 0, shape: [0], place: { kind: "temporary", offset: 0 } as const },
  );
  const executable = device.prepare({
    ...program,
    slots: own,
    steps: [step],
    inputCount: inputs.length,
    outputCount: outputs.length,
    arenaBytes: 0,
  });
  return { executable, step, inputs, outputs };
}
