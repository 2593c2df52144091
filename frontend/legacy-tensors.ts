/** `torch.FloatTensor(2, 3)`, `torch.LongTensor([1, 2])`: PyTorch's first constructors. `torch.tensor` and `torch.empty` say the same. */
import type { DType } from "../ir/dtype.ts";
import { isPlainObject } from "./bind.ts";
import { withSite } from "./call.ts";
import { empty, tensor, type TensorData } from "./creation.ts";
import type { DeviceLike } from "./devices.ts";
import type { Tensor } from "./tensor.ts";

const dtypes = new WeakMap<object, DType>();
/** The type that a constructor of this module stands for, where `x.type(torch.LongTensor)` is written; null for others. */
export const legacyDType = (maker: object): DType | null => dtypes.get(maker) ?? null;

interface LegacyOptions {
  readonly device?: DeviceLike | null | undefined;
}
export interface LegacyTensor {
  (...sizes: number[]): Tensor;
  (data: TensorData | readonly [], options?: LegacyOptions): Tensor;
  new (...sizes: number[]): Tensor;
  new (data: TensorData | readonly [], options?: LegacyOptions): Tensor;
}

/** Sizes make an empty tensor, anything else is data. */
const legacy = (dtype: DType): LegacyTensor => {
  const maker = function (...args: unknown[]): Tensor {
    return withSite(() => {
      const options = { ...(isPlainObject(args.at(-1)) ? (args.pop() as LegacyOptions) : {}), dtype };
      const [first] = args;
      if (args.length === 0) return empty([0], options);
      if (typeof first === "number") return empty(args as number[], options);
      return tensor(first as TensorData, options);
    });
  } as unknown as LegacyTensor;
  dtypes.set(maker, dtype);
  return maker;
};

/**
 * A float32 tensor of given sizes or data: `torch.empty` or `torch.tensor` with that dtype.
 *
 * Shape: `size -> [*size], data -> its shape`
 *
 * @see https://docs.pytorch.org/docs/stable/tensors.html
 */
export const FloatTensor = /* @__PURE__ */ legacy("float32");
/**
 * A float64 tensor of given sizes or data: `torch.empty` or `torch.tensor` with that dtype.
 *
 * Shape: `size -> [*size], data -> its shape`
 *
 * @see https://docs.pytorch.org/docs/stable/tensors.html
 */
export const DoubleTensor = /* @__PURE__ */ legacy("float64");
/**
 * A float16 tensor of given sizes or data: `torch.empty` or `torch.tensor` with that dtype.
 *
 * Shape: `size -> [*size], data -> its shape`
 *
 * @see https://docs.pytorch.org/docs/stable/tensors.html
 */
export const HalfTensor = /* @__PURE__ */ legacy("float16");
/**
 * A bfloat16 tensor of given sizes or data: `torch.empty` or `torch.tensor` with that dtype.
 *
 * Shape: `size -> [*size], data -> its shape`
 *
 * @see https://docs.pytorch.org/docs/stable/tensors.html
 */
export const BFloat16Tensor = /* @__PURE__ */ legacy("bfloat16");
/**
 * A int8 tensor of given sizes or data: `torch.empty` or `torch.tensor` with that dtype.
 *
 * Shape: `size -> [*size], data -> its shape`
 *
 * @see https://docs.pytorch.org/docs/stable/tensors.html
 */
export const CharTensor = /* @__PURE__ */ legacy("int8");
/**
 * A int16 tensor of given sizes or data: `torch.empty` or `torch.tensor` with that dtype.
 *
 * Shape: `size -> [*size], data -> its shape`
 *
 * @see https://docs.pytorch.org/docs/stable/tensors.html
 */
export const ShortTensor = /* @__PURE__ */ legacy("int16");
/**
 * A int32 tensor of given sizes or data: `torch.empty` or `torch.tensor` with that dtype.
 *
 * Shape: `size -> [*size], data -> its shape`
 *
 * @see https://docs.pytorch.org/docs/stable/tensors.html
 */
export const IntTensor = /* @__PURE__ */ legacy("int32");
/**
 * A int64 tensor of given sizes or data: `torch.empty` or `torch.tensor` with that dtype.
 *
 * Shape: `size -> [*size], data -> its shape`
 *
 * @see https://docs.pytorch.org/docs/stable/tensors.html
 */
export const LongTensor = /* @__PURE__ */ legacy("int64");
/**
 * A uint8 tensor of given sizes or data: `torch.empty` or `torch.tensor` with that dtype.
 *
 * Shape: `size -> [*size], data -> its shape`
 *
 * @see https://docs.pytorch.org/docs/stable/tensors.html
 */
export const ByteTensor = /* @__PURE__ */ legacy("uint8");
/**
 * A bool tensor of given sizes or data: `torch.empty` or `torch.tensor` with that dtype.
 *
 * Shape: `size -> [*size], data -> its shape`
 *
 * @see https://docs.pytorch.org/docs/stable/tensors.html
 */
export const BoolTensor = /* @__PURE__ */ legacy("bool");
