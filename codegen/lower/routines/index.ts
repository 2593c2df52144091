/**
 * Lowers a routine: one parallel loop over its batches, and in it the routine's own code. A rule of each routine writes
 * loop IR with `RoutineCode`, once for all back ends.
 */
import type { Node, NodeOf } from "../../../ir/graph.ts";
import { routineBatch, type RoutineName, type RoutineParameters } from "../../../ir/routines/index.ts";
import { elementCount } from "../../../ir/shape.ts";
import { KernelBuilder, type LoweredKernel, type Target } from "../kernel-builder.ts";
import { cholesky } from "./cholesky.ts";
import { RoutineCode } from "./code.ts";
import { complexEig, eig } from "./eig.ts";
import { complexEigh, eigh } from "./eigh.ts";
import { exponential } from "./exponential.ts";
import { fft } from "./fft.ts";
import { gammaSum } from "./gamma-sum.ts";
import { complexLdl, ldl } from "./ldl.ts";
import { complexLdlSolve, ldlSolve } from "./ldl-solve.ts";
import { complexLu, lu, permutation } from "./lu.ts";
import { polynomial } from "./polynomial.ts";
import { complexReflect, complexReflections, reflect, reflections } from "./reflections.ts";
import { complexSvd, svd } from "./svd.ts";
import { solveTriangular } from "./triangular.ts";

type Rule<N extends RoutineName> = (code: RoutineCode, parameters: RoutineParameters[N]) => void;

const rules: { readonly [N in RoutineName]: Rule<N> } = {
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

export function lowerRoutine(
  node: NodeOf<"routine">,
  stores: readonly Node[],
  name: string,
  target: Target,
  stored: (node: Node) => boolean,
): LoweredKernel {
  const builder = new KernelBuilder(target);
  const runs = elementCount(routineBatch(node.attrs, node.inputs));
  builder.loop("run", runs, "parallel", () => {
    const code = new RoutineCode(builder, node, stores, stored, builder.position("run", runs));
    (rules[node.attrs.name] as Rule<RoutineName>)(code, node.attrs);
  });
  return builder.finish(name);
}
