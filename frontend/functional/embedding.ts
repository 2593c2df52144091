/** Look-ups in tables that the call itself may change. */
import "../../ir/ops/nn/embedding.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import { graph } from "../state.ts";
import type { Tensor } from "../tensor.ts";

/** Shortens rows that are longer than max_norm, in place and unseen by autograd. */
export function renormalise(weight: Tensor, indices: Tensor, maxNorm: number, normType: number): void {
  const enabled = graph.gradEnabled;
  graph.gradEnabled = false;
  try {
    const shorter = callOperator("embedding_renorm", [weight.detach(), indices, maxNorm, normType]) as Tensor;
    weight.detach().write_(shorter.node_(), "embedding");
  } finally {
    graph.gradEnabled = enabled;
  }
}

const embeddingArguments = signature<
  [
    input: Tensor,
    weight: Tensor,
    padding_idx: number | null,
    max_norm: number | null,
    norm_type: number,
    scale_grad_by_freq: boolean,
    sparse: boolean,
  ]
>()("input, weight, padding_idx?, max_norm?, norm_type?, scale_grad_by_freq?, sparse?");

/**
 * Rows of weight. The row padding_idx gets no gradient; with max_norm, rows that are looked up are first made at most
 * that long, in place.
 *
 * Shape: `int[*], [V, D] -> [*, D]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 */
export function embedding(...args: CallOf<typeof embeddingArguments>): Tensor {
  return withSite(() => {
    const { input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq } = embeddingArguments.bind(
      "embedding",
      args,
    );
    if (max_norm != null) renormalise(weight, input, max_norm, norm_type ?? 2);
    return callOperator("embedding", [
      input,
      weight,
      padding_idx ?? null,
      null,
      2,
      scale_grad_by_freq ?? false,
    ]) as Tensor;
  });
}

const embeddingBagArguments = signature<
  [
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | null,
    max_norm: number | null,
    norm_type: number,
    scale_grad_by_freq: boolean,
    mode: "sum" | "mean" | "max",
    sparse: boolean,
    per_sample_weights: Tensor | null,
    include_last_offset: boolean,
    padding_idx: number | null,
  ]
>()(
  "input, weight, offsets?, max_norm?, norm_type?, scale_grad_by_freq?, mode?, sparse?, per_sample_weights?, include_last_offset?, padding_idx?",
);

/**
 * Sum, mean or maximum of rows of weight: of each row of a 2-d input, or of the bags that start at offsets in a 1-d one.
 *
 * Shape: `int[B, L], [V, D] -> [B, D]; int[L], [V, D], int[B] -> [B, D]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding_bag.html
 */
export function embedding_bag(...args: CallOf<typeof embeddingBagArguments>): Tensor {
  return withSite(() => {
    const given = embeddingBagArguments.bind("embedding_bag", args);
    // The table first: PyTorch's older order of arguments, which it still takes.
    const isOldOrder = !given.weight.is_floating_point() && given.input.is_floating_point();
    const [input, weight] = isOldOrder ? [given.weight, given.input] : [given.input, given.weight];
    if (given.max_norm != null) renormalise(weight, input, given.max_norm, given.norm_type ?? 2);
    return callOperator("bags_of_embeddings", [
      input,
      weight,
      given.offsets ?? null,
      given.scale_grad_by_freq ?? false,
      given.mode ?? "mean",
      given.per_sample_weights ?? null,
      given.include_last_offset ?? false,
      given.padding_idx ?? null,
    ]) as Tensor;
  });
}
