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
 *  - every kernel is well formed (ir/verify/loop.ts).
 * Cost: O(kernels + slots^2).
 */
import { dtypeBytes } from "../dtype.ts";
import { registerKind, type LoopKernel } from "../loop.ts";
import { mayOverwrite } from "../overwrite.ts";
import type { Program, Slot, Step } from "../program.ts";
import { elementCount } from "../shape.ts";
import { verifyKernel } from "./loop.ts";
import { check } from "./report.ts";

const alignment = 8;

interface Touch {
  readonly step: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

/**
 * `placed`: off for a program whose temporaries have no place yet.
 * @throws IrError naming the slot, step or kernel and the broken rule
 */
export function verifyProgram(program: Program, { placed = true }: { readonly placed?: boolean } = {}): void {
  verifySlots(program);
  const touches = new Map<number, Touch[]>(program.slots.map((slot) => [slot.id, []]));
  const touch = (slot: number, entry: Touch, where: () => string): void => {
    const list = touches.get(slot);
    check(list !== undefined, where, "a step names slots that exist");
    list.push(entry);
  };
  program.steps.forEach((step, i) => {
    const where = (): string => `${program.name}, step ${i}`;
    if (step.kind === "copy") {
      touch(step.from, { step: i, reads: true, writes: false }, where);
      touch(step.to, { step: i, reads: false, writes: true }, where);
    } else if (step.kind === "draw") touch(step.slot, { step: i, reads: false, writes: true }, where);
    else {
      verifyBinding(program, step, where);
      verifyKernel(step.kernel);
      argumentsOf(step.kernel).forEach(({ access }, k) => {
        touch(step.buffers[k]!, { step: i, reads: access !== "write", writes: access !== "read" }, where);
      });
    }
  });
  for (const slot of program.slots) verifyUse(program, slot, touches.get(slot.id)!);
  if (placed) verifyArena(program, touches);
  verifyDonations(program, touches);
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
    if (place.kind === "temporary") return;
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

function verifyBinding(program: Program, step: Extract<Step, { kind: "kernel" }>, where: () => string): void {
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
  if (slot.bytes === 0) return;
  check(slot.place.kind === "temporary" || touches.some(({ writes }) => writes), where, "a result is written");
  check(touches.length === 0 || touches[0]!.writes, where, "memory is written before it is read");
}

const lifeOf = (touches: readonly Touch[]): { first: number; last: number } | null =>
  touches.length === 0 ? null : { first: touches[0]!.step, last: touches.at(-1)!.step };

function verifyArena(program: Program, touches: ReadonlyMap<number, readonly Touch[]>): void {
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

function verifyDonations(program: Program, touches: ReadonlyMap<number, readonly Touch[]>): void {
  for (const slot of program.slots) {
    if (slot.place.kind !== "donated") continue;
    const where = (): string => slotText(program, slot);
    const donor = donorOf(program, slot.place.of)!;
    const firstWrite = touches.get(slot.id)!.find(({ writes }) => writes)?.step ?? Infinity;
    for (const { step } of touches.get(donor.id)!) {
      check(step <= firstWrite, where, `step ${step} reads memory that a result has taken over`);
      if (step < firstWrite) continue;
      const writer = program.steps[step]!;
      if (writer.kind !== "kernel") {
        check(false, where, "a copy reads memory that it overwrites");
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
