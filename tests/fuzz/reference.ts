/**
 * What a graph must give, with a tolerance for each element: zero where IEEE arithmetic fixes every bit, else a
 * multiple of how far the element moves when the results that back ends may round differently are disturbed.
 */
import type { DType } from "../../ir/dtype.ts";
import { bodiesOf } from "../../ir/body.ts";
import { topologicalOrder } from "../../ir/walks.ts";
import { type Node } from "../../ir/graph.ts";
import { interpret, type Bindings } from "../../runtime/interpreter/index.ts";
import { binaryRules, unaryRules } from "../../runtime/interpreter/scalar-functions.ts";
import { halfFromBits } from "../../runtime/interpreter/values.ts";
import type { TypedArray } from "../../runtime/typed-array.ts";
import { randomStream } from "./choices.ts";
import { contentsOf, scalarOf } from "./contents.ts";

const formats: Partial<Record<DType, { epsilon: number; smallest: number; largest: number }>> = {
  float64: { epsilon: 2 ** -53, smallest: 2 ** -1022, largest: Number.MAX_VALUE },
  float32: { epsilon: 2 ** -24, smallest: 2 ** -126, largest: 3.4028234663852886e38 },
  float16: { epsilon: 2 ** -11, smallest: 2 ** -14, largest: 65504 },
  bfloat16: { epsilon: 2 ** -8, smallest: 2 ** -126, largest: 3.3895313892515355e38 },
};

export interface Leaves {
  readonly inputs: readonly Node[];
  readonly scalars: readonly Node[];
}
export function leavesOf(roots: readonly Node[]): Leaves {
  const order = topologicalOrder(roots);
  return { inputs: order.filter((n) => n.op === "input"), scalars: order.filter((n) => n.op === "scalar") };
}

export interface Contents {
  readonly input: (leaf: Node) => TypedArray;
  readonly scalar: (leaf: Node) => number | bigint;
}
export function contentsFor({ inputs, scalars }: Leaves, seed: number): Contents {
  const arrays = new Map(inputs.map((leaf, i) => [leaf, contentsOf(leaf, i, seed)]));
  const numbers = new Map(scalars.map((leaf, i) => [leaf, scalarOf(leaf, i, seed)]));
  return { input: (leaf) => arrays.get(leaf)!, scalar: (leaf) => numbers.get(leaf)! };
}

/** Elements as numbers and bigints, half types by value. */
export function elementsOf(dtype: DType, array: TypedArray): (number | bigint)[] {
  const half = dtype === "float16" || dtype === "bfloat16";
  return Array.from(array as Iterable<number | bigint>, (x) => (half ? halfFromBits(Number(x), dtype) : x));
}

const inexactFunctions = Object.entries({ ...unaryRules, ...binaryRules }).filter(([, rule]) => rule.inexact === true);
const inexactOps = new Set<string>(["dot", "reduce_sum", "reduce_prod", "scan", "call"]);
for (const [op] of inexactFunctions) inexactOps.add(op);
/** Whether IEEE arithmetic fixes every bit of a value. */
export const isExact = (node: Node): boolean =>
  topologicalOrder([node]).every(
    (other) => !inexactOps.has(other.op) && bodiesOf(other).every(({ results }) => results.every(isExact)),
  );

export interface Expected {
  readonly elements: readonly (number | bigint)[];
  /** Down to the sign of zeros. */
  readonly isExact: boolean;
  /** NaN: anything goes. */
  readonly tolerance: readonly number[];
}

const disturbedRuns = 6;
/** Ulps by which one inexact result may be off. */
const functionUlps = 4;
const margin = 24;

export function referenceOf(roots: readonly Node[], contents: Contents, gpu: boolean): Expected[] {
  const exact = interpret(roots, contents).map((array, i) => elementsOf(roots[i]!.dtype, array));
  const runs: (number | bigint)[][][] = [];
  if (gpu)
    runs.push(interpret(roots, { ...contents, flush: true }).map((array, i) => elementsOf(roots[i]!.dtype, array)));
  let disturbed = 0;
  for (let run = 0; run < disturbedRuns; run++) {
    const next = randomStream(run + 1);
    const disturb: Bindings["disturb"] = (value, { scale, range }, dtype, terms) => {
      const { epsilon, smallest, largest } = formats[dtype]!;
      disturbed++;
      if (range > largest / 4) return NaN;
      const ulps = functionUlps + Math.min(terms, 32);
      const amount = (next() < 0.5 ? -1 : 1) * (0.5 + 0.5 * next()) * ulps * epsilon;
      return value + amount * (scale + smallest);
    };
    runs.push(interpret(roots, { ...contents, disturb }).map((array, i) => elementsOf(roots[i]!.dtype, array)));
    if (disturbed === 0) break;
  }
  return roots.map((root, r) => {
    const tolerance = exact[r]!.map((value, i) => {
      let spread = 0;
      for (const run of runs) spread = Math.max(spread, distance(value, run[r]![i]!));
      // Disturbances may cancel in every run; the last roundings are free all the same.
      const rounding = isExact(root) ? 0 : 2 * Math.abs(Number(value)) * (formats[root.dtype]?.epsilon ?? 0);
      // Subnormal numbers may be flushed to zero.
      return (
        margin * spread + (Number.isFinite(rounding) ? rounding : 0) + (gpu ? (formats[root.dtype]?.smallest ?? 0) : 0)
      );
    });
    return { elements: exact[r]!, isExact: isExact(root), tolerance };
  });
}

/** NaN when one is infinite or no number and the other is something else. */
function distance(a: number | bigint, b: number | bigint): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  if (typeof a === "bigint" || typeof b === "bigint") return Math.abs(Number(BigInt(a) - BigInt(b)));
  return Number.isFinite(a) && Number.isFinite(b) ? Math.abs(a - b) : NaN;
}

/** The first element that is wrong, in words; null when all are right. */
export function difference(
  expected: Expected,
  actual: readonly (number | bigint)[],
  signedZeros: boolean,
): string | null {
  if (actual.length !== expected.elements.length) return `${actual.length} elements, not ${expected.elements.length}`;
  for (const [i, value] of expected.elements.entries()) {
    const tolerance = expected.tolerance[i]!;
    if (Number.isNaN(tolerance)) continue;
    const got = actual[i]!;
    const far = distance(value, got);
    const wrongZero = signedZeros && expected.isExact && far === 0 && !Object.is(got, value) && !Number.isNaN(value);
    if (Number.isNaN(far) || far > tolerance || wrongZero) {
      return `element ${i} is ${String(got)}${wrongZero ? " (sign)" : ""}, not ${String(value)} (within ${tolerance})`;
    }
  }
  return null;
}
