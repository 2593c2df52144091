/** What a recording takes for granted, and what is said when that no longer holds. */
import { rareChanges } from "../trace.ts";
import { isModule } from "../nn/module-internals.ts";
import type { HeldGuard } from "./held.ts";
import { Storage } from "../storage.ts";

/** One line of `explain_recompiles()`. */
export interface Recompile {
  /** What changed, such as `x.shape[0]`. */
  readonly guard: string;
  readonly before: unknown;
  readonly now: unknown;
  /** `file:line:column` of the call that was recorded again. */
  readonly line: string | null;
  toString(): string;
}

export type Failure = Pick<Recompile, "guard" | "before" | "now">;

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

  constructor(always: readonly Guard[], rare: readonly Guard[], held: readonly HeldGuard[]) {
    this.held = held;
    this.always = always;
    this.rare = rare;
    this.rareCount = rareChanges.count;
  }

  firstFailure(): Failure | null {
    for (const held of this.held) {
      const failure = held.firstFailure();
      if (failure !== null) return failure;
    }
    const failure = firstFailing(this.always);
    if (failure !== null || this.rareCount === rareChanges.count) return failure;
    const rareFailure = firstFailing(this.rare);
    if (rareFailure === null) this.rareCount = rareChanges.count;
    return rareFailure;
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
  const [old, fresh] = [shown(before), shown(now)];
  const text = `${guard}: ${old} -> ${old === fresh ? "another " : ""}${fresh}${line === null ? "" : `\n  at ${line}`}`;
  return { guard, before, now, line, toString: () => text };
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
