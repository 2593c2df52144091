/** `import * as torch from "cresset"`: PyTorch's namespace, with every method, device and flag. */
import "./methods.ts";
import "./cpu-js.ts";
import "./debug-environment.ts";

export * from "./core.ts";
export { eig, lstsq, matrix_rank, solve, symeig } from "./removed.ts";
export { as_strided_copy, detach, detach_, get_device, is_signed, typename } from "./tensor-functions.ts";
export { is_conj, is_neg, resolve_conj, resolve_neg } from "./complex-tensors.ts";
export { from_dlpack, type ExchangedMemory, type Exporter } from "./exchange.ts";
export {
  dequantize,
  quantize_per_channel,
  quantize_per_tensor,
  sparse_coo_tensor,
  sparse_csr_tensor,
} from "./holding.ts";
export {
  BFloat16Storage,
  BoolStorage,
  ByteStorage,
  CharStorage,
  ComplexDoubleStorage,
  ComplexFloatStorage,
  DoubleStorage,
  FloatStorage,
  HalfStorage,
  IntStorage,
  is_storage,
  LongStorage,
  ShortStorage,
  Storage,
  TypedStorage,
  type TypedStorageOptions,
} from "./typed-storage.ts";
export { UntypedStorage } from "./untyped-storage.ts";
