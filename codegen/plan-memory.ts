/**
 * Places the temporaries of a program.
 *
 * in:  a program whose temporaries have no place
 * out: the program with their offsets in its arena (codegen/arena.ts), and the arena's size
 */
import { innerSteps, memorySlot, slotUses, type Program, type Slot, type Step } from "../ir/program.ts";
import { layOut, type Lifetime } from "./arena.ts";

export function planMemory<Bound extends { readonly program: Program }>(bound: Bound): Bound {
  const { program } = bound;
  const temporaries = program.slots.filter(({ place }) => place.kind === "temporary");
  const { offsets, arenaBytes } = layOut(lifetimesOf(program, temporaries));
  const slots = [...program.slots];
  temporaries.forEach((slot, i) => {
    slots[slot.id] = { ...slot, place: { kind: "temporary", offset: offsets[i]! } };
  });
  return { ...bound, program: { ...program, slots, arenaBytes } };
}

/**
 * The first and the last step that touch each slot, steps inside others counted, too. What a loop shares with the
 * outside, or hands from one iteration to the next, lives in all of it.
 */
function lifetimesOf(program: Program, slots: readonly Slot[]): Lifetime[] {
  const lives = new Map<number, { first: number; last: number; isWrittenFirst: boolean }>();
  const loops: { start: number; end: number }[] = []; // inner before outer
  let count = 0;
  const visit = (steps: readonly Step[]): void => {
    for (const step of steps) {
      const start = count++;
      for (const { slot, writes } of usesOf(program, step)) {
        const life = lives.get(slot);
        if (life === undefined) lives.set(slot, { first: start, last: start, isWrittenFirst: writes });
        else life.last = start;
      }
      visit(innerSteps(step));
      if (step.kind === "loop" || step.kind === "while") loops.push({ start, end: count - 1 });
    }
  };
  visit(program.steps);
  for (const { start, end } of loops) {
    for (const life of lives.values()) {
      const isInside = life.first > start && life.last <= end;
      if (life.last < start || life.first > end || (isInside && life.isWrittenFirst)) continue;
      life.first = Math.min(life.first, start);
      life.last = Math.max(life.last, end);
    }
  }
  return slots.map(({ id, bytes }) => ({ bytes, first: lives.get(id)?.first ?? 0, last: lives.get(id)?.last ?? 0 }));
}

/** A write through a slice leaves the rest of its slot as it was. */
const usesOf = (program: Program, step: Step): { slot: number; writes: boolean }[] =>
  slotUses(step).map(({ slot, reads, writes }) => {
    const whole = memorySlot(program, slot);
    return { slot: whole, writes: writes && !reads && whole === slot };
  });
