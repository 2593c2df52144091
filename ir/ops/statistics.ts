/** Counts, means and covariances. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { conjugate, eachPart } from "../complex/parts.ts";
import { isComplex, isFloat, isIntegral, promoteTypes, scalarName } from "../dtype.ts";
import { ArgumentError, DTypeError, IndexError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount } from "../shape.ts";
import { sharedExtreme } from "./reduction.ts";
import { axesOf, axisOf, describe, dropAxes, keepOrDrop, toFloat } from "./support.ts";

export const reduced = "[*] -> [*] without dim (of size 1 with keepdim)";

defineOp({
  name: "count_nonzero",
  signature: "count_nonzero(Tensor input, int[]? dim=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "How many elements are not zero.",
    shape: "[*] -> int64[*] without dim",
    source: "torch.count_nonzero",
  },
  gradient: "none",
  record(g, { input, dim }) {
    const axes = axesOf("count_nonzero", dim, input.shape.length);
    const ones = g.cast(input.dtype === "bool" ? input : g.ne(input, 0), "int64");
    return dropAxes(g, g.sum(ones, axes), axes);
  },
});

defineOp({
  name: "aminmax",
  signature: "aminmax(Tensor input, *, int? dim=None, bool keepdim=False) -> Tensor[2]",
  places: ["torch", "Tensor"],
  results: ["min", "max"],
  doc: {
    summary: "Smallest and largest value; the gradient is shared among equals.",
    shape: reduced,
    source: "torch.aminmax",
  },
  gradient: "through decomposition",
  saves: ["input", "min", "max"],
  record(g, { input, dim, keepdim }) {
    const axes =
      dim === null
        ? axesOf("aminmax", null, input.shape.length)
        : input.shape.length === 0
          ? []
          : [axisOf("aminmax", dim, input.shape.length)];
    const empty = axes.find((axis) => input.shape[axis] === 0);
    if (empty !== undefined && dim !== null)
      throw new IndexError(
        "aminmax/empty",
        `aminmax: Expected reduction dim ${empty} to have non-zero size. Got ${describe(input)}.`,
      );
    if (empty !== undefined)
      throw new ShapeError(
        "aminmax/empty",
        `aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity, got ${describe(input)}.`,
      );
    return [
      keepOrDrop(g, sharedExtreme(g, "reduce_min", input, axes), axes, keepdim),
      keepOrDrop(g, sharedExtreme(g, "reduce_max", input, axes), axes, keepdim),
    ];
  },
});

defineOp({
  name: "nanmean",
  signature: "nanmean(Tensor input, int[]? dim=None, bool keepdim=False, *, dtype? dtype=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: { summary: "Mean of the elements that are not NaN.", shape: reduced, source: "torch.nanmean" },
  gradient: "through decomposition",
  record(g, { input, dim, keepdim, dtype }) {
    if (!isFloat(input.dtype))
      throw new DTypeError(
        "nanmean/dtype",
        `nanmean(): expected input to have floating point or complex dtype but got ${scalarName(input.dtype)}: ${describe(input)}.`,
        "Convert it with input.float().",
      );
    if (dtype !== null && isIntegral(dtype))
      throw new DTypeError(
        "nanmean/dtype",
        `nanmean(): could not infer output dtype. Optional dtype must be either a floating point or complex dtype. Got: ${scalarName(dtype)}.`,
      );
    const x = g.cast(input, dtype ?? input.dtype);
    const axes = axesOf("nanmean", dim, x.shape.length);
    const missing = g.isNaN(x);
    const count = g.sum(g.cast(g.not(missing), x.dtype), axes);
    return keepOrDrop(g, g.div(g.sum(g.where(missing, 0, x), axes), count), axes, keepdim);
  },
});

// ---- covariance

interface Observations {
  readonly x: Node;
  readonly fweights: Node | null;
  readonly aweights: Node | null;
  readonly correction: number;
}

const notNegative = (g: GraphBuilder, weights: Node, name: string): Node =>
  g.refuseWhere(
    weights,
    () => g.lt(weights, 0),
    () => new ArgumentError(`cov/${name}`, `cov(): ${name} cannot be negative: ${describe(weights)}.`),
  );

/** Rows are variables, columns observations. */
function covariance(g: GraphBuilder, { x, fweights, aweights, correction }: Observations, name = "cov"): Node {
  if (x.shape.length > 2)
    throw new ShapeError(
      `${name}/rank`,
      `${name}(): expected input to have two or fewer dimensions but got an input with ${x.shape.length} dimensions: ${describe(x)}.`,
    );
  if (x.dtype === "bool") throw new DTypeError("cov/bool", "cov(): bool dtype is not supported for input.");
  const weight = aweights === null ? x.dtype : promoteTypes(x.dtype, aweights.dtype);
  const rows = g.cast(
    toFloat(g, x.shape.length < 2 ? g.reshape(x, [1, elementCount(x.shape)]) : x),
    isIntegral(weight) ? g.defaultFloat : weight,
  );
  const count = rows.shape[1]!;
  const wide = (weights: Node, name: string): Node => {
    if (elementCount(weights.shape) !== count)
      throw new ShapeError(
        `cov/${name}`,
        `cov(): expected ${name} to have the same numel as there are observations in the input but got ${elementCount(weights.shape)} != ${count}: ${describe(weights)}.`,
      );
    return g.cast(g.reshape(weights, [count]), rows.dtype);
  };
  for (const [name, weights] of Object.entries({ fweights, aweights })) {
    if (weights !== null && weights.shape.length > 1)
      throw new ShapeError(
        `cov/${name}`,
        `cov(): expected ${name} to have one or fewer dimensions but got ${name} with ${weights.shape.length} dimensions: ${describe(weights)}.`,
      );
  }
  if (fweights !== null && !isIntegral(fweights.dtype))
    throw new DTypeError(
      "cov/fweights",
      `cov(): expected fweights to have integral dtype but got fweights with ${scalarName(fweights.dtype)} dtype.`,
    );
  if (aweights !== null && !isFloat(aweights.dtype))
    throw new DTypeError(
      "cov/aweights",
      `cov(): expected aweights to have floating point dtype but got aweights with ${scalarName(aweights.dtype)} dtype.`,
    );
  const counts = fweights === null ? null : notNegative(g, fweights, "fweights");
  const frequencies = counts === null ? null : wide(counts, "fweights");
  const shares = aweights === null ? null : notNegative(g, aweights, "aweights");
  const importance = shares === null ? null : wide(shares, "aweights");
  const weights =
    frequencies === null ? importance : importance === null ? frequencies : g.mul(frequencies, importance);
  const total = weights === null ? g.full([], count, rows.dtype) : g.reshape(g.sum(weights, [0]), []);
  const weighted = weights === null ? rows : g.mul(rows, weights);
  const centred = g.sub(rows, g.div(g.sum(weighted, [1]), total));
  let divisor: Node;
  if (correction === 0 || importance === null) divisor = g.sub(total, correction);
  else divisor = g.sub(total, g.div(g.mul(g.reshape(g.sum(g.mul(weights!, importance), [0]), []), correction), total));
  const scaled = weights === null ? centred : g.mul(centred, weights);
  const products = g.dot(scaled, conjugate(g, centred), [[1], [1]]);
  return g.div(products, g.cast(g.max(g.real(divisor), 0), products.dtype));
}
/** A single variable gives a number. */
const squeezed = (g: GraphBuilder, matrix: Node): Node => (matrix.shape[0] === 1 ? g.reshape(matrix, []) : matrix);

defineOp({
  name: "cov",
  signature: "cov(Tensor input, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "Covariances of variables (rows) over observations (columns).",
    shape: "[m, n] -> [m, m], [n] -> []",
    source: "torch.cov",
  },
  saves: [],
  gradient: "through decomposition",
  record: (g, { input, correction, fweights, aweights }) =>
    squeezed(g, covariance(g, { x: input, fweights, aweights, correction })),
});

defineOp({
  name: "corrcoef",
  signature: "corrcoef(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "Correlation coefficients of variables (rows) over observations (columns).",
    shape: "[m, n] -> [m, m], [n] -> []",
    source: "torch.corrcoef",
  },
  saves: [],
  gradient: "through decomposition",
  record(g, { input }) {
    const c = covariance(g, { x: input, fweights: null, aweights: null, correction: 1 }, "corrcoef");
    const size = c.shape[0]!;
    const identity = g.eq(g.iotaAlong([size, size], 0, "int32"), g.iotaAlong([size, size], 1, "int32"));
    const deviation = g.sqrt(g.sum(g.where(identity, c, 0), [1]));
    const ratio = g.div(g.div(c, deviation), g.reshape(deviation, [1, size]));
    // Rounding must not leave [-1, 1].
    const within = (part: Node): Node => g.max(g.min(part, 1), -1);
    const limited = isComplex(ratio.dtype) ? eachPart(g, ratio, within) : within(ratio);
    return squeezed(g, ratio.requiresGrad ? g.withHistory(limited, ratio) : limited);
  },
});

nameSteps({ nanmean: "div", cov: "squeeze" });
