/** Methods by sizes and strides, and those that change a tensor's own shape. */
import { DTypeError, ShapeError } from "../ir/errors.ts";
import { contiguousStrides, formatShape, sameShape, type Shape } from "../ir/shape.ts";
import { signature, type CallOf } from "./arguments.ts";
import { isPlainObject } from "./bind.ts";
import { callOperator, withSite } from "./call.ts";
import { fromHost } from "./creation.ts";
import type { memory_format } from "./formats.ts";
import { checkInplace } from "./inplace-checks.ts";
import { formatOf, stridesIn } from "./memory-layout.ts";
import { former, makeRoom, refuseResize, resized } from "./resizing.ts";
import { asType, type Elements } from "./storage-elements.ts";
import { as_strided } from "./strided.ts";
import { reachOf, stridedOf } from "./strided-view.ts";
import { Tensor } from "./tensor.ts";

const reshapers = ["t", "transpose", "swapaxes", "swapdims", "squeeze", "unsqueeze"] as const;

const resizeSignature =
  signature<[the_template: Tensor, memory_format: memory_format | null]>()("the_template, memory_format?");

declare module "./tensor.ts" {
  interface Tensor {
    /**
     * A view of the storage by sizes and strides in elements.
     *
     * Shape: `storage -> [*size]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.as_strided.html
     */
    as_strided(
      size: Shape,
      stride: readonly number[],
      storage_offset?: number | null | { readonly storage_offset?: number | null },
    ): Tensor;
    /**
     * Makes this tensor itself another view of its storage.
     *
     * Shape: `storage -> [*size]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.as_strided_.html
     */
    as_strided_(
      size: Shape,
      stride: readonly number[],
      storage_offset?: number | null | { readonly storage_offset?: number | null },
    ): this;
    /**
     * Transposes this tensor itself.
     *
     * Shape: `[m, n] -> [n, m]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.t_.html
     */
    t_(): this;
    /**
     * Exchanges two dimensions of this tensor itself.
     *
     * Shape: `[..., a, ..., b, ...] -> [..., b, ..., a, ...]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.transpose_.html
     */
    transpose_(dim0: number, dim1: number): this;
    /**
     * Another name of transpose_.
     *
     * Shape: `[..., a, ..., b, ...] -> [..., b, ..., a, ...]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.swapaxes_.html
     */
    swapaxes_(axis0: number, axis1: number): this;
    /**
     * Another name of transpose_.
     *
     * Shape: `[..., a, ..., b, ...] -> [..., b, ..., a, ...]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.swapdims_.html
     */
    swapdims_(dim0: number, dim1: number): this;
    /**
     * Drops dimensions of size 1 from this tensor itself.
     *
     * Shape: `[*] -> [*] without dimensions of size 1`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.squeeze_.html
     */
    squeeze_(dim?: number | readonly number[]): this;
    /**
     * Adds a dimension of size 1 to this tensor itself.
     *
     * Shape: `[*] -> [*, 1, *]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unsqueeze_.html
     */
    unsqueeze_(dim: number): this;
    /**
     * Gives this tensor itself another shape where it lies: what its memory lacks is added, with zeros.
     *
     * Shape: `[*] -> [*sizes]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.resize_.html
     */
    resize_(...sizes: readonly number[] | [readonly number[], ...unknown[]]): this;
    /**
     * Gives this tensor itself the shape of another.
     *
     * Shape: `[*] -> [*tensor]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.resize_as_.html
     */
    resize_as_(...args: CallOf<typeof resizeSignature>): this;
    /**
     * Makes this tensor share the storage, shape and strides of another.
     *
     * Shape: `storage -> [*size]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.set_.html
     */
    set_(source?: Tensor | Elements | null, storage_offset?: number, size?: Shape, stride?: readonly number[]): this;
  }
}

/** Counts as a write: what has been saved of the tensor for a backward pass is not there any more. */
const touch = (self: Tensor, operator: string): void => self.storage_.touch(operator, self.counter_);

function resizedTo(self: Tensor, shape: Shape, format: memory_format | null, operator: string): Tensor {
  refuseResize(self, operator);
  if (!sameShape(shape, self.shape)) touch(self, operator);
  return resized(self, shape, operator, format === null ? undefined : stridesIn(format, shape));
}

/** @throws ShapeError for what is no size */
function sizeOf(given: readonly unknown[], operator: string): Shape {
  const shape = given.map(Number);
  if (!shape.every((size) => Number.isInteger(size) && size >= 0))
    throw new ShapeError(
      `${operator}/size`,
      `${operator}: sizes are whole numbers that are not negative, got ${formatShape(shape)}.`,
    );
  return shape;
}

/** What a tensor becomes by `set_`. @throws DTypeError for another type */
function sourceOfSet(
  self: Tensor,
  given: Tensor | Elements | null | undefined,
  offset: number,
  size: Shape | undefined,
  stride: readonly number[] | undefined,
): Tensor {
  if (given === undefined || given === null) return fromHost([], [0], self.dtype.name, self.storage_.device);
  const source = given instanceof Tensor ? given : asType(given.row_, self.type_);
  if (source.type_ !== self.type_)
    throw new DTypeError(
      "set_/dtype",
      `set_: Could not set tensor of type ${source.type_} to a tensor of type ${self.type_}.`,
      "Use a source of this tensor's type.",
    );
  if (size === undefined) return source.detach();
  const strides = stride ?? contiguousStrides(size);
  makeRoom(source, reachOf(size, strides, offset), "set_");
  return stridedOf(source.detach(), size, strides, offset);
}

type Free = (input: Tensor, ...args: unknown[]) => Tensor;
const methods: Record<string, (this: Tensor, ...args: never[]) => Tensor> = {
  as_strided(this: Tensor, ...args: unknown[]) {
    return (as_strided as Free)(this, ...args);
  },
  as_strided_(this: Tensor, ...args: unknown[]) {
    return withSite(() => {
      const view = (as_strided as Free)(former(this, "as_strided_"), ...args);
      touch(this, "as_strided_");
      return this.takeOver_(view);
    });
  },
  resize_(this: Tensor, ...sizes: readonly unknown[]) {
    return withSite(() => {
      const options = sizes.at(-1);
      const plain = sizes.filter((size) => !isPlainObject(size));
      const given = Array.isArray(plain[0]) ? (plain[0] as unknown[]) : plain;
      return resizedTo(this, sizeOf(given, "resize_"), formatOf(options), "resize_");
    });
  },
  resize_as_(this: Tensor, ...args: readonly unknown[]) {
    return withSite(() => {
      const { the_template, memory_format = null } = resizeSignature.bind("resize_as_", args);
      return resizedTo(this, the_template.shape, formatOf(memory_format), "resize_as_");
    });
  },
  set_(this: Tensor, given?: Tensor | Elements | null, offset = 0, size?: Shape, stride?: readonly number[]) {
    return withSite(() => {
      checkInplace(this, "set_");
      const next = sourceOfSet(this, given, offset, size, stride);
      touch(this, "set_");
      return this.takeOver_(next);
    });
  },
};
for (const name of reshapers) {
  const inplace = `${name}_`;
  methods[inplace] = function (this: Tensor, ...args: unknown[]): Tensor {
    return withSite(() => {
      const view = callOperator(name, [former(this, inplace), ...args]) as Tensor;
      touch(this, inplace);
      return this.takeOver_(view);
    });
  };
}
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
