/** `x.new_zeros(2, 3)` and its kin: tensors of x's type on x's device. */
import type { Shape } from "../ir/shape.ts";
import { signature, type CallOf } from "./arguments.ts";
import { isPlainObject } from "./bind.ts";
import {
  empty,
  factoryNames,
  factoryOptions,
  full,
  ones,
  tensor,
  zeros,
  type Factory,
  type FactoryOptions,
  type SizeCall,
  type TensorData,
  type TensorOptions,
} from "./creation.ts";
import type { HostNumber } from "./elements.ts";
import { empty_strided } from "./strided.ts";
import { Tensor } from "./tensor.ts";

const dataSignature = signature<[data: TensorData, ...Factory]>()(`data, ${factoryNames}`);
const stridedSignature = signature<[size: Shape, stride: readonly number[], ...Factory]>()(
  `size, stride, ${factoryNames}`,
);

declare module "./tensor.ts" {
  interface Tensor {
    /**
     * A copy of the data in this tensor's type, on its device.
     *
     * Shape: `nested list -> [length of each level]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.new_tensor.html
     */
    new_tensor(...args: CallOf<typeof dataSignature>): Tensor;
    /**
     * All `fill_value`, in this tensor's type, on its device.
     *
     * Shape: `size -> [*size]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.new_full.html
     */
    new_full(size: Shape | number, fill_value: HostNumber | Tensor, options?: TensorOptions): Tensor;
    /**
     * Of this tensor's type, on its device: empty, of given sizes, or of given data. `new_empty` and `new_tensor` say the same.
     *
     * Shape: `size -> [*size], data -> its shape`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.new.html
     */
    "new"(...sizes: number[]): Tensor;
    "new"(data: TensorData | readonly []): Tensor;
    /**
     * Zeros in this tensor's type, on its device.
     *
     * Shape: `size -> [*size]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.new_zeros.html
     */
    new_zeros: SizeCall;
    /**
     * Ones in this tensor's type, on its device.
     *
     * Shape: `size -> [*size]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.new_ones.html
     */
    new_ones: SizeCall;
    /**
     * A tensor of this one's type, on its device. Contents undefined in PyTorch; zeros here.
     *
     * Shape: `size -> [*size]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.new_empty.html
     */
    new_empty: SizeCall;
    /**
     * The same with the given strides.
     *
     * Shape: `size -> [*size]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.new_empty_strided.html
     */
    new_empty_strided(...args: CallOf<typeof stridedSignature>): Tensor;
  }
}

const like = (self: Tensor, options: FactoryOptions = {}): FactoryOptions => ({
  ...options,
  dtype: options.dtype ?? self.dtype,
  device: options.device ?? self.device,
});

const sized = (make: SizeCall) =>
  function (this: Tensor, ...args: unknown[]): Tensor {
    const options = isPlainObject(args.at(-1)) ? (args.pop() as FactoryOptions) : {};
    return (make as (...args: unknown[]) => Tensor)(...args, like(this, options));
  };

const methods: Record<string, (this: Tensor, ...args: never[]) => Tensor> = {
  new(this: Tensor, ...args: unknown[]) {
    const options = like(this);
    if (args.length === 0) return empty([0], options);
    return typeof args[0] === "number" ? empty(args as number[], options) : tensor(args[0] as TensorData, options);
  },
  new_zeros: sized(zeros),
  new_ones: sized(ones),
  new_empty: sized(empty),
  new_full(this: Tensor, ...args: unknown[]) {
    const options = isPlainObject(args.at(-1)) ? (args.pop() as FactoryOptions) : {};
    return (full as (...all: unknown[]) => Tensor)(...args, like(this, options));
  },
  new_tensor(this: Tensor, ...args: unknown[]) {
    const { data, ...options } = dataSignature.bind("new_tensor", args);
    return tensor(data, like(this, factoryOptions(options)));
  },
  new_empty_strided(this: Tensor, ...args: unknown[]) {
    const { size, stride, ...options } = stridedSignature.bind("new_empty_strided", args);
    return empty_strided(size, stride, like(this, factoryOptions(options)));
  },
};
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
