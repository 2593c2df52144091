/** Losses of probabilities and rates, element by element. */
import { nameSteps, reducedStep } from "../../step-names.ts";
import { isNode } from "../../builder.ts";
import { isComplex, isIntegral } from "../../dtype.ts";
import { DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, nothingMeasured, recordOperator } from "../../operator.ts";
import { sameShape } from "../../shape.ts";
import { describe, requireFloat, toFloat } from "../support.ts";
import { softplusOf } from "./activation-smooth.ts";
import { pairOf, reducedTo, wantedReduction } from "./losses-support.ts";
import { widen, widenIf } from "./support.ts";

const shape = "[*], [*] -> [] ([*] with reduction 'none')";
const page = (name: string): string => `torch.nn.functional.${name}`;
const places = ["nn.functional"] as const;

/** By hand: differentiating the cut-off logarithms would give 0 at 0 and 1, where PyTorch gives a large finite slope. */
const crossEntropyTerms = defineOp({
  name: "binary_cross_entropy_terms",
  signature: "binary_cross_entropy_terms(Tensor input, Tensor target) -> Tensor",
  places: [],
  composite: true,
  doc: {
    summary: "binary_cross_entropy of each element.",
    shape: "[*], [*] -> [*]",
    source: page("binary_cross_entropy"),
  },
  gradient(g, { inputs, grads }) {
    const [x, y] = inputs as [Node, Node];
    const grad = grads[0]!;
    return [
      x.requiresGrad ? g.mul(grad, g.div(g.sub(x, y), g.max(g.mul(g.sub(1, x), x), 1e-12))) : null,
      y.requiresGrad ? g.mul(grad, g.sub(g.log1p(g.neg(x)), g.log(x))) : null,
    ];
  },
  record(g, { input, target }) {
    const positive = g.max(g.log(input), -100);
    const negative = g.max(g.log1p(g.neg(input)), -100);
    return g.sub(g.mul(g.sub(target, 1), negative), g.mul(target, positive));
  },
});

export const binaryCrossEntropy = defineOp({
  name: "binary_cross_entropy",
  signature:
    "binary_cross_entropy(Tensor input, Tensor target, Tensor? weight=None, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places,
  doc: {
    summary:
      "-(target * log(input) + (1 - target) * log(1 - input)) of probabilities, the logarithms being at least -100.",
    shape,
    source: page("binary_cross_entropy"),
  },
  saves: ["input", "target", "weight"],
  gradient: "through decomposition",
  record(g, args) {
    const { input, target, weight } = args;
    if (!sameShape(input.shape, target.shape))
      throw new ShapeError(
        "binary_cross_entropy/shape",
        `binary_cross_entropy: Using a target size (${target.shape.join(", ")}) that is different to the input size (${input.shape.join(", ")}) is deprecated. Please ensure they have the same size: input ${describe(input)}, target ${describe(target)}.`,
      );
    const x = widen(g, requireFloat("binary_cross_entropy", input));
    const y = g.cast(target, x.dtype);
    const terms = recordOperator(g, crossEntropyTerms, { input: x, target: y }, isNode) as Node;
    const loss = weight === null ? terms : g.mul(terms, g.cast(weight, x.dtype));
    return reducedTo(g, loss, wantedReduction("binary_cross_entropy", args), input);
  },
});

export const binaryCrossEntropyWithLogits = defineOp({
  name: "binary_cross_entropy_with_logits",
  signature:
    "binary_cross_entropy_with_logits(Tensor input, Tensor target, Tensor? weight=None, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean', Tensor? pos_weight=None) -> Tensor",
  places,
  doc: {
    summary: "binary_cross_entropy of sigmoid(input), without overflow; pos_weight multiplies the positive part.",
    shape,
    source: page("binary_cross_entropy_with_logits"),
  },
  saves: ["input", "target", "weight", "pos_weight"],
  gradient: "through decomposition",
  record(g, args) {
    const { input, target, weight } = args;
    const name = "binary_cross_entropy_with_logits";
    if (!sameShape(input.shape, target.shape))
      throw new ShapeError(
        `${name}/shape`,
        `${name}: Target size (${target.shape.join(", ")}) must be the same as input size (${input.shape.join(", ")}): input ${describe(input)}, target ${describe(target)}.`,
      );
    const x = widen(g, requireFloat(name, input));
    const y = g.cast(target, x.dtype);
    // -log(sigmoid(x)) = log(1 + exp(-x))
    const opposite = softplusOf(g, g.neg(x));
    const positive = widenIf(g, args.pos_weight);
    const factor = positive === null ? null : g.add(g.mul(g.sub(g.cast(positive, x.dtype), 1), y), 1);
    const loss = g.add(g.mul(g.sub(1, y), x), factor === null ? opposite : g.mul(factor, opposite));
    const scaled = weight === null ? loss : g.mul(loss, g.cast(weight, x.dtype));
    return reducedTo(g, scaled, wantedReduction(name, args), input);
  },
});

export const klDiv = defineOp({
  name: "kl_div",
  signature:
    "kl_div(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, 'none'|'batchmean'|'mean'|'sum' reduction='mean', bool log_target=False) -> Tensor",
  places: ["torch", "nn.functional"],
  doc: {
    summary: "target * (log(target) - input), input (and target with log_target) being logarithms of probabilities.",
    shape: "[N, *], [N, *] -> []",
    source: page("kl_div"),
  },
  saves: ({ log_target }) =>
    log_target
      ? []
      : [
          { name: "input", for: ["target"] },
          { name: "target", for: ["input", "target"] },
        ],
  gradient: "through decomposition",
  record(g, args) {
    const kinds = [args.input.dtype, args.target.dtype];
    const kind = kinds.some(isComplex) ? "Complex" : kinds.every(isIntegral) ? "Integral" : null;
    if (kind !== null)
      throw new DTypeError("kl_div/dtype", `kl_div: ${kind} inputs not supported.`, "Convert them with float().");
    const { x, y, finish } = pairOf(g, "kl_div", args.input, args.target);
    const power = args.log_target ? g.exp(y) : y;
    let loss: Node;
    if (args.log_target) loss = g.mul(power, g.sub(y, x));
    else {
      // 0 * log(0) counts as 0.
      const empty = g.eq(y, 0);
      const own = g.where(empty, 0, g.mul(y, g.log(g.where(empty, 1, y))));
      loss = g.sub(own, g.mul(y, x));
    }
    if (args.reduction === "batchmean" && args.size_average === null && args.reduce === null) {
      const batch = loss.shape[0] ?? 1;
      const total = finish(loss, "sum");
      return g.div(total, batch);
    }
    return finish(loss, wantedReduction("kl_div", args));
  },
});

export const poissonNllLoss = defineOp({
  name: "poisson_nll_loss",
  signature:
    "poisson_nll_loss(Tensor input, Tensor target, bool log_input=True, bool full=False, bool? size_average=None, Scalar eps=1e-8, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places,
  doc: {
    summary:
      "exp(input) - target * input (log_input), or input - target * log(input + eps); full adds Stirling's term.",
    shape,
    source: page("poisson_nll_loss"),
  },
  saves: ({ log_input, full }) => [
    ...(log_input ? [{ name: "input", for: ["target"] }] : []),
    { name: "target", for: full ? ["input", "target"] : ["input"] },
  ],
  gradient: "through decomposition",
  record(g, args) {
    const { x, y, finish } = pairOf(g, "poisson_nll_loss", toFloat(g, args.input), args.target);
    const rate = args.log_input
      ? g.sub(g.exp(x), g.mul(y, x))
      : g.sub(x, g.mul(y, g.log(g.add(x, g.scalar(args.eps, x.dtype)))));
    const reduction = wantedReduction("poisson_nll_loss", args);
    if (!args.full) return finish(rate, reduction);
    const large = g.gt(y, 1);
    const safe = g.where(large, y, 1);
    const stirling = g.add(g.sub(g.mul(safe, g.log(safe)), safe), g.mul(g.log(g.mul(safe, 2 * Math.PI)), 0.5));
    return finish(g.add(rate, g.where(large, stirling, 0)), reduction);
  },
});

const reductionNames = ["none", "mean", "sum"] as const;
export const poissonNllLossOfEnum = defineOp({
  name: "poisson_nll_loss.enum",
  signature:
    "poisson_nll_loss(Tensor input, Tensor target, bool log_input, bool full, Scalar eps, int reduction) -> Tensor",
  places: ["torch"],
  doc: {
    summary: "poisson_nll_loss with the reduction as a number: 0 none, 1 mean, 2 sum.",
    shape,
    source: page("poisson_nll_loss"),
  },
  gradient: "through decomposition",
  record: (g, args) =>
    poissonNllLoss.record(
      g,
      { ...args, size_average: null, reduce: null, reduction: reductionNames[args.reduction] ?? "mean" },
      nothingMeasured,
    ) as Node,
});

export const softMarginLoss = defineOp({
  name: "soft_margin_loss",
  signature:
    "soft_margin_loss(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places,
  doc: { summary: "log(1 + exp(-target * input)) of targets 1 and -1.", shape, source: page("soft_margin_loss") },
  gradient: "through decomposition",
  record(g, args) {
    const { x, y, like, finish } = pairOf(g, "soft_margin_loss", args.input, args.target);
    requireFloat("soft_margin_loss", like);
    return finish(softplusOf(g, g.neg(g.mul(y, x))), wantedReduction("soft_margin_loss", args));
  },
});

nameSteps(
  {},
  {
    kl_div: reducedStep("sub"),
    poisson_nll_loss: reducedStep(null),
  },
);
