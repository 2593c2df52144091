/** Connectionist temporal classification. */
import { isNode, type GraphBuilder } from "../../builder.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import { recordLoop } from "../../regions.ts";
import { describe, requireFloat } from "../support.ts";
import { reduced, reductionOf, widen } from "./support.ts";

/** log(sum of exponentials) of several; -infinity where all are, with no gradient there. */
function logSum(g: GraphBuilder, terms: readonly Node[]): Node {
  const largest = g.detach(terms.reduce((a, b) => g.max(a, b)));
  const isNone = g.eq(largest, -Infinity);
  const shift = g.where(isNone, 0, largest);
  const total = terms.map((term) => g.exp(g.sub(term, shift))).reduce((a, b) => g.add(a, b));
  return g.where(isNone, -Infinity, g.add(g.log(g.where(isNone, 1, total)), shift));
}

/** Targets one after another in one dimension, as [N, S]. */
function padded(g: GraphBuilder, targets: Node, lengths: Node, longest: number): Node {
  const batch = lengths.shape[0]!;
  const start = g.sub(g.scan("sum", lengths, 0), lengths);
  const place = g.add(g.reshape(start, [batch, 1]), g.iotaAlong([batch, longest], 1, "int64"));
  return g.gather(targets, [0], [g.min(place, BigInt(Math.max(0, targets.shape[0]! - 1)))]);
}

/** Minus the log probability of the targets: [N]. */
function alignments(
  g: GraphBuilder,
  x: Node,
  targets: Node,
  inputLengths: Node,
  targetLengths: Node,
  blank: number,
): Node {
  const [steps, batch] = x.shape as [number, number, number];
  const longest = targets.shape[1]!;
  const width = 2 * longest + 1;
  // Blanks between, before and after the targets.
  const labels = g.pad(targets, [0, 1], [0, 1], BigInt(blank), [0, 1]);
  const isFresh = g.ne(labels, g.pad(labels, [0, 2], [0, -2], BigInt(blank)));
  const maySkip = g.and(g.ne(labels, BigInt(blank)), isFresh);
  const chosen = g.takeAlong(x, 2, g.expandTo(g.reshape(labels, [1, batch, width]), [steps, batch, width]));
  const isStart = g.lt(g.iotaAlong([batch, width], 1, "int64"), 2n);
  const column = (line: Node): Node => g.reshape(line, [batch, 1]);
  const first = g.reshape(g.sliceAxis(chosen, 0, 0, 1), [batch, width]);
  const later = g.iotaAlong([steps - 1, batch, 1], 0, "int64");
  const { carried } = recordLoop(
    g,
    {
      count: steps - 1,
      carried: [g.where(isStart, first, -Infinity)],
      scanned: [g.sliceAxis(chosen, 0, 1, steps - 1), g.gt(g.reshape(inputLengths, [1, batch, 1]), g.add(later, 1n))],
    },
    ([state], [emitted, isGoing]) => {
      const one = g.pad(state!, [0, 1], [0, -1], -Infinity);
      const two = g.where(maySkip, g.pad(state!, [0, 2], [0, -2], -Infinity), -Infinity);
      const next = g.add(logSum(g, [state!, one, two]), emitted!);
      return { carried: [g.where(isGoing!, next, state!)], outputs: [] };
    },
  );
  const state = carried[0]!;
  const last = g.mul(targetLengths, 2n);
  const end = (place: Node): Node => g.reshape(g.takeAlong(state, 1, column(g.max(place, 0n))), [batch]);
  const beforeLast = g.where(g.gt(targetLengths, 0n), end(g.sub(last, 1n)), -Infinity);
  return g.neg(logSum(g, [end(last), beforeLast]));
}

/** PyTorch's gradient is that of the logits behind log_probs: exp(log_probs) is added for every step that counts. */
const ctcTerms = defineOp({
  name: "ctc_terms",
  signature:
    "ctc_terms(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int blank, bool zero_infinity) -> Tensor",
  places: [],
  composite: true,
  doc: {
    summary: "ctc_loss of each sample.",
    shape: "[T, N, C], int64[N, S], int64[N], int64[N] -> [N]",
    source: "torch.nn.functional.ctc_loss",
  },
  gradient: "through decomposition",
  record(g, { log_probs, targets, input_lengths, target_lengths, blank, zero_infinity }) {
    const value = alignments(g, log_probs, targets, input_lengths, target_lengths, blank);
    const [steps, batch] = log_probs.shape as [number, number, number];
    const counts = g.lt(g.iotaAlong([steps, batch, 1], 0, "int64"), g.reshape(input_lengths, [1, batch, 1]));
    const mass = g.reshape(g.sum(g.where(counts, g.exp(log_probs), 0), [0, 2]), [batch]);
    const isNone = g.eq(g.detach(value), Infinity);
    // Steps of a sample that has no alignment have no slope, unless it is left out.
    const slope = zero_infinity ? mass : g.mul(mass, g.where(isNone, g.full([], Number.NaN, mass.dtype), 1));
    const loss = g.withHistory(g.detach(value), g.add(value, slope));
    return zero_infinity ? g.where(isNone, 0, loss) : loss;
  },
});

export const ctcLoss = defineOp({
  name: "ctc_loss_of_lengths",
  signature:
    "ctc_loss_of_lengths(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int blank=0, 'none'|'mean'|'sum' reduction='mean', bool zero_infinity=False) -> Tensor",
  places: [],
  doc: {
    summary: "Minus the log probability of all alignments of the targets with the steps.",
    shape: "[T, N, C], int64[N, S] or int64[sum of target_lengths], int64[N], int64[N] -> []",
    source: "torch.nn.functional.ctc_loss",
  },
  gradient: "through decomposition",
  // Targets one after another: how far each may reach is the longest length.
  measure: (g, { targets, target_lengths }) =>
    targets.shape.length === 1
      ? [
          g.reduce(
            "reduce_max",
            target_lengths,
            target_lengths.shape.map((_, i) => i),
          ),
        ]
      : [],
  record(g, args, measured) {
    const single = args.log_probs.shape.length === 2;
    requireFloat("ctc_loss", args.log_probs);
    if (!single && args.log_probs.shape.length !== 3)
      throw new ShapeError(
        "ctc_loss/rank",
        `ctc_loss: log_probs must be [T, N, C] or [T, C], got ${describe(args.log_probs)}.`,
      );
    const [steps, classes] = [args.log_probs.shape[0]!, args.log_probs.shape.at(-1)!];
    const batch = single ? 1 : args.log_probs.shape[1]!;
    if (args.blank < 0 || args.blank >= classes)
      throw new ArgumentError(
        "ctc_loss/blank",
        `ctc_loss: blank must be in label range, got ${args.blank} for ${classes} classes.`,
      );
    const lengths = (x: Node): Node => g.reshape(g.cast(x, "int64"), [batch]);
    const [inputLengths, targetLengths] = [lengths(args.input_lengths), lengths(args.target_lengths)];
    const given = g.cast(args.targets, "int64");
    const longest = given.shape.length === 1 ? Number(measured.values[0]![0]!) : given.shape[1]!;
    const targets = given.shape.length === 1 ? padded(g, given, targetLengths, longest) : given;
    const x = g.reshape(widen(g, args.log_probs), [steps, batch, classes]);
    const terms = recordOperator(
      g,
      ctcTerms,
      {
        log_probs: x,
        targets,
        input_lengths: inputLengths,
        target_lengths: targetLengths,
        blank: args.blank,
        zero_infinity: args.zero_infinity,
      },
      isNode,
    ) as Node;
    const reduction = reductionOf("ctc_loss", args.reduction);
    if (reduction === "none") return g.cast(single ? g.reshape(terms, []) : terms, args.log_probs.dtype);
    const scaled = reduction === "mean" ? g.div(terms, g.cast(g.max(targetLengths, 1n), x.dtype)) : terms;
    return g.cast(reduced(g, scaled, reduction), args.log_probs.dtype);
  },
});
