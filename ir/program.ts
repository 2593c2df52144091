/**
 * Program: what runs. A flat list of steps over numbered buffer slots: plain data, so that it can be cached, printed,
 * exported and replayed. The runtime executes it knowing nothing of graphs.
 */
import type { DType } from "./dtype.ts";
import type { LoopKernel } from "./loop.ts";
import type { Shape } from "./shape.ts";

/**
 * Where a slot's memory comes from.
 * `input`: bound by the caller before each run. `output`: made by the runtime for each run and handed to the caller.
 * `temporary`: at `offset` bytes in the program's arena, alive only inside the run.
 * `donated`: an output that overwrites the memory of input slot `of` in place.
 */
export type SlotKind =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "output"; readonly index: number }
  | { readonly kind: "temporary"; readonly offset: number }
  | { readonly kind: "donated"; readonly index: number; readonly of: number };

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
}

export type Step =
  | {
      readonly kind: "kernel";
      readonly kernel: LoopKernel;
      /** Slot ids in the order of the kernel's `argument` buffers. */
      readonly buffers: readonly number[];
      /** Number slot ids in the order of the kernel's numbers. */
      readonly numbers: readonly number[];
    }
  | { readonly kind: "copy"; readonly from: number; readonly to: number }
  /** A draw from a generator: fills the slot on the host. */
  | { readonly kind: "draw"; readonly slot: number; readonly draw: number };

export interface Program {
  readonly name: string;
  readonly slots: readonly Slot[];
  readonly numbers: readonly NumberSlot[];
  readonly steps: readonly Step[];
  readonly inputCount: number;
  readonly outputCount: number;
  /** Bytes of the arena that holds every temporary. */
  readonly arenaBytes: number;
}
