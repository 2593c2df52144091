/**
 * Routines on complex matrices. Those whose result a real matrix of twice the size has, too, are run on that: each
 * number is the block [[re, -im], [im, re]]; the others have complex forms of their own.
 */
import type { GraphBuilder } from "../../builder.ts";
import { IrError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { recordRoutine, type RoutineCall } from "../../routines/index.ts";

/** Two arrays in turns along an axis. */
function interleaved(g: GraphBuilder, a: Node, b: Node, axis: number): Node {
  const apart = (x: Node): Node => g.reshape(x, [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)]);
  const shape = a.shape.with(axis, 2 * a.shape[axis]!);
  return g.reshape(g.concat([apart(a), apart(b)], axis + 1), shape);
}
const everyOther = (g: GraphBuilder, x: Node, axis: number, first: number): Node =>
  g.sliceAxis(x, axis, first, x.shape[axis]! / 2, 2);

/** [.., m, n] -> [.., 2m, 2n] */
function blocks(g: GraphBuilder, z: Node): Node {
  const [re, im, last] = [g.real(z), g.imag(z), z.shape.length - 1];
  return interleaved(g, interleaved(g, re, g.neg(im), last), interleaved(g, im, re, last), last - 1);
}
function fromBlocks(g: GraphBuilder, x: Node): Node {
  const last = x.shape.length - 1;
  return fromRows(g, everyOther(g, x, last, 0));
}
/** [.., n, k] -> [.., 2n, k]: the parts below each other. */
const asRows = (g: GraphBuilder, z: Node): Node => interleaved(g, g.real(z), g.imag(z), z.shape.length - 2);
const fromRows = (g: GraphBuilder, x: Node): Node =>
  g.complex(everyOther(g, x, x.shape.length - 2, 0), everyOther(g, x, x.shape.length - 2, 1));

function onDiagonal(g: GraphBuilder, x: Node): Node {
  const [row, column] = [-2, -1].map((axis) => g.iotaAlong(x.shape, x.shape.length + axis, "int32"));
  return g.eq(row!, column!);
}

function cholesky(g: GraphBuilder, a: Node): Node[] {
  // The diagonal counts as real.
  const hermitian = g.complex(g.real(a), g.where(onDiagonal(g, a), 0, g.imag(a)));
  const [l, info] = recordRoutine(g, { name: "cholesky" }, [blocks(g, hermitian)]) as [Node, Node];
  return [fromBlocks(g, l), g.div(g.add(info, 1), 2)];
}

/** Divided by its diagonal, the blocks of a triangular matrix are triangular. */
function solveTriangular(g: GraphBuilder, a: Node, b: Node, upper: boolean, unit: boolean): Node[] {
  const diagonal = onDiagonal(g, a);
  const column = [...a.shape.slice(0, -1), 1];
  const pivots = g.reshape(g.sum(g.where(diagonal, a, 0), [a.shape.length - 1]), column);
  const divided = (x: Node): Node => (unit ? x : g.div(x, g.expandTo(pivots, x.shape)));
  const triangle = g.where(diagonal, 1, divided(a));
  const call = { name: "solve_triangular", upper, unit: true } as const;
  return [fromRows(g, recordRoutine(g, call, [blocks(g, triangle), asRows(g, divided(b))])[0]!)];
}

export function runComplex(g: GraphBuilder, call: RoutineCall, inputs: readonly Node[]): Node[] {
  const parts = inputs.flatMap((z) => [g.real(z), g.imag(z)]);
  const whole = (results: readonly Node[], at: number): Node => g.complex(results[at]!, results[at + 1]!);
  switch (call.name) {
    case "cholesky":
      return cholesky(g, inputs[0]!);
    case "solve_triangular":
      return solveTriangular(g, inputs[0]!, inputs[1]!, call.upper, call.unit);
    case "exponential":
      return [fromBlocks(g, recordRoutine(g, call, [blocks(g, inputs[0]!)])[0]!)];
    case "lu": {
      const found = recordRoutine(g, { name: "complex_lu", pivot: call.pivot }, parts);
      return [whole(found, 0), found[2]!, found[3]!];
    }
    case "reflect": {
      const found = recordRoutine(g, { name: "complex_reflect" }, parts);
      return [whole(found, 0), whole(found, 2)];
    }
    case "reflections":
      return [whole(recordRoutine(g, { name: "complex_reflections", columns: call.columns }, parts), 0)];
    case "eigh": {
      const found = recordRoutine(g, { name: "complex_eigh" }, parts);
      return [found[0]!, whole(found, 1)];
    }
    case "svd": {
      const found = recordRoutine(g, { name: "complex_svd" }, parts);
      return [whole(found, 0), found[2]!, whole(found, 3)];
    }
    default:
      throw new IrError("ir/routine", `${call.name}: no form for complex numbers`);
  }
}
