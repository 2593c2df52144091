/** `torch.nn.functional`. https://docs.pytorch.org/docs/stable/nn.functional.html */
export * from "./functional/attention.ts";
export * from "./functional/batch-norm.ts";
export * from "./functional/ctc.ts";
export {
  alpha_dropout,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  feature_alpha_dropout,
} from "./functional/dropout.ts";
export * from "./functional/embedding.ts";
export * from "./functional/fractional-pooling.ts";
export * from "./functional/gumbel.ts";
export * from "./functional/multi-head-attention.ts";
export * from "./functional/pooling.ts";
export { rrelu, rrelu_ } from "./functional/rrelu.ts";
export * from "./functional/softmax.ts";
export * from "./functional/triplet.ts";
export * from "./functional/unfold.ts";
export * from "./generated/functional.ts";
