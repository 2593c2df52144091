/** Views by sizes and strides, and the operators that change a tensor's own shape. */
import { contiguousStrides, elementCount, type Shape } from "../ir/shape.ts";
import { checkStrides, stridedView } from "../ir/ops/strided.ts";
import { DTypeError, ShapeError } from "../ir/errors.ts";
import { isPlainObject } from "./bind.ts";
import { callOperator, checkInplace, withSite } from "./call.ts";
import { fromHost } from "./creation.ts";
import { graph } from "./state.ts";
import { asType, type Elements } from "./storage-elements.ts";
import { Tensor } from "./tensor.ts";
import { movement, type ViewStep } from "./views.ts";

interface StridedOptions {
  readonly storage_offset?: number | null | undefined;
}

/**
 * A view of the storage by sizes and strides in elements.
 * https://docs.pytorch.org/docs/stable/generated/torch.as_strided.html
 * @throws IndexError when an element would lie outside the storage
 */
export function as_strided(
  input: Tensor,
  size: Shape,
  stride: readonly number[],
  storage_offset?: number | null | StridedOptions,
): Tensor {
  const offset =
    typeof storage_offset === "object" && storage_offset !== null ? storage_offset.storage_offset : storage_offset;
  return withSite(() => stridedOf(input, size, stride, offset));
}

function stridedOf(
  input: Tensor,
  size: Shape,
  stride: readonly number[],
  storage_offset: number | null | undefined,
): Tensor {
  const own = input.layout_();
  const offset = storage_offset ?? own.offset;
  const last = size.reduce((end, n, i) => end + (n - 1) * (stride[i] ?? 0), offset);
  // What lies within a contiguous tensor is a view of that tensor, so that gradients find it; else of the storage.
  const within = input.is_contiguous() && offset >= own.offset && last < own.offset + input.numel();
  const source = within ? input : originOf(input);
  const count = source.numel();
  const start = offset - source.layout_().offset;
  checkStrides("as_strided", count, size, stride, start);
  const step = movement("as_strided", (g, parent) => stridedView(g, g.reshape(parent, [count]), size, stride, start));
  const layout = { strides: [...stride], offset };
  return source.viewBy_({ ...step, layout } satisfies ViewStep);
}

/** The tensor that this is a view of, as elements of the same type. */
function originOf(input: Tensor): Tensor {
  let origin = input;
  while (origin.parent_ !== null && origin.parent_.type_ === input.type_) origin = origin.parent_;
  return origin;
}

/** The tensor as it was, for a view of which the same object then stands. */
function former(self: Tensor, operator: string): Tensor {
  checkInplace(self, operator);
  const before = new Tensor(self.storage_, self.shape, self.parent_, self.step_);
  return before;
}

const reshapers = ["t", "transpose", "swapaxes", "swapdims", "squeeze", "unsqueeze"] as const;

declare module "./tensor.ts" {
  interface Tensor {
    /** A view of the storage by sizes and strides in elements. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.as_strided.html */
    as_strided(
      size: Shape,
      stride: readonly number[],
      storage_offset?: number | null | { readonly storage_offset?: number | null },
    ): Tensor;
    as_strided_(
      size: Shape,
      stride: readonly number[],
      storage_offset?: number | null | { readonly storage_offset?: number | null },
    ): this;
    /** Transposes this tensor itself. */
    t_(): this;
    transpose_(dim0: number, dim1: number): this;
    swapaxes_(axis0: number, axis1: number): this;
    swapdims_(dim0: number, dim1: number): this;
    /** Drops dimensions of size 1 from this tensor itself. */
    squeeze_(dim?: number | readonly number[]): this;
    unsqueeze_(dim: number): this;
    /** Gives this tensor another shape: elements keep their order, new ones are zero. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.resize_.html */
    resize_(...sizes: readonly number[] | [readonly number[], ...unknown[]]): this;
    resize_as_(tensor: Tensor): this;
    /** Makes this tensor share the storage, shape and strides of another. */
    set_(source?: Tensor | Elements | null, storage_offset?: number, size?: Shape, stride?: readonly number[]): this;
  }
}

function resized(self: Tensor, shape: Shape, operator: string): Tensor {
  if (self.requires_grad)
    throw new ShapeError(
      "resize/requires-grad",
      `${operator}: cannot resize variables that require grad.`,
      "Use reshape(), or detach() first.",
    );
  const before = former(self, operator);
  const [count, had] = [elementCount(shape), before.numel()];
  if (count <= had) {
    const step = movement("resize", (g, parent) =>
      g.reshape(g.sliceAxis(g.reshape(parent, [had]), 0, 0, count), shape),
    );
    return self.takeOver_(before.viewBy_(step));
  }
  const flat = graph.reshape(before.node_(), [had]);
  const filler = self.dtype.name === "bool" ? false : 0;
  const grown = Tensor.ofNode(graph.reshape(graph.pad(flat, [0], [count - had], filler), shape), self.storage_.device);
  return self.takeOver_(grown);
}

const methods: Record<string, (this: Tensor, ...args: never[]) => Tensor> = {
  as_strided(this: Tensor, size: Shape, stride: readonly number[], storage_offset?: number | null) {
    return as_strided(this, size, stride, storage_offset);
  },
  as_strided_(this: Tensor, size: Shape, stride: readonly number[], storage_offset?: number | null) {
    return withSite(() => this.takeOver_(as_strided(former(this, "as_strided_"), size, stride, storage_offset)));
  },
  resize_(this: Tensor, ...sizes: readonly unknown[]) {
    const plain = sizes.filter((size) => !isPlainObject(size));
    const shape = (Array.isArray(plain[0]) ? plain[0] : plain) as number[];
    return withSite(() => resized(this, shape.map(Number), "resize_"));
  },
  resize_as_(this: Tensor, tensor: Tensor) {
    return withSite(() => resized(this, tensor.shape, "resize_as_"));
  },
  set_(this: Tensor, given?: Tensor | Elements | null, offset = 0, size?: Shape, stride?: readonly number[]) {
    return withSite(() => {
      checkInplace(this, "set_");
      if (given === undefined || given === null)
        return this.takeOver_(fromHost([], [0], this.dtype.name, this.storage_.device));
      const source = given instanceof Tensor ? given : asType(given.row_, this.type_);
      if (source.type_ !== this.type_)
        throw new DTypeError(
          "set_/dtype",
          `set_: Could not set tensor of type ${source.type_} to a tensor of type ${this.type_}.`,
          "Use a source of this tensor's type.",
        );
      const strides = stride ?? (size === undefined ? [] : contiguousStrides(size));
      return this.takeOver_(size === undefined ? former(source, "set_") : as_strided(source, size, strides, offset));
    });
  },
};
for (const name of reshapers) {
  methods[`${name}_`] = function (this: Tensor, ...args: unknown[]): Tensor {
    return withSite(() => this.takeOver_(callOperator(name, [former(this, `${name}_`), ...args]) as Tensor));
  };
}
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });

export const resize_as_ = (input: Tensor, the_template: Tensor): Tensor => input.resize_as_(the_template);
export const as_strided_ = (
  input: Tensor,
  size: Shape,
  stride: readonly number[],
  storage_offset?: number | null,
): Tensor => input.as_strided_(size, stride, storage_offset);
