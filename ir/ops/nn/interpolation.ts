/** Resizing of spatial dimensions: nearest, linear, cubic and area. */
import { nameSteps, rank } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { isFloat } from "../../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { formatShape } from "../../shape.ts";
import { describe } from "../support.ts";
import { adaptiveAverage } from "./pooling-adaptive.ts";
import { repeatWindows } from "./pooling-core.ts";
import { filters, resampled } from "./resampling.ts";
import { widen } from "./support.ts";

interface AxisResize {
  readonly axis: number;
  readonly size: number;
  readonly wanted: number;
  /** Input positions between neighbouring outputs. */
  readonly scale: number;
}

/** Input positions between outputs, the first and the last of which are those of the input. */
const spanOf = ({ size, wanted }: Pick<AxisResize, "size" | "wanted">): number =>
  wanted > 1 ? (size - 1) / (wanted - 1) : 0;

/** Positions in the input of the outputs along an axis, in the type that is computed in. */
function sourcePositions(
  g: GraphBuilder,
  x: Node,
  { size, wanted, scale }: AxisResize,
  alignCorners: boolean,
  limit: boolean,
): Node {
  const i = g.iota(wanted, x.dtype);
  if (alignCorners) return g.mul(i, spanOf({ size, wanted }));
  const centre = g.sub(g.mul(g.add(i, 0.5), scale), 0.5);
  return limit ? g.max(centre, 0) : centre;
}

const along = (g: GraphBuilder, x: Node, axis: number, index: Node): Node => {
  const rest = x.shape.map((_, i) => i).filter((i) => i !== axis);
  const gathered = g.gather(x, [axis], [index]);
  // The gathered axis comes first: put it back.
  const order = x.shape.map((_, i) => (i === axis ? 0 : 1 + rest.indexOf(i)));
  return g.permute(gathered, order);
};
const onAxis = (g: GraphBuilder, line: Node, x: Node, axis: number): Node =>
  g.reshape(
    line,
    x.shape.map((_, i) => (i === axis ? line.shape[0]! : 1)),
  );

function nearest(g: GraphBuilder, x: Node, resize: AxisResize, exact: boolean): Node {
  const { axis, size, wanted, scale } = resize;
  const whole = wanted % size === 0 && scale === size / wanted;
  if (whole) {
    const kernel = x.shape.slice(axis).map((_, i) => (i === 0 ? wanted / size : 1));
    return repeatWindows(g, x, kernel, axis);
  }
  const i = g.iota(wanted, "float32");
  const position = g.unary("floor", g.mul(exact ? g.add(i, 0.5) : i, scale));
  return along(g, x, axis, g.cast(g.min(position, size - 1), "int64"));
}

function linear(g: GraphBuilder, x: Node, resize: AxisResize, alignCorners: boolean): Node {
  const { axis, size } = resize;
  const position = sourcePositions(g, x, resize, alignCorners, true);
  const lower = g.min(g.unary("floor", position), size - 1);
  const upper = g.min(g.add(lower, 1), size - 1);
  const part = onAxis(g, g.cast(g.sub(position, lower), x.dtype), x, axis);
  const [a, b] = [along(g, x, axis, g.cast(lower, "int64")), along(g, x, axis, g.cast(upper, "int64"))];
  return g.add(g.mul(a, g.sub(1, part)), g.mul(b, part));
}

/** Weights of the four neighbours of a fraction, by cubic convolution with a = -0.75. */
export function cubicWeights(g: GraphBuilder, t: Node): Node[] {
  const a = -0.75;
  const near = (x: Node): Node => g.add(g.mul(g.mul(g.sub(g.mul(x, a + 2), a + 3), x), x), 1);
  const far = (x: Node): Node => g.sub(g.mul(g.add(g.mul(g.sub(g.mul(x, a), 5 * a), x), 8 * a), x), 4 * a);
  const u = g.sub(1, t);
  return [far(g.add(t, 1)), near(t), near(u), far(g.add(u, 1))];
}

function cubic(g: GraphBuilder, x: Node, resize: AxisResize, alignCorners: boolean): Node {
  const { axis, size } = resize;
  const position = sourcePositions(g, x, resize, alignCorners, false);
  const base = g.unary("floor", position);
  const weights = cubicWeights(g, g.cast(g.sub(position, base), x.dtype));
  let sum: Node | null = null;
  weights.forEach((weight, k) => {
    const index = g.min(g.max(g.add(base, k - 1), 0), size - 1);
    const term = g.mul(along(g, x, axis, g.cast(index, "int64")), onAxis(g, weight, x, axis));
    sum = sum === null ? term : g.add(sum, term);
  });
  return sum!;
}

const modeRank: Readonly<Record<string, number>> = { linear: 1, bilinear: 2, bicubic: 2, lanczos: 2, trilinear: 3 };

export interface Resize {
  readonly size: readonly number[] | null;
  readonly scale_factor: readonly number[] | null;
  readonly mode: string;
  readonly align_corners: boolean | null;
  readonly recompute_scale_factor: boolean | null;
  readonly antialias?: boolean;
}

export function interpolated(g: GraphBuilder, input: Node, args: Resize): Node {
  const { mode } = args;
  const rank = input.shape.length - 2;
  if (rank < 1 || rank > 3)
    throw new ShapeError(
      "interpolate/rank",
      `interpolate: Input Error: Only 3D, 4D and 5D input Tensors supported (got ${input.shape.length}D).`,
    );
  if (!["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "lanczos", "trilinear", "area"].includes(mode))
    throw new ArgumentError(
      "interpolate/mode",
      `interpolate: Input Error: unknown mode ${mode}.`,
      "Modes are nearest, nearest-exact, linear, bilinear, bicubic, lanczos, trilinear and area.",
    );
  const filter = args.antialias === true ? filters[mode] : null;
  if (filter === undefined || (filter !== null && rank !== 2))
    throw new ArgumentError(
      "interpolate/antialias",
      "interpolate: Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input.",
    );
  if (filter !== null && !isFloat(input.dtype))
    throw new DTypeError("interpolate/antialias-type", `interpolate: antialias is for floats, got ${describe(input)}.`);
  if (mode === "lanczos" && filter === null)
    throw new ArgumentError("interpolate/lanczos", "interpolate: Lanczos mode requires antialias=True.");
  if (mode === "lanczos" && args.align_corners === true)
    throw new ArgumentError("interpolate/lanczos", "interpolate: Lanczos mode does not support align_corners=True.");
  const wantedRank = modeRank[mode];
  if (wantedRank !== undefined && wantedRank !== rank)
    throw new ShapeError(
      "interpolate/mode-rank",
      `interpolate: Got ${rank + 2}D input, but ${mode} mode needs ${wantedRank + 2}D input.`,
    );
  if (args.align_corners !== null && wantedRank === undefined)
    throw new ArgumentError(
      "interpolate/align-corners",
      "interpolate: align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear",
    );
  if ((args.size === null) === (args.scale_factor === null))
    throw new ArgumentError(
      "interpolate/size",
      `interpolate: ${args.size === null ? "either size or scale_factor should be defined" : "only one of size or scale_factor should be defined"}.`,
    );
  const spatial = input.shape.slice(2);
  const spread = (values: readonly number[], what: string): number[] => {
    if (values.length === 1) return spatial.map(() => values[0]!);
    if (values.length !== rank)
      throw new ArgumentError(
        `interpolate/${what}`,
        `interpolate: Input and output must have the same number of spatial dimensions, but got input with spatial dimensions of ${formatShape(spatial)} and ${what} of ${formatShape(values)}.`,
      );
    return [...values];
  };
  const factors = args.scale_factor === null ? null : spread(args.scale_factor, "scale_factor");
  const target =
    factors === null ? spread(args.size!, "size") : spatial.map((size, i) => Math.floor(size * factors[i]!));
  if (target.some((size) => size <= 0) || spatial.includes(0) || input.shape[1] === 0)
    throw new ShapeError(
      "interpolate/empty",
      `interpolate: Input and output sizes should be greater than 0, but got input ${describe(input)} and output size ${formatShape(target)}.`,
    );
  if (mode === "area") return adaptiveAverage(g, "interpolate", rank, input, target);
  const alignCorners = args.align_corners === true;
  let x = isFloat(input.dtype) ? widen(g, input) : input;
  if (!isFloat(x.dtype) && mode !== "nearest" && mode !== "nearest-exact") x = g.cast(x, "float32");
  for (let i = rank - 1; i >= 0; i--) {
    const [size, wanted] = [spatial[i]!, target[i]!];
    const given = factors !== null && args.recompute_scale_factor !== true ? 1 / factors[i]! : size / wanted;
    // PyTorch goes by sizes alone here: 3 rows of an image are the same 3 by scale_factor 1.3, and two of each by 2.3.
    const ofImage = mode === "nearest" && rank === 2;
    const bySizes = size === wanted ? ofImage || filter !== null : ofImage && wanted === 2 * size;
    const resize: AxisResize = { axis: 2 + i, size, wanted, scale: bySizes ? size / wanted : given };
    if (size === wanted && resize.scale === 1) continue;
    if (filter !== null) {
      const scale = alignCorners ? spanOf(resize) : resize.scale;
      x = resampled(g, x, { ...resize, scale }, filter);
      continue;
    }
    x =
      mode === "nearest"
        ? nearest(g, x, resize, false)
        : mode === "nearest-exact"
          ? nearest(g, x, resize, true)
          : mode === "bicubic"
            ? cubic(g, x, resize, alignCorners)
            : linear(g, x, resize, alignCorners);
  }
  return g.cast(x, input.dtype);
}

export const interpolate = defineOp({
  name: "interpolate",
  signature:
    "interpolate(Tensor input, int[]? size=None, number[]? scale_factor=None, 'nearest'|'linear'|'bilinear'|'bicubic'|'lanczos'|'trilinear'|'area'|'nearest-exact' mode='nearest', bool? align_corners=None, bool? recompute_scale_factor=None, bool antialias=False) -> Tensor",
  places: ["nn.functional"],
  doc: {
    summary: "Resizes the spatial dimensions to size, or by scale_factor.",
    shape: "[N, C, *] -> [N, C, *size]",
    source: "torch.nn.functional.interpolate",
  },
  gradient: "through decomposition",
  record: (g, args) => interpolated(g, args.input, args),
});

export const upsample = defineOp({
  name: "upsample",
  signature:
    "upsample(Tensor input, int[]? size=None, number[]? scale_factor=None, 'nearest'|'linear'|'bilinear'|'bicubic'|'trilinear'|'area'|'nearest-exact' mode='nearest', bool? align_corners=None) -> Tensor",
  places: ["nn.functional"],
  doc: {
    summary: "The older name of interpolate.",
    shape: "[N, C, *] -> [N, C, *size]",
    source: "torch.nn.functional.upsample",
  },
  gradient: "through decomposition",
  record: (g, args) => interpolated(g, args.input, { ...args, recompute_scale_factor: null }),
});

for (const [name, mode, alignCorners] of [
  ["upsample_nearest", "nearest", null],
  ["upsample_bilinear", "bilinear", true],
] as const) {
  defineOp({
    name,
    signature:
      `${name}(Tensor input, int[]? size=None, number[]? scale_factor=None) -> Tensor` as "upsample(Tensor input, int[]? size=None, number[]? scale_factor=None) -> Tensor",
    places: ["nn.functional"],
    doc: {
      summary: `interpolate with mode '${mode}'${alignCorners === true ? " and align_corners" : ""}.`,
      shape: "[N, C, *] -> [N, C, *size]",
      source: `torch.nn.functional.${name}`,
    },
    gradient: "through decomposition",
    record: (g, args) =>
      interpolated(g, args.input, { ...args, mode, align_corners: alignCorners, recompute_scale_factor: null }),
  });
}

nameSteps(
  {},
  {
    interpolate: ({ input, mode, antialias }) =>
      mode === "area"
        ? rank(input) === 3
          ? "squeeze:1"
          : `adaptive_avg_pool${rank(input) - 2}d`
        : `upsample_${String(mode)
            .replace(/^(bi|tri)?(linear|cubic)$/, "$1$2")
            .replace("-", "_")}${rank(input) - 2}d${antialias === true ? "_aa" : ""}`,
  },
);
