/** Negative log-likelihood and cross entropy. */
import { nameSteps, rank, when } from "../../step-names.ts";
import { isNode, type GraphBuilder } from "../../builder.ts";
import { isFloat } from "../../dtype.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import { formatShape } from "../../shape.ts";
import { describe, dropAxes, requireFloat } from "../support.ts";
import { classAxis, reducedTerms, requireClasses, requireClassWeights, targetsOf, valueAt } from "./class-targets.ts";
import { wantedReduction } from "./losses-support.ts";
import { recordLogSoftmax } from "./softmax.ts";
import { reduced, widen, type Reduction } from "./support.ts";

const page = (name: string): string => `torch.nn.functional.${name}`;
const places = ["nn.functional"] as const;
const shape = "[N, C, *], int64[N, *] -> [] ([N, *] with reduction 'none'); [C], int64[] -> []";

export const nllLoss = defineOp({
  name: "nll_loss",
  aliases: ["nll_loss_nd"],
  signature:
    "nll_loss(Tensor input, Tensor target, Tensor? weight=None, bool? size_average=None, int ignore_index=-100, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places,
  doc: {
    summary: "-weight[target] * input[target]; input holds logarithms of probabilities.",
    shape,
    source: page("nll_loss"),
  },
  saves: ["input", "target", "weight"],
  gradient: "through decomposition",
  record(g, args) {
    const { input, weight, ignore_index } = args;
    requireClasses("nll_loss", requireFloat("nll_loss", input), args.target, weight);
    const x = widen(g, input);
    const { valid, known, weights } = targetsOf(g, "nll_loss", args.target, weight, ignore_index, input, x);
    const terms = g.where(valid, g.neg(g.mul(valueAt(g, x, known), weights)), 0);
    const loss = reducedTerms(g, terms, weights, wantedReduction("nll_loss", args), args.target.shape);
    return g.cast(loss, input.dtype);
  },
});

/** -log softmax(input)[target] for each target, from the logits; gradient softmax - one-hot. */
const crossEntropyTerms = defineOp({
  name: "cross_entropy_terms",
  signature: "cross_entropy_terms(Tensor input, Tensor target, int axis) -> Tensor",
  places: [],
  composite: true,
  onnx: "SoftmaxCrossEntropyLoss",
  doc: {
    summary: "Cross entropy of each target, along an axis that is kept with size 1.",
    shape: "[N, C, *], int64[N, 1, *] -> [N, 1, *]",
    source: page("cross_entropy"),
  },
  gradient(g, { inputs, attrs, grads }) {
    const [input, target] = inputs as [Node, Node];
    const axis = attrs["axis"] as number;
    const hit = g.isAt(input.shape, axis, target);
    const probabilities = g.exp(recordLogSoftmax(g, input, axis));
    return [g.mul(g.sub(probabilities, g.cast(hit, input.dtype)), grads[0]!), null];
  },
  record(g, { input, target, axis }) {
    const largest = g.detach(g.reduce("reduce_max", input, [axis]));
    const total = g.log(g.sum(g.exp(g.sub(input, largest)), [axis]));
    return g.sub(total, g.sub(g.takeAlong(input, axis, target), largest));
  },
});

export const crossEntropy = defineOp({
  name: "cross_entropy",
  aliases: ["cross_entropy_loss"],
  signature:
    "cross_entropy(Tensor input, Tensor target, Tensor? weight=None, bool? size_average=None, int ignore_index=-100, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean', number label_smoothing=0) -> Tensor",
  places,
  doc: {
    summary:
      "-log(softmax(input))[target] for classes as integers, or -sum(target * log(softmax(input))) for probabilities.",
    shape: `${shape}; or [N, C, *], [N, C, *] -> []`,
    source: page("cross_entropy"),
  },
  saves: [
    { name: "target", for: ["input"] },
    { name: "weight", for: ["input"] },
  ],
  gradient: "through decomposition",
  record(g, args) {
    const { input, target, weight, ignore_index, label_smoothing: smoothing } = args;
    if (smoothing < 0 || smoothing > 1)
      throw new ArgumentError(
        "cross_entropy/label-smoothing",
        `cross_entropy: label_smoothing must be between 0.0 and 1.0. Got: ${smoothing}`,
      );
    const reduction = wantedReduction("cross_entropy", args);
    requireFloat("cross_entropy", input);
    const x = widen(g, input);
    if (isFloat(target.dtype))
      return g.cast(ofProbabilities(g, x, g.cast(target, x.dtype), weight, smoothing, reduction), input.dtype);
    requireClasses("cross_entropy", input, target, weight);
    const axis = classAxis(input);
    const { valid, known, weights } = targetsOf(g, "cross_entropy", target, weight, ignore_index, input, x);
    const terms = recordOperator(g, crossEntropyTerms, { input: x, target: known, axis }, isNode) as Node;
    const finish = (each: Node): Node => reducedTerms(g, g.where(valid, each, 0), weights, reduction, target.shape);
    const main = finish(weight === null ? terms : g.mul(terms, weights));
    if (smoothing === 0) return g.cast(main, input.dtype);
    // The smoothed part spreads its weight over all classes.
    const logarithms = recordLogSoftmax(g, x, axis);
    const each = weight === null ? logarithms : g.mul(logarithms, classWeights(g, weight, input, x));
    const smooth = finish(g.neg(g.sum(each, [axis])));
    const count = input.shape[axis]!;
    return g.cast(g.add(g.mul(main, 1 - smoothing), g.mul(smooth, smoothing / count)), input.dtype);
  },
});

const classWeights = (g: GraphBuilder, weight: Node, input: Node, like: Node): Node =>
  g.reshape(
    g.cast(weight, like.dtype),
    input.shape.map((size, i) => (i === classAxis(input) ? size : 1)),
  );

function ofProbabilities(
  g: GraphBuilder,
  x: Node,
  target: Node,
  weight: Node | null,
  smoothing: number,
  reduction: Reduction,
): Node {
  if (formatShape(x.shape) !== formatShape(target.shape))
    throw new ShapeError(
      "cross_entropy/target",
      `cross_entropy: Expected floating point type for target with class probabilities of the input's shape ${describe(x)}, got ${describe(target)}.`,
      "Pass classes as int64, or probabilities in the input's shape.",
    );
  requireClassWeights("cross_entropy", x, weight);
  const axis = classAxis(x);
  const count = x.shape[axis]!;
  const wanted = smoothing === 0 ? target : g.add(g.mul(target, 1 - smoothing), smoothing / count);
  const logarithms = recordLogSoftmax(g, x, axis);
  const each = g.mul(logarithms, wanted);
  const loss = g.neg(
    dropAxes(g, g.sum(weight === null ? each : g.mul(each, classWeights(g, weight, x, x)), [axis]), [axis]),
  );
  return reduced(g, loss, reduction);
}

nameSteps(
  {},
  {
    cross_entropy: when((args) => rank(args["input"]) > 2, "nll_loss2d", "nll_loss"),
    nll_loss: when((args) => rank(args["input"]) > 2, "nll_loss2d"),
  },
);
