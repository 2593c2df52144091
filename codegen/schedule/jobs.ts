/** How many parts a kernel has, from what it costs. */
import type { LoopKernel, Stmt } from "../../ir/loop.ts";
import { countInstructions, evaluate, turnsOf, type Values } from "../../ir/loop-cost.ts";
import { mostParts } from "./parts.ts";

type Loop = Extract<Stmt, { kind: "for" }>;

export interface Job {
  /** One, where threads shall not share it. */
  readonly parts: number;
  /** Of the whole kernel. */
  readonly instructions: number;
}

/** About four microseconds: less does not repay handing parts over, even to threads that spin. */
export const leastSharedInstructions = 12_000;
/** Parts of the least kernel, which take about a microsecond each: taking one costs some 30 ns. */
const leastParts = 4;

export const partsFor = (instructions: number, leastInstructions: number): number =>
  Math.min(mostParts, Math.floor((leastParts * instructions) / leastInstructions));

export interface CutLoop {
  readonly loop: Loop;
  /** The statements before it and before the loops around it, which may name its bounds. */
  readonly before: readonly Stmt[];
}

/** The job of a body whose loops are cut, by the values of the kernel's numbers. */
export function jobOf(
  body: readonly Stmt[],
  loops: readonly CutLoop[],
  leastInstructions: number,
): (values: Values) => Job {
  return (values) => {
    const instructions = countInstructions(body, values);
    // No more parts than there are turns: empty ones cost time, too.
    const parts =
      instructions < leastInstructions
        ? 1
        : Math.min(partsFor(instructions, leastInstructions), mostTurns(loops, values));
    return { parts: Math.max(1, parts), instructions };
  };
}

function mostTurns(loops: readonly CutLoop[], values: Values): number {
  return Math.max(0, ...loops.map(({ loop, before }) => turnsOf(loop, withLets(before, values)) ?? 0));
}

/** The values, and those that the statements name. */
export function withLets(statements: readonly Stmt[], values: Values): Values {
  const all = new Map(values);
  for (const statement of statements) {
    if (statement.kind !== "let") continue;
    const value = evaluate(statement.value, all);
    if (value !== null) all.set(statement.name, value);
  }
  return all;
}

/** What is taken for the sizes of a kernel that has them as numbers. */
export const typicalValues = ({ numbers }: LoopKernel): Values =>
  new Map(numbers.flatMap(({ name, typical }) => (typical === undefined ? [] : [[name, typical] as const])));
