/** What a recording takes for granted, and what is said when that no longer holds. */
import { elementCount, formatShape, sameShape } from "../../ir/shape.ts";
import { isModule } from "../nn/module-internals.ts";
import { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import { placeChanges, rareChanges } from "../trace.ts";
import type { HeldGuard } from "./held.ts";

/** One line of `explain_recompiles()`. */
export interface Recompile {
  /** What changed, such as `x.shape[0]`. */
  readonly guard: string;
  /** Numbers and words as they are, and what others are called. */
  readonly before: unknown;
  readonly now: unknown;
  /** `file:line:column` of the call that was recorded again. */
  readonly line: string | null;
  toString(): string;
}

export interface Failure extends Pick<Recompile, "guard" | "before" | "now"> {
  /** Of arguments: how one lies or which shape it has, of which there are few kinds, mostly. */
  readonly isLayout?: boolean;
}

export interface Guard {
  readonly name: string;
  readonly read: () => unknown;
  readonly expected: unknown;
}

/** The guards of one recording. */
export class Guards {
  /** Looked at in each call. */
  private readonly always: readonly Guard[];
  /** Looked at when anything of their kind has changed anywhere. */
  private readonly rare: readonly Guard[];
  private rareCount: number;
  private readonly held: readonly HeldGuard[];
  /** Looked at when any tensor has come to stand for something else. */
  private readonly places: readonly PlaceGuard[];
  private placeCount: number;

  /** `tensors`: those that the function closes over */
  constructor(
    always: readonly Guard[],
    rare: readonly Guard[],
    held: readonly HeldGuard[],
    tensors: readonly Tensor[],
  ) {
    this.held = held;
    this.always = always;
    this.rare = rare;
    this.rareCount = rareChanges.count;
    this.places = tensors.map((tensor) => new PlaceGuard(tensor));
    this.placeCount = placeChanges.count;
  }

  firstFailure(): Failure | null {
    for (const held of this.held) {
      const failure = held.firstFailure();
      if (failure !== null) return failure;
    }
    return firstFailing(this.always) ?? this.firstRareFailure() ?? this.firstPlaceFailure();
  }
  private firstRareFailure(): Failure | null {
    if (this.rareCount === rareChanges.count) return null;
    const failure = firstFailing(this.rare);
    if (failure === null) this.rareCount = rareChanges.count;
    return failure;
  }
  private firstPlaceFailure(): Failure | null {
    if (this.placeCount === placeChanges.count) return null;
    for (const place of this.places) {
      const failure = place.failure();
      if (failure !== null) return failure;
    }
    this.placeCount = placeChanges.count;
    return null;
  }
}

/** The memory that a tensor stands for, and how it is seen: `.data`, `set_`, `t_` and the like change it. */
class PlaceGuard {
  private readonly tensor: Tensor;
  private readonly before: Pick<Tensor, "storage_" | "step_" | "shape" | "type_">;
  private readonly count: number;

  constructor(tensor: Tensor) {
    const { storage_, step_, shape, type_ } = tensor;
    this.tensor = tensor;
    this.before = { storage_, step_, shape, type_ };
    this.count = elementCount(storage_.shape);
  }

  failure(): Failure | null {
    const { before, count } = this;
    const { storage_, step_, shape, type_ } = this.tensor;
    const what = `a closed-over ${before.type_}${formatShape(before.shape)}`;
    if (type_ !== before.type_ || !sameShape(shape, before.shape))
      return { guard: what, before: before.type_ + formatShape(before.shape), now: type_ + formatShape(shape) };
    if (storage_ !== before.storage_) return { guard: `memory of ${what}`, before: before.storage_, now: storage_ };
    if (step_ !== before.step_)
      return { guard: `view that ${what} is`, before: before.step_?.name ?? null, now: step_?.name ?? null };
    const now = elementCount(storage_.shape);
    return now === count ? null : { guard: `size of the memory of ${what}`, before: count, now };
  }
}

function firstFailing(guards: readonly Guard[]): Failure | null {
  for (const guard of guards) {
    const now = guard.read();
    if (!Object.is(guard.expected, now)) return { guard: guard.name, before: guard.expected, now };
  }
  return null;
}

export function recompileOf({ guard, before, now }: Failure, line: string | null): Recompile {
  const old = shown(before);
  const fresh = shown(now) === old ? `another ${old}` : shown(now);
  const text = `${guard}: ${old} -> ${fresh}${line === null ? "" : `\n  at ${line}`}`;
  // Objects are given back to whoever made them.
  const kept = (value: unknown, name: string): unknown => (Object(value) === value ? name : value);
  return { guard, before: kept(before, old), now: kept(now, fresh), line, toString: () => text };
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isModule(value)) return value._get_name();
  if (value instanceof Storage) return `${value.dtype} on ${value.device.name}`;
  if (typeof value === "function") return value.name === "" ? "a function" : value.name;
  if (typeof value === "object" && value !== null && value.toString === Object.prototype.toString)
    return value.constructor.name;
  return String(value);
}
