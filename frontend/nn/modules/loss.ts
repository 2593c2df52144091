/** Losses of an input and a target. https://docs.pytorch.org/docs/stable/nn.html#loss-functions */
import "../../../ir/ops/nn/losses-rounded.ts";
import "../../../ir/ops/nn/losses-elementwise.ts";
import "../../../ir/ops/nn/losses-probabilities.ts";
import "../../../ir/ops/nn/losses-margin.ts";
import "../../../ir/ops/nn/losses-pairs.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import { Loss, WeightedLoss, reductionOf, type Legacy, type Reduction } from "./loss-base.ts";
import { op } from "../op.ts";

const plain = signature<[size_average: Legacy, reduce: Legacy, reduction: Reduction]>()(
  "size_average?, reduce?, reduction?",
);

/** mean(abs(input - target)). https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html */
export class L1Loss extends Loss {
  constructor(...args: CallOf<typeof plain>) {
    super(reductionOf(plain.bind("L1Loss", args)));
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("l1_loss", input, target, { reduction: this.reduction });
  }
}
/** mean((input - target) ** 2). https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html */
export class MSELoss extends Loss {
  constructor(...args: CallOf<typeof plain>) {
    super(reductionOf(plain.bind("MSELoss", args)));
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("mse_loss", input, target, { reduction: this.reduction });
  }
}
/** mean(log(1 + exp(-target * input))). https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html */
export class SoftMarginLoss extends Loss {
  constructor(...args: CallOf<typeof plain>) {
    super(reductionOf(plain.bind("SoftMarginLoss", args)));
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("soft_margin_loss", input, target, { reduction: this.reduction });
  }
}
/** Hinge of each wrong class against each right one. https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html */
export class MultiLabelMarginLoss extends Loss {
  constructor(...args: CallOf<typeof plain>) {
    super(reductionOf(plain.bind("MultiLabelMarginLoss", args)));
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("multilabel_margin_loss", input, target, { reduction: this.reduction });
  }
}

const smooth = signature<[size_average: Legacy, reduce: Legacy, reduction: Reduction, beta: number]>()(
  "size_average?, reduce?, reduction?, beta?",
);
/** Squared below beta, absolute above. https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html */
export class SmoothL1Loss extends Loss {
  beta: number;
  constructor(...args: CallOf<typeof smooth>) {
    const bound = smooth.bind("SmoothL1Loss", args);
    super(reductionOf(bound));
    this.beta = bound.beta ?? 1;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("smooth_l1_loss", input, target, { reduction: this.reduction, beta: this.beta });
  }
}

const huber = signature<[reduction: Reduction, delta: number]>()("reduction?, delta?");
/** Squared below delta, delta times absolute above. https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html */
export class HuberLoss extends Loss {
  delta: number;
  constructor(...args: CallOf<typeof huber>) {
    const bound = huber.bind("HuberLoss", args);
    super(bound.reduction ?? "mean");
    this.delta = bound.delta ?? 1;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("huber_loss", input, target, { reduction: this.reduction, delta: this.delta });
  }
}

const kl = signature<[size_average: Legacy, reduce: Legacy, reduction: Reduction | "batchmean", log_target: boolean]>()(
  "size_average?, reduce?, reduction?, log_target?",
);
/** target * (log(target) - input): input holds logarithms. https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html */
export class KLDivLoss extends Loss {
  log_target: boolean;
  constructor(...args: CallOf<typeof kl>) {
    const bound = kl.bind("KLDivLoss", args);
    super(reductionOf(bound));
    this.log_target = bound.log_target ?? false;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("kl_div", input, target, { reduction: this.reduction, log_target: this.log_target });
  }
}

const poisson = signature<
  [log_input: boolean, full: boolean, size_average: Legacy, eps: number, reduce: Legacy, reduction: Reduction]
>()("log_input?, full?, size_average?, eps?, reduce?, reduction?");
/** Negative log likelihood of Poisson counts. https://docs.pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html */
export class PoissonNLLLoss extends Loss {
  static override readonly forwardNames_: readonly string[] = ["log_input", "target"];
  log_input: boolean;
  full: boolean;
  eps: number;
  constructor(...args: CallOf<typeof poisson>) {
    const bound = poisson.bind("PoissonNLLLoss", args);
    super(reductionOf(bound));
    this.log_input = bound.log_input ?? true;
    this.full = bound.full ?? false;
    this.eps = bound.eps ?? 1e-8;
  }
  override forward(log_input: Tensor, target: Tensor): Tensor {
    return op("poisson_nll_loss", log_input, target, {
      log_input: this.log_input,
      full: this.full,
      eps: this.eps,
      reduction: this.reduction,
    });
  }
}

const gaussian = signature<[full: boolean, eps: number, reduction: Reduction]>()("*, full?, eps?, reduction?");
/** Negative log likelihood of normal values with given variances. https://docs.pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html */
export class GaussianNLLLoss extends Loss {
  static override readonly forwardNames_: readonly string[] = ["input", "target", "var"];
  full: boolean;
  eps: number;
  constructor(...args: CallOf<typeof gaussian>) {
    const bound = gaussian.bind("GaussianNLLLoss", args);
    super(bound.reduction ?? "mean");
    this.full = bound.full ?? false;
    this.eps = bound.eps ?? 1e-6;
  }
  override forward(input: Tensor, target: Tensor, variance: Tensor | number): Tensor {
    return op("gaussian_nll_loss", input, target, variance, {
      full: this.full,
      eps: this.eps,
      reduction: this.reduction,
    });
  }
}

const hinge = signature<[margin: number, size_average: Legacy, reduce: Legacy, reduction: Reduction]>()(
  "margin?, size_average?, reduce?, reduction?",
);
/** input where target is 1, max(0, margin - input) where it is -1. https://docs.pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html */
export class HingeEmbeddingLoss extends Loss {
  margin: number;
  constructor(...args: CallOf<typeof hinge>) {
    const bound = hinge.bind("HingeEmbeddingLoss", args);
    super(reductionOf(bound));
    this.margin = bound.margin ?? 1;
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("hinge_embedding_loss", input, target, { margin: this.margin, reduction: this.reduction });
  }
}
/** 1 - cos, or max(0, cos - margin) where target is -1. https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html */
export class CosineEmbeddingLoss extends Loss {
  static override readonly forwardNames_: readonly string[] = ["input1", "input2", "target"];
  margin: number;
  constructor(...args: CallOf<typeof hinge>) {
    const bound = hinge.bind("CosineEmbeddingLoss", args);
    super(reductionOf(bound));
    this.margin = bound.margin ?? 0;
  }
  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return op("cosine_embedding_loss", input1, input2, target, { margin: this.margin, reduction: this.reduction });
  }
}
/** max(0, -target * (input1 - input2) + margin). https://docs.pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html */
export class MarginRankingLoss extends Loss {
  static override readonly forwardNames_: readonly string[] = ["input1", "input2", "target"];
  margin: number;
  constructor(...args: CallOf<typeof hinge>) {
    const bound = hinge.bind("MarginRankingLoss", args);
    super(reductionOf(bound));
    this.margin = bound.margin ?? 0;
  }
  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return op("margin_ranking_loss", input1, input2, target, { margin: this.margin, reduction: this.reduction });
  }
}

const weighted = signature<[weight: Tensor | null, size_average: Legacy, reduce: Legacy, reduction: Reduction]>()(
  "weight?, size_average?, reduce?, reduction?",
);
/** Cross entropy of probabilities. https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html */
export class BCELoss extends WeightedLoss {
  constructor(...args: CallOf<typeof weighted>) {
    const bound = weighted.bind("BCELoss", args);
    super(reductionOf(bound), bound.weight);
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("binary_cross_entropy", input, target, { weight: this.weight, reduction: this.reduction });
  }
}
/** Cross entropy of each label's logit. https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html */
export class MultiLabelSoftMarginLoss extends WeightedLoss {
  constructor(...args: CallOf<typeof weighted>) {
    const bound = weighted.bind("MultiLabelSoftMarginLoss", args);
    super(reductionOf(bound), bound.weight);
  }
  override forward(input: Tensor, target: Tensor): Tensor {
    return op("multilabel_soft_margin_loss", input, target, { weight: this.weight, reduction: this.reduction });
  }
}
