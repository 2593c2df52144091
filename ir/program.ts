/**
 * Program: what runs. A flat list of steps over numbered buffer slots: plain data, so that it can be cached, printed,
 * exported and replayed. The runtime executes it knowing nothing of graphs.
 */
import type { DType } from "./dtype.ts";
import { IrError } from "./errors.ts";
import type { LoopKernel } from "./loop.ts";
import type { Shape } from "./shape.ts";

/**
 * Where a slot's memory comes from.
 * `input`: bound by the caller before each run. `output`: made by the runtime for each run and handed to the caller.
 * `temporary`: at `offset` bytes in the program's arena, alive only inside the run.
 * `donated`: an output that overwrites the memory of input slot `of` in place.
 * `slice`: part of slot `of` that moves with a loop: in iteration t it begins at element `first` + t * `stride`.
 */
export type SlotKind =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "output"; readonly index: number }
  | { readonly kind: "temporary"; readonly offset: number }
  | { readonly kind: "donated"; readonly index: number; readonly of: number }
  | { readonly kind: "slice"; readonly of: number; readonly first: number; readonly stride: number };

export interface Slot {
  readonly id: number;
  readonly dtype: DType;
  readonly shape: Shape; // contents are row-major and contiguous
  readonly bytes: number;
  readonly place: SlotKind;
}

/** A value for a number slot. */
export type ScalarValue = number | bigint;

/** A number given to each run: value slots are converted from float64 to `kind` when bound. */
export interface NumberSlot {
  readonly id: number;
  readonly dtype: DType;
  /** Its value in every run, where it is a size of a program that shares kernels with programs of other sizes. */
  readonly size?: number;
}

/** A step without steps inside. */
export type LeafStep =
  | {
      readonly kind: "kernel";
      readonly kernel: LoopKernel;
      /** Slot ids in the order of the kernel's `argument` buffers. */
      readonly buffers: readonly number[];
      /** Number slot ids in the order of the kernel's numbers. */
      readonly numbers: readonly number[];
      /** Lines of the user's that the kernel computes, where they were noted (`Node.site`). */
      readonly sites?: readonly string[];
    }
  | { readonly kind: "copy"; readonly from: number; readonly to: number }
  /** A draw from a generator: fills the slot on the host. Never inside another step. */
  | { readonly kind: "draw"; readonly slot: number; readonly draw: number };

export type Step =
  | LeafStep
  /** Repeats its steps; `slices` are the slots that move with it. */
  | {
      readonly kind: "loop";
      readonly count: number;
      readonly slices: readonly number[];
      readonly steps: readonly Step[];
    }
  /** Repeats its steps while the condition, a bool in a slot, is true. */
  | { readonly kind: "while"; readonly condition: number; readonly steps: readonly Step[] }
  /** Runs one of two lists of steps: `then` when the predicate, a bool in a slot, is true. */
  | {
      readonly kind: "branch";
      readonly predicate: number;
      readonly then: readonly Step[];
      readonly else: readonly Step[];
    };

export interface Program {
  readonly name: string;
  readonly slots: readonly Slot[];
  readonly numbers: readonly NumberSlot[];
  readonly steps: readonly Step[];
  readonly inputCount: number;
  readonly outputCount: number;
  /** Bytes of the arena that holds every temporary. */
  readonly arenaBytes: number;
  /** Programs that have the same one here differ in sizes alone: of buffers, copies, slices, and of how often loops run. */
  readonly form?: object;
}

/** The steps inside a step. */
export function innerSteps(step: Step): readonly Step[] {
  if (step.kind === "loop" || step.kind === "while") return step.steps;
  return step.kind === "branch" ? [...step.then, ...step.else] : [];
}

/** All steps without steps inside, each once, in order. */
export const leafSteps = (steps: readonly Step[]): LeafStep[] =>
  steps.flatMap((step) => (isLeaf(step) ? [step] : leafSteps(innerSteps(step))));
export const isLeaf = (step: Step): step is LeafStep =>
  step.kind !== "loop" && step.kind !== "while" && step.kind !== "branch";

export interface SlotUse {
  readonly slot: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** The slots that a step itself names, each as often as it names it. */
export function slotUses(step: Step): SlotUse[] {
  switch (step.kind) {
    case "kernel": {
      const parameters = step.kernel.buffers.filter(({ scope }) => scope === "argument");
      return step.buffers.map((slot, k) => {
        const { access } = parameters[k]!;
        return { slot, reads: access !== "write", writes: access !== "read" };
      });
    }
    case "copy":
      return [
        { slot: step.from, reads: true, writes: false },
        { slot: step.to, reads: false, writes: true },
      ];
    case "draw":
      return [{ slot: step.slot, reads: false, writes: true }];
    case "loop":
      return [];
    case "while":
      return [{ slot: step.condition, reads: true, writes: false }];
    case "branch":
      return [{ slot: step.predicate, reads: true, writes: false }];
  }
}

/** The slot whose memory a slot lies in: itself, unless it is a slice. */
export function memorySlot({ slots }: Program, slot: number): number {
  let id = slot;
  for (let { place } = slots[id]!; place.kind === "slice"; { place } = slots[id]!) id = place.of;
  return id;
}

/** The uses of slots with memory of their own, by a step and those inside it. */
export const usesWithin = (program: Program, step: Step): SlotUse[] => [
  ...slotUses(step).map((use) => ({ ...use, slot: memorySlot(program, use.slot) })),
  ...innerSteps(step).flatMap((inner) => usesWithin(program, inner)),
];

/** A step as often as it runs, with the place of each slice that it uses: an element of another slot. */
export interface UnrolledStep {
  readonly step: LeafStep;
  readonly placeOf: (slot: number) => { readonly slot: number; readonly element: number };
}

/**
 * Loops written out, for devices that replay them step by step.
 * @throws IrError for what depends on data: which steps run is known only when they do
 */
export function unrolled({ slots, steps }: Program): UnrolledStep[] {
  const result: UnrolledStep[] = [];
  const unroll = (list: readonly Step[], at: ReadonlyMap<number, number>): void => {
    const placeOf: UnrolledStep["placeOf"] = (slot) => {
      let element = 0;
      let id = slot;
      for (let { place } = slots[id]!; place.kind === "slice"; { place } = slots[id]!) {
        element += at.get(id)!;
        id = place.of;
      }
      return { slot: id, element };
    };
    for (const step of list) {
      if (step.kind === "branch" || step.kind === "while")
        throw new IrError("ir/program", `a ${step.kind} cannot be written out`);
      if (step.kind !== "loop") {
        result.push({ step, placeOf });
        continue;
      }
      for (let t = 0; t < step.count; t++) {
        const moved = new Map(at);
        for (const id of step.slices) {
          const { place } = slots[id]!;
          if (place.kind === "slice") moved.set(id, place.first + t * place.stride);
        }
        unroll(step.steps, moved);
      }
    }
  };
  unroll(steps, new Map());
  return result;
}
