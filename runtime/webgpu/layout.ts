/** Where a program's temporaries lie in the arena, in device bytes. */
import { slotUses, unrolled, usesWithin, type Program, type Slot } from "../../ir/program.ts";
import { deviceBytes, elementWidth } from "./element-words.ts";
import { blockAlignment } from "./heap.ts";

export interface ArenaLayout {
  /** Byte offset of each temporary, by slot id. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly bytes: number;
}

export const slotBytes = (slot: Slot): number => deviceBytes(slot.bytes, elementWidth(slot.dtype));

/** The program's own plan, unless narrow dtypes take more room here than it reckoned with. */
export function layOutArena(program: Program): ArenaLayout {
  const temporaries = program.slots.filter((slot) => slot.place.kind === "temporary");
  const planned = new Map<number, number>();
  for (const { id, place } of temporaries) if (place.kind === "temporary") planned.set(id, place.offset);
  const fits = temporaries.every((slot) => slotBytes(slot) === slot.bytes && planned.get(slot.id)! % 16 === 0);
  return fits ? { offsets: planned, bytes: program.arenaBytes } : planByLifetime(program, temporaries);
}

interface Lifetime {
  readonly slot: Slot;
  readonly bytes: number;
  first: number;
  last: number;
  offset: number;
}

/** First fit, large values first. */
function planByLifetime(program: Program, temporaries: readonly Slot[]): ArenaLayout {
  const lifetimes = new Map<number, Lifetime>();
  for (const slot of temporaries) {
    const bytes = Math.max(1, Math.ceil(slotBytes(slot) / blockAlignment)) * blockAlignment;
    lifetimes.set(slot.id, { slot, bytes, first: Infinity, last: -1, offset: 0 });
  }
  for (const [i, step] of program.steps.entries()) {
    for (const { slot: id } of usesWithin(program, step)) {
      const lifetime = lifetimes.get(id);
      if (lifetime === undefined) continue;
      lifetime.first = Math.min(lifetime.first, i);
      lifetime.last = i;
    }
  }
  const placed: Lifetime[] = []; // sorted by offset
  let total = 0;
  for (const lifetime of [...lifetimes.values()].sort((a, b) => b.bytes - a.bytes)) {
    let offset = 0;
    for (const other of placed) {
      if (other.last < lifetime.first || lifetime.last < other.first) continue;
      if (other.offset >= offset + lifetime.bytes) break;
      offset = Math.max(offset, other.offset + other.bytes);
    }
    lifetime.offset = offset;
    const at = placed.findIndex((other) => other.offset > offset);
    placed.splice(at < 0 ? placed.length : at, 0, lifetime);
    total = Math.max(total, offset + lifetime.bytes);
  }
  return { offsets: new Map([...lifetimes].map(([id, { offset }]) => [id, offset])), bytes: total };
}

export interface Segment {
  /** Draw steps whose values are written before the segment's kernels are submitted: indices among the draw steps. */
  readonly draws: readonly number[];
  /** Kernel and copy steps from `first` (inclusive) to `end`, counted among such steps, each iteration of a loop anew. */
  readonly first: number;
  readonly end: number;
}

/**
 * Cuts the steps where a draw overwrites memory that earlier kernels use: its values can only be written between two
 * submissions. All other draws are written before the first one.
 */
export function cutSegments(program: Program, arena: ArenaLayout): readonly Segment[] {
  const slots = new Map(program.slots.map((slot) => [slot.id, slot]));
  const range = (id: number): readonly [string, number, number] => {
    const slot = slots.get(id)!;
    switch (slot.place.kind) {
      case "temporary": {
        const offset = arena.offsets.get(id)!;
        return ["arena", offset, offset + slotBytes(slot)];
      }
      case "donated":
        return [`slot ${slot.place.of}`, 0, 1];
      default:
        return [`slot ${id}`, 0, 1];
    }
  };
  const used: (readonly [string, number, number])[] = [];
  const segments: { draws: number[]; first: number; end: number }[] = [{ draws: [], first: 0, end: 0 }];
  let drawCount = 0;
  let kernelCount = 0;
  for (const { step, placeOf } of unrolled(program)) {
    if (step.kind !== "draw") {
      used.push(...slotUses(step).map(({ slot }) => range(placeOf(slot).slot)));
      segments.at(-1)!.end = ++kernelCount;
      continue;
    }
    const [place, start, end] = range(step.slot);
    const disturbs = used.some(([other, from, to]) => other === place && from < end && start < to);
    if (disturbs) {
      segments.push({ draws: [], first: kernelCount, end: kernelCount });
      used.length = 0;
    }
    segments.at(-1)!.draws.push(drawCount++);
  }
  return segments;
}
