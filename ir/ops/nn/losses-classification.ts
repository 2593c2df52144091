/** Losses over classes: negative log-likelihood, cross entropy and margins. */
import { isNode, type GraphBuilder } from "../../builder.ts";
import { isFloat } from "../../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import { formatShape } from "../../shape.ts";
import { checkRange, describe, dropAxes, requireFloat } from "../support.ts";
import { wantedReduction } from "./losses-support.ts";
import { recordLogSoftmax } from "./softmax.ts";
import { reduced, widen, type Reduction } from "./support.ts";

const page = (name: string): string => `torch.nn.functional.${name}`;
const places = ["nn.functional"] as const;
const shape = "[N, C, *], int64[N, *] -> [] ([N, *] with reduction 'none'); [C], int64[] -> []";

/** The dimension of the classes. */
const classAxis = (input: Node): number => (input.shape.length === 1 ? 0 : 1);

function requireClasses(name: string, input: Node, target: Node, weight: Node | null): void {
  if (input.shape.length === 0)
    throw new ShapeError(`${name}/0-d`, `${name}: input tensor should be at least 1D, got ${describe(input)}.`);
  if (target.dtype !== "int64" && target.dtype !== "uint8" && target.dtype !== "int32")
    throw new DTypeError(
      `${name}/target`,
      `${name}: expected scalar type Long for target, got ${describe(target)}.`,
      "Convert it with target.long().",
    );
  const axis = classAxis(input);
  const expected = input.shape.filter((_, i) => i !== axis);
  if (formatShape(expected) !== formatShape(target.shape)) {
    throw new ShapeError(
      `${name}/target`,
      `${name}: Expected target size ${formatShape(expected)}, got ${formatShape(target.shape)} (input ${describe(input)}).`,
      expected[0] !== target.shape[0]
        ? `Expected input batch_size (${expected[0] ?? 1}) to match target batch_size (${target.shape[0] ?? 1}).`
        : "The target is the input's shape without the classes.",
    );
  }
  if (weight !== null && (weight.shape.length !== 1 || weight.shape[0] !== input.shape[axis]))
    throw new ShapeError(
      `${name}/weight`,
      `${name}: weight tensor should be defined either for all ${input.shape[axis]} classes or no classes but got weight tensor of shape: ${formatShape(weight.shape)}.`,
    );
}

/** [N, *] with the classes' dimension put back, of size 1. */
const besideClasses = (g: GraphBuilder, x: Node, input: Node): Node =>
  g.reshape(
    x,
    input.shape.map((size, i) => (i === classAxis(input) ? 1 : size)),
  );

interface Targets {
  /** Whether each counts, with the classes' dimension of size 1: the form in which it is a value of the input's rows. */
  readonly valid: Node;
  /** The class of each, 0 where it is ignored. */
  readonly known: Node;
  /** The weight of each, 0 where it is ignored. */
  readonly weights: Node;
}

function targetsOf(
  g: GraphBuilder,
  name: string,
  target: Node,
  weight: Node | null,
  ignored: number,
  input: Node,
  x: Node,
): Targets {
  const line = besideClasses(g, g.cast(target, "int64"), input);
  const valid = g.ne(line, BigInt(ignored));
  const known = g.where(valid, line, 0n);
  checkRange(g, name, known, input.shape[classAxis(input)]!);
  if (weight === null) return { valid, known, weights: g.cast(valid, x.dtype) };
  const flat = g.gather(g.cast(weight, x.dtype), [0], [g.reshape(known, target.shape)]);
  return { valid, known, weights: g.where(valid, besideClasses(g, flat, input), 0) };
}

/** Terms with the classes' dimension of size 1, reduced. The mean is over the weights. */
function reducedTerms(
  g: GraphBuilder,
  terms: Node,
  weights: Node,
  reduction: Reduction,
  shape: readonly number[],
): Node {
  if (reduction === "none") return g.reshape(terms, shape);
  const total = reduced(g, terms, "sum");
  return reduction === "sum" ? total : g.div(total, reduced(g, weights, "sum"));
}

/** input[n, target[n], ...], read without touching the other classes; its adjoint compares positions and scatters nothing. */
const pickClass = defineOp({
  name: "pick_class",
  signature: "pick_class(Tensor input, Tensor target, int axis) -> Tensor",
  places: [],
  composite: true,
  doc: {
    summary: "The input's value at each target, along an axis that is kept with size 1.",
    shape: "[N, C, *], int64[N, 1, *] -> [N, 1, *]",
    source: page("nll_loss"),
  },
  gradient(g, { inputs, attrs, grads }) {
    const [input, target] = inputs as [Node, Node];
    const hit = g.eq(g.iotaAlong(input.shape, attrs["axis"] as number, "int64"), target);
    return [g.where(hit, g.expandTo(grads[0]!, input.shape), 0), null];
  },
  record: (g, { input, target, axis }) => g.takeAlong(input, axis, target),
});
const valueAt = (g: GraphBuilder, input: Node, target: Node): Node =>
  recordOperator(g, pickClass, { input, target, axis: classAxis(input) }, isNode) as Node;

export const nllLoss = defineOp({
  name: "nll_loss",
  aliases: ["nll_loss_nd"],
  signature:
    "nll_loss(Tensor input, Tensor target, Tensor? weight=None, bool? size_average=None, int ignore_index=-100, bool? reduce=None, string reduction='mean') -> Tensor",
  places,
  doc: {
    summary: "-weight[target] * input[target]; input holds logarithms of probabilities.",
    shape,
    source: page("nll_loss"),
  },
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
    const hit = g.eq(g.iotaAlong(input.shape, axis, "int64"), target);
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
    "cross_entropy(Tensor input, Tensor target, Tensor? weight=None, bool? size_average=None, int ignore_index=-100, bool? reduce=None, string reduction='mean', number label_smoothing=0) -> Tensor",
  places,
  doc: {
    summary:
      "-log(softmax(input))[target] for classes as integers, or -sum(target * log(softmax(input))) for probabilities.",
    shape: `${shape}; or [N, C, *], [N, C, *] -> []`,
    source: page("cross_entropy"),
  },
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
  const axis = classAxis(x);
  const count = x.shape[axis]!;
  const wanted = smoothing === 0 ? target : g.add(g.mul(target, 1 - smoothing), smoothing / count);
  const logarithms = recordLogSoftmax(g, x, axis);
  const each = g.mul(logarithms, wanted);
  const loss = g.neg(
    dropAxes(g, g.sum(weight === null ? each : g.mul(each, classWeights(g, weight, x, x)), [axis]), [axis]),
  );
  if (reduction !== "mean") return reduced(g, loss, reduction);
  return reduced(g, loss, "mean");
}

export const multiMarginLoss = defineOp({
  name: "multi_margin_loss",
  signature:
    "multi_margin_loss(Tensor input, Tensor target, number p=1, Scalar margin=1, Tensor? weight=None, bool? size_average=None, bool? reduce=None, string reduction='mean') -> Tensor",
  places,
  doc: {
    summary: "Mean over the other classes of max(0, margin - input[target] + input[c]) ** p.",
    shape: "[N, C], int64[N] -> []; [C], int64[] -> []",
    source: page("multi_margin_loss"),
  },
  gradient: "through decomposition",
  record(g, args) {
    const { p, weight } = args;
    if (p !== 1 && p !== 2)
      throw new ArgumentError("multi_margin_loss/p", `multi_margin_loss: only p == 1 and p == 2 supported, got ${p}.`);
    const single = args.input.shape.length < 2;
    const input = single ? g.reshape(args.input, [1, args.input.shape[0] ?? 1]) : args.input;
    const target = g.reshape(args.target, [input.shape[0]!]);
    requireClasses("multi_margin_loss", requireFloat("multi_margin_loss", input), target, weight);
    const x = widen(g, input);
    checkRange(g, "multi_margin_loss", target, input.shape[1]!);
    const column = besideClasses(g, target, input);
    const own = valueAt(g, x, column);
    const gap = g.add(g.sub(x, own), g.scalar(args.margin, x.dtype));
    const others = g.ne(g.iotaAlong(input.shape, 1, "int64"), column);
    const positive = g.and(others, g.gt(gap, 0));
    const bounded = g.where(positive, gap, 0);
    let each = p === 1 ? bounded : g.mul(bounded, bounded);
    if (weight !== null) each = g.mul(each, besideClasses(g, g.gather(g.cast(weight, x.dtype), [0], [target]), input));
    const loss = g.div(g.reshape(g.sum(each, [1]), target.shape), input.shape[1]!);
    const result = reduced(g, loss, wantedReduction("multi_margin_loss", args));
    return g.cast(result.shape.length > 0 ? g.reshape(result, args.target.shape) : result, input.dtype);
  },
});

export const multilabelMarginLoss = defineOp({
  name: "multilabel_margin_loss",
  signature:
    "multilabel_margin_loss(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, string reduction='mean') -> Tensor",
  places,
  doc: {
    summary:
      "Mean over classes of max(0, 1 - input[t] + input[c]) for every target t (up to the first -1) and every class c that is none.",
    shape: "[N, C], int64[N, C] -> []; [C], int64[C] -> []",
    source: page("multilabel_margin_loss"),
  },
  gradient: "through decomposition",
  record(g, args) {
    if (args.target.dtype !== "int64")
      throw new DTypeError(
        "multilabel_margin_loss/target",
        `multilabel_margin_loss: expected scalar type Long but found ${args.target.dtype}.`,
        "Convert it with target.long().",
      );
    if (formatShape(args.target.shape) !== formatShape(args.input.shape))
      throw new ShapeError(
        "multilabel_margin_loss/target",
        `multilabel_margin_loss: inconsistent target size: ${describe(args.target)} for input of size: ${describe(args.input)}.`,
      );
    const single = args.input.shape.length < 2;
    const size = args.input.shape.at(-1) ?? 1;
    const line = [single ? 1 : args.input.shape[0]!, size];
    const x = widen(g, g.reshape(requireFloat("multilabel_margin_loss", args.input), line));
    const target = g.reshape(args.target, line);
    // A list ends at its first negative target.
    const live = g.ge(g.scan("min", target, 1), 0n);
    const known = g.where(live, target, 0n);
    const [batch] = line as [number, number];
    // [N, target, class]
    const cube = [batch, size, size];
    const across = (y: Node, axis: 1 | 2): Node =>
      g.expandTo(g.reshape(y, axis === 1 ? [batch, size, 1] : [batch, 1, size]), cube);
    const isTarget = g.and(g.eq(g.iotaAlong(cube, 2, "int64"), across(known, 1)), across(live, 1));
    const anyTarget = g.reduce("reduce_max", isTarget, [1]);
    const own = g.takeAlong(x, 1, known);
    const gap = g.sub(g.add(across(x, 2), 1), across(own, 1));
    const counts = g.and(g.and(across(live, 1), g.not(g.expandTo(anyTarget, cube))), g.gt(gap, 0));
    const loss = g.div(g.reshape(g.sum(g.where(counts, gap, 0), [1, 2]), [batch]), size);
    const result = reduced(g, loss, wantedReduction("multilabel_margin_loss", args));
    return g.cast(single ? g.reshape(result, []) : result, args.input.dtype);
  },
});
