/** What the operators of neural networks share: accumulation types, sizes of spatial dimensions, means of losses. */
import type { GraphBuilder } from "../../builder.ts";
import { isFloat, type DType } from "../../dtype.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import type { GradientRequest } from "../../operator.ts";
import { elementCount, type Shape } from "../../shape.ts";
import { describe, requireFloat, requireFloatOrComplex } from "../support.ts";

export const isHalf = (dtype: DType): boolean => dtype === "float16" || dtype === "bfloat16";

/** Half types are computed in float32, as PyTorch computes them, and rounded once at the end. */
export const widen = (g: GraphBuilder, x: Node): Node => (isHalf(x.dtype) ? g.cast(x, "float32") : x);
export const widenIf = (g: GraphBuilder, x: Node | null): Node | null => (x === null ? null : widen(g, x));

/** Activations that complex numbers have, too. */
const complexToo = new Set(["silu", "softsign", "tanhshrink"]);

/** A function of one float tensor, computed wide. */
export function inWide(g: GraphBuilder, name: string, x: Node, compute: (wide: Node) => Node): Node {
  (complexToo.has(name) ? requireFloatOrComplex : requireFloat)(name, x);
  return g.cast(compute(widen(g, x)), x.dtype);
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The axes `from` to `to` (exclusive). */
export const axesBetween = (from: number, to: number): number[] => range(to).slice(from);

/** One number for each of `rank` spatial dimensions; a single one stands for all. */
export function perDimension(name: string, what: string, values: readonly number[], rank: number): number[] {
  if (values.length === 1) return new Array<number>(rank).fill(values[0]!);
  if (values.length === rank) return [...values];
  throw new ArgumentError(
    `${name}/${what}`,
    `${name}: expected ${what} to be a single integer value or a list of ${rank} values to match the spatial dimensions, but got ${what}=[${values.join(", ")}].`,
  );
}

export type Reduction = "none" | "mean" | "sum";

/** The reduction that a loss is asked for; `size_average` and `reduce` are its older spelling. */
export function reductionOf(
  name: string,
  reduction: string,
  sizeAverage: boolean | null = null,
  reduce: boolean | null = null,
): Reduction {
  if (sizeAverage !== null || reduce !== null) {
    if (reduce === false) return "none";
    return sizeAverage === false ? "sum" : "mean";
  }
  if (reduction !== "none" && reduction !== "mean" && reduction !== "sum") {
    throw new ArgumentError(
      `${name}/reduction`,
      `${name}: ${reduction} is not a valid value for reduction`,
      "Use 'none', 'mean' or 'sum'.",
    );
  }
  return reduction;
}

/** All elements of a loss, added up, averaged, or left as they are. */
export function reduced(g: GraphBuilder, loss: Node, reduction: Reduction): Node {
  if (reduction === "none") return loss;
  const wide = widen(g, loss);
  const total = g.reshape(g.sum(wide, range(loss.shape.length)), []);
  return g.cast(reduction === "sum" ? total : g.div(total, elementCount(loss.shape)), loss.dtype);
}

/** Names the argument that must have the input's shape. */
export function requireShape(name: string, what: string, x: Node, shape: Shape): void {
  if (x.shape.length !== shape.length || x.shape.some((size, i) => size !== shape[i])) {
    throw new ShapeError(
      `${name}/${what}`,
      `${name}: expected ${what} of shape [${shape.join(", ")}], got ${describe(x)}.`,
    );
  }
}

/** The lowest value of a type: what a maximum over nothing is. */
export const lowestOf = (dtype: DType): number | bigint | boolean =>
  isFloat(dtype)
    ? -Infinity
    : dtype === "int64"
      ? -(2n ** 63n)
      : dtype === "int32"
        ? -(2 ** 31)
        : dtype === "int16"
          ? -(2 ** 15)
          : dtype === "int8"
            ? -128
            : dtype === "bool"
              ? false
              : 0;

/** The tensor that a composite was given for an argument, or null. */
export function tensorArgument(request: GradientRequest, name: string): Node | null {
  const mark = request.attrs[name] as { readonly $input: number } | null;
  return mark === null ? null : request.inputs[mark.$input]!;
}

/** Gradients by argument name, in the order of the inputs and of their types. */
export function byArgument(
  g: GraphBuilder,
  request: GradientRequest,
  gradients: Readonly<Record<string, Node | null>>,
): (Node | null)[] {
  const result = request.inputs.map((): Node | null => null);
  for (const [name, grad] of Object.entries(gradients)) {
    const mark = request.attrs[name] as { readonly $input: number } | null;
    if (mark === null || grad === null) continue;
    const input = request.inputs[mark.$input]!;
    result[mark.$input] = g.cast(g.reshape(grad, input.shape), input.dtype);
  }
  return result;
}
