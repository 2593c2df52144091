/**
 * Memory that a replay writes anew: of gradients that nobody has looked at since the last call, and of contents that
 * are replaced without being read. Nobody else knows these values, and nothing that is pending needs them.
 */
import type { Memory, OutputHint } from "../../runtime/device.ts";
import type { Value } from "../value.ts";
import { membersOf } from "./places.ts";
import type { Recording } from "./recording.ts";

export const overwrittenInPlace = "this value was overwritten in place by a compiled function";

export class Reuse {
  /** The recording's, with memory in place of "state". */
  readonly hints: OutputHint[];
  private readonly expected: readonly OutputHint[];
  private readonly values: Value[] = [];
  private readonly memories: Memory[] = [];

  private constructor(hints: readonly OutputHint[]) {
    this.expected = hints;
    this.hints = hints.slice();
  }

  /** Null where there is none. `inputs`: what the run reads. */
  static of({ hints, grads, replaced, compiled }: Recording, inputs: readonly Value[]): Reuse | null {
    if (grads.length === 0 && replaced.length === 0) return null;
    const reuse = new Reuse(hints);
    for (const grad of grads) {
      if (grad.holder !== null || grad.left === null) continue;
      const result = compiled.results[grad.root]!;
      if ("output" in result) reuse.take(grad.left.unseen, result.output);
    }
    const isRead = membersOf(inputs);
    for (const { storage, output } of replaced) {
      const value = storage.soleValue;
      if (value !== null && !isRead(value)) reuse.take(value, output);
    }
    return reuse.values.length === 0 ? null : reuse;
  }

  private take(value: Value | null, output: number): void {
    // A result that goes to two places takes the memory of one.
    if (value === null || this.hints[output] !== this.expected[output]) return;
    const memory = value.memory();
    this.values.push(value);
    this.memories.push(memory);
    this.hints[output] = memory;
  }

  /** The run is over: what was overwritten is no longer the old value. */
  surrender(): void {
    for (const value of this.values) value.surrender(overwrittenInPlace);
  }
}
