/** Running results along a dimension. */
import { nameSteps } from "../step-names.ts";
import { isComplex, isFloat, isIntegral, promoteTypes } from "../dtype.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { broadcastShapes } from "../shape.ts";

import type { ScalarArgument } from "../signature.ts";
import { complexLogAddExp } from "./pairs.ts";
import { atLeast1d, axisOf, describe, resultType, scalarAs, toFloat } from "./support.ts";
import { noKernel } from "../unsupported.ts";
import { anyCastable, scannedType } from "./out-types.ts";

const along = "[.., n, ..] -> [.., n, ..]";

for (const [name, kind, word] of [
  ["cummax", "max", "largest"],
  ["cummin", "min", "smallest"],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, int dim) -> Tensor[2]` as "cummax(Tensor input, int dim) -> Tensor[2]",
    places: ["torch", "Tensor"],
    out: scannedType,
    results: ["values", "indices"],
    doc: {
      summary: `The ${word} value so far along dim, and its last position.`,
      shape: along,
      source: `torch.${name}`,
    },
    gradient: "through decomposition",
    saves: ["input", "indices"],
    record(g, { input, dim }) {
      const axis = axisOf(name, dim, input.shape.length);
      const x = atLeast1d(g, input);
      const values = g.scan(kind, x, axis);
      const line = g.iotaAlong(x.shape, axis, "int32");
      const [current, extreme] = [g.detach(x), g.detach(values)];
      const fresh = isFloat(x.dtype) ? g.or(g.eq(current, extreme), g.isNaN(current)) : g.eq(current, extreme);
      const indices = g.cast(g.scan("max", g.where(fresh, line, 0), axis), "int64");
      return [g.reshape(values, input.shape), g.reshape(indices, input.shape)];
    },
  });
}

/** By doubling: each step adds what lies twice as far back, so that no sum is of parts of another size. */
function complexLogCumSumExp(g: GraphBuilder, z: Node, axis: number): Node {
  const length = z.shape[axis]!;
  // Nothing has no angle.
  let total = g.where(g.and(g.eq(g.real(z), -Infinity), g.eq(g.imag(z), g.imag(z))), -Infinity, z);
  for (let distance = 1; distance < length; distance *= 2) {
    const before = g.full(z.shape.with(axis, distance), -Infinity, z.dtype);
    const earlier = g.concat([before, g.sliceAxis(total, axis, 0, length - distance)], axis);
    total = complexLogAddExp(g, total, earlier);
  }
  return total;
}

defineOp({
  name: "logcumsumexp",
  signature: "logcumsumexp(Tensor input, int dim) -> Tensor",
  places: ["torch", "Tensor"],
  out: scannedType,
  inplace: true,
  doc: { summary: "log(cumsum(exp(input))) without overflow.", shape: along, source: "torch.logcumsumexp" },
  gradient: "through decomposition",
  record(g, { input, dim }) {
    const axis = axisOf("logcumsumexp", dim, input.shape.length);
    if (isIntegral(input.dtype))
      throw noKernel("logcumsumexp", "logcumsumexp_out_cpu", input, "Convert it with input.float().");
    if (input.shape.length === 0) return input;
    return isComplex(input.dtype) ? complexLogCumSumExp(g, input, axis) : g.scan("logaddexp", input, axis);
  },
});

/** Neighbours along an axis: all but the first, all but the last. */
const neighbours = (g: GraphBuilder, x: Node, axis: number): [Node, Node] => {
  const count = Math.max(0, x.shape[axis]! - 1);
  return [g.sliceAxis(x, axis, Math.min(1, x.shape[axis]!), count), g.sliceAxis(x, axis, 0, count)];
};

defineOp({
  name: "diff",
  signature: "diff(Tensor input, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  doc: {
    summary: "Differences of neighbours along dim, n times over.",
    shape: "[.., m, ..] -> [.., m - n, ..]",
    source: "torch.diff",
  },
  gradient: "through decomposition",
  record(g, { input, n, dim, prepend, append }) {
    if (input.shape.length === 0)
      throw new ShapeError("diff/0-d", "diff expects input to be at least one-dimensional.");
    if (n < 0) throw new ArgumentError("diff/n", `diff: order must be non-negative but got ${n}.`);
    const axis = axisOf("diff", dim, input.shape.length);
    const parts = [prepend, input, append].filter((part) => part !== null);
    for (const part of parts) {
      if (part.shape.length !== input.shape.length)
        throw new ShapeError(
          "diff/rank",
          `diff expects prepend or append to be the same dimension as input: ${describe(part)} and ${describe(input)}.`,
        );
      if (part.shape.some((size, i) => i !== axis && size !== input.shape[i]))
        throw new ShapeError(
          "diff/sizes",
          `diff expects the shape of tensor to prepend or append to match that of input except along the differencing dimension: ${describe(part)} and ${describe(input)}.`,
        );
    }
    const dtype = parts.map((part) => part.dtype).reduce(promoteTypes);
    if (n === 0) return input;
    let x = g.concat(
      parts.map((part) => g.cast(part, dtype)),
      axis,
    );
    for (let i = 0; i < Math.min(n, input.shape[axis]! + 2 * n); i++) {
      const [later, earlier] = neighbours(g, x, axis);
      x = dtype === "bool" ? g.binary("xor", later, earlier) : g.sub(later, earlier);
    }
    return x;
  },
});

/** Twice the mean of neighbours times their distance; integers stay integers until the end, as in PyTorch. */
function doubledAreas(g: GraphBuilder, name: string, y: Node, x: Node, axis: number): { areas: Node; axis: number } {
  const dtype = resultType(g, [y, x]);
  const [later, earlier] = neighbours(g, y, axis);
  // Points: of one dimension, or as many as y has.
  let points = x;
  if (points.shape.length === 1)
    points = g.reshape(
      points,
      y.shape.map((_, i) => (i === axis ? points.shape[0]! : 1)),
    );
  while (points.shape.length < y.shape.length) points = g.reshape(points, [1, ...points.shape]);
  const along = axis + points.shape.length - y.shape.length;
  if (x.shape.length === 1 && points.shape[along] !== y.shape[axis])
    throw new ShapeError(
      `${name}/x`,
      `${name}: There must be one \`x\` value for each sample point: x ${describe(x)}, y ${describe(y)}, dim ${axis}.`,
    );
  const [p, q] = neighbours(g, points, along);
  const steps = g.sub(p, q);
  const heights = g.add(later, earlier);
  if (broadcastShapes(steps.shape, heights.shape) === null)
    throw new ShapeError(`${name}/x`, `${name}: x ${describe(x)} does not broadcast with y ${describe(y)}.`);
  return { areas: g.mul(g.cast(heights, dtype), g.cast(steps, dtype)), axis: along };
}

function checkSamples(name: string, y: Node, dim: number): number {
  if (y.shape.length === 0) throw new ShapeError(`${name}/0-d`, `${name}: y must have at least one dimension.`);
  if (y.dtype === "bool")
    throw new ArgumentError(
      `${name}/bool`,
      `${name}: received a bool input for \`x\` or \`y\`, but bool is not supported.`,
    );
  return axisOf(name, dim, y.shape.length);
}

const wide = (g: GraphBuilder, x: Node): Node => (isIntegral(x.dtype) ? g.cast(x, "int64") : x);
const without = (g: GraphBuilder, x: Node, axis: number): Node =>
  g.reshape(
    x,
    x.shape.filter((_, i) => i !== axis),
  );

/** The integral of no samples, which is of their type. */
const ofNothing = (g: GraphBuilder, y: Node, axis: number): Node => g.full(y.shape.toSpliced(axis, 1), 0, y.dtype);

/** The integral for samples at the places x. */
function integrated(g: GraphBuilder, name: string, y: Node, x: Node, dim: number, running: boolean): Node {
  const along = checkSamples(name, y, dim);
  if (y.shape[along] === 0 && !running) return ofNothing(g, y, along);
  const { areas, axis } = doubledAreas(g, name, y, x, along);
  const total = running ? g.scan("sum", wide(g, areas), axis) : without(g, g.sum(wide(g, areas), [axis]), axis);
  return g.div(toFloat(g, total), 2);
}

/** The integral for samples that are dx apart. */
function integratedEvenly(
  g: GraphBuilder,
  name: string,
  y: Node,
  dx: ScalarArgument,
  dim: number,
  running: boolean,
): Node {
  const axis = checkSamples(name, y, dim);
  const size = y.shape[axis]!;
  const step = scalarAs(g, dx, isIntegral(y.dtype) ? g.defaultFloat : y.dtype);
  if (running) {
    const [later, earlier] = neighbours(g, y, axis);
    return g.scan("sum", g.mul(toFloat(g, g.add(later, earlier)), g.div(step, 2)), axis);
  }
  if (size === 0) return ofNothing(g, y, axis);
  const ends = without(g, g.add(g.sliceAxis(y, axis, 0, 1), g.sliceAxis(y, axis, size - 1, 1)), axis);
  const total = without(g, g.sum(wide(g, y), [axis]), axis);
  return g.mul(g.sub(toFloat(g, total), g.mul(toFloat(g, ends), 0.5)), step);
}

for (const [name, alias, summary, shape] of [
  ["trapezoid", "trapz", "Integral along dim by the trapezoid rule.", "[.., n, ..] -> [.., ..]"],
  ["cumulative_trapezoid", null, "Running integral along dim by the trapezoid rule.", "[.., n, ..] -> [.., n - 1, ..]"],
] as const) {
  defineOp({
    name: `${name}.x`,
    aliases: alias === null ? [] : [`${alias}.x`],
    signature:
      `${name}(Tensor y, Tensor x, *, int dim=-1) -> Tensor` as "trapezoid(Tensor y, Tensor x, *, int dim=-1) -> Tensor",
    places: ["torch"],
    doc: { summary: `${summary} x holds the places of the samples.`, shape, source: `torch.${name}` },
    saves: [],
    gradient: "through decomposition",
    record: (g, { y, x, dim }) => integrated(g, name, y, x, dim, alias === null),
  });
  defineOp({
    name: `${name}.dx`,
    aliases: alias === null ? [] : [`${alias}.dx`],
    signature:
      `${name}(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor` as "trapezoid(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor",
    places: ["torch"],
    doc: { summary: `${summary} Samples are dx apart.`, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    record: (g, { y, dx, dim }) => integratedEvenly(g, name, y, dx, dim, alias === null),
  });
}

nameSteps({ diff: "sub" });
