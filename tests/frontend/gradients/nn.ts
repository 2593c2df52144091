/** Inputs of torch.nn.functional. */
import { constant, given, integers, positive, signed, within, type Samples } from "./inputs.ts";

const losses = () => ["mean", "sum", "none"].map((reduction) => [signed(2, 3), positive(2, 3), { reduction }]);
const classes = () => integers([2n, 0n]);
const margin = () => constant(given([1, -1]));
const pooled =
  (...size: number[]) =>
  () => [
    [signed(1, 2, ...size), 2],
    [signed(1, 1, ...size), 3, 2, 1],
  ];

export const nn: Samples = {
  linear: () => [
    [signed(2, 3), positive(2, 3), signed(2)],
    [signed(3), positive(2, 3)],
  ],
  bilinear: () => [[signed(2, 2), positive(2, 3), signed(2, 2, 3), signed(2)]],
  conv1d: () => [
    [signed(1, 2, 5), positive(2, 2, 3), signed(2)],
    [signed(1, 2, 6), positive(2, 1, 2), { stride: 2, padding: 1, dilation: 2, groups: 2 }],
  ],
  conv2d: () => [
    [signed(1, 2, 4, 4), positive(2, 2, 2, 3), signed(2)],
    [signed(1, 2, 4, 4), positive(2, 1, 2, 2), { stride: 2, padding: 1, groups: 2 }],
    [signed(1, 1, 3, 3), positive(1, 1, 2, 2), { padding: "same" }],
  ],
  conv3d: () => [[signed(1, 1, 3, 3, 3), positive(2, 1, 2, 2, 2), signed(2)]],
  conv_transpose1d: () => [
    [signed(1, 2, 3), positive(2, 2, 3), signed(2)],
    [signed(1, 2, 3), positive(2, 1, 2), { stride: 2, padding: 1, output_padding: 1, groups: 2 }],
  ],
  conv_transpose2d: () => [[signed(1, 2, 2, 3), positive(2, 1, 2, 2), signed(1), 2]],
  conv_transpose3d: () => [[signed(1, 1, 2, 2, 2), positive(1, 1, 2, 2, 2)]],
  conv_tbc: () => [[signed(4, 1, 2), positive(2, 2, 2), signed(2), 1]],
  convolution: () => [
    [signed(1, 2, 5), positive(2, 2, 3), signed(2), [1], [0], [1], false, [0], 1],
    [signed(1, 2, 3), positive(2, 1, 2), null, [2], [1], [1], true, [1], 2],
  ],
  scaled_dot_product_attention: () => [
    [signed(1, 3, 2), signed(1, 3, 2), signed(1, 3, 2)],
    [signed(2, 2, 3, 2), positive(2, 1, 3, 2), signed(2, 1, 3, 2), { is_causal: true, enable_gqa: true }],
  ],
  embedding: () => [
    [integers([2n, 0n, 2n]), signed(3, 2)],
    [integers([[2n, 0n]]), signed(3, 2), { padding_idx: 1 }],
  ],
  fold: () => [[signed(1, 4, 4), [3, 3], [2, 2]]],
  affine_grid: () => [[signed(1, 2, 3), [1, 1, 2, 3], { align_corners: false }]],
  grid_sample: () =>
    ["bilinear", "nearest", "bicubic"].map((mode) => [
      signed(1, 1, 3, 3),
      mode === "nearest" ? constant(within(-0.8, 0.8, 1, 2, 2, 2)) : within(-0.8, 0.8, 1, 2, 2, 2),
      { mode, align_corners: false },
    ]),
  affine_grid_generator: () => [[signed(1, 2, 3), [1, 1, 2, 3], false]],
  grid_sampler: () => [[signed(1, 1, 3, 3), within(-0.8, 0.8, 1, 2, 2, 2), 0, 0, false]],
  grid_sampler_2d: () => [[signed(1, 1, 3, 3), within(-0.8, 0.8, 1, 2, 2, 2), 2, 1, true]],
  grid_sampler_3d: () => [[signed(1, 1, 3, 3, 3), within(-0.8, 0.8, 1, 1, 2, 2, 3), 0, 0, false]],
  interpolate: () => [
    [signed(1, 1, 4), { scale_factor: 2 }],
    [signed(1, 1, 4), { size: 6, mode: "linear" }],
    [signed(1, 1, 3, 3), { size: [4, 5], mode: "bilinear", align_corners: true }],
    [signed(1, 1, 3, 3), { size: [4, 5], mode: "bicubic" }],
    [signed(1, 1, 4, 4), { size: [3, 2], mode: "area" }],
  ],
  upsample: () => [[signed(1, 1, 2, 2), { scale_factor: 2 }]],
  upsample_nearest: () => [[signed(1, 1, 2, 2), { scale_factor: 2 }]],
  upsample_bilinear: () => [[signed(1, 1, 2, 2), { scale_factor: 2 }]],

  layer_norm: () => [
    [signed(2, 3), [3], positive(3), signed(3)],
    [signed(2, 2, 2), [2, 2]],
  ],
  native_layer_norm: () => [[signed(2, 3), [3], positive(3), signed(3), 1e-5]],
  native_group_norm: () => [[signed(2, 4, 2), positive(4), signed(4), 2, 4, 2, 2, 1e-5]],
  rms_norm: () => [[signed(2, 3), [3], positive(3)]],
  group_norm: () => [[signed(2, 4, 2), 2, positive(4), signed(4)]],
  local_response_norm: () => [[signed(1, 4, 2), 3, 0.5]],

  avg_pool1d: pooled(6),
  avg_pool2d: pooled(5, 4),
  avg_pool3d: () => [[signed(1, 1, 3, 3, 3), 2]],
  lp_pool1d: () => [[positive(1, 2, 5), 2, 2]],
  lp_pool2d: () => [[positive(1, 2, 4, 4), 3, 2]],
  lp_pool3d: () => [[positive(1, 1, 3, 3, 3), 2, 2]],
  max_pool1d: pooled(6),
  max_pool2d: pooled(5, 4),
  max_pool3d: () => [[signed(1, 1, 3, 3, 3), 2]],
  max_pool1d_with_indices: pooled(6),
  max_pool2d_with_indices: pooled(5, 4),
  max_pool3d_with_indices: () => [[signed(1, 1, 3, 3, 3), 2]],
  max_unpool1d: () => [[signed(1, 1, 2), integers([[[1n, 2n]]]), 2]],
  max_unpool2d: () => [[signed(1, 1, 1, 2), integers([[[[1n, 6n]]]]), 2]],
  max_unpool3d: () => [[signed(1, 1, 1, 1, 1), integers([[[[[5n]]]]]), 2]],
  adaptive_avg_pool1d: () => [[signed(1, 2, 5), 3]],
  adaptive_avg_pool2d: () => [[signed(1, 1, 5, 4), [3, 2]]],
  adaptive_avg_pool3d: () => [[signed(1, 1, 3, 3, 3), 2]],
  adaptive_max_pool1d: () => [[signed(1, 2, 5), 3]],
  adaptive_max_pool1d_with_indices: () => [[signed(1, 2, 5), 3]],
  adaptive_max_pool2d_with_indices: () => [[signed(1, 1, 5, 4), [3, 2]]],
  adaptive_max_pool3d_with_indices: () => [[signed(1, 1, 3, 3, 3), 2]],

  mse_loss: losses,
  l1_loss: losses,
  smooth_l1_loss: () => [...losses(), [signed(2, 3), positive(2, 3), { beta: 0.4 }]],
  huber_loss: () => [...losses(), [signed(2, 3), positive(2, 3), { delta: 0.4 }]],
  kl_div: () => [...losses(), [signed(2, 3), signed(2, 3).mul(0.5).detach().requires_grad_(), { log_target: true }]],
  poisson_nll_loss: () => [
    [signed(3), positive(3)],
    [positive(3), within(2, 4, 3).detach(), { log_input: false, full: true }],
  ],
  "poisson_nll_loss.enum": () => [[signed(3), positive(3), true, false, 1e-8, 1]],
  soft_margin_loss: () => [[signed(2), margin()]],
  binary_cross_entropy: () => [
    [within(0.1, 0.9, 3), within(0.1, 0.9, 3).detach()],
    [within(0.1, 0.9, 3), constant(given([0, 1, 1])), positive(3).detach()],
  ],
  binary_cross_entropy_with_logits: () => [
    [signed(3), within(0.1, 0.9, 3).detach()],
    [signed(3), constant(given([0, 1, 1])), { pos_weight: positive(3).detach() }],
  ],
  nll_loss: () => [
    [signed(2, 3), classes()],
    [signed(2, 3), classes(), positive(3).detach(), { reduction: "sum" }],
    [signed(1, 3, 2), integers([[2n, 0n]])],
  ],
  cross_entropy: () => [
    [signed(2, 3), classes()],
    [signed(2, 3), classes(), positive(3).detach(), { label_smoothing: 0.2 }],
    [signed(2, 3), classes(), { ignore_index: 2 }],
    [signed(2, 3), within(0.1, 0.9, 2, 3)],
    [signed(1, 3, 2), integers([[2n, 0n]]), { reduction: "none" }],
  ],
  multi_margin_loss: () => [
    [signed(2, 3), classes(), { margin: 0.9 }],
    [signed(2, 3), classes(), 2, 0.9],
  ],
  multilabel_margin_loss: () => [
    [
      signed(2, 3),
      integers([
        [0n, -1n, 1n],
        [2n, 0n, -1n],
      ]),
    ],
  ],
  multilabel_soft_margin_loss: () => [
    [
      signed(2, 3),
      constant(
        given([
          [1, 0, 1],
          [0, 0, 1],
        ]),
      ),
    ],
  ],
  margin_ranking_loss: () => [[signed(2), positive(2), margin(), { margin: 0.3 }]],
  hinge_embedding_loss: () => [[positive(2), margin(), { margin: 3 }]],
  cosine_embedding_loss: () => [[signed(2, 3), positive(2, 3), margin()]],
  triplet_margin_loss: () => [
    [signed(2, 3), positive(2, 3), signed(2, 3).mul(2).detach().requires_grad_()],
    [signed(2, 3), positive(2, 3), signed(2, 3).mul(2).detach().requires_grad_(), { swap: true }],
  ],
  gaussian_nll_loss: () => [
    [signed(3), positive(3), positive(3)],
    [signed(3), positive(3), positive(3), { full: true }],
  ],

  lstm_cell: () => [
    [signed(2, 3), [signed(2, 2), positive(2, 2)], signed(8, 3), positive(8, 2), signed(8), positive(8)],
    [signed(3), [signed(2), positive(2)], signed(8, 3), positive(8, 2)],
  ],
  gru_cell: () => [
    [signed(2, 3), signed(2, 2), signed(6, 3), positive(6, 2), signed(6), positive(6)],
    [signed(3), signed(2), signed(6, 3), positive(6, 2)],
  ],
  rnn_tanh_cell: () => [[signed(2, 3), signed(2, 2), signed(2, 3), positive(2, 2), signed(2), positive(2)]],
  rnn_relu_cell: () => [[signed(2, 3), signed(2, 2), signed(2, 3), positive(2, 2), signed(2), positive(2)]],
};
