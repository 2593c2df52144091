/**
 * Runs a program step by step and times each: the program is cut into one program for every step, which hand their
 * memory on. Slower than the program itself, and its numbers are the kernels' alone. A loop or a choice is one of these
 * programs, and tells of each of its own steps as it comes to them. Only for synchronous devices.
 */
import { countFlops } from "../ir/loop-cost.ts";
import {
  isLeaf,
  leafSteps,
  type LeafStep,
  memorySlot,
  slotUses,
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
  /** One, but of a loop with very many turns the later ones are timed together. */
  readonly calls: number;
  /** Of `performance.now()`. */
  readonly startMs: number;
  /** Of all calls. */
  readonly ms: number;
  /** Processor time of all calls, where the host tells it; within a loop the loop's, in proportion. */
  readonly cpuMs: number;
  /** Bytes of the slots that a call reads and writes. */
  readonly bytes: number;
  /** Of a call. */
  readonly flops: number;
  /** The operands, as `float32[2, 3]`. */
  readonly shapes: readonly string[];
  /** Lines of the user's that the step computes, where they were noted. */
  readonly sites: readonly string[];
}

/** A step as a program of its own. */
interface Segment {
  readonly executable: Executable;
  /** Memories that it reads or overwrites (`memoryKey`), in the order of its inputs. */
  readonly inputs: readonly number[];
  /** Slots of the whole program, in the order of its outputs. */
  readonly outputs: readonly Slot[];
  readonly clock: StepClock;
}

/** Runs of a program's steps that are timed by themselves. */
const mostTimed = 10_000;

interface TimedStep {
  readonly leaf: number;
  readonly startMs: number;
  calls: number;
  ms: number;
}

/** Times the steps of a program of one step: itself or, of a loop or a choice, those within, whose beginnings it hears of. */
class StepClock {
  private readonly step: Step;
  private readonly leaves: readonly LeafStep[];
  private readonly about: readonly Pick<StepTime, "name" | "bytes" | "shapes" | "sites">[];
  private timed: TimedStep[] = [];
  /** The last one of each leaf, which later ones join when there are many. */
  private readonly last = new Map<number, TimedStep>();
  private running: TimedStep | null = null;
  private runningSinceMs = 0;

  constructor(program: Program, step: Step) {
    this.step = step;
    this.leaves = leafSteps([step]);
    this.about = this.leaves.map((leaf) => aboutOf(program, leaf));
  }

  readonly tick = (leaf: number): void => {
    const now = performance.now();
    this.end(now);
    let timed = this.timed.length < mostTimed ? undefined : this.last.get(leaf);
    if (timed === undefined) {
      timed = { leaf, startMs: now, calls: 0, ms: 0 };
      this.timed.push(timed);
      this.last.set(leaf, timed);
    }
    timed.calls++;
    this.running = timed;
    this.runningSinceMs = now;
  };

  private end(now: number): void {
    if (this.running !== null) this.running.ms += now - this.runningSinceMs;
    this.running = null;
  }

  time(run: () => void, numbers: readonly ScalarValue[]): StepTime[] {
    this.timed = [];
    this.last.clear();
    const startCpuMs = processorMs();
    if (isLeaf(this.step)) this.tick(0);
    run();
    this.end(performance.now());
    const cpuMs = processorMs() - startCpuMs;
    const total = this.timed.reduce((sum, { ms }) => sum + ms, 0);
    return this.timed.map(({ leaf, calls, startMs, ms }) => ({
      ...this.about[leaf]!,
      calls,
      startMs,
      ms,
      cpuMs: total === 0 ? 0 : (cpuMs * ms) / total,
      flops: flopsOf(this.leaves[leaf]!, numbers),
    }));
  }
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
      const times = segments.flatMap(({ clock, executable, ...segment }) => {
        const given = segment.inputs.map((key) => memories.get(key)!);
        const hintsHere = segment.outputs.map(({ place }) =>
          place.kind === "output" ? (hints[place.index] ?? "escapes") : "state",
        );
        return clock.time(() => {
          const made = executable.run(given, numbers, draws, hintsHere);
          segment.outputs.forEach((slot, i) => memories.set(memoryKey(slot), made[i]!));
        }, numbers);
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

function flopsOf(step: LeafStep, numbers: readonly ScalarValue[]): number {
  if (step.kind !== "kernel") return 0;
  const { kernel } = step;
  return countFlops(kernel, new Map(kernel.numbers.map(({ name }, i) => [name, Number(numbers[step.numbers[i]!])])));
}

function aboutOf({ slots }: Program, step: LeafStep): Pick<StepTime, "name" | "bytes" | "shapes" | "sites"> {
  const used = [...new Set(slotUses(step).map(({ slot }) => slot))].map((id) => slots[id]!);
  return {
    name: step.kind === "kernel" ? step.kernel.name : step.kind,
    bytes: used.reduce((sum, slot) => sum + slot.bytes, 0),
    shapes: used.map(({ dtype, shape }) => `${dtype}[${shape.join(", ")}]`),
    sites: step.kind === "kernel" ? (step.sites ?? []) : [],
  };
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
  const clock = new StepClock(program, step);
  const segment = {
    ...program,
    slots,
    steps: [renumbered(step, placeOf)],
    inputCount: inputs.length,
    outputCount: outputs.length,
    arenaBytes: 0,
  };
  const executable = device.prepare(segment, isLeaf(step) ? undefined : clock.tick);
  return { executable, clock, inputs, outputs };
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
