/** What the functions of `torch.fft` share: types, lengths, dimensions, factors. */
import type { GraphBuilder } from "../../builder.ts";
import { complexOf, isComplex, isIntegral, scalarName } from "../../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { axisOf, describe, range, requireDimensions } from "../support.ts";
import { fourier } from "./fourier.ts";

export type Norm = "backward" | "ortho" | "forward";

export function normOf(name: string, norm: string | null): Norm {
  if (norm === null || norm === "backward" || norm === "ortho" || norm === "forward") return norm ?? "backward";
  throw new ArgumentError(
    `${name}/norm`,
    `${name}: Invalid normalization mode: "${norm}".`,
    'Use "forward", "backward" or "ortho".',
  );
}

/** The factor of a transform over `count` values, in the direction for which "backward" asks for none. */
export function factorOf(norm: Norm, count: number, inverse: boolean): number {
  if (norm === "ortho") return 1 / Math.sqrt(count);
  return (norm === "forward") === !inverse ? 1 / count : 1;
}
export const scaled = (g: GraphBuilder, x: Node, factor: number): Node => (factor === 1 ? x : g.mul(x, factor));

/** Integers become floats; half floats have no transform. */
export function asFloat(g: GraphBuilder, name: string, x: Node): Node {
  if (isIntegral(x.dtype)) return g.cast(x, g.defaultFloat);
  if (x.dtype === "float16" || x.dtype === "bfloat16")
    throw new DTypeError(
      `${name}/half`,
      `${name}: Unsupported dtype ${scalarName(x.dtype)}: ${describe(x)}.`,
      "Convert it with float().",
    );
  return x;
}
export function asComplex(g: GraphBuilder, name: string, x: Node): Node {
  const float = asFloat(g, name, x);
  return g.cast(float, complexOf(float.dtype));
}
/** What PyTorch calls a transform of two axes in its messages: one of several. */
export const ofAxes = (name: string): string => name.replace(/2$/, "n");

/** @throws ArgumentError where half a spectrum has no last axis */
export function requireAxes(name: string, axes: readonly number[]): void {
  if (axes.length === 0)
    throw new ArgumentError(`${name}/axes`, `${ofAxes(name)} must transform at least one axis.`, "Pass a dim.");
}

export function asReal(g: GraphBuilder, name: string, x: Node): Node {
  if (isComplex(x.dtype))
    throw new DTypeError(
      `${name}/complex`,
      `${ofAxes(name)} expects a ${/[2n]$/.test(name) ? "real-valued" : "real"} input tensor, but got ${scalarName(x.dtype)}: ${describe(x)}.`,
      "Take its real part, or use fft().",
    );
  return asFloat(g, name, x);
}

export function checkLength(name: string, n: number): number {
  if (n >= 1) return n;
  throw new ShapeError(`${name}/n`, `${name}: Invalid number of data points (${n}) specified.`);
}

/** An axis cut, or filled up with zeros, to a length. */
export function resized(g: GraphBuilder, x: Node, axis: number, length: number): Node {
  const size = x.shape[axis]!;
  if (size >= length) return g.sliceAxis(x, axis, 0, length);
  const high = x.shape.map((_, i) => (i === axis ? length - size : 0));
  return g.pad(
    x,
    high.map(() => 0),
    high,
    0,
  );
}

/** Something done along the last axis, done along another. */
export function along(g: GraphBuilder, x: Node, axis: number, f: (line: Node) => Node): Node {
  const last = x.shape.length - 1;
  return axis === last ? f(x) : g.swap(f(g.swap(x, axis, last)), axis, last);
}

export const transformed = (g: GraphBuilder, z: Node, axis: number, inverse: boolean): Node =>
  along(g, z, axis, (line) => fourier(g, line, inverse));

export interface Dimensions {
  readonly axes: readonly number[];
  /** For each axis the length that it is brought to; null where it stays. */
  readonly lengths: readonly (number | null)[];
}

/** The dimensions that `s` and `dim` name: the last ones where only sizes are given, all where nothing is. */
export function dimensionsOf(
  name: string,
  x: Node,
  s: readonly number[] | null,
  dim: readonly number[] | null,
): Dimensions {
  const rank = x.shape.length;
  const axes =
    dim === null
      ? range(rank).slice(s === null ? 0 : rank - s.length)
      : dim.map((item) => axisOf(name, item, requireDimensions(name, x, item)));
  if (s !== null && dim !== null && s.length !== dim.length)
    throw new ShapeError(
      `${name}/s`,
      `${name}: When given, dim and shape arguments must have the same length, got s of ${s.length} and dim of ${dim.length}.`,
    );
  if (s !== null && s.length > rank)
    throw new ShapeError(
      `${name}/s`,
      `${name}: Got shape with ${s.length} values but input tensor only has ${rank} dimensions: ${describe(x)}.`,
    );
  if (new Set(axes).size !== axes.length)
    throw new ShapeError(`${name}/dim`, `${name}: FFT dims must be unique, got [${(dim ?? []).join(", ")}].`);
  const lengths = axes.map((axis, i) => {
    const wanted = s === null || s[i] === -1 ? null : s[i]!;
    checkLength(name, wanted ?? x.shape[axis]!);
    return wanted;
  });
  return { axes, lengths };
}

/** The one dimension of a transform along a line, whose length says no "as it is": -1 is none. */
export const dimensionOf = (name: string, x: Node, n: number | null, dim: number): Dimensions =>
  dimensionsOf(name, x, n === null ? null : [checkLength(name, n)], [dim]);

/** All axes but the last of some brought to their lengths. */
export const resizedAll = (g: GraphBuilder, x: Node, { axes, lengths }: Dimensions): Node =>
  axes.reduce((result, axis, i) => (lengths[i] === null ? result : resized(g, result, axis, lengths[i]!)), x);
