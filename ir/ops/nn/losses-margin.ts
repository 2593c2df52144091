/** Margin losses over classes. */
import { ArgumentError, DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { elementCount, formatShape } from "../../shape.ts";
import { checkRange, describe, requireFloat } from "../support.ts";
import { besideClasses, requireClasses, valueAt } from "./class-targets.ts";
import { wantedReduction } from "./losses-support.ts";
import { reduced, widen } from "./support.ts";
import { scalarName } from "../../dtype.ts";

const page = (name: string): string => `torch.nn.functional.${name}`;
const places = ["nn.functional"] as const;

/** Samples without classes have no margins; without samples there may be classes. */
function requireMargins(name: string, input: Node): void {
  const { shape } = input;
  if (shape.length <= 2 && shape.at(-1) !== 0) return;
  throw new ShapeError(
    `${name}/empty`,
    `${name}: Expected non-empty vector or matrix with optional 0-dim batch size, but got: ${formatShape(input.shape)}, ${describe(input)}.`,
  );
}

export const multiMarginLoss = defineOp({
  name: "multi_margin_loss",
  signature:
    "multi_margin_loss(Tensor input, Tensor target, number p=1, Scalar margin=1, Tensor? weight=None, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places,
  doc: {
    summary: "Mean over the other classes of max(0, margin - input[target] + input[c]) ** p.",
    shape: "[N, C], int64[N] -> []; [C], int64[] -> []",
    source: page("multi_margin_loss"),
  },
  gradient: "through decomposition",
  record(g, args) {
    const { p, weight } = args;
    const reduction = wantedReduction("multi_margin_loss", args);
    if (p !== 1 && p !== 2)
      throw new ArgumentError("multi_margin_loss/p", `multi_margin_loss: only p == 1 and p == 2 supported, got ${p}.`);
    const single = args.input.shape.length < 2;
    const input = single ? g.reshape(args.input, [1, args.input.shape[0] ?? 1]) : args.input;
    requireMargins("multi_margin_loss", args.input);
    if (elementCount(args.target.shape) !== input.shape[0] || args.target.shape.length > 1)
      throw new ShapeError(
        "multi_margin_loss/target",
        `multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch size). Expected target size [${input.shape[0]}], but got ${formatShape(args.target.shape)}. Input has shape ${formatShape(args.input.shape)}.`,
      );
    if (weight !== null && weight.shape.length !== 1)
      throw new ShapeError(
        "multi_margin_loss/weight",
        `multi_margin_loss: weight must be one-dimensional, got ${describe(weight)}.`,
      );
    if (weight !== null && weight.shape[0] !== input.shape[1])
      throw new ShapeError(
        "multi_margin_loss/weight",
        `multi_margin_loss: inconsistent weight size, expected ${input.shape[1]} but got ${formatShape(weight.shape)}.`,
      );
    const classes = g.reshape(args.target, [input.shape[0]]);
    requireClasses("multi_margin_loss", requireFloat("multi_margin_loss", input), classes, weight);
    const x = widen(g, input);
    const target = checkRange(g, "multi_margin_loss", classes, input.shape[1]!, 0, null, "target out of range");
    const column = besideClasses(g, target, input);
    const own = valueAt(g, x, column);
    const gap = g.add(g.sub(x, own), g.scalar(args.margin, x.dtype));
    const others = g.not(g.isAt(input.shape, 1, column));
    const positive = g.and(others, g.gt(gap, 0));
    const bounded = g.where(positive, gap, 0);
    let each = p === 1 ? bounded : g.mul(bounded, bounded);
    if (weight !== null) each = g.mul(each, besideClasses(g, g.gather(g.cast(weight, x.dtype), [0], [target]), input));
    const loss = g.div(g.reshape(g.sum(each, [1]), target.shape), input.shape[1]!);
    const result = reduced(g, loss, reduction);
    return g.cast(result.shape.length > 0 ? g.reshape(result, args.target.shape) : result, input.dtype);
  },
});

export const multilabelMarginLoss = defineOp({
  name: "multilabel_margin_loss",
  signature:
    "multilabel_margin_loss(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean') -> Tensor",
  places,
  doc: {
    summary:
      "Mean over classes of max(0, 1 - input[t] + input[c]) for every target t (up to the first -1) and every class c that is none.",
    shape: "[N, C], int64[N, C] -> []; [C], int64[C] -> []",
    source: page("multilabel_margin_loss"),
  },
  gradient: "through decomposition",
  record(g, args) {
    const reduction = wantedReduction("multilabel_margin_loss", args);
    requireMargins("multilabel_margin_loss", args.input);
    if (formatShape(args.target.shape) !== formatShape(args.input.shape))
      throw new ShapeError(
        "multilabel_margin_loss/target",
        `multilabel_margin_loss: inconsistent target size: ${formatShape(args.target.shape)} for input of size: ${formatShape(args.input.shape)}.`,
      );
    if (args.target.dtype !== "int64")
      throw new DTypeError(
        "multilabel_margin_loss/target",
        `multilabel_margin_loss: expected scalar type Long but found ${scalarName(args.target.dtype)}.`,
        "Convert it with target.long().",
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
    const result = reduced(g, loss, reduction);
    return g.cast(single ? g.reshape(result, []) : result, args.input.dtype);
  },
});
