/** Losses of pairs and triplets of vectors, of rankings, and of distributions with a variance. */
import { nameSteps, reducedStep } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import { isIntegral } from "../../dtype.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import type { ScalarArgument } from "../../signature.ts";
import { broadcastShapes, formatShape, sizeText } from "../../shape.ts";
import { checkBroadcast, describe, dropAxes, promoted, requireFloat, toFloat } from "../support.ts";
import { refuseBoolDifference } from "../arithmetic.ts";
import { softplusOf } from "./activation-smooth.ts";
import { pairOf, reducedTo, wantedReduction } from "./losses-support.ts";
import { distanceOf } from "./similarity.ts";
import { reductionOf, widen } from "./support.ts";

const page = (name: string): string => `torch.nn.functional.${name}`;
const places = ["nn.functional"] as const;

/** max(x, 0) with the gradient of clamp_min: one at zero too, none at NaN. */
const notNegative = (g: GraphBuilder, x: Node): Node => g.where(g.ge(x, 0), x, g.max(g.detach(x), 0));

export const marginRankingLoss = defineOp({
  name: "margin_ranking_loss",
  signature:
    "margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, Scalar margin=0, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places: ["torch", "nn.functional"],
  doc: {
    summary: "max(0, -target * (input1 - input2) + margin), target being 1 or -1.",
    shape: "[*], [*], [*] -> []",
    source: page("margin_ranking_loss"),
  },
  saves: [],
  gradient: "through decomposition",
  record(g, args) {
    const { input1, input2, target } = args;
    if (input1.shape.length !== input2.shape.length || input1.shape.length !== target.shape.length)
      throw new ShapeError(
        "margin_ranking_loss/rank",
        `margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: ${sizeText(input1.shape)}, input2: ${sizeText(input2.shape)}, target: ${sizeText(target.shape)}.`,
      );
    const [a, b] = promoted(g, input1, input2);
    checkBroadcast("margin_ranking_loss", a, b);
    refuseBoolDifference("margin_ranking_loss", input1, input2);
    const { x, y, finish } = pairOf(g, "margin_ranking_loss", g.sub(a, b), target);
    const loss = notNegative(g, g.add(g.neg(g.mul(y, x)), g.scalar(args.margin, x.dtype)));
    return finish(loss, wantedReduction("margin_ranking_loss", args));
  },
});

export const hingeEmbeddingLoss = defineOp({
  name: "hinge_embedding_loss",
  signature:
    "hinge_embedding_loss(Tensor input, Tensor target, Scalar margin=1, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places: ["torch", "nn.functional"],
  doc: {
    summary: "input where target is 1, max(0, margin - input) where it is -1.",
    shape: "[*], [*] -> []",
    source: page("hinge_embedding_loss"),
  },
  saves: [],
  gradient: "through decomposition",
  record(g, args) {
    if (args.input.dtype === "bool") refuseBoolDifference("hinge_embedding_loss", args.input, args.input);
    const { x, y, finish } = pairOf(g, "hinge_embedding_loss", args.input, args.target);
    const margin = notNegative(g, g.sub(g.scalar(args.margin, x.dtype), x));
    const loss = g.add(g.where(g.ne(y, 1), margin, 0), g.where(g.ne(y, -1), x, 0));
    return finish(loss, wantedReduction("hinge_embedding_loss", args));
  },
});

export const cosineEmbeddingLoss = defineOp({
  name: "cosine_embedding_loss",
  signature:
    "cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, Scalar margin=0, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places: ["torch", "nn.functional"],
  doc: {
    summary: "1 - cos(input1, input2) where target is 1, max(0, cos - margin) where it is -1.",
    shape: "[N, D], [N, D], [N] -> []; [D], [D], [] -> []",
    source: page("cosine_embedding_loss"),
  },
  saves: ["input1", "input2"],
  gradient: "through decomposition",
  record(g, args) {
    const { input1, input2, target } = args;
    const expected = target.shape.length + 1;
    if (target.shape.length > 1 || input1.shape.length !== expected || input2.shape.length !== expected) {
      throw new ShapeError(
        "cosine_embedding_loss/rank",
        `cosine_embedding_loss: ${target.shape.length}D target tensor expects ${expected}D input tensors, but found inputs with sizes ${formatShape(input1.shape)} and ${formatShape(input2.shape)}.`,
      );
    }
    const [p, q] = promoted(g, input1, input2);
    checkBroadcast("cosine_embedding_loss", p, q);
    const axis = expected - 1;
    // Integers are multiplied in their own type, and added up as int64.
    const dot = (s: Node, t: Node): Node => {
      const products = s.dtype === "bool" ? g.and(s, t) : g.mul(widen(g, s), widen(g, t));
      const summed = g.sum(isIntegral(products.dtype) ? g.cast(products, "int64") : products, [axis]);
      return dropAxes(g, toFloat(g, summed), [axis]);
    };
    const [a, b] = [p, q];
    const epsilon = 1e-12;
    const denominator = g.sqrt(g.mul(g.add(dot(a, a), epsilon), g.add(dot(b, b), epsilon)));
    const cosine = g.div(dot(a, b), denominator);
    const apart = notNegative(g, g.sub(cosine, g.scalar(args.margin, cosine.dtype)));
    const wanted = target.dtype === "bool" ? g.cast(target, "int64") : target;
    const minusOne = target.dtype === "uint8" ? 255 : -1;
    const loss = g.add(g.where(g.eq(wanted, 1), g.sub(1, cosine), 0), g.where(g.eq(wanted, minusOne), apart, 0));
    return reducedTo(g, loss, wantedReduction("cosine_embedding_loss", args), p);
  },
});

function requirePositive(name: string, margin: ScalarArgument): void {
  if (!(Number(margin.value) > 0))
    throw new ArgumentError(`${name}/margin`, `${name}: margin must be greater than 0, got ${margin.value}.`);
}

export const tripletMarginLoss = defineOp({
  name: "triplet_margin_loss",
  signature:
    "triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, Scalar margin=1, number p=2, number eps=1e-6, bool swap=False, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places: ["torch", "nn.functional"],
  doc: {
    summary:
      "max(0, |anchor - positive| - |anchor - negative| + margin) of p-norms; swap takes the nearer of anchor and positive to the negative.",
    shape: "[N, D], [N, D], [N, D] -> []",
    source: page("triplet_margin_loss"),
  },
  saves: [],
  gradient: "through decomposition",
  record(g, args) {
    const { anchor, positive, negative, p, eps } = args;
    requirePositive("triplet_margin_loss", args.margin);
    if (anchor.shape.length !== positive.shape.length || anchor.shape.length !== negative.shape.length)
      throw new ShapeError(
        "triplet_margin_loss/rank",
        `triplet_margin_loss: The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor ${anchor.shape.length}D, positive ${positive.shape.length}D, and negative ${negative.shape.length}D inputs.`,
      );
    const near = distanceOf(g, anchor, positive, p, eps, false);
    let far = distanceOf(g, anchor, negative, p, eps, false);
    if (args.swap) far = g.min(far, distanceOf(g, positive, negative, p, eps, false));
    const loss = notNegative(g, g.add(g.sub(near, far), g.scalar(args.margin, near.dtype)));
    return reducedTo(g, loss, wantedReduction("triplet_margin_loss", args), near);
  },
});

export const tripletLossOfDistances = defineOp({
  name: "triplet_loss_of_distances",
  signature:
    "triplet_loss_of_distances(Tensor near, Tensor far, Scalar margin, 'none'|'mean'|'sum' reduction) -> Tensor",
  places: [],
  doc: {
    summary: "max(0, near - far + margin).",
    shape: "[N], [N] -> []",
    source: page("triplet_margin_with_distance_loss"),
  },
  gradient: "through decomposition",
  record(g, { near, far, margin, reduction }) {
    requirePositive("triplet_margin_with_distance_loss", margin);
    const { x, y, finish } = pairOf(g, "triplet_margin_with_distance_loss", near, far);
    return finish(
      notNegative(g, g.add(g.sub(x, y), g.scalar(margin, x.dtype))),
      reductionOf("triplet_margin_with_distance_loss", reduction),
    );
  },
});

export const multilabelSoftMarginLoss = defineOp({
  name: "multilabel_soft_margin_loss",
  signature:
    "multilabel_soft_margin_loss(Tensor input, Tensor target, Tensor? weight=None, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places,
  doc: {
    summary: "Mean over classes of the binary cross entropy of sigmoid(input).",
    shape: "[*, C], [*, C] -> []",
    source: page("multilabel_soft_margin_loss"),
  },
  gradient: "through decomposition",
  record(g, args) {
    const { x, y } = pairOf(g, "multilabel_soft_margin_loss", args.input, args.target);
    // -(y log sigmoid(x) + (1 - y) log sigmoid(-x))
    let each = g.add(g.mul(y, softplusOf(g, g.neg(x))), g.mul(g.sub(1, y), softplusOf(g, x)));
    if (args.weight !== null) each = g.mul(each, g.cast(args.weight, each.dtype));
    const last = each.shape.length - 1;
    const loss = g.div(dropAxes(g, g.sum(each, [last]), [last]), each.shape[last]!);
    return reducedTo(g, loss, wantedReduction("multilabel_soft_margin_loss", args), args.input);
  },
});

export const gaussianNllLoss = defineOp({
  name: "gaussian_nll_loss",
  signature:
    "gaussian_nll_loss(Tensor input, Tensor target, Tensor|Scalar var, bool full=False, number eps=1e-6, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places,
  doc: {
    summary: "(log(var) + (input - target) ** 2 / var) / 2, var being at least eps; full adds log(2 pi) / 2.",
    shape: "[N, *], [N, *], [N, *] or [N, *, 1] or [N] -> []",
    source: page("gaussian_nll_loss"),
  },
  saves: [],
  gradient: "through decomposition",
  record(g, args) {
    const { eps } = args;
    refuseBoolDifference("gaussian_nll_loss", args.input, args.target);
    if ("op" in args.var) requireFloat("gaussian_nll_loss", args.var);
    const [a, b] = promoted(g, args.input, args.target).map((x) => toFloat(g, x)) as [Node, Node];
    checkBroadcast("gaussian_nll_loss", a, b);
    const { x, y, finish } = pairOf(g, "gaussian_nll_loss", a, b);
    let variance = "op" in args.var ? g.cast(args.var, x.dtype) : g.expandTo(g.scalar(args.var, x.dtype), x.shape);
    if (formatShape(variance.shape) !== formatShape(a.shape)) {
      if (formatShape(a.shape.slice(0, -1)) === formatShape(variance.shape))
        variance = g.reshape(variance, [...variance.shape, 1]);
      else if (
        a.shape.length !== variance.shape.length ||
        variance.shape.at(-1) !== 1 ||
        broadcastShapes(a.shape, variance.shape) === null
      )
        throw new ArgumentError(
          "gaussian_nll_loss/var",
          `gaussian_nll_loss: var is of incorrect size: input ${describe(args.input)}, var ${describe(variance)}.`,
        );
    }
    const limited = g.withHistory(g.max(g.detach(variance), eps), variance);
    const difference = g.sub(x, y);
    const loss = g.mul(g.add(g.log(limited), g.div(g.mul(difference, difference), limited)), 0.5);
    return finish(
      args.full ? g.add(loss, 0.5 * Math.log(2 * Math.PI)) : loss,
      reductionOf("gaussian_nll_loss", args.reduction),
    );
  },
});

nameSteps(
  {},
  {
    hinge_embedding_loss: reducedStep("add"),
    margin_ranking_loss: reducedStep("clamp_min"),
    triplet_margin_loss: reducedStep("clamp_min"),
  },
);
