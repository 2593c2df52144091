/** Inputs of operators that move, choose, join and write elements. */
import { complexSigned, constant, given, integers, mask, positive, scalar, signed, type Samples } from "./inputs.ts";

const index = () =>
  integers([
    [0n, 2n, 1n],
    [1n, 0n, 2n],
  ]);
const row = () => integers([1n, 0n]);

export const shapes: Samples = {
  stft: () => [[signed(2, 9), 4, 2, { window: constant(positive(4)), return_complex: true }]],
  istft: () => [[complexSigned(3, 5), 4, 2, { window: constant(positive(4)) }]],
  imag: () => [[complexSigned(2, 3)]],
  view_as_real: () => [[complexSigned(2, 3)]],
  view_as_complex: () => [[signed(3, 2)]],
  complex: () => [[signed(2, 3), signed(2, 3)]],
  polar: () => [[signed(2, 3), signed(2, 3)]],
  diagonal: () => [[signed(3, 3)], [signed(2, 3, 4), 1, 0, 2]],
  linalg_diagonal: () => [[signed(3, 3)], [signed(2, 3, 4), { offset: 1 }]],
  diag: () => [[signed(3)], [signed(3, 4), 1]],
  diag_embed: () => [[signed(2, 3)], [signed(3), 1]],
  diagflat: () => [[signed(2, 2), 1]],
  tril: () => [[signed(3, 4), 1]],
  triu: () => [[signed(3, 4), -1]],
  trace: () => [[signed(3, 4)]],
  diagonal_scatter: () => [[signed(3, 3), signed(3)]],
  select_scatter: () => [[signed(3, 2), signed(2), 0, 1]],
  slice_scatter: () => [[signed(5, 2), signed(2, 2), { start: 1, end: 5, step: 2 }]],
  as_strided_scatter: () => [[signed(3, 3), signed(2, 2), [2, 2], [3, 1], 1]],
  reshape: () => [[signed(2, 3), 3, 2]],
  view: () => [[signed(2, 3), 6]],
  flatten: () => [[signed(2, 3)]],
  unflatten: () => [[signed(2, 6), 1, [2, 3]]],
  permute: () => [[signed(2, 3, 2), 2, 0, 1]],
  transpose: () => [[signed(2, 3), 0, 1]],
  movedim: () => [[signed(2, 3, 2), [0], [2]]],
  adjoint: () => [[signed(2, 3)]],
  expand: () => [[signed(2, 1), 2, 3]],
  broadcast_to: () => [[signed(2, 1), 2, 3]],
  expand_as: () => [[signed(2, 1), constant(signed(2, 3))]],
  view_as: () => [[signed(2, 3), constant(signed(3, 2))]],
  reshape_as: () => [[signed(2, 3), constant(signed(3, 2))]],
  sum_to_size: () => [[signed(2, 3), 1, 3]],
  squeeze: () => [[signed(2, 1, 3)], [signed(2, 1, 3), 1]],
  unsqueeze: () => [[signed(2, 3), 1]],
  select: () => [[signed(2, 3), 1, 2]],
  narrow_copy: () => [[signed(2, 4), 1, 1, 2]],
  narrow: () => [[signed(2, 4), 1, 1, 2]],
  unfold: () => [
    [signed(5), 0, 3, 1],
    [signed(2, 5), 1, 2, 2],
  ],
  flip: () => [[signed(2, 3), 0, 1]],
  fliplr: () => [[signed(2, 3)]],
  flipud: () => [[signed(2, 3)]],
  rot90: () => [[signed(2, 3)], [signed(2, 3), 3]],
  roll: () => [
    [signed(2, 3), 1],
    [signed(2, 3), [1, -1], [0, 1]],
  ],
  repeat: () => [[signed(2, 2), 2, 3]],
  tile: () => [[signed(2, 2), 2, 1]],
  repeat_interleave: () => [[signed(2, 2), 2, 1]],
  "repeat_interleave.tensor": () => [[signed(2, 2), row(), 0]],
  atleast_1d: () => [[scalar(2)]],
  "atleast_1d.list": () => [[scalar(2), signed(2)]],
  "atleast_2d.list": () => [[scalar(2), signed(2)]],
  "atleast_3d.list": () => [[scalar(2), signed(2)]],
  broadcast_tensors: () => [[signed(2, 1), signed(3)]],
  meshgrid: () => [[signed(2), signed(3), { indexing: "ij" }]],
  cartesian_prod: () => [[signed(2), signed(3)]],
  combinations: () => [[signed(4)], [signed(3), 2, true]],

  cat: () => [[[signed(2, 2), signed(1, 2)], 0]],
  concat: () => [[[signed(2, 2), signed(1, 2)], 0]],
  stack: () => [[[signed(2, 2), signed(2, 2)], 1]],
  hstack: () => [[[signed(2, 1), signed(2, 2)]]],
  vstack: () => [[[signed(1, 2), signed(2, 2)]]],
  dstack: () => [[[signed(2, 1), signed(2, 1)]]],
  column_stack: () => [[[signed(2), signed(2, 2)]]],
  block_diag: () => [[signed(2, 1), signed(2, 2)]],
  split: () => [[signed(5, 2), 2]],
  "split.sections": () => [[signed(5, 2), [2, 3]]],
  split_with_sizes: () => [[signed(5, 2), [2, 3]]],
  chunk: () => [[signed(5, 2), 2]],
  unbind: () => [[signed(2, 3)]],
  tensor_split: () => [[signed(5, 2), 2]],
  "tensor_split.indices": () => [[signed(5, 2), [1, 3]]],
  hsplit: () => [[signed(2, 4), 2]],
  "hsplit.indices": () => [[signed(2, 4), [1, 3]]],
  vsplit: () => [[signed(4, 2), 2]],
  "vsplit.indices": () => [[signed(4, 2), [1, 3]]],
  dsplit: () => [[signed(1, 2, 4), 2]],
  "dsplit.indices": () => [[signed(1, 2, 4), [1, 3]]],

  gather: () => [[signed(2, 3), 1, index()]],
  take_along_dim: () => [[signed(2, 3), index(), 1]],
  index_select: () => [[signed(3, 2), 0, integers([2n, 0n, 2n])]],
  take: () => [[signed(2, 3), integers([5n, 0n, 5n])]],
  masked_select: () => [
    [
      signed(2, 2),
      mask([
        [true, false],
        [true, true],
      ]),
    ],
  ],
  masked_fill: () => [
    [
      signed(2, 2),
      mask([
        [true, false],
        [true, true],
      ]),
      2,
    ],
    [
      signed(2, 2),
      mask([
        [true, false],
        [true, true],
      ]),
      scalar(2),
    ],
  ],
  masked_scatter: () => [
    [
      signed(2, 2),
      mask([
        [true, false],
        [true, true],
      ]),
      signed(4),
    ],
  ],
  index_put: () => [
    [signed(3, 2), [integers([2n, 0n])], signed(2, 2)],
    [signed(3), [integers([2n, 2n])], signed(2), true],
  ],
  put: () => [
    [signed(2, 2), integers([3n, 0n]), signed(2)],
    [signed(2, 2), integers([3n, 3n]), signed(2), true],
  ],
  index_add: () => [[signed(3, 2), 0, integers([2n, 2n]), signed(2, 2), { alpha: 1.5 }]],
  index_copy: () => [[signed(3, 2), 0, integers([2n, 0n]), signed(2, 2)]],
  index_fill: () => [[signed(3, 2), 0, integers([2n]), 2.5]],
  "index_fill.tensor": () => [[signed(3, 2), 0, integers([2n]), scalar(2.5)]],
  index_reduce: () =>
    ["prod", "mean", "amax", "amin"].map((reduce) => [
      signed(3, 2),
      0,
      integers([2n, 0n, 2n]),
      signed(3, 2).mul(1.7).detach().requires_grad_(),
      reduce,
    ]),
  scatter: () => [[signed(2, 3), 1, index(), signed(2, 3)]],
  "scatter.value": () => [[signed(2, 3), 1, integers([[0n], [2n]]), 2.5]],
  scatter_add: () => [
    [
      signed(2, 3),
      1,
      integers([
        [0n, 0n, 1n],
        [2n, 0n, 2n],
      ]),
      signed(2, 3),
    ],
  ],
  scatter_reduce: () =>
    ["sum", "prod", "mean", "amax", "amin"].flatMap((reduce) =>
      [true, false].map((include_self) => [
        signed(2, 3),
        1,
        integers([
          [0n, 0n, 1n],
          [2n, 0n, 2n],
        ]),
        signed(2, 3).mul(1.7).detach().requires_grad_(),
        reduce,
        { include_self },
      ]),
    ),
  segment_reduce: () =>
    ["sum", "mean", "max", "min", "prod"].map((reduce) => [signed(5), reduce, { lengths: integers([2n, 3n]) }]),

  sort: () => [[signed(2, 3)], [signed(2, 3), 0, true]],
  topk: () => [[signed(2, 4), 2]],
  kthvalue: () => [[signed(2, 4), 2]],
  mode: () => [
    [
      given([
        [1, 2, 3],
        [3, 1, 2],
      ]),
    ],
  ],
  pixel_shuffle: () => [[signed(1, 4, 2, 2), 2]],
  pixel_unshuffle: () => [[signed(1, 1, 4, 4), 2]],
  channel_shuffle: () => [[signed(1, 4, 2, 2), 2]],
  pad: () => [
    [signed(2, 3), [1, 2]],
    [signed(1, 2, 4), [1, 2], "reflect"],
    [signed(1, 2, 4), [1, 2], "replicate"],
    [signed(1, 2, 4), [1, 2], "circular"],
    [signed(2, 4), [-1, -1]],
  ],
  constant_pad_nd: () => [[signed(2, 3), [1, 2], 3.5]],
};
