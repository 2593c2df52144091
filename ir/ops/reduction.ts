/** Reductions over dimensions. */
import { nameSteps, with1 } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { noKernel, unsupported } from "../unsupported.ts";
import { type DType, isComplex, isFloat, isIntegral, realOf, scalarName } from "../dtype.ts";
import { DTypeError, IndexError, ShapeError } from "../errors.ts";
import type { ArgReducePrimitive, Node, ReducePrimitive } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount } from "../shape.ts";
import { largestOf } from "./fitting.ts";
import { axesOf, axisOf, describe, dropAxes, inFloat32, keepOrDrop, refuseComplex } from "./support.ts";
import { anyCastable, logarithmsType, summedType, extremesType, truthType } from "./out-types.ts";

const shape = "[*] -> [*] without dim (of size 1 with keepdim)";

/** Sums of integers are int64, as PyTorch makes them. */
const accumulated = (g: GraphBuilder, x: Node, dtype: DType | null): Node =>
  g.cast(x, dtype ?? (isIntegral(x.dtype) ? "int64" : x.dtype));

export const countOf = (x: Node, axes: readonly number[]): number => elementCount(axes.map((axis) => x.shape[axis]!));

/** `dim` null: nothing was named, and everything is reduced. */
function requireElements(name: string, x: Node, axes: readonly number[], dim: unknown): void {
  if (countOf(x, axes) > 0) return;
  const named = dim !== null && !(Array.isArray(dim) && dim.length === 0);
  if (named)
    throw new IndexError(
      `${name}/empty`,
      `${name}(): Expected reduction dim ${axes.find((axis) => x.shape[axis] === 0)} to have non-zero size. Got ${describe(x)}.`,
    );
  // Of positions PyTorch's error is an IndexError here, too; of values it is not.
  const Refusal = name.startsWith("arg") ? IndexError : ShapeError;
  throw new Refusal(
    `${name}/empty`,
    `${name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument: ${describe(x)}.`,
  );
}

export const sum = defineOp({
  name: "sum",
  computesInOut: true,
  signature: "sum(Tensor input, int[]? dim=None, bool keepdim=False, *, dtype? dtype=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: { summary: "Sum over the given dimensions (all by default).", shape, source: "torch.sum" },
  gradient: "through decomposition",
  record(g, { input, dim, keepdim, dtype }) {
    const axes = axesOf("sum", dim, input.shape.length);
    return keepOrDrop(g, g.sum(accumulated(g, input, dtype), axes), axes, keepdim);
  },
});

export const nansum = defineOp({
  name: "nansum",
  computesInOut: true,
  signature: "nansum(Tensor input, int[]? dim=None, bool keepdim=False, *, dtype? dtype=None) -> Tensor",
  places: ["torch", "Tensor"],
  out: summedType,
  doc: { summary: "Sum that counts NaN as zero.", shape, source: "torch.nansum" },
  gradient: "through decomposition",
  record(g, { input, dim, keepdim, dtype }) {
    refuseComplex("nansum", input);
    if (dtype !== null && isComplex(dtype)) throw unsupported("nansum", dtype, "Choose a real dtype.");
    const axes = axesOf("nansum", dim, input.shape.length);
    const x = accumulated(g, input, dtype);
    return keepOrDrop(g, g.sum(isFloat(x.dtype) ? g.where(g.isNaN(x), 0, x) : x, axes), axes, keepdim);
  },
});

/** The sum of half floats may be out of their range where the mean is not. */
export const meanOf = (g: GraphBuilder, x: Node, axes: readonly number[]): Node =>
  inFloat32(g, [x], (wide) => g.div(g.sum(wide, axes), countOf(x, axes)));

export const mean = defineOp({
  name: "mean",
  signature: "mean(Tensor input, int[]? dim=None, bool keepdim=False, *, dtype? dtype=None) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  doc: {
    summary: "Arithmetic mean over the given dimensions (all by default). Floats only.",
    shape,
    source: "torch.mean",
  },
  gradient: "through decomposition",
  record(g, { input, dim, keepdim, dtype }) {
    // Rounded to a half type after the division only.
    const half = dtype === "float16" || dtype === "bfloat16";
    const x = dtype === null ? input : g.cast(input, half ? "float32" : dtype);
    if (isIntegral(x.dtype))
      throw new DTypeError(
        "mean/not-float",
        `mean(): could not infer output dtype. ${dtype === null ? "Input" : "Optional"} dtype must be either a floating point or complex dtype. Got: ${scalarName(x.dtype)}, ${describe(input)}.`,
        "Convert it with input.float().",
      );
    const axes = axesOf("mean", dim, x.shape.length);
    return g.cast(keepOrDrop(g, meanOf(g, x, axes), axes, keepdim), dtype ?? x.dtype);
  },
});

export const prod = defineOp({
  name: "prod",
  computesInOut: true,
  signature: "prod(Tensor input, *, dtype? dtype=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: { summary: "Product of all elements.", shape: "[*] -> []", source: "torch.prod" },
  gradient: "through decomposition",
  saves: ["input", "result"],
  record(g, { input, dtype }) {
    const axes = axesOf("prod", null, input.shape.length);
    return dropAxes(g, g.reduce("reduce_prod", accumulated(g, input, dtype), axes), axes);
  },
});

export const prodDim = defineOp({
  name: "prod.dim",
  computesInOut: true,
  signature: "prod(Tensor input, int dim, bool keepdim=False, *, dtype? dtype=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: { summary: "Product over one dimension.", shape, source: "torch.prod" },
  gradient: "through decomposition",
  saves: ["input", "result"],
  record(g, { input, dim, keepdim, dtype }) {
    const axis = axisOf("prod", dim, input.shape.length);
    const axes = input.shape.length === 0 ? [] : [axis];
    return keepOrDrop(g, g.reduce("reduce_prod", accumulated(g, input, dtype), axes), axes, keepdim);
  },
});

for (const [name, op, summary] of [
  ["amax", "reduce_max", "Largest value over the given dimensions; the gradient is shared among equals."],
  ["amin", "reduce_min", "Smallest value over the given dimensions; the gradient is shared among equals."],
] as const) {
  defineOp({
    name,
    signature:
      `${name}(Tensor input, int[]? dim=None, bool keepdim=False) -> Tensor` as "amax(Tensor input, int[]? dim=None, bool keepdim=False) -> Tensor",
    places: ["torch", "Tensor"],
    out: extremesType,
    doc: { summary, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    saves: ["input", "result"],
    record(g, { input, dim, keepdim }) {
      const axes = axesOf(name, dim, input.shape.length);
      requireElements(name, input, axes, dim);
      return keepOrDrop(g, sharedExtreme(g, op, input, axes), axes, keepdim);
    },
  });
}

/** An extreme whose gradient is shared among the elements that equal it: among none where it is NaN, which gives NaN. */
export function sharedExtreme(
  g: GraphBuilder,
  op: "reduce_max" | "reduce_min",
  x: Node,
  axes: readonly number[],
): Node {
  const value = g.reduce(op, x, axes);
  if (!value.requiresGrad) return value;
  const slope = g.where(g.isNaN(g.detach(value)), g.full([], NaN, value.dtype), 1);
  return g.withHistory(g.detach(value), g.mul(value, slope));
}

/** Extreme and its position along an axis, both keeping it; the gradient goes to that position alone. */
export function extremeAlong(g: GraphBuilder, x: Node, axis: number, largest: boolean): [Node, Node] {
  const position = g.argReduce(largest ? "argmax" : "argmin", x, axis);
  const value = g.reduce(largest ? "reduce_max" : "reduce_min", x, [axis]);
  if (!x.requiresGrad || !g.gradEnabled) return [value, position];
  const chosen = g.isAt(x.shape, axis, position);
  return [g.withHistory(g.detach(value), g.sum(g.where(chosen, x, 0), [axis])), position];
}

for (const [name, op, argument] of [
  ["max", "reduce_max", "argmax"],
  ["min", "reduce_min", "argmin"],
] as const satisfies readonly (readonly [string, ReducePrimitive, ArgReducePrimitive])[]) {
  const word = name === "max" ? "Largest" : "Smallest";
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "max(Tensor input) -> Tensor",
    places: ["torch", "Tensor"],
    out: anyCastable,
    doc: { summary: `${word} of all elements.`, shape: "[*] -> []", source: `torch.${name}` },
    gradient: "through decomposition",
    saves: ["input", "result"],
    record(g, { input }) {
      if (isComplex(input.dtype)) throw noKernel(name, `${name}_all`, input, "Take its abs() or real part first.");
      const axes = axesOf(name, null, input.shape.length);
      requireElements(name, input, axes, null);
      return dropAxes(g, g.reduce(op, input, axes), axes);
    },
  });
  defineOp({
    name: `${name}.dim`,
    signature:
      `${name}(Tensor input, int dim, bool keepdim=False) -> Tensor[]` as "max(Tensor input, int dim, bool keepdim=False) -> Tensor[]",
    places: ["torch", "Tensor"],
    results: ["values", "indices"],
    doc: { summary: `${word} along a dimension, with its first position.`, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    saves: ["indices"],
    record(g, { input, dim, keepdim }) {
      const axis = axisOf(name, dim, input.shape.length);
      if (isComplex(input.dtype))
        throw new DTypeError(
          `${name}/complex`,
          `${name}(): does not support complex input, got ${describe(input)}.`,
          "Take its abs() or real part first.",
        );
      if (input.shape.length === 0) return [input, g.full([], 0n, "int64")];
      requireElements(name, input, [axis], dim);
      const [value, position] = extremeAlong(g, input, axis, name === "max");
      return [keepOrDrop(g, value, [axis], keepdim), keepOrDrop(g, position, [axis], keepdim)];
    },
  });
  defineOp({
    name: argument,
    signature:
      `${argument}(Tensor input, int? dim=None, bool keepdim=False) -> Tensor` as "argmax(Tensor input, int? dim=None, bool keepdim=False) -> Tensor",
    places: ["torch", "Tensor"],
    doc: {
      summary: `Position of the first ${word.toLowerCase()} value (of the flattened input without dim).`,
      shape: "[*] -> int64[*]",
      source: `torch.${argument}`,
    },
    gradient: "none",
    record(g, { input: x, dim, keepdim }) {
      if (x.dtype === "bool")
        throw new DTypeError(
          `${argument}/bool`,
          `${argument}(): does not support bool input, got ${describe(x)}.`,
          "Convert it with input.long().",
        );
      if (dim === null || x.shape.length === 0) {
        if (dim !== null) axisOf(argument, dim, 0);
        requireElements(argument, x, axesOf(argument, null, x.shape.length), dim);
        const flat = g.reshape(x, [elementCount(x.shape)]);
        return g.reshape(g.argReduce(argument, flat, 0), keepdim ? x.shape.map(() => 1) : []);
      }
      const axis = axisOf(argument, dim, x.shape.length);
      requireElements(argument, x, [axis], dim);
      return keepOrDrop(g, g.argReduce(argument, x, axis), [axis], keepdim);
    },
  });
}

for (const [name, op, summary] of [
  ["all", "reduce_min", "Whether every element is non-zero."],
  ["any", "reduce_max", "Whether some element is non-zero."],
] as const) {
  defineOp({
    name,
    signature:
      `${name}(Tensor input, int[]? dim=None, bool keepdim=False) -> Tensor` as "all(Tensor input, int[]? dim=None, bool keepdim=False) -> Tensor",
    places: ["torch", "Tensor"],
    out: truthType(name),
    doc: { summary, shape: "[*] -> bool[*]", source: `torch.${name}` },
    gradient: "none",
    record(g, { input, dim, keepdim }) {
      // No dimensions are none here, not all.
      const axes = dim?.length === 0 ? [] : axesOf(name, dim, input.shape.length);
      const truth = input.dtype === "bool" ? input : g.ne(input, 0);
      const result = keepOrDrop(g, g.reduce(op, truth, axes), axes, keepdim);
      return input.dtype === "uint8" ? g.cast(result, "uint8") : result;
    },
  });
}

export const logsumexp = defineOp({
  name: "logsumexp",
  signature: "logsumexp(Tensor input, int[] dim, bool keepdim=False) -> Tensor",
  places: ["torch", "Tensor", "special"],
  out: logarithmsType,
  doc: { summary: "log(sum(exp(input))) without overflow.", shape, source: "torch.logsumexp" },
  gradient: "through decomposition",
  saves: ["input", "result"],
  record(g, { input, dim, keepdim }) {
    const x = isIntegral(input.dtype) ? g.cast(input, g.defaultFloat) : input;
    const axes = axesOf("logsumexp", dim, x.shape.length);
    if (countOf(x, axes) === 0) return keepOrDrop(g, g.log(g.sum(x, axes)), axes, keepdim);
    // Of complex numbers the real parts decide what overflows.
    const largest = g.detach(g.reduce("reduce_max", isComplex(x.dtype) ? g.real(x) : x, axes));
    // No infinity, from which nothing can be taken; beside one at the top what is finite vanishes all the same.
    const most = g.min(largest, largestOf(realOf(x.dtype)));
    const shift = g.cast(g.where(g.gt(largest, -Infinity), most, 0), x.dtype);
    const total = g.add(g.log(g.sum(g.exp(g.sub(x, shift)), axes)), shift);
    return keepOrDrop(g, total, axes, keepdim);
  },
});

for (const [name, kind] of [
  ["cumsum", "sum"],
  ["cumprod", "prod"],
] as const) {
  defineOp({
    name,
    computesInOut: true,
    signature:
      `${name}(Tensor input, int dim, *, dtype? dtype=None) -> Tensor` as "cumsum(Tensor input, int dim, *, dtype? dtype=None) -> Tensor",
    places: ["torch", "Tensor"],
    inplace: true,
    doc: {
      summary: kind === "sum" ? "Running sum along a dimension." : "Running product along a dimension.",
      shape: "[*] -> [*]",
      source: `torch.${name}`,
    },
    gradient: "through decomposition",
    record(g, { input, dim, dtype }) {
      if (dtype === "bool") throw noKernel(name, `${name}_out_cpu`, dtype, "Choose a type of numbers.");
      const x = accumulated(g, input, dtype);
      const axis = axisOf(name, dim, x.shape.length);
      return x.shape.length === 0 ? x : g.scan(kind, x, axis);
    },
  });
}

nameSteps(
  {},
  {
    mean: with1("dim"),
    "prod.dim": () => 1,
    sum: with1("dim"),
  },
);
