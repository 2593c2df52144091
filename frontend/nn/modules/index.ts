/** Every layer and loss of torch.nn. */
export * from "./activation.ts";
export * from "./activation-smooth.ts";
export * from "./adaptive-softmax.ts";
export { MultiheadAttention } from "./attention.ts";
export {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  SyncBatchNorm,
} from "./batch-norm.ts";
export { Conv1d, Conv2d, Conv3d } from "./conv.ts";
export { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from "./conv-transpose.ts";
export { CrossMapLRN2d } from "./cross-map-lrn.ts";
export * from "./distance.ts";
export * from "./dropout.ts";
export { Embedding, EmbeddingBag } from "./embedding.ts";
export * from "./flatten.ts";
export { Bilinear } from "./bilinear.ts";
export { Identity, Linear } from "./linear.ts";
export * from "./loss.ts";
export * from "./loss-class.ts";
export * from "./max-pooling.ts";
export { GroupNorm, LayerNorm, LocalResponseNorm, RMSNorm } from "./normalization.ts";
export * from "./padding.ts";
export * from "./pooling.ts";
export { PReLU } from "./prelu.ts";
export { ReLU } from "./relu.ts";
export { GRU, LSTM, RNN, RNNBase } from "./recurrent.ts";
export { GRUCell, LSTMCell, RNNCell, RNNCellBase } from "./recurrent-cells.ts";
export { Transformer, TransformerDecoder, TransformerEncoder } from "./transformer.ts";
export { TransformerDecoderLayer, TransformerEncoderLayer } from "./transformer-layers.ts";
export * from "./vision.ts";
