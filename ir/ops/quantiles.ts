/** Values below which a fraction of the elements lies. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { isFloat } from "../dtype.ts";
import { ArgumentError, DTypeError, IndexError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount } from "../shape.ts";
import { lerpOf } from "./blends.ts";
import { countNumbers } from "./ordering.ts";
import { atLeast1d, axisOf, describe } from "./support.ts";
import { quantilesType } from "./out-types.ts";

const interpolations = ["linear", "lower", "higher", "midpoint", "nearest"];

/** `q` is a 0-d or one-dimensional float node; its dimension comes first in the result. */
function quantileOf(
  g: GraphBuilder,
  name: string,
  input: Node,
  q: Node,
  dim: number | null,
  keepdim: boolean,
  interpolation: string,
  ignoreNaN: boolean,
): Node {
  if (input.dtype !== "float32" && input.dtype !== "float64")
    throw new DTypeError(
      `${name}/dtype`,
      `${name}() input tensor must be either float or double dtype, got ${describe(input)}.`,
      "Convert it with input.float().",
    );
  if (q.dtype !== input.dtype)
    throw new DTypeError(
      `${name}/q-dtype`,
      `${name}() q tensor must be same dtype as the input tensor, got ${describe(q)} and ${describe(input)}.`,
    );
  if (q.shape.length > 1)
    throw new ArgumentError(`${name}/q-rank`, `${name}() q must be a scalar or 1D tensor, got ${describe(q)}.`);
  if (!interpolations.includes(interpolation))
    throw new ArgumentError(
      `${name}/interpolation`,
      `${name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got ${interpolation}.`,
    );
  if (elementCount(input.shape) === 0)
    throw new IndexError(`${name}/empty`, `${name}() input tensor must be non-empty.`);
  const axis = dim === null || input.shape.length === 0 ? 0 : axisOf(name, dim, input.shape.length);
  const flat = dim === null ? g.reshape(input, [elementCount(input.shape)]) : atLeast1d(g, input);
  const size = flat.shape[axis]!;
  // [.., size, ..] -> [.., 1, .., size]: rows last, a dimension for q in their place
  const moved = g.permute(flat, [...flat.shape.map((_, i) => i).filter((i) => i !== axis), axis]);
  const last = moved.shape.length - 1;
  const sorted = g.sort(moved, last, false)[0];
  const numbers = countNumbers(g, g.detach(moved), last);
  const count = q.shape[0] ?? 1;
  const lead = moved.shape.slice(0, -1);
  const wanted = g.expandTo(g.reshape(q, [...lead.map(() => 1), count]), [...lead, count]);
  const spread = (x: Node): Node => g.expandTo(x, [...lead, count]);
  const valid = spread(g.cast(numbers, input.dtype));
  const end = g.max(g.sub(ignoreNaN ? valid : g.full(valid.shape, size, input.dtype), 1), 0);
  const hasNaN = g.lt(valid, size);
  const exact = g.mul(wanted, end);
  const rank = ignoreNaN ? exact : g.where(hasNaN, size - 1, exact);
  const at = (place: Node): Node => g.takeAlong(sorted, last, g.cast(place, "int64"));
  const [below, above] = [g.unary("floor", rank), g.unary("ceil", rank)];
  let result: Node;
  if (interpolation === "lower") result = at(below);
  else if (interpolation === "higher") result = at(above);
  else if (interpolation === "nearest") result = at(g.unary("nearest", rank));
  else {
    const [low, high] = [at(below), at(above)];
    const weight = interpolation === "midpoint" ? g.full(rank.shape, 0.5, input.dtype) : g.sub(rank, below);
    result = lerpOf(g, low, high, weight);
  }
  const rows = g.permute(result, [last, ...lead.map((_, i) => i)]);
  const kept =
    dim === null
      ? keepdim
        ? input.shape.map(() => 1)
        : []
      : keepdim && input.shape.length > 0
        ? input.shape.map((n, i) => (i === axis ? 1 : n))
        : lead;
  return g.reshape(rows, [...(q.shape.length === 1 ? [count] : []), ...kept]);
}

for (const [name, ignoreNaN] of [
  ["quantile", false],
  ["nanquantile", true],
] as const) {
  const doc = {
    summary: `The value below which a fraction q of the elements lies${ignoreNaN ? ", NaN not counting" : ""}.`,
    shape: "[*] and q of [] or [m] -> [] or [m], [.., ..] or [m, .., ..]",
    source: `torch.${name}`,
  };
  defineOp({
    name,
    signature:
      `${name}(Tensor input, Tensor q, int? dim=None, bool keepdim=False, *, 'linear'|'lower'|'higher'|'midpoint'|'nearest' interpolation=linear) -> Tensor` as "quantile(Tensor input, Tensor q, int? dim=None, bool keepdim=False, *, 'linear'|'lower'|'higher'|'midpoint'|'nearest' interpolation=linear) -> Tensor",
    places: ["torch", "Tensor"],
    out: quantilesType,
    doc,
    saves: [],
    gradient: "through decomposition",
    record: (g, { input, q, dim, keepdim, interpolation }) =>
      quantileOf(g, name, input, q, dim, keepdim, interpolation, ignoreNaN),
  });
  defineOp({
    name: `${name}.number`,
    signature:
      `${name}(Tensor input, Scalar q, int? dim=None, bool keepdim=False, *, 'linear'|'lower'|'higher'|'midpoint'|'nearest' interpolation=linear) -> Tensor` as "quantile(Tensor input, Scalar q, int? dim=None, bool keepdim=False, *, 'linear'|'lower'|'higher'|'midpoint'|'nearest' interpolation=linear) -> Tensor",
    places: ["torch", "Tensor"],
    out: quantilesType,
    doc,
    saves: [],
    gradient: "through decomposition",
    record(g, { input, q, dim, keepdim, interpolation }) {
      const value = Number(q.value);
      if (!(value >= 0 && value <= 1))
        throw new ArgumentError(`${name}/q`, `${name}() q must be in the range [0, 1] but got ${value}.`);
      return quantileOf(
        g,
        name,
        input,
        g.scalar(q, isFloat(input.dtype) ? input.dtype : g.defaultFloat),
        dim,
        keepdim,
        interpolation,
        ignoreNaN,
      );
    },
  });
}

nameSteps({ nanquantile: "squeeze:4", quantile: "squeeze:4" });
