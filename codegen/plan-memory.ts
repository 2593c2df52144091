/**
 * Places the temporaries of a program.
 *
 * in:  a program whose temporaries have no place
 * out: the program with their offsets in its arena (codegen/arena.ts), and the arena's size
 */
import type { Program, Slot, Step } from "../ir/program.ts";
import { layOut, type Lifetime } from "./arena.ts";

export function planMemory<Bound extends { readonly program: Program }>(bound: Bound): Bound {
  const { program } = bound;
  const temporaries = program.slots.filter(({ place }) => place.kind === "temporary");
  const { offsets, arenaBytes } = layOut(lifetimesOf(temporaries, program.steps));
  const slots = [...program.slots];
  temporaries.forEach((slot, i) => {
    slots[slot.id] = { ...slot, place: { kind: "temporary", offset: offsets[i]! } };
  });
  return { ...bound, program: { ...program, slots, arenaBytes } };
}

function touchedBy(step: Step): readonly number[] {
  switch (step.kind) {
    case "kernel":
      return step.buffers;
    case "copy":
      return [step.from, step.to];
    case "draw":
      return [step.slot];
  }
}

/** The first and the last step that touch each slot. */
function lifetimesOf(slots: readonly Slot[], steps: readonly Step[]): Lifetime[] {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  steps.forEach((step, i) => {
    for (const slot of touchedBy(step)) {
      if (!first.has(slot)) first.set(slot, i);
      last.set(slot, i);
    }
  });
  return slots.map(({ id, bytes }) => ({ bytes, first: first.get(id) ?? 0, last: last.get(id) ?? 0 }));
}
