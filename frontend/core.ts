/**
 * `import ... from "cresset/core"`: PyTorch's namespace for pages that should be small. A function that is imported
 * brings its operators along. Tensor has the methods of ir/ops/core.ts; another one says what to import
 * (absent-methods.ts). Where size does not matter, `cresset` has all of them; in Node every entry has.
 */
import "../ir/ops/core.ts";
import "./operator-methods.ts";
import "./absent-methods.ts";
import "./conversion.ts";
import "./indexing.ts";
import "./tensor-autograd.ts";
import "./tensor-kinds.ts";

export { arange } from "./arange.ts";
export {
  empty,
  empty_like,
  eye,
  full,
  full_like,
  ones,
  ones_like,
  tensor,
  zeros,
  zeros_like,
  type FactoryOptions,
  type TensorData,
  type TensorOptions,
} from "./creation.ts";
export {
  as_tensor,
  asarray,
  from_numpy,
  frombuffer,
  scalar_tensor,
  type AsArrayOptions,
  type AsTensorOptions,
  type BufferOptions,
} from "./from-data.ts";
export {
  BFloat16Tensor,
  BoolTensor,
  ByteTensor,
  CharTensor,
  DoubleTensor,
  FloatTensor,
  HalfTensor,
  IntTensor,
  LongTensor,
  ShortTensor,
  type LegacyTensor,
} from "./legacy-tensors.ts";
export { backends } from "./backends.ts";
export { from_file, type FileOptions } from "./file-bytes.ts";
export {
  are_deterministic_algorithms_enabled,
  get_deterministic_debug_mode,
  get_float32_matmul_precision,
  is_deterministic_algorithms_warn_only_enabled,
  is_warn_always_enabled,
  set_deterministic_debug_mode,
  set_float32_matmul_precision,
  set_flush_denormal,
  set_warn_always,
  use_deterministic_algorithms,
  type MatmulPrecision,
} from "./flags.ts";
export { get_num_interop_threads, get_num_threads, set_num_interop_threads, set_num_threads } from "./threads.ts";
export { linspace, logspace, range } from "./sequences.ts";
export { bartlett_window, blackman_window, hamming_window, hann_window, kaiser_window } from "./windows.ts";
export {
  bfloat16,
  bool,
  cdouble,
  cfloat,
  complex128,
  complex64,
  double,
  dtype,
  float,
  float16,
  float32,
  float64,
  half,
  int,
  int16,
  int32,
  int64,
  int8,
  long,
  short,
  uint8,
  type DTypeLike,
} from "./dtype.ts";
export { debugging } from "./debug-watch.ts";
export type { DebugFlags } from "./debug.ts";
export { e, inf, nan, newaxis, pi } from "./constants.ts";
export { device, webgpuModule as webgpu, type DeviceLike } from "./devices.ts";
export { is_anomaly_check_nan_enabled, is_anomaly_enabled, set_anomaly_enabled } from "./anomaly.ts";
export * as autograd from "./autograd-namespace.ts";
export {
  no_grad,
  enable_grad,
  set_grad_enabled,
  is_grad_enabled,
  inference_mode,
  is_inference_mode_enabled,
} from "./grad-mode.ts";
export { compile, type Compiled, type CompileOptions, type CompiledFunction, type Recompile } from "./compile/index.ts";
export {
  export,
  ExportedProgram,
  type Exportable,
  type ExportModelOptions,
  type ExportGraphSignature,
  type SaveOptions,
  type ExportTarget,
} from "./export.ts";
export {
  channels_last,
  channels_last_3d,
  contiguous_format,
  layout,
  legacy_contiguous_format,
  memory_format,
  preserve_format,
  Size,
  sparse_bsc,
  sparse_bsr,
  sparse_coo,
  sparse_csc,
  sparse_csr,
  strided,
} from "./formats.ts";
export { load, loadAsync, type LoadedStorage, type LoadFileOptions, type MapLocation } from "./load.ts";
export { PickledModule } from "./pickled-module.ts";
export { save, saveAsync, type SaveFileOptions } from "./save.ts";
export * as safetensors from "./safetensors.ts";
export type { AsyncFileSource, FileSource, FileTarget } from "./files.ts";
export { Complex } from "./complex-number.ts";
export { NumpyArray, PythonObject, PythonReference, TorchStorage } from "./serialization/index.ts";
export { get_printoptions, printoptions, set_printoptions } from "./print.ts";
export type { PrintOptionChanges, PrintOptions, PrintProfile } from "./printing/index.ts";
export {
  bernoulli,
  binomial,
  default_generator,
  fork_rng,
  Generator,
  get_rng_state,
  initial_seed,
  manual_seed,
  multinomial,
  normal,
  poisson,
  rand,
  rand_like,
  randint,
  randint_like,
  randn,
  randn_like,
  randperm,
  seed,
  set_rng_state,
  type RandomFill,
} from "./random/index.ts";
export * as quasirandom from "./quasirandom.ts";
export * as random from "./random/namespace.ts";
export type { Nested, ReadOptions } from "./element-values.ts";
export { Tensor, type GradientHook } from "./tensor.ts";
export {
  broadcast_shapes,
  can_cast,
  finfo,
  get_default_device,
  get_default_dtype,
  iinfo,
  is_complex,
  is_floating_point,
  is_inference,
  is_nonzero,
  is_nonzeroAsync,
  is_same_size,
  is_tensor,
  numel,
  promote_types,
  result_type,
  set_default_device,
  set_default_dtype,
  set_default_tensor_type,
  type FloatInfo,
  type IntegerInfo,
} from "./type-info.ts";
export { allclose, allcloseAsync, equal, equalAsync, type ClosenessOptions } from "./comparison.ts";
export { lobpcg, lobpcgAsync, type LobpcgState } from "./lobpcg.ts";
export { pca_lowrank, svd_lowrank } from "./low-rank.ts";
export { einsum, type Sublist } from "./einsum.ts";
export { histogramdd, type Histogram } from "./histogram.ts";
export {
  lu,
  nonzero,
  nonzeroAsync,
  unique,
  uniqueAsync,
  unique_consecutive,
  unique_consecutiveAsync,
} from "./variable-results.ts";
export { tril_indices, triu_indices } from "./triangle-indices.ts";
export { as_strided, empty_permuted, empty_strided } from "./strided.ts";
export { as_strided_, resize_as_ } from "./strided-inplace.ts";
export { slice, type Index, type IndexValue, type Slice } from "./subscripts.ts";
export * from "../ir/errors.ts";
export { cond } from "./control-flow/cond.ts";
export { scan, type ScanOptions } from "./control-flow/scan.ts";
export { while_loop, while_loopAsync } from "./control-flow/while-loop.ts";
export { vmap } from "./vmap.ts";
export { gru, lstm, rnn_relu, rnn_tanh } from "./functional/recurrent.ts";
export {
  alpha_dropout,
  alpha_dropout_,
  dropout,
  dropout_,
  feature_alpha_dropout,
  feature_alpha_dropout_,
  feature_dropout,
  feature_dropout_,
  native_dropout,
} from "./functional/dropout-forms.ts";
export {
  batch_norm,
  binary_cross_entropy_with_logits,
  ctc_loss,
  embedding,
  embedding_renorm_,
  instance_norm,
} from "./functional/torch-forms.ts";
export { native_batch_norm } from "./functional/native-batch-norm.ts";
export { rrelu, rrelu_ } from "./functional/rrelu.ts";
export * from "./generated/functions.ts";
export * as copy from "./copy.ts";
export * as fft from "./fft.ts";
export * as func from "./func/index.ts";
export * as linalg from "./linalg.ts";
export * as masked from "./masked.ts";
export * as nn from "./nn/index.ts";
export * as optim from "./optim/index.ts";
export * as profiler from "./profiler.ts";
export * as signal from "./signal.ts";
export * as special from "./special.ts";
export * as utils from "./utils/index.ts";
export { summary } from "./utils/summary.ts";
export type { NamedTensors, Operand, Scalar } from "./operator-types.ts";
