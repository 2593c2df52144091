/** Targets given as classes: checks, weights, the values at them, and reductions over them. */
import { isNode, type GraphBuilder } from "../../builder.ts";
import { DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import { formatShape } from "../../shape.ts";
import { checkRange, describe } from "../support.ts";
import { reduced, type Reduction } from "./support.ts";
import { scalarName } from "../../dtype.ts";

/** The dimension of the classes. */
export const classAxis = (input: Node): number => (input.shape.length === 1 ? 0 : 1);

export function requireClasses(name: string, input: Node, target: Node, weight: Node | null): void {
  if (input.shape.length === 0)
    throw new ShapeError(`${name}/0-d`, `${name}: input tensor should be at least 1D, got ${describe(input)}.`);
  if (target.dtype !== "int64" && target.dtype !== "uint8" && target.dtype !== "int32")
    throw new DTypeError(
      `${name}/target`,
      `${name}: expected scalar type Long but found ${scalarName(target.dtype)}: target ${describe(target)}.`,
      "Convert it with target.long().",
    );
  const axis = classAxis(input);
  const expected = input.shape.filter((_, i) => i !== axis);
  if (formatShape(expected) !== formatShape(target.shape)) {
    throw new ShapeError(
      `${name}/target`,
      `${name}: Expected target size ${formatShape(expected)}, got ${formatShape(target.shape)} (input ${describe(input)}).`,
      expected[0] !== target.shape[0]
        ? `Expected input batch_size (${expected[0] ?? 1}) to match target batch_size (${target.shape[0] ?? 1}).`
        : "The target is the input's shape without the classes.",
    );
  }
  requireClassWeights(name, input, weight);
}

export function requireClassWeights(name: string, input: Node, weight: Node | null): void {
  const count = input.shape[classAxis(input)];
  if (weight !== null && (weight.shape.length !== 1 || weight.shape[0] !== count))
    throw new ShapeError(
      `${name}/weight`,
      `${name}: weight tensor should be defined either for all ${count} classes or no classes but got weight tensor of shape: ${formatShape(weight.shape)}.`,
    );
}

/** [N, *] with the classes' dimension put back, of size 1. */
export const besideClasses = (g: GraphBuilder, x: Node, input: Node): Node =>
  g.reshape(
    x,
    input.shape.map((size, i) => (i === classAxis(input) ? 1 : size)),
  );

interface Targets {
  /** Whether each counts, with the classes' dimension of size 1: the form in which it is a value of the input's rows. */
  readonly valid: Node;
  /** The class of each, 0 where it is ignored. */
  readonly known: Node;
  /** The weight of each, 0 where it is ignored. */
  readonly weights: Node;
}

export function targetsOf(
  g: GraphBuilder,
  name: string,
  target: Node,
  weight: Node | null,
  ignored: number,
  input: Node,
  x: Node,
): Targets {
  const line = besideClasses(g, g.cast(target, "int64"), input);
  const valid = g.ne(line, BigInt(ignored));
  const known = checkRange(
    g,
    name,
    g.where(valid, line, 0n),
    input.shape[classAxis(input)]!,
    0,
    null,
    "Target % is out of bounds",
  );
  if (weight === null) return { valid, known, weights: g.cast(valid, x.dtype) };
  const flat = g.gather(g.cast(weight, x.dtype), [0], [g.reshape(known, target.shape)]);
  return { valid, known, weights: g.where(valid, besideClasses(g, flat, input), 0) };
}

/** Terms with the classes' dimension of size 1, reduced. The mean is over the weights. */
export function reducedTerms(
  g: GraphBuilder,
  terms: Node,
  weights: Node,
  reduction: Reduction,
  shape: readonly number[],
): Node {
  if (reduction === "none") return g.reshape(terms, shape);
  const total = reduced(g, terms, "sum");
  return reduction === "sum" ? total : g.div(total, reduced(g, weights, "sum"));
}

/** input[n, target[n], ...], read without touching the other classes; its adjoint compares positions and scatters nothing. */
const pickClass = defineOp({
  name: "pick_class",
  signature: "pick_class(Tensor input, Tensor target, int axis) -> Tensor",
  places: [],
  composite: true,
  doc: {
    summary: "The input's value at each target, along an axis that is kept with size 1.",
    shape: "[N, C, *], int64[N, 1, *] -> [N, 1, *]",
    source: "torch.nn.functional.nll_loss",
  },
  gradient(g, { inputs, attrs, grads }) {
    const [input, target] = inputs as [Node, Node];
    const hit = g.isAt(input.shape, attrs["axis"] as number, target);
    return [g.where(hit, g.expandTo(grads[0]!, input.shape), 0), null];
  },
  record: (g, { input, target, axis }) => g.takeAlong(input, axis, target),
});
export const valueAt = (g: GraphBuilder, input: Node, target: Node): Node =>
  recordOperator(g, pickClass, { input, target, axis: classAxis(input) }, isNode) as Node;
