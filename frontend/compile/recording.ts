/** A finished recording of a function: plain data that a replay reads. */
import type { Check } from "../../ir/builder.ts";
import type { Node } from "../../ir/graph.ts";
import type { ScalarArgument } from "../../ir/signature.ts";
import type { Shape } from "../../ir/shape.ts";
import type { DType } from "../../ir/dtype.ts";
import type { Device, Executable, OutputHint } from "../../runtime/device.ts";
import type { TypedArray } from "../../runtime/typed-array.ts";
import type { Compiled } from "../pipeline.ts";
import { release as releaseProgram, type CacheEntry } from "../program-cache.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import type { Value } from "../value.ts";
import type { Counters } from "./counters.ts";
import type { Kind } from "./holders.ts";
import type { MadeInCall } from "./made-in-call.ts";
import type { LeftGradient } from "./left-gradient.ts";
import type { Template } from "./results.ts";

/** Where a graph input's contents come from at each call. */
export type Source =
  | { readonly kind: "argument"; readonly index: number }
  | { readonly kind: "storage"; readonly storage: { value(): Value } }
  /** What is in this tensor's `.grad` when the call begins. */
  | { readonly kind: "grad"; readonly owner: Tensor }
  | { readonly kind: "draw"; readonly value: Value; readonly target: TypedArray }
  | { readonly kind: "fixed"; readonly value: Value };

export type Event =
  | { readonly kind: "effect"; readonly change: () => void }
  | { readonly kind: "scalar"; readonly argument: ScalarArgument }
  | { readonly kind: "draw"; readonly target: TypedArray; readonly fill: (target: TypedArray) => void }
  | { readonly kind: "generator"; readonly change: () => void };

/** What a tensor's `.grad` is after a call (`left`: what the last one left there): a new tensor, as backward() makes one where there was none, or one from before. */
export type GradResult =
  | { readonly owner: Tensor; readonly holder: null; readonly root: number; left: LeftGradient | null }
  | { readonly owner: Tensor; readonly holder: Tensor };

/** What each call computes, and nothing of the recorded one: its graph would keep the arguments. */
export interface Recording {
  readonly made: MadeInCall;
  readonly device: Device;
  readonly executable: Executable;
  /** That one, and the one that checks conditions. */
  readonly programs: Programs;
  readonly compiled: Compiled;
  /** From the recorded graph to code, where it was not known: the passes too. */
  readonly compileMs: number;
  /** How many programs were made for it, be it by an earlier recording. */
  readonly compileCount: number;
  readonly events: readonly Event[];
  /** The numbers that these change. */
  readonly counters: Counters;
  /** The program's, then those that are only handed on as results. */
  readonly inputs: readonly Source[];
  /** Of each root, the input that is handed on as it; -1 where the program computes it. */
  readonly handedOn: readonly number[];
  /** Indices of the inputs that are overwritten in place. */
  readonly overwritten: readonly number[];
  readonly scalars: readonly Node[];
  readonly hints: readonly OutputHint[];
  /** Storages written, with the index of the root that is their new contents. */
  readonly writes: readonly { readonly storage: Storage; readonly root: number }[];
  /** Those of them whose old contents the program does not overwrite by itself, with the output that is the new ones. */
  readonly replaced: readonly { readonly storage: Storage; readonly output: number }[];
  /** Gradients that were there before and are written where they are. */
  readonly gradWrites: readonly { readonly owner: Tensor; readonly root: number }[];
  readonly grads: readonly GradResult[];
  /** Tensors whose `.grad` the function clears. */
  readonly cleared: readonly Tensor[];
  readonly roots: readonly { readonly dtype: DType; readonly shape: Shape }[];
  readonly signature: readonly (number | string)[];
  /** Conditions that each run checks, and the root that tells which failed (-1: none). */
  readonly checks: readonly Check[];
  readonly statusRoot: number;
  /** The conditions as a program of their own, run before the main one (null: none, or not on this device). */
  readonly checksFirst: ChecksFirst | null;
  /** Arguments that the function writes, with the roots that are their new contents. */
  readonly argumentWrites: readonly { readonly place: number; readonly root: number }[];
  /** See results.ts. Where the function assigns members of objects: a list of its result and of what they get. */
  readonly result: Template;
  /** Tensors whose gradients from before the call are in it. */
  readonly held: readonly Tensor[];
  readonly assigned: readonly Left[];
}

/** An argument, by its place among the tensors that are. */
export class GivenTensor {
  readonly place: number;
  constructor(place: number) {
    this.place = place;
  }
}

/** A member of an object, or of an argument at a place (see `containersIn`), that each call leaves something in. */
export interface Left {
  readonly owner: object | number;
  readonly kind: Kind;
  readonly key: unknown;
}

/** The programs of one recording. */
export type Programs = readonly CacheEntry[];
/** The recording is given up. */
export const release = (programs: Programs): void => programs.forEach(releaseProgram);

export interface ChecksFirst {
  readonly executable: Executable;
  readonly inputs: readonly Source[];
  readonly scalars: readonly Node[];
}
