/** Routines by their plainest methods, in float64: each rule works on one matrix or line, batches are taken apart here. */
import type { NodeOf } from "../../../ir/graph.ts";
import { inferRoutine, routineBatch, type RoutineName, type RoutineParameters } from "../../../ir/routines/index.ts";
import { roundToDType, type Element } from "../../../ir/rounding.ts";
import { elementCount, type Shape } from "../../../ir/shape.ts";
import type { Values } from "../values.ts";
import { complexEigh, complexLu, complexReflect, complexReflections, complexSvd } from "./complex.ts";
import { eigh, svd } from "./eigenvalues.ts";
import { complexEig, eig } from "./eigenvectors.ts";
import { cholesky, lu, permutation, solveTriangular } from "./elimination.ts";
import { exponential } from "./exponential.ts";
import { reflect, reflections } from "./reflections.ts";
import { gammaSum, polynomial } from "./special.ts";
import { complexLdl, complexLdlSolve, ldl, ldlSolve } from "./symmetric.ts";
import { fft } from "./transform.ts";

/** Numbers of one run, row-major. */
export interface Slice {
  readonly shape: Shape;
  readonly data: readonly number[];
}
export type RoutineRuleOf<N extends RoutineName> = (
  inputs: readonly Slice[],
  parameters: RoutineParameters[N],
) => readonly (readonly number[])[];

const rules: { readonly [N in RoutineName]: RoutineRuleOf<N> } = {
  cholesky,
  solve_triangular: solveTriangular,
  lu,
  permutation,
  reflect,
  reflections,
  eigh,
  svd,
  eig,
  ldl,
  ldl_solve: ldlSolve,
  complex_lu: complexLu,
  complex_reflect: complexReflect,
  complex_reflections: complexReflections,
  complex_eigh: complexEigh,
  complex_svd: complexSvd,
  complex_eig: complexEig,
  complex_ldl: complexLdl,
  complex_ldl_solve: complexLdlSolve,
  exponential,
  fft,
  polynomial,
  gamma_sum: gammaSum,
};

export function routine(node: NodeOf<"routine">, inputs: readonly Values[]): readonly Values[] {
  const batch = routineBatch(node.attrs, inputs);
  const runs = elementCount(batch);
  const results = inferRoutine(node.attrs, inputs) as readonly Pick<Values, "dtype" | "shape">[];
  const data = results.map((): Element[] => []);
  for (let run = 0; run < runs; run++) {
    const slices = inputs.map((input): Slice => {
      const shape = input.shape.slice(batch.length);
      const size = elementCount(shape);
      return { shape, data: input.data.slice(run * size, (run + 1) * size).map(Number) };
    });
    const outputs = (rules[node.attrs.name] as RoutineRuleOf<RoutineName>)(slices, node.attrs);
    outputs.forEach((output, i) => {
      for (const x of output) data[i]!.push(roundToDType(x, results[i]!.dtype));
    });
  }
  return results.map(({ dtype, shape }, i) => ({ dtype, shape, data: data[i]! }));
}
