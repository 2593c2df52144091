/**
 * What each routine takes and gives: the trailing axes that one run works on, and the sizes of its results. The axes
 * before them are batches. The builder and the verifier infer from this table; the interpreter
 * (runtime/interpreter/routines) and the lowering (codegen/lower/routines) have one rule for each of its names.
 */
import type { GraphBuilder } from "../builder.ts";
import type { DType } from "../dtype.ts";
import { IrError } from "../errors.ts";
import { describe, type Node } from "../graph.ts";
import { sameShape, type Shape } from "../shape.ts";
import { radicesOf } from "./radices.ts";
import type { RoutineCall, RoutineName, RoutineParameters } from "./parameters.ts";

export type { RoutineCall, RoutineName, RoutineParameters } from "./parameters.ts";

interface Value {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Floats of the one type that all inputs have, or int32. */
type Content = "numbers" | "counts";
interface Input {
  /** How many trailing axes one run takes. */
  readonly rank: number;
  readonly holds: Content;
}
const matrix: Input = { rank: 2, holds: "numbers" };
const line: Input = { rank: 1, holds: "numbers" };
const number: Input = { rank: 0, holds: "numbers" };
interface Result {
  readonly shape: Shape;
  readonly holds: Content;
}
const numbers = (...shape: readonly number[]): Result => ({ shape, holds: "numbers" });
const counts = (...shape: readonly number[]): Result => ({ shape, holds: "counts" });

const unlike = "both parts have one shape";

interface RoutineRule<P> {
  readonly inputs: readonly Input[];
  /** The results of a run on inputs of these sizes, or the rule that they break. */
  readonly results: (sizes: readonly Shape[], parameters: P) => readonly Result[] | string;
}

const square = ([rows, columns]: Shape): boolean => rows === columns;

const pivotLine: Input = { rank: 1, holds: "counts" };
const fitting = (a: Shape, pivots: Shape, b: Shape): boolean => square(a) && a[0] === b[0] && pivots[0] === a[0];
const unfit = "the matrix is square, with a pivot for each row, and has as many rows as the other";
const eigenResults = (a: Shape): readonly Result[] => [
  numbers(a[0]!),
  numbers(a[0]!),
  numbers(...a),
  numbers(...a),
  counts(),
];

export const routines: { readonly [N in RoutineName]: RoutineRule<RoutineParameters[N]> } = {
  cholesky: {
    inputs: [matrix],
    results: ([a]) => (square(a!) ? [numbers(...a!), counts()] : "the matrix is square"),
  },
  solve_triangular: {
    inputs: [matrix, matrix],
    results: ([a, b]) =>
      square(a!) && a![0] === b![0] ? [numbers(...b!)] : "the matrix is square and has as many rows as the other",
  },
  lu: {
    inputs: [matrix],
    results: ([a]) => [numbers(...a!), counts(Math.min(...a!)), counts()],
  },
  permutation: {
    inputs: [pivotLine],
    results: ([pivots], { rows }) => (pivots![0]! <= rows ? [counts(rows)] : "as many pivots as rows at most"),
  },
  reflect: {
    inputs: [matrix],
    results: ([a]) => [numbers(...a!), numbers(Math.min(...a!))],
  },
  reflections: {
    inputs: [matrix, line],
    results: ([packed, tau], { columns }) =>
      tau![0]! <= Math.min(...packed!) && columns <= packed![0]!
        ? [numbers(packed![0]!, columns)]
        : "as many reflections as vectors at most, and columns as rows",
  },
  eigh: {
    inputs: [matrix],
    results: ([a]) => (square(a!) ? [numbers(a![0]!), numbers(...a!)] : "the matrix is square"),
  },
  svd: {
    inputs: [matrix],
    results: ([a]) => {
      const [m, n] = a as readonly [number, number];
      return m >= n ? [numbers(m, n), numbers(n), numbers(n, n)] : "the matrix has as many rows as columns at least";
    },
  },
  eig: {
    inputs: [matrix],
    results: ([a]) => (square(a!) ? eigenResults(a!) : "the matrix is square"),
  },
  ldl: {
    inputs: [matrix],
    results: ([a]) => (square(a!) ? [numbers(...a!), counts(a![0]!), counts()] : "the matrix is square"),
  },
  ldl_solve: {
    inputs: [matrix, pivotLine, matrix],
    results: ([a, pivots, b]) => (fitting(a!, pivots!, b!) ? [numbers(...b!)] : unfit),
  },
  complex_lu: {
    inputs: [matrix, matrix],
    results: ([a, b]) =>
      sameShape(a!, b!) ? [numbers(...a!), numbers(...a!), counts(Math.min(...a!)), counts()] : unlike,
  },
  complex_reflect: {
    inputs: [matrix, matrix],
    results: ([a, b]) => {
      const count = Math.min(...a!);
      return sameShape(a!, b!) ? [numbers(...a!), numbers(...a!), numbers(count), numbers(count)] : unlike;
    },
  },
  complex_reflections: {
    inputs: [matrix, matrix, line, line],
    results: ([a, b, tau, tauIm], { columns }) =>
      sameShape(a!, b!) && sameShape(tau!, tauIm!) && tau![0]! <= Math.min(...a!) && columns <= a![0]!
        ? [numbers(a![0]!, columns), numbers(a![0]!, columns)]
        : "as many reflections as vectors at most, and columns as rows",
  },
  complex_eigh: {
    inputs: [matrix, matrix],
    results: ([a, b]) =>
      sameShape(a!, b!) && square(a!) ? [numbers(a![0]!), numbers(...a!), numbers(...a!)] : "the matrix is square",
  },
  complex_svd: {
    inputs: [matrix, matrix],
    results: ([a, b]) => {
      const [m, n] = a as readonly [number, number];
      return sameShape(a!, b!) && m >= n
        ? [numbers(m, n), numbers(m, n), numbers(n), numbers(n, n), numbers(n, n)]
        : "the matrix has as many rows as columns at least";
    },
  },
  complex_eig: {
    inputs: [matrix, matrix],
    results: ([a, b]) => (sameShape(a!, b!) && square(a!) ? eigenResults(a!) : "the matrix is square"),
  },
  complex_ldl: {
    inputs: [matrix, matrix],
    results: ([a, b]) =>
      sameShape(a!, b!) && square(a!)
        ? [numbers(...a!), numbers(...a!), counts(a![0]!), counts()]
        : "the matrix is square",
  },
  complex_ldl_solve: {
    inputs: [matrix, matrix, pivotLine, matrix, matrix],
    results: ([a, aIm, pivots, b, bIm]) =>
      sameShape(a!, aIm!) && sameShape(b!, bIm!) && fitting(a!, pivots!, b!) ? [numbers(...b!), numbers(...b!)] : unfit,
  },
  exponential: {
    inputs: [matrix],
    results: ([a]) => (square(a!) ? [numbers(...a!)] : "the matrix is square"),
  },
  fft: {
    inputs: [line, line, line, line],
    results: (sizes) => {
      const n = sizes[0]![0]!;
      if (sizes.some((size) => size[0] !== n)) return "all lines have one length";
      return radicesOf(n) === null ? "the length has small prime factors" : [numbers(n), numbers(n)];
    },
  },
  polynomial: { inputs: [number, { rank: 0, holds: "counts" }], results: () => [numbers()] },
  gamma_sum: { inputs: [number, number], results: () => [numbers()] },
};

/** The types and shapes of a routine's results, or the rule that its inputs break. */
export function inferRoutine(call: RoutineCall, inputs: readonly Value[]): readonly Value[] | string {
  const rule = routines[call.name] as RoutineRule<RoutineCall> | undefined;
  if (rule === undefined) return `no routine is named ${call.name}`;
  const expected = rule.inputs;
  if (inputs.length !== expected.length) return `${call.name} takes ${expected.length} inputs`;
  const dtype = inputs.find((_, i) => expected[i]!.holds === "numbers")?.dtype ?? "float32";
  if (dtype !== "float32" && dtype !== "float64") return "a routine takes float32 or float64";
  if (inputs.some((input, i) => input.dtype !== (expected[i]!.holds === "numbers" ? dtype : "int32")))
    return "numbers have one type, and counts are int32";
  if (inputs.some((input, i) => input.shape.length < expected[i]!.rank))
    return `${call.name} takes inputs of ${expected.map(({ rank }) => rank).join(" and ")} axes`;
  const batches = inputs.map((input, i) => batchOf(input.shape, expected[i]!.rank));
  if (batches.some((batch) => !sameShape(batch, batches[0]!))) return "batches have one shape";
  const results = rule.results(
    inputs.map((input, i) => input.shape.slice(batches[i]!.length)),
    call,
  );
  if (typeof results === "string") return results;
  return results.map(({ shape, holds }) => ({
    dtype: holds === "counts" ? "int32" : dtype,
    shape: [...batches[0]!, ...shape],
  }));
}

const batchOf = (shape: Shape, rank: number): Shape => shape.slice(0, shape.length - rank);

/** The axes of a routine's inputs that count batches. */
export const routineBatch = (call: RoutineCall, inputs: readonly Value[]): Shape =>
  batchOf(inputs[0]!.shape, routines[call.name].inputs[0]!.rank);

/** All results of a routine, each of as many batches as the inputs have. */
export function recordRoutine(g: GraphBuilder, call: RoutineCall, inputs: readonly Node[]): Node[] {
  const outputs = inferRoutine(call, inputs);
  if (typeof outputs === "string")
    throw new IrError("ir/routine", `${call.name}: ${outputs}: ${inputs.map(describe).join(", ")}`);
  return g.routine(call, inputs, outputs);
}
