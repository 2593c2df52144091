/**
 * What a compiled function's recording has to remember beyond the graph, in program order: draws and numbers that each
 * replay makes anew, changes of host state, and what must still hold for the recording to be valid.
 */
import type { Node } from "../ir/graph.ts";
import type { ScalarArgument } from "../ir/signature.ts";
import type { TypedArray } from "../runtime/typed-array.ts";
import type { Place } from "./host-numbers.ts";
import type { Storage } from "./storage.ts";
import type { Tensor } from "./tensor.ts";
import type { Value } from "./value.ts";

export interface GuardOptions {
  /** Another value than now's: the one when the recording ends, or now's unless the recording itself changes it. */
  readonly expect?: "at the end" | "unless changed";
  /** Every change of it is told to `noteRareChange`: it is looked at only after one. */
  readonly rare?: boolean;
}

/** How often something has changed that recordings depend on and that hardly ever changes: hooks, frozen parameters. */
export const rareChanges = { count: 0 };
export function noteRareChange(): void {
  rareChanges.count++;
}
/** How often a tensor has come to stand for other memory, or for another view of it. */
export const placeChanges = { count: 0 };
/** `tensor`: null where memory itself has another size. */
export function notePlaceChange(tensor: Tensor | null): void {
  placeChanges.count++;
  noteRareChange();
  if (tensor !== null) observer?.placeChanged?.(tensor);
}

/** A recorded call, for the storages that it makes. */
export interface MakingCall {
  /** A tensor is used outside of any recording. */
  used(tensor: Tensor): void;
}

export interface TraceObserver {
  /** Storages that are made now are told by it. */
  readonly made?: MakingCall;
  /** A value that came from a generator: `fill` draws it again. */
  draw(value: Value, fill: (target: TypedArray) => void): void;
  /** A generator was seeded or set: done again, in order with the draws. It has been done already in this recording. */
  generatorChanged?(change: () => void): void;
  /** A number with a source: evaluated again. */
  scalar(argument: ScalarArgument): void;
  /** A change of host state (a step count): made again. It has been made already in this recording. */
  effect(change: () => void, places: readonly Place[]): void;
  /** How to put back what has been changed beside tensors, if the call cannot be computed. */
  undoable?(restore: () => void): void;
  /** Something that the recording depends on: another value at a later call means recording again. */
  guard(name: string, read: () => unknown, options?: GuardOptions): void;
  /** `.grad` of a tensor was assigned. */
  gradAssigned(tensor: Tensor): void;
  /** `.grad` of a tensor is about to be read. */
  gradRead(tensor: Tensor): void;
  /** A tensor was made that shares memory with another. */
  viewMade?(tensor: Tensor): void;
  /** A tensor is about to become another one, or another view; `former` is what it was. */
  gaveWay?(tensor: Tensor, former: Tensor): void;
  /** A tensor's contents are about to be used. */
  storageUsed?(storage: Storage): void;
  /** A storage is about to be written; `before`: its contents. */
  storageWritten?(storage: Storage, before: Node): void;
  /** Whether two storages are one memory for the user: an argument stands for the one that was given. */
  sharesMemory?(a: Storage, b: Storage): boolean;
  /** Where in its memory a tensor lies is about to be read. */
  placeUsed?(storage: Storage): void;
  /** Whether a tensor requires grad is about to matter: its contents are used, or the flag is read. */
  flagUsed?(tensor: Tensor): void;
  /** A leaf is about to get a hook. */
  hooksChanged?(leaf: Tensor): void;
  /** A value was read while recording. */
  valueRead(): void;
  /** `.data` of a tensor was assigned: which memory it has is no part of a recording. */
  dataAssigned?(tensor: Tensor): void;
  /** A tensor is about to stand for other memory, or for another view of it. */
  placeChanged?(tensor: Tensor): void;
  /** The recording uses an object: what it reads of it is looked at in later calls, and what it changes is changed there. */
  objectUsed?(label: string, owner: object): void;
  /** An object that keeps state was made: what it keeps is the recording's own, as new at each call. */
  ownerMade?(owner: object): void;
  /** An object's state is used: the tensors that are in it at the end stay, if the object is from before the recording. */
  stateUsed?(owner: object, read: () => object | undefined): void;
  /** Records a change of an object's state: numbers of one that the recording has made are the same at each call. */
  changing?<T>(owner: object, change: () => T): T;
  /** An operator was recorded, as the nodes with ids from `first` to before `end`. */
  called?(operator: string, first: number, end: number): void;
}
let observer: TraceObserver | null = null;

/** The recording of a compiled function that is under way, if any. */
export const traceObserver = (): TraceObserver | null => observer;
export function setTraceObserver(next: TraceObserver | null): void {
  observer = next;
}
