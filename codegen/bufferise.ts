/**
 * Gives every value in memory a slot, and binds the kernels to slots.
 *
 * in:  kernels in the order in which they run; which results may overwrite which inputs
 * out: a program whose temporaries have no place yet (all at 0), with the graph leaves that its inputs and numbers
 *      stand for
 * A result that may not be written over the input that it takes over (codegen/donation.ts) is a temporary, copied over
 * the input at the end.
 * Cost: O(kernels x arguments).
 */
import type { Node } from "../ir/graph.ts";
import type { NumberSlot, Program, Step } from "../ir/program.ts";
import { DonationRule, donorsOf, type Donations } from "./donation.ts";
import { bindWork } from "./bind-work.ts";
import { argumentsOf, kernelsWithin, type LoweredGraph } from "./lower-regions.ts";
import { Slots, temporary } from "./slots.ts";

export interface BufferiseOptions {
  /** The program's name. */
  readonly name: string;
  readonly donations: Donations;
}

export interface BoundProgram {
  readonly program: Program;
  /** The `input` leaves in the order of the program's inputs. */
  readonly inputs: readonly Node[];
  /** The `scalar` leaves in the order of the program's numbers. */
  readonly scalars: readonly Node[];
  /** The graph's outputs. The program's results are those that are computed, each once, in this order. */
  readonly outputs: readonly Node[];
}

/** The nodes that a program's results stand for. */
export const computedOf = (outputs: readonly Node[]): Node[] => [
  ...new Set(outputs.filter((node) => node.op !== "input")),
];

export function bufferise({ kernels, outputs }: LoweredGraph, { name, donations }: BufferiseOptions): BoundProgram {
  const slots = new Slots();
  const argumentList = kernels.flatMap(argumentsOf);
  const inputs = [...new Set(argumentList.filter((node) => node.op === "input"))];
  inputs.forEach((node, index) => slots.give(node, { kind: "input", index }));

  const results = computedOf(outputs);
  const donors = donorsOf(outputs, donations);
  const rule = new DonationRule(kernels);
  const copies: Step[] = [];
  results.forEach((node, index) => {
    const donor = donors.get(node);
    if (donor === undefined || !slots.has(donor)) {
      slots.give(node, { kind: "output", index });
      return;
    }
    const donated = slots.add(node, { kind: "donated", index, of: slots.of(donor) });
    if (rule.allows(node, donor)) slots.share(node, donated);
    else copies.push({ kind: "copy", from: slots.give(node, temporary), to: donated });
  });
  for (const node of argumentList) if (!slots.has(node)) slots.give(node, temporary);

  const scalars = [...new Set(kernelsWithin(kernels).flatMap(({ lowered }) => lowered.scalars))];
  const numberOf = new Map(scalars.map((node, id) => [node, id]));
  const program = {
    name,
    slots: slots.list,
    numbers: scalars.map(({ dtype }, id): NumberSlot => ({ id, dtype })),
    steps: [...bindWork(kernels, slots, numberOf), ...copies],
    inputCount: inputs.length,
    outputCount: results.length,
    arenaBytes: 0,
  };
  return { program, inputs, scalars, outputs };
}
