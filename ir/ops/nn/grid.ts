/** Sampling an image at given positions. */
import { nameSteps, rank } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { elementCount, formatShape } from "../../shape.ts";
import { describe, dropAxes, requireFloat } from "../support.ts";
import { cubicWeights } from "./interpolation.ts";
import { axesBetween, range, widen } from "./support.ts";

export const affineGrid = defineOp({
  name: "affine_grid",
  signature: "affine_grid(Tensor theta, int[] size, bool? align_corners=None) -> Tensor",
  places: ["nn.functional"],
  doc: {
    summary: "The positions, in [-1, 1], that an affine map of an image of `size` reads.",
    shape: "[N, 2, 3], (N, C, H, W) -> [N, H, W, 2]; [N, 3, 4], (N, C, D, H, W) -> [N, D, H, W, 3]",
    source: "torch.nn.functional.affine_grid",
  },
  gradient: "through decomposition",
  record(g, { theta, size, align_corners }) {
    requireFloat("affine_grid", theta);
    const rank = size.length - 2;
    if ((rank !== 2 && rank !== 3) || formatShape(theta.shape) !== formatShape([size[0]!, rank, rank + 1]))
      throw new ShapeError(
        "affine_grid/theta",
        `affine_grid: Expected a batch of ${rank === 3 ? "3D affine matrices of shape Nx3x4" : "2D affine matrices of shape Nx2x3"} for size ${formatShape(size)}. Got ${describe(theta)}.`,
      );
    const x = widen(g, theta);
    const lengths = size.slice(2);
    const shape = [size[0]!, ...lengths, rank];
    const column = (k: number): Node => g.reshape(g.sliceAxis(x, 2, k, 1), [size[0]!, ...lengths.map(() => 1), rank]);
    let sum = g.expandTo(column(rank), shape);
    // The first coordinate runs along the last dimension.
    lengths.forEach((length, axis) => {
      const span = align_corners === true ? length - 1 : length;
      const first = align_corners === true ? -1 : -1 + 1 / length;
      const line = length === 1 ? g.full([1], 0, x.dtype) : g.add(g.mul(g.iota(length, x.dtype), 2 / span), first);
      const along = g.reshape(
        line,
        shape.map((_, i) => (i === axis + 1 ? length : 1)),
      );
      sum = g.add(sum, g.mul(along, column(rank - 1 - axis)));
    });
    return g.cast(sum, theta.dtype);
  },
});

/** Positions in pixels of a coordinate in [-1, 1]. */
const pixels = (g: GraphBuilder, x: Node, size: number, align: boolean): Node =>
  align ? g.mul(g.div(g.add(x, 1), 2), size - 1) : g.div(g.sub(g.mul(g.add(x, 1), size), 1), 2);

/** Held within [0, size - 1]; no gradient passes at or beyond the ends. */
const clipped = (g: GraphBuilder, x: Node, size: number): Node =>
  g.where(g.gt(x, 0), g.where(g.lt(x, size - 1), x, size - 1), 0);

function reflected(g: GraphBuilder, x: Node, size: number, align: boolean): Node {
  const [low, high] = align ? [0, size - 1] : [-0.5, size - 0.5];
  const span = high - low;
  if (span === 0) return g.mul(x, 0);
  const distance = g.abs(g.sub(x, low));
  const flips = g.unary("floor", g.div(distance, span));
  const extra = g.sub(distance, g.mul(flips, span));
  const isEven = g.eq(g.binary("rem", flips, 2), 0);
  return g.where(isEven, g.add(extra, low), g.sub(span + low, extra));
}

function bounded(g: GraphBuilder, x: Node, size: number, padding: string, align: boolean): Node {
  if (padding === "zeros") return x;
  return clipped(g, padding === "border" ? x : reflected(g, x, size, align), size);
}

/** The image's values at whole positions (one for each spatial dimension, [N, *out]); zero outside: [N, C, *out]. */
function valuesAt(g: GraphBuilder, image: Node, at: readonly Node[]): Node {
  const rank = at.length;
  const out = at[0]!.shape;
  const sizes = image.shape.slice(2);
  let inside: Node | null = null;
  const places = at.map((x, i) => {
    const valid = g.and(g.ge(x, 0), g.le(x, sizes[i]! - 1));
    inside = inside === null ? valid : g.and(inside, valid);
    return g.cast(g.min(g.max(x, 0), sizes[i]! - 1), "int64");
  });
  const sample = g.iotaAlong(out, 0, "int64");
  const gathered = g.gather(image, [0, ...axesBetween(2, 2 + rank)], [sample, ...places]);
  const values = g.permute(gathered, [0, out.length, ...axesBetween(1, out.length)]);
  return g.where(g.reshape(inside!, [out[0]!, 1, ...out.slice(1)]), values, 0);
}

const overChannels = (g: GraphBuilder, x: Node): Node => g.reshape(x, [x.shape[0]!, 1, ...x.shape.slice(1)]);

function linearSample(g: GraphBuilder, image: Node, at: readonly Node[]): Node {
  const floors = at.map((x) => g.detach(g.unary("floor", x)));
  let sum: Node | null = null;
  for (let corner = 0; corner < 1 << at.length; corner++) {
    let weight: Node | null = null;
    const place = at.map((x, i) => {
      const upper = (corner >> i) & 1;
      const part = g.sub(x, floors[i]!);
      const own = upper === 1 ? part : g.sub(1, part);
      weight = weight === null ? own : g.mul(weight, own);
      return upper === 1 ? g.add(floors[i]!, 1) : floors[i]!;
    });
    const term = g.mul(valuesAt(g, image, place), overChannels(g, weight!));
    sum = sum === null ? term : g.add(sum, term);
  }
  return sum!;
}

function cubicSample(g: GraphBuilder, image: Node, at: readonly Node[], fit: (x: Node, i: number) => Node): Node {
  const floors = at.map((x) => g.detach(g.unary("floor", x)));
  const weights = at.map((x, i) => cubicWeights(g, g.sub(x, floors[i]!)));
  let sum: Node | null = null;
  for (const i of range(4)) {
    for (const j of range(4)) {
      const place = [fit(g.add(floors[0]!, i - 1), 0), fit(g.add(floors[1]!, j - 1), 1)].map((x) => g.detach(x));
      const weight = overChannels(g, g.mul(weights[0]![i]!, weights[1]![j]!));
      const term = g.mul(valuesAt(g, image, place), weight);
      sum = sum === null ? term : g.add(sum, term);
    }
  }
  return sum!;
}

export const gridSample = defineOp({
  name: "grid_sample",
  signature:
    "grid_sample(Tensor input, Tensor grid, 'bilinear'|'nearest'|'bicubic' mode='bilinear', 'zeros'|'border'|'reflection' padding_mode='zeros', bool? align_corners=None) -> Tensor",
  places: ["nn.functional"],
  doc: {
    summary: "The image at the positions of the grid, in [-1, 1], the last dimension's coordinate first.",
    shape: "[N, C, H, W], [N, H_out, W_out, 2] -> [N, C, H_out, W_out]; the same with D",
    source: "torch.nn.functional.grid_sample",
  },
  saves: ["input", "grid"],
  gradient: "through decomposition",
  record(g, { input, grid, mode, padding_mode, align_corners }) {
    const rank = input.shape.length - 2;
    if (mode !== "bilinear" && mode !== "nearest" && mode !== "bicubic")
      throw new ArgumentError(
        "grid_sample/mode",
        `grid_sample: expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '${mode}'.`,
      );
    if (padding_mode !== "zeros" && padding_mode !== "border" && padding_mode !== "reflection")
      throw new ArgumentError(
        "grid_sample/padding",
        `grid_sample: expected padding_mode to be 'zeros', 'border', or 'reflection', but got: '${padding_mode}'.`,
      );
    if (input.dtype !== grid.dtype)
      throw new DTypeError(
        "grid_sample/dtype",
        `grid_sample: expected input and grid to have same dtype, but input has ${input.dtype} and grid has ${grid.dtype}.`,
      );
    if (
      (rank !== 2 && rank !== 3) ||
      grid.shape.length !== rank + 2 ||
      grid.shape[0] !== input.shape[0] ||
      grid.shape.at(-1) !== rank
    )
      throw new ShapeError(
        "grid_sample/shape",
        `grid_sample: expected 4D or 5D input and a grid [N, *, ${rank}] of the same batch size, but got input ${describe(input)} and grid ${describe(grid)}.`,
      );
    if (mode === "bicubic" && rank !== 2)
      throw new ArgumentError("grid_sample/bicubic", "grid_sample: bicubic interpolation only supports 4D input.");
    if (elementCount(input.shape.slice(1)) === 0)
      throw new ShapeError(
        "grid_sample/empty",
        `grid_sample: expected input to have non-empty dimensions, but got ${describe(input)}.`,
      );
    const align = align_corners === true;
    const image = widen(g, requireFloat("grid_sample", input));
    const sizes = input.shape.slice(2);
    const last = grid.shape.length - 1;
    const positions = sizes.map((size, i) =>
      pixels(g, dropAxes(g, g.sliceAxis(widen(g, grid), last, rank - 1 - i, 1), [last]), size, align),
    );
    const fit = (x: Node, i: number): Node => bounded(g, x, sizes[i]!, padding_mode, align);
    if (mode === "bicubic") return g.cast(cubicSample(g, image, positions, fit), input.dtype);
    const at = positions.map(fit);
    if (mode === "bilinear") return g.cast(linearSample(g, image, at), input.dtype);
    const nearest = at.map((x) => g.unary("nearest", x));
    return g.restingOn(g.cast(valuesAt(g, image, nearest), input.dtype), grid);
  },
});

nameSteps(
  { affine_grid: "affine_grid_generator" },
  {
    grid_sample: (args) => `grid_sampler${rank(args["input"]) - 2}d`,
  },
);
