/**
 * Runs a program step by step and times each: the program is cut into one program for every step, which hand their
 * memory on. Slower than the program itself, and its numbers are the kernels' alone. Only for synchronous devices.
 */
import { countFlops } from "../ir/loop-cost.ts";
import {
  leafSteps,
  memorySlot,
  usesWithin,
  type Program,
  type ScalarValue,
  type Slot,
  type Step,
} from "../ir/program.ts";
import { processorMs } from "./clock.ts";
import type { Device, Executable, Memory } from "./device.ts";

export interface StepTime {
  readonly name: string;
  /** Of `performance.now()`. */
  readonly startMs: number;
  readonly ms: number;
  /** Processor time, where the host tells it. */
  readonly cpuMs: number;
  /** Bytes of the slots that the step reads and writes. */
  readonly bytes: number;
  /** NaN of a loop whose turns nobody counts. */
  readonly flops: number;
  /** The operands, as `float32[2, 3]`. */
  readonly shapes: readonly string[];
  /** Lines of the user's that the step computes, where they were noted. */
  readonly sites: readonly string[];
}

/** A step as a program of its own. */
interface Segment {
  readonly executable: Executable;
  readonly step: Step;
  /** Memories that it reads or overwrites (`memoryKey`), in the order of its inputs. */
  readonly inputs: readonly number[];
  /** Slots of the whole program, in the order of its outputs. */
  readonly outputs: readonly Slot[];
  readonly about: Pick<StepTime, "name" | "bytes" | "shapes" | "sites">;
}

export interface StepwiseProgram {
  /** As an executable's `run`; `report` sees the time of every step. */
  run(report: (times: readonly StepTime[]) => void, ...given: Parameters<Executable["run"]>): Memory[];
  release(): void;
}

export function stepwise(device: Device, program: Program): StepwiseProgram {
  const touched = new Set(program.slots.filter(({ place }) => place.kind === "input").map(memoryKey));
  const segments = program.steps.map((step) => segmentOf(device, program, step, touched));
  return {
    run(report, inputs, numbers, draws, hints) {
      const memories = new Map<number, Memory>();
      for (const slot of program.slots)
        if (slot.place.kind === "input") memories.set(memoryKey(slot), inputs[slot.place.index]!);
      const times = segments.map((segment): StepTime => {
        const given = segment.inputs.map((key) => memories.get(key)!);
        const hintsHere = segment.outputs.map(({ place }) =>
          place.kind === "output" ? (hints[place.index] ?? "escapes") : "state",
        );
        const [startMs, startCpuMs] = [performance.now(), processorMs()];
        const made = segment.executable.run(given, numbers, draws, hintsHere);
        const cpuMs = processorMs() - startCpuMs;
        const ms = performance.now() - startMs;
        segment.outputs.forEach((slot, i) => memories.set(memoryKey(slot), made[i]!));
        return { ...segment.about, startMs, ms, cpuMs, flops: flopsOf(segment.step, numbers) };
      });
      report(times);
      return results(device, program, memories);
    },
    release() {
      for (const { executable } of segments) executable.release();
    },
  };
}

function results(device: Device, program: Program, memories: ReadonlyMap<number, Memory>): Memory[] {
  const handedOut: Memory[] = [];
  for (const slot of program.slots) {
    const memory = memories.get(memoryKey(slot));
    if (slot.place.kind === "output" || slot.place.kind === "donated")
      handedOut[slot.place.index] = memory ?? emptyMemory(device, slot);
    else if (slot.place.kind === "temporary") memory?.release();
  }
  return handedOut;
}

/** A loop counts what it repeats, a choice its larger side. How often a loop without a known end turns is not known. */
function flopsOf(step: Step, numbers: readonly ScalarValue[]): number {
  const ofAll = (steps: readonly Step[]): number => steps.reduce((sum, inner) => sum + flopsOf(inner, numbers), 0);
  if (step.kind === "loop") return step.count * ofAll(step.steps);
  if (step.kind === "while") return Number.NaN;
  if (step.kind === "branch") return Math.max(ofAll(step.then), ofAll(step.else));
  if (step.kind !== "kernel") return 0;
  const { kernel } = step;
  return countFlops(kernel, new Map(kernel.numbers.map(({ name }, i) => [name, Number(numbers[step.numbers[i]!])])));
}

/** The slot whose memory this is: a result that takes an input over has the input's. */
const memoryKey = ({ id, place }: Slot): number => (place.kind === "donated" ? place.of : id);

const emptyMemory = (device: Device, slot: Slot): Memory => device.upload(new Uint8Array(slot.bytes), slot.dtype);

/** `touched`: memories that exist already; grows by what the step writes. */
function segmentOf(device: Device, program: Program, step: Step, touched: Set<number>): Segment {
  const uses = usesWithin(program, step);
  const used = [...new Set(uses.map(({ slot }) => slot))].map((id) => program.slots[id]!);
  const outputs = used.filter(({ id }) => uses.some((use) => use.slot === id && use.writes));
  const readers = used.filter((slot) => !outputs.includes(slot));
  // What is there already is overwritten in place: as an input that the step reads, or one made for this.
  const overwritten = outputs.filter(
    (slot) => touched.has(memoryKey(slot)) && !readers.some((other) => memoryKey(other) === memoryKey(slot)),
  );
  const inputs = [...readers, ...overwritten].map(memoryKey);
  const places = [
    ...inputs.map((_, index): Slot["place"] => ({ kind: "input", index })),
    ...outputs.map((slot, index): Slot["place"] =>
      touched.has(memoryKey(slot))
        ? { kind: "donated", index, of: inputs.indexOf(memoryKey(slot)) }
        : { kind: "output", index },
    ),
  ];
  for (const slot of outputs) touched.add(memoryKey(slot));
  const slices = program.slots.filter(
    ({ id, place }) => place.kind === "slice" && used.some((slot) => slot.id === memorySlot(program, id)),
  );
  const own = [...readers, ...overwritten, ...outputs, ...slices];
  // What is overwritten has two places: as an input, which no step names, and as a result.
  const placeOf = (id: number): number => own.findLastIndex((slot) => slot.id === id);
  const slots = own.map((slot, id): Slot => {
    const { place } = slot;
    return { ...slot, id, place: place.kind === "slice" ? { ...place, of: placeOf(place.of) } : places[id]! };
  });
  const executable = device.prepare({
    ...program,
    slots,
    steps: [renumbered(step, placeOf)],
    inputCount: inputs.length,
    outputCount: outputs.length,
    arenaBytes: 0,
  });
  const about = {
    name: step.kind === "kernel" ? step.kernel.name : step.kind,
    bytes: used.reduce((sum, slot) => sum + slot.bytes, 0),
    shapes: used.map(({ dtype, shape }) => `${dtype}[${shape.join(", ")}]`),
    sites: [...new Set(leafSteps([step]).flatMap((leaf) => (leaf.kind === "kernel" ? (leaf.sites ?? []) : [])))],
  };
  return { executable, step, inputs, outputs, about };
}

function renumbered(step: Step, placeOf: (id: number) => number): Step {
  const all = (steps: readonly Step[]): Step[] => steps.map((inner) => renumbered(inner, placeOf));
  switch (step.kind) {
    case "kernel":
      return { ...step, buffers: step.buffers.map(placeOf) };
    case "copy":
      return { ...step, from: placeOf(step.from), to: placeOf(step.to) };
    case "draw":
      return { ...step, slot: placeOf(step.slot) };
    case "loop":
      return { ...step, slices: step.slices.map(placeOf), steps: all(step.steps) };
    case "while":
      return { ...step, condition: placeOf(step.condition), steps: all(step.steps) };
    case "branch":
      return { ...step, predicate: placeOf(step.predicate), then: all(step.then), else: all(step.else) };
  }
}
