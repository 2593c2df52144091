/** torch.nn.functional: modes, reductions, paddings. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { is } from "./expected.ts";

const F = torch.nn.functional;

export function losses(x: Tensor): void {
  is<Tensor>()(F.mse_loss(x, x, { reduction: "none" }));
  is<Tensor>()(F.cross_entropy(x, x, { weight: x, ignore_index: 0, label_smoothing: 0.1 }));
  is<Tensor>()(F.kl_div(x, x, { reduction: "batchmean", log_target: true }));
  is<Tensor>()(F.huber_loss(x, x, "sum", 2));
  is<Tensor>()(F.ctc_loss(x, x, x, x, { reduction: "sum" }));
  is<Tensor>()(F.gaussian_nll_loss(x, x, x, { full: true }));
  // @ts-expect-error no such reduction
  F.mse_loss(x, x, { reduction: "avg" });
  // @ts-expect-error only of divergences
  F.mse_loss(x, x, { reduction: "batchmean" });
  // @ts-expect-error a misspelled option
  F.cross_entropy(x, x, { weights: x });
  // @ts-expect-error the target is missing
  F.nll_loss(x);
}

export function activations(x: Tensor): void {
  is<Tensor>()(F.relu(x));
  is<Tensor>()(F.relu(x, { inplace: true }));
  is<Tensor>()(F.gelu(x, { approximate: "tanh" }));
  is<Tensor>()(F.softmax(x, 1, { dtype: torch.float64 }));
  is<Tensor>()(F.dropout(x, 0.5, false));
  is<Tensor>()(F.gumbel_softmax(x, { hard: true }));
  is<Tensor>()(F.leaky_relu(x, 0.2));
  // @ts-expect-error no such approximation
  F.gelu(x, { approximate: "erf" });
  // @ts-expect-error a misspelled option
  F.dropout(x, { prob: 0.5 });
}

export function images(x: Tensor): void {
  is<Tensor>()(F.conv2d(x, x, x, { stride: [1, 2], padding: "same" }));
  is<Tensor>()(F.conv2d(x, x, null, 1, 0));
  is<Tensor>()(F.conv_transpose2d(x, x, { output_padding: 1 }));
  is<Tensor>()(F.max_pool2d(x, 2, { stride: 2 }));
  is<readonly [Tensor, Tensor]>()(F.max_pool2d(x, 2, { return_indices: true }));
  is<Tensor>()(F.adaptive_avg_pool2d(x, [null, 4]));
  is<Tensor>()(F.adaptive_avg_pool2d(x, 1));
  is<Tensor>()(F.pad(x, [1, 1], "reflect"));
  is<Tensor>()(F.interpolate(x, { scale_factor: 2, mode: "bilinear", align_corners: false }));
  is<Tensor>()(F.grid_sample(x, x, { mode: "nearest", padding_mode: "border" }));
  is<Tensor>()(F.pixel_shuffle(x, 2));
  // @ts-expect-error no such padding
  F.conv2d(x, x, { padding: "full" });
  // @ts-expect-error no such mode
  F.pad(x, [1, 1], "symmetric");
  // @ts-expect-error no such mode
  F.interpolate(x, { size: 4, mode: "cubic" });
  // @ts-expect-error no such padding
  F.grid_sample(x, x, { padding_mode: "reflect" });
  // @ts-expect-error a size is a number
  F.adaptive_avg_pool2d(x, "1");
  // @ts-expect-error a misspelled option
  F.max_pool2d(x, 2, { strides: 2 });
}

export function layers(x: Tensor): void {
  is<Tensor>()(F.linear(x, x, x));
  is<Tensor>()(F.layer_norm(x, [4], x, x));
  is<Tensor>()(F.batch_norm(x, x, x, { training: true, momentum: 0.1 }));
  is<Tensor>()(F.embedding(x, x, { padding_idx: 0 }));
  is<Tensor>()(F.embedding_bag(x, x, { mode: "max" }));
  is<Tensor>()(F.scaled_dot_product_attention(x, x, x, { is_causal: true }));
  is<Tensor>()(F.one_hot(x, 10));
  // @ts-expect-error no such mode
  F.embedding_bag(x, x, { mode: "min" });
  // @ts-expect-error a misspelled option
  F.scaled_dot_product_attention(x, x, x, { causal: true });
  // @ts-expect-error a misspelled option
  F.batch_norm(x, x, x, { train: true });
}
