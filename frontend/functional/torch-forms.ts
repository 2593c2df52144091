/**
 * Functions that `torch` and `torch.nn.functional` have under one name with different arguments: here those of `torch`,
 * where a reduction is a number, too (0 none, 1 mean, 2 sum), and none unless it is given.
 */
import { ArgumentError } from "../../ir/errors.ts";
import { signature, type CallOf } from "../arguments.ts";
import { withSite } from "../call.ts";
import { binary_cross_entropy_with_logits as lossOfLogits } from "../generated/functional.ts";
import type { Tensor } from "../tensor.ts";
import { batch_norm as normaliseBatch, instance_norm as normaliseInstances } from "./batch-norm.ts";
import { ctc_loss as alignmentLoss } from "./ctc.ts";
import { embedding as lookUp, renormalise } from "./embedding.ts";

type MaybeTensor = Tensor | null;
type Reduction = "none" | "mean" | "sum";

const reductions: readonly Reduction[] = ["none", "mean", "sum"];
function reductionOf(name: string, given: number | Reduction = 0): Reduction {
  const found = typeof given === "number" ? reductions[given] : given;
  if (found === undefined)
    throw new ArgumentError(
      `${name}/reduction`,
      `${name}: ${given} is not a valid value for reduction.`,
      "Pass 0 (none), 1 (mean) or 2 (sum), or the word.",
    );
  return found;
}

const normArguments = signature<
  [
    input: Tensor,
    weight: MaybeTensor,
    bias: MaybeTensor,
    running_mean: MaybeTensor,
    running_var: MaybeTensor,
    training: boolean,
    momentum: number,
    eps: number,
    cudnn_enabled: boolean,
  ]
>()("input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled?");

/**
 * nn.functional.batch_norm with the weights first.
 *
 * Shape: `[N, C, *] -> [N, C, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html
 */
export function batch_norm(...args: CallOf<typeof normArguments>): Tensor {
  return withSite(() => {
    const { input, weight, bias, running_mean, running_var, ...given } = normArguments.bind("batch_norm", args);
    const { training, momentum, eps } = given;
    return normaliseBatch(input, running_mean, running_var, weight, bias, training, momentum, eps);
  });
}

const instanceArguments = signature<
  [
    input: Tensor,
    weight: MaybeTensor,
    bias: MaybeTensor,
    running_mean: MaybeTensor,
    running_var: MaybeTensor,
    use_input_stats: boolean,
    momentum: number,
    eps: number,
    cudnn_enabled: boolean,
  ]
>()("input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled?");

/**
 * nn.functional.instance_norm with the weights first.
 *
 * Shape: `[N, C, *] -> [N, C, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.instance_norm.html
 */
export function instance_norm(...args: CallOf<typeof instanceArguments>): Tensor {
  return withSite(() => {
    const { input, weight, bias, running_mean, running_var, ...given } = instanceArguments.bind("instance_norm", args);
    const { use_input_stats, momentum, eps } = given;
    return normaliseInstances(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps);
  });
}

const logitsArguments = signature<
  [input: Tensor, target: Tensor, weight: MaybeTensor, pos_weight: MaybeTensor, reduction: number | Reduction]
>()("input, target, weight?, pos_weight?, reduction?");

/**
 * The binary cross entropy of sigmoid(input), without overflow; pos_weight multiplies the positive part.
 *
 * Shape: `[*], [*] -> [] or [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html
 */
export function binary_cross_entropy_with_logits(...args: CallOf<typeof logitsArguments>): Tensor {
  return withSite(() => {
    const name = "binary_cross_entropy_with_logits";
    const { input, target, weight, pos_weight, reduction } = logitsArguments.bind(name, args);
    return lossOfLogits(input, target, {
      weight: weight ?? null,
      pos_weight: pos_weight ?? null,
      reduction: reductionOf(name, reduction),
    });
  });
}

type Lengths = Tensor | readonly number[];
const ctcArguments = signature<
  [
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: number,
    reduction: number | Reduction,
    zero_infinity: boolean,
  ]
>()("log_probs, targets, input_lengths, target_lengths, blank?, reduction?, zero_infinity?");

/**
 * Minus the log probability of all alignments of the targets with the steps of log_probs: nn.functional.ctc_loss.
 *
 * Shape: `[T, N, C], int64[N, S], int64[N], int64[N] -> [] or [N]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html
 */
export function ctc_loss(...args: CallOf<typeof ctcArguments>): Tensor {
  return withSite(() => {
    const { log_probs, targets, input_lengths, target_lengths, ...given } = ctcArguments.bind("ctc_loss", args);
    const { blank = 0, zero_infinity = false } = given;
    const reduction = reductionOf("ctc_loss", given.reduction);
    return alignmentLoss(log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity);
  });
}

const embeddingArguments = signature<
  [weight: Tensor, indices: Tensor, padding_idx: number, scale_grad_by_freq: boolean, sparse: boolean]
>()("weight, indices, padding_idx?, scale_grad_by_freq?, sparse?");

/**
 * Rows of weight, the table first. The row padding_idx, where it is not negative, gets no gradient.
 *
 * Shape: `[V, D], int[*] -> [*, D]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 */
export function embedding(...args: CallOf<typeof embeddingArguments>): Tensor {
  return withSite(() => {
    const { weight, indices, padding_idx = -1, ...given } = embeddingArguments.bind("embedding", args);
    const padding = padding_idx < 0 ? null : padding_idx;
    return lookUp(indices, weight, padding, null, 2, given.scale_grad_by_freq ?? false);
  });
}

const renormArguments = signature<[weight: Tensor, indices: Tensor, max_norm: number, norm_type: number]>()(
  "weight, indices, max_norm, norm_type",
);

/**
 * Makes the rows of weight that are looked up at most max_norm long, in place and unseen by autograd; returns weight.
 *
 * Shape: `[V, D], int[*] -> [V, D]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 */
export function embedding_renorm_(...args: CallOf<typeof renormArguments>): Tensor {
  return withSite(() => {
    const { weight, indices, max_norm, norm_type } = renormArguments.bind("embedding_renorm_", args);
    renormalise(weight, indices, max_norm, norm_type);
    return weight;
  });
}
