/**
 * Verifies a program. Checks that
 *  - slots and numbers are numbered by their places, and a slot has the bytes that its type and shape need;
 *  - inputs and results are numbered 0, 1, ... without gaps, and no input is taken over twice;
 *  - a kernel's arguments and numbers are bound to slots of their types and sizes;
 *  - inputs are only read, except through the result that takes them over;
 *  - results and temporaries are written before they are read, and every result is written;
 *  - temporaries lie in the arena, aligned, and those alive at the same time never overlap;
 *  - memory that a result takes over is read by nothing afterwards, and by the kernel that writes it only at an
 *    element that it then writes;
 *  - slices lie inside their slots in every iteration, move with exactly one loop and are used only inside it;
 *  - every kernel is well formed (ir/verify/loop.ts).
 * Cost: O(kernels + slots^2).
 */
import { dtypeBytes } from "../dtype.ts";
import { registerKind, type LoopKernel } from "../loop.ts";
import { mayOverwrite } from "../overwrite.ts";
import { slotUses, type LeafStep, type Program, type Slot, type Step } from "../program.ts";
import { elementCount } from "../shape.ts";
import { verifyKernel } from "./loop.ts";
import { check } from "./report.ts";

const alignment = 8;

/** A use of a slot. Steps are counted in program order, those inside others included. */
interface Touch {
  readonly at: number;
  readonly step: Step;
  readonly reads: boolean;
  readonly writes: boolean;
  /** Through a slice, or beside reading. */
  readonly partly: boolean;
}
type Touches = ReadonlyMap<number, Touch[]>;

/**
 * `placed`: off for a program whose temporaries have no place yet.
 * @throws IrError naming the slot, step or kernel and the broken rule
 */
export function verifyProgram(program: Program, { placed = true }: { readonly placed?: boolean } = {}): void {
  verifySlots(program);
  const touches = touchesOf(program);
  for (const slot of program.slots) verifyUse(program, slot, touches.get(slot.id)!);
  if (placed) verifyArena(program, touches);
  verifyDonations(program, touches);
}

/** Every use of every slot, in order; a use of a slice is one of the slot that it is part of. */
function touchesOf(program: Program): Touches {
  const touches = new Map<number, Touch[]>(program.slots.map((slot) => [slot.id, []]));
  const moving = new Map<number, number>(); // slices that move with a loop that is open
  const seen = new Set<number>();
  const loops: { start: number; end: number }[] = []; // inner before outer
  let count = 0;
  const touch = (step: Step, where: () => string): void => {
    for (const use of slotUses(step)) {
      for (let id: number | null = use.slot; id !== null;) {
        const slot: Slot | undefined = program.slots[id];
        const list = touches.get(id);
        check(list !== undefined && slot !== undefined, where, "a step names slots that exist");
        const { reads, writes } = use;
        list.push({ at: count, step, reads, writes, partly: reads || id !== use.slot });
        if (slot.place.kind === "slice") check(moving.has(id), where, "a slice is used inside its loop");
        id = slot.place.kind === "slice" ? slot.place.of : null;
      }
    }
  };
  const visit = (steps: readonly Step[]): void => {
    for (const step of steps) {
      const position = count;
      const where = (): string => `${program.name}, step ${position} (${step.kind})`;
      touch(step, where);
      if (step.kind === "kernel") {
        verifyBinding(program, step, where);
        verifyKernel(step.kernel);
      }
      count++;
      if (step.kind === "branch") {
        verifyCondition(program, step.predicate, where);
        visit(step.then);
        visit(step.else);
      } else if (step.kind === "loop") {
        for (const id of step.slices) {
          check(!seen.has(id), where, `slice ${id} moves with one loop`);
          seen.add(id);
          moving.set(id, step.count);
          verifySlice(program, id, step.count, where);
        }
        visit(step.steps);
        for (const id of step.slices) moving.delete(id);
        loops.push({ start: position, end: count - 1 });
      } else if (step.kind === "while") {
        verifyCondition(program, step.condition, where);
        visit(step.steps);
        loops.push({ start: position, end: count - 1 });
      }
    }
  };
  visit(program.steps);
  for (const loop of loops) keepWhole(touches, loop);
  return touches;
}

/** What a loop shares with the outside, or hands from one iteration to the next, is in use in all of it. */
function keepWhole(touches: Touches, { start, end }: { readonly start: number; readonly end: number }): void {
  for (const list of touches.values()) {
    const inside = list.filter(({ at }) => at > start && at <= end);
    const [first] = inside;
    if (first === undefined || (inside.length === list.length && first.writes && !first.partly)) continue;
    const use = { ...first, reads: inside.some(({ reads }) => reads), writes: inside.some(({ writes }) => writes) };
    list.push({ ...use, at: start, writes: first.writes }, { ...use, at: end });
    list.sort((a, b) => a.at - b.at);
  }
}

function verifyCondition(program: Program, id: number, where: () => string): void {
  const slot = program.slots[id]!;
  check(slot.dtype === "bool" && slot.bytes === 1, where, "one bool decides");
}

function verifySlice(program: Program, id: number, count: number, where: () => string): void {
  const slot = program.slots[id];
  check(slot?.place.kind === "slice", where, `slot ${id} is a slice`);
  const whole = program.slots[slot.place.of];
  const { first, stride } = slot.place;
  const last = first + (count - 1) * stride;
  check(whole !== undefined && whole.dtype === slot.dtype, where, `slice ${id} has the type of what it is part of`);
  const isInside =
    Math.min(first, last) >= 0 && Math.max(first, last) + elementCount(slot.shape) <= elementCount(whole.shape);
  check(isInside, where, `slice ${id} stays inside slot ${whole.id}`);
}

const argumentsOf = (kernel: LoopKernel): LoopKernel["buffers"] => kernel.buffers.filter((b) => b.scope === "argument");
const slotText = (program: Program, { id, place }: Slot): string => `${program.name}, slot ${id} (${place.kind})`;

function verifySlots(program: Program): void {
  const inputs = new Set<number>();
  const outputs = new Set<number>();
  const taken = new Set<number>();
  program.slots.forEach((slot, i) => {
    const where = (): string => slotText(program, slot);
    const { place } = slot;
    check(slot.id === i, where, "slots are numbered by their places");
    check(
      slot.bytes === elementCount(slot.shape) * dtypeBytes(slot.dtype),
      where,
      "a slot has the bytes of its contents",
    );
    if (place.kind === "temporary" || place.kind === "slice") return;
    const seen = place.kind === "input" ? inputs : outputs;
    const count = place.kind === "input" ? program.inputCount : program.outputCount;
    check(
      place.index >= 0 && place.index < count && !seen.has(place.index),
      where,
      "inputs and results are numbered once",
    );
    seen.add(place.index);
    if (place.kind !== "donated") return;
    check(place.of >= 0 && place.of < program.inputCount && !taken.has(place.of), where, "an input is taken over once");
    taken.add(place.of);
    const donor = donorOf(program, place.of);
    check(donor !== undefined && donor.bytes === slot.bytes, where, "what is taken over has the result's size");
  });
  const where = (): string => program.name;
  check(outputs.size === program.outputCount, where, "every result has a slot");
  check(inputs.size === program.inputCount, where, "every input has a slot");
  check(
    program.numbers.every(({ id }, i) => id === i),
    where,
    "numbers are numbered by their places",
  );
}

function verifyBinding(program: Program, step: Extract<LeafStep, { kind: "kernel" }>, where: () => string): void {
  const buffers = argumentsOf(step.kernel);
  check(buffers.length === step.buffers.length, where, "every argument is bound");
  buffers.forEach(({ dtype, elements }, k) => {
    const slot = program.slots[step.buffers[k]!];
    check(slot !== undefined && slot.dtype === dtype, where, `argument ${k} is bound to a slot of its type`);
    check(elements === Math.max(1, elementCount(slot.shape)), where, `argument ${k} is bound to a slot of its size`);
  });
  check(step.numbers.length === step.kernel.numbers.length, where, "every number is bound");
  step.kernel.numbers.forEach(({ kind }, k) => {
    const dtype = program.numbers[step.numbers[k]!]?.dtype;
    const fits = dtype !== undefined && dtype !== "complex64" && dtype !== "complex128" && registerKind[dtype] === kind;
    check(fits, where, `number ${k} is bound to one of its type`);
  });
}

function verifyUse(program: Program, slot: Slot, touches: readonly Touch[]): void {
  const where = (): string => slotText(program, slot);
  if (slot.place.kind === "input") {
    check(
      touches.every(({ writes }) => !writes),
      where,
      "an input is only read",
    );
    return;
  }
  if (slot.bytes === 0 || slot.place.kind === "slice") return;
  check(slot.place.kind === "temporary" || touches.some(({ writes }) => writes), where, "a result is written");
  check(touches.length === 0 || touches[0]!.writes, where, "memory is written before it is read");
}

const lifeOf = (touches: readonly Touch[]): { first: number; last: number } | null =>
  touches.length === 0 ? null : { first: touches[0]!.at, last: touches.at(-1)!.at };

function verifyArena(program: Program, touches: Touches): void {
  const placed = program.slots.flatMap((slot) => {
    const life = lifeOf(touches.get(slot.id)!);
    return slot.place.kind === "temporary" && life !== null
      ? [{ slot, life, from: slot.place.offset, to: slot.place.offset + slot.bytes }]
      : [];
  });
  for (const [i, a] of placed.entries()) {
    const where = (): string => slotText(program, a.slot);
    check(
      a.from >= 0 && a.to <= program.arenaBytes && a.from % alignment === 0,
      where,
      "a temporary lies in the arena, aligned",
    );
    for (const b of placed.slice(0, i)) {
      const together = a.life.first <= b.life.last && b.life.first <= a.life.last;
      const overlap = a.from < b.to && b.from < a.to;
      check(
        !(together && overlap),
        () => `${where()} and slot ${b.slot.id}`,
        "temporaries alive at the same time never overlap",
      );
    }
  }
}

const donorOf = (program: Program, input: number): Slot | undefined =>
  program.slots.find(({ place }) => place.kind === "input" && place.index === input);

function verifyDonations(program: Program, touches: Touches): void {
  for (const slot of program.slots) {
    if (slot.place.kind !== "donated") continue;
    const where = (): string => slotText(program, slot);
    const donor = donorOf(program, slot.place.of)!;
    const firstWrite = touches.get(slot.id)!.find(({ writes }) => writes)?.at ?? Infinity;
    for (const { at, step: writer } of touches.get(donor.id)!) {
      check(at <= firstWrite, where, `step ${at} reads memory that a result has taken over`);
      if (at < firstWrite) continue;
      if (writer.kind !== "kernel") {
        check(false, where, `a ${writer.kind} reads memory that it overwrites`);
        continue;
      }
      const names = argumentsOf(writer.kernel).map(({ name }) => name);
      const nameOf = (id: number): string => names[writer.buffers.indexOf(id)]!;
      check(
        mayOverwrite(writer.kernel, nameOf(donor.id), nameOf(slot.id)),
        where,
        `${writer.kernel.name} reads what it has overwritten`,
      );
    }
  }
}
