/**
 * Loops and choices as the steps of a program, bound to slots.
 *
 * A loop's carried values have a slot each, filled before the first iteration. Its scanned inputs and its outputs are
 * seen through slices that move. A next value is written over the last where no kernel needs that any more
 * (codegen/donation.ts), else copied at the end of the iteration.
 */
import type { Node, NodeOf } from "../ir/graph.ts";
import type { Step } from "../ir/program.ts";
import { elementCount } from "../ir/shape.ts";
import { behindReshape } from "../ir/views.ts";
import { bindWork, type Numbers } from "./bind-work.ts";
import { carriedDonations, DonationRule } from "./donation.ts";
import { argumentsOf, type LoweredGraph, type PlacedRegion } from "./lower-regions.ts";
import { Slots, temporary } from "./slots.ts";

type Copy = Extract<Step, { kind: "copy" }>;
const copy = (from: number, to: number): Copy => ({ kind: "copy", from, to });

export const bindRegion = (region: PlacedRegion, slots: Slots, numbers: Numbers): Step[] =>
  region.node.op === "cond"
    ? bindChoice(region, region.node, slots, numbers)
    : bindLoop(region, region.node, slots, numbers);

/** The slots of a region's results by their places; null for those that nobody reads. */
function resultSlots({ node, writes }: PlacedRegion, slots: Slots): (number | null)[] {
  const result = new Array<number | null>(node.outputs!.length).fill(null);
  for (const pick of writes) if (pick.op === "pick") result[pick.attrs.index] = slots.of(pick);
  return result;
}

type Loop = NodeOf<"loop"> | NodeOf<"while">;

function bindLoop(work: PlacedRegion, node: Loop, slots: Slots, numbers: Numbers): Step[] {
  const { parameters, results } = node.attrs.body;
  const { count, reverse, carried, scanned } =
    node.op === "loop" ? node.attrs : { count: 0, reverse: false, carried: results.length, scanned: 0 };
  const [lowered] = work.bodies as [LoweredGraph];
  const inputs = node.inputs.map((input) => slots.of(behindReshape(input)));
  const places = resultSlots(work, slots);
  const inside = new Slots(slots);
  const moving: number[] = [];
  const sliceOf = (whole: number, part: Node): number => {
    const stride = elementCount(part.shape);
    const first = reverse ? (count - 1) * stride : 0;
    const slot = inside.add(part, { kind: "slice", of: whole, first, stride: reverse ? -stride : stride });
    moving.push(slot);
    return slot;
  };

  // Where the parameters are. A carried value lies where its last one is to be.
  const states = parameters.slice(0, carried).map((parameter, i) => places[i] ?? inside.add(parameter, temporary));
  parameters.forEach((parameter, i) => {
    if (i < carried) inside.share(parameter, states[i]!);
    else inside.share(parameter, i < carried + scanned ? sliceOf(inputs[i]!, parameter) : inputs[i]!);
  });

  // Where the results go: to an output's slice, over the last carried value, or aside.
  const before: Copy[] = [];
  const outputs: Copy[] = [];
  const aside: Copy[] = [];
  const next: Copy[] = [];
  const isParameter = (result: Node): boolean => parameters.includes(result);
  for (let i = carried; i < results.length; i++) {
    if (places[i] === null) continue;
    const result = results[i]!;
    const slice = sliceOf(places[i]!, result);
    if (isParameter(result)) before.push(copy(inside.of(result), slice));
    else if (inside.has(result)) outputs.push(copy(inside.of(result), slice));
    else inside.share(result, slice);
  }
  const rule = new DonationRule(lowered.kernels);
  const isHandedRound = (parameter: Node): boolean =>
    results.indexOf(parameter) >= 0 && results.indexOf(parameter) < carried;
  for (const [i, parameter] of carriedDonations(node)) {
    const result = results[i]!;
    if (isParameter(result)) {
      const held = inside.add(result, temporary);
      aside.push(copy(inside.of(result), held));
      next.push(copy(held, states[i]!));
    } else if (inside.has(result)) next.push(copy(inside.of(result), states[i]!));
    else if (rule.allows(result, parameter) && !isHandedRound(parameter)) inside.share(result, states[i]!);
    else next.push(copy(inside.give(result, temporary), states[i]!));
  }
  for (const argument of lowered.kernels.flatMap(argumentsOf))
    if (!inside.has(argument)) inside.give(argument, temporary);
  const steps = [...before, ...bindWork(lowered.kernels, inside, numbers), ...outputs, ...aside, ...next];
  return [
    ...states.map((state, i) => copy(inputs[i]!, state)),
    node.op === "loop"
      ? { kind: "loop", count, slices: moving, steps }
      : { kind: "while", condition: states[0]!, steps },
  ];
}

function bindChoice(work: PlacedRegion, node: NodeOf<"cond">, slots: Slots, numbers: Numbers): Step[] {
  const [predicate, ...inputs] = node.inputs.map((input) => slots.of(behindReshape(input)));
  const results = resultSlots(work, slots);
  const branch = (which: 0 | 1): Step[] => {
    const { parameters, results: nodes } = which === 0 ? node.attrs.then : node.attrs.else;
    const lowered = work.bodies[which]!;
    const inside = new Slots(slots);
    parameters.forEach((parameter, i) => {
      inside.share(parameter, inputs[i]!);
    });
    const copies: Copy[] = [];
    nodes.forEach((result, i) => {
      if (results[i] === null) return;
      if (inside.has(result)) copies.push(copy(inside.of(result), results[i]!));
      else inside.share(result, results[i]!);
    });
    for (const argument of lowered.kernels.flatMap(argumentsOf))
      if (!inside.has(argument)) inside.give(argument, temporary);
    return [...bindWork(lowered.kernels, inside, numbers), ...copies];
  };
  return [{ kind: "branch", predicate: predicate!, then: branch(0), else: branch(1) }];
}
