/** Losses of classes, sequences and triplets. https://docs.pytorch.org/docs/stable/nn.html#loss-functions */
import "../../../ir/ops/nn/losses-classification.ts";
import "../../../ir/ops/nn/losses-elementwise.ts";
import "../../../ir/ops/nn/losses-probabilities.ts";
import "../../../ir/ops/nn/losses-margin.ts";
import "../../../ir/ops/nn/losses-pairs.ts";
import "../../../ir/ops/nn/similarity.ts";
import { ArgumentError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import { ctc_loss } from "../../functional/ctc.ts";
import { op } from "../op.ts";
import { Loss, WeightedLoss, reductionOf, type Legacy, type Reduction } from "./loss-base.ts";

const nll = signature<
  [weight: Tensor | null, size_average: Legacy, ignore_index: number, reduce: Legacy, reduction: Reduction]
>()("weight?, size_average?, ignore_index?, reduce?, reduction?");
/** Minus the log probability of the target class. https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html */
export class NLLLoss extends WeightedLoss {
  ignore_index: number;
  constructor(...args: CallOf<typeof nll>) {
    const bound = nll.bind("NLLLoss", args);
    super(reductionOf(bound), bound.weight);
    this.ignore_index = bound.ignore_index ?? -100;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("nll_loss", input, target, {
      weight: this.weight,
      ignore_index: this.ignore_index,
      reduction: this.reduction,
    });
  }
}
/** The older name of NLLLoss for [N, C, H, W]. */
export class NLLLoss2d extends NLLLoss {}

const crossEntropy = signature<
  [
    weight: Tensor | null,
    size_average: Legacy,
    ignore_index: number,
    reduce: Legacy,
    reduction: Reduction,
    label_smoothing: number,
  ]
>()("weight?, size_average?, ignore_index?, reduce?, reduction?, label_smoothing?");
/** Cross entropy of logits and classes (or class probabilities). https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html */
export class CrossEntropyLoss extends WeightedLoss {
  ignore_index: number;
  label_smoothing: number;
  constructor(...args: CallOf<typeof crossEntropy>) {
    const bound = crossEntropy.bind("CrossEntropyLoss", args);
    super(reductionOf(bound), bound.weight);
    this.ignore_index = bound.ignore_index ?? -100;
    this.label_smoothing = bound.label_smoothing ?? 0;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("cross_entropy", input, target, {
      weight: this.weight,
      ignore_index: this.ignore_index,
      reduction: this.reduction,
      label_smoothing: this.label_smoothing,
    });
  }
}

const logits = signature<
  [weight: Tensor | null, size_average: Legacy, reduce: Legacy, reduction: Reduction, pos_weight: Tensor | null]
>()("weight?, size_average?, reduce?, reduction?, pos_weight?");
/** Binary cross entropy of logits. https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html */
export class BCEWithLogitsLoss extends WeightedLoss {
  declare pos_weight: Tensor | null;
  constructor(...args: CallOf<typeof logits>) {
    const bound = logits.bind("BCEWithLogitsLoss", args);
    super(reductionOf(bound), bound.weight);
    this.register_buffer("pos_weight", bound.pos_weight ?? null);
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("binary_cross_entropy_with_logits", input, target, {
      weight: this.weight,
      reduction: this.reduction,
      pos_weight: this.pos_weight,
    });
  }
}

const multiMargin = signature<
  [p: number, margin: number, weight: Tensor | null, size_average: Legacy, reduce: Legacy, reduction: Reduction]
>()("p?, margin?, weight?, size_average?, reduce?, reduction?");
/** Hinge of each other class against the right one. https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html */
export class MultiMarginLoss extends WeightedLoss {
  p: number;
  margin: number;
  constructor(...args: CallOf<typeof multiMargin>) {
    const bound = multiMargin.bind("MultiMarginLoss", args);
    super(reductionOf(bound), bound.weight);
    this.p = bound.p ?? 1;
    this.margin = bound.margin ?? 1;
    if (this.p !== 1 && this.p !== 2)
      throw new ArgumentError("loss/p", `MultiMarginLoss: only p == 1 and p == 2 supported, got ${this.p}.`);
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("multi_margin_loss", input, target, {
      p: this.p,
      margin: this.margin,
      weight: this.weight,
      reduction: this.reduction,
    });
  }
}

const ctc = signature<[blank: number, reduction: Reduction, zero_infinity: boolean]>()(
  "blank?, reduction?, zero_infinity?",
);
/** Minus the log probability of all alignments of a sequence. https://docs.pytorch.org/docs/stable/generated/torch.nn.CTCLoss.html */
export class CTCLoss extends Loss {
  static override readonly forwardNames_: readonly string[] = [
    "log_probs",
    "targets",
    "input_lengths",
    "target_lengths",
  ];
  blank: number;
  zero_infinity: boolean;
  constructor(...args: CallOf<typeof ctc>) {
    const bound = ctc.bind("CTCLoss", args);
    super(bound.reduction ?? "mean");
    this.blank = bound.blank ?? 0;
    this.zero_infinity = bound.zero_infinity ?? false;
  }
  override forward(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | readonly number[],
    target_lengths: Tensor | readonly number[],
  ): Tensor {
    return op(ctc_loss, log_probs, targets, input_lengths, target_lengths, {
      blank: this.blank,
      reduction: this.reduction,
      zero_infinity: this.zero_infinity,
    });
  }
}

const triplet = signature<
  [margin: number, p: number, eps: number, swap: boolean, size_average: Legacy, reduce: Legacy, reduction: Reduction]
>()("margin?, p?, eps?, swap?, size_average?, reduce?, reduction?");
/** max(0, |anchor - positive| - |anchor - negative| + margin). https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html */
export class TripletMarginLoss extends Loss {
  static override readonly forwardNames_: readonly string[] = ["anchor", "positive", "negative"];
  margin: number;
  p: number;
  eps: number;
  swap: boolean;
  constructor(...args: CallOf<typeof triplet>) {
    const bound = triplet.bind("TripletMarginLoss", args);
    super(reductionOf(bound));
    this.margin = bound.margin ?? 1;
    this.p = bound.p ?? 2;
    this.eps = bound.eps ?? 1e-6;
    this.swap = bound.swap ?? false;
    if (this.margin <= 0)
      throw new ArgumentError(
        "loss/margin",
        `TripletMarginLoss: expected margin to be greater than 0, got ${this.margin}.`,
      );
  }
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return op("triplet_margin_loss", anchor, positive, negative, {
      margin: this.margin,
      p: this.p,
      eps: this.eps,
      swap: this.swap,
      reduction: this.reduction,
    });
  }
}

type Distance = (a: Tensor, b: Tensor) => Tensor;
const byDistance = signature<
  [distance_function: Distance | null, margin: number, swap: boolean, reduction: Reduction]
>()("*, distance_function?, margin?, swap?, reduction?");
/** The triplet loss of a distance of one's own. https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html */
export class TripletMarginWithDistanceLoss extends Loss {
  static override readonly forwardNames_: readonly string[] = ["anchor", "positive", "negative"];
  distance_function: Distance;
  margin: number;
  swap: boolean;
  constructor(...args: CallOf<typeof byDistance>) {
    const bound = byDistance.bind("TripletMarginWithDistanceLoss", args);
    super(bound.reduction ?? "mean");
    this.distance_function = bound.distance_function ?? ((a, b) => op("pairwise_distance", a, b));
    this.margin = bound.margin ?? 1;
    this.swap = bound.swap ?? false;
  }
  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const distance = this.distance_function;
    const near = distance(anchor, positive);
    const plain = distance(anchor, negative);
    const far = this.swap ? op("minimum", plain, distance(positive, negative)) : plain;
    const loss = op("clamp", op("add", op("sub", near, far), this.margin), { min: 0 });
    return this.reduction === "none" ? loss : op(this.reduction, loss);
  }
}
