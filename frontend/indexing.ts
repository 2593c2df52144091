/**
 * `x.at(...)` and `x.set_at([...], value)`: PyTorch's subscripts.
 *
 * Integers, slices, "...", null and booleans give views; index tensors, masks and arrays of numbers give copies, whose
 * dimensions stand where the indexed ones did when those are neighbours, else first.
 */
import { ArgumentError, IndexError, ValueError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { filler } from "../ir/ops/fitting.ts";
import { sliceBounds } from "../ir/ops/movement.ts";
import { wrapIndex } from "../ir/ops/support.ts";
import { formatShape, sameShape } from "../ir/shape.ts";
import { isScalar, scalarArgument } from "./bind.ts";
import { callInplace, callInplaceAsync, callOperator, callOperatorAsync, withSite } from "./call.ts";
import { fromHost, tensor } from "./creation.ts";
import { moved } from "./device-moves.ts";
import { checkInplace } from "./inplace-checks.ts";
import { numberedPlace } from "./numbered-places.ts";
import { showsTheSame } from "./overlaps.ts";
import { graph } from "./state.ts";
import { parseSubscript, Slice, type Index, type IndexValue, type Part } from "./subscripts.ts";
import type { Nested } from "./element-values.ts";
import { Tensor } from "./tensor.ts";
import { movement, type ViewStep } from "./views.ts";

interface Subscript {
  /** The view that integers, slices, ellipses, new axes make. */
  readonly view: Tensor;
  /** Index tensors and masks by dimension of that view; null takes the dimension whole. */
  readonly indices: readonly (Tensor | null)[];
}

/** Why a tensor of no dimensions has no such index. */
function indexOfNone(part: unknown): string {
  if (typeof part === "number")
    return "invalid index of a 0-dim tensor, too many indices for tensor of dimension 0: item() gives its one value";
  return part instanceof Slice
    ? "slice() cannot be applied to a 0-dim tensor"
    : "too many indices for tensor of dimension 0";
}

/** The part of a subscript that gives a view, and what is left for gathering. */
function resolve(self: Tensor, given: readonly unknown[]): Subscript {
  const parts = parseSubscript(self, given);
  const used = parts.reduce<number>((count, part) => count + dimensionsOf(part), 0);
  if (used > self.ndim)
    throw new IndexError(
      "index/too-many",
      `${self.ndim === 0 && parts.length === 1 ? indexOfNone(parts[0]) : `too many indices for tensor of dimension ${self.ndim}`}: ${String(self)} indexed by ${used}.`,
    );
  const start = self.shape.map(() => 0);
  const size = [...self.shape];
  const step = self.shape.map(() => 1);
  const shape: number[] = [];
  const pending: { readonly dim: number; readonly tensor: Tensor }[] = [];
  let axis = 0;
  let left = self.ndim - used;
  const keep = (count: number): void => {
    for (let i = 0; i < count; i++) shape.push(size[axis++]!);
  };
  for (const part of parts) {
    if (part === "...") {
      // The first takes all that is left.
      keep(left);
      left = 0;
    } else if (part === null) shape.push(1);
    else if (typeof part === "boolean") {
      pending.push({
        dim: shape.length,
        tensor: fromHost(part ? [0] : [], [part ? 1 : 0], "int64", self.storage_.device),
      });
      shape.push(1);
    } else if (typeof part === "number") {
      const full = self.shape[axis]!;
      if (part < -full || part >= full)
        throw new IndexError(
          "index/range",
          `index ${part} is out of bounds for dimension ${axis} with size ${full}: ${String(self)}.`,
        );
      start[axis] = part < 0 ? part + full : part;
      size[axis++] = 1;
    } else if (part instanceof Slice) {
      const stride = part.step ?? 1;
      if (stride <= 0)
        throw new ValueError(
          "index/step",
          stride === 0 ? "slice step cannot be zero." : `step must be greater than zero, got ${stride}.`,
          "flip() reverses a dimension.",
        );
      const bounds = sliceBounds(self.shape[axis]!, part.start, part.stop, stride);
      start[axis] = bounds.start;
      size[axis] = bounds.count;
      step[axis] = stride;
      keep(1);
    } else {
      pending.push({ dim: shape.length, tensor: moved(part, self.storage_.device) });
      // A 0-d mask counts a dimension of its own.
      if (dimensionsOf(part) === 0) shape.push(1);
      else keep(dimensionsOf(part));
    }
  }
  keep(self.ndim - axis);
  let view = self.viewBy_(
    movement(lastView(parts), (g, parent) => g.reshape(g.slice(parent, start, size, step), shape)),
  );
  // A 0-d index tensor removes its dimension, as an integer does, and still gives a view.
  for (const { dim, tensor: position } of pending.filter(({ tensor: t }) => isPosition(t)).reverse())
    view = view.viewBy_(selectStep(dim, position.node_()));
  const indices: (Tensor | null)[] = [];
  let removed = 0;
  for (const { dim, tensor: index } of pending) {
    if (isPosition(index)) {
      removed++;
      continue;
    }
    let count = indices.reduce((n, known) => n + (known === null ? 1 : Math.max(1, covered(known))), 0);
    for (; count < dim - removed; count++) indices.push(null);
    indices.push(index.ndim === 0 ? (callOperator("reshape", [index, [1]]) as Tensor) : index);
  }
  return { view, indices };
}

/** The function that PyTorch ends with: slices that take all are none, unless there is nothing else. */
function lastView(parts: readonly Part[]): string {
  const names = parts.map((part) => {
    if (part === null || typeof part === "boolean") return "unsqueeze";
    if (typeof part === "number") return "select";
    return part instanceof Slice && !(part.start === null && part.stop === null && part.step === null) ? "slice" : null;
  });
  const told = names.findLast((name) => name !== null);
  return told ?? (parts.some((part) => part instanceof Slice) ? "slice" : "alias");
}

const isMask = (index: Tensor): boolean => index.dtype.name === "bool" || index.dtype.name === "uint8";
const isPosition = (index: Tensor): boolean => index.ndim === 0 && !isMask(index);
const covered = (index: Tensor): number => (isMask(index) ? index.ndim : 1);
function dimensionsOf(part: Part): number {
  if (part === null || part === "..." || typeof part === "boolean") return 0;
  return part instanceof Tensor ? covered(part) : 1;
}

/** One slice along a dimension at a position that only the graph knows. */
function selectStep(dim: number, index: Node): ViewStep {
  return {
    name: "select",
    apply: (g, parent) => g.gather(parent, [dim], [wrapIndex(g, index, parent.shape[dim]!, "index", dim)]),
    write: (g, parent, value) =>
      g.scatter("set", parent, value, [dim], [wrapIndex(g, index, parent.shape[dim]!, "index", dim)]),
  };
}

function at(self: Tensor, given: readonly unknown[]): Tensor {
  return withSite(() => {
    const { view, indices } = resolve(self, given);
    return indices.length === 0 ? view : (callOperator("index", [view, indices]) as Tensor);
  });
}

async function atAsync(self: Tensor, given: readonly unknown[]): Promise<Tensor> {
  const { view, indices } = withSite(() => resolve(self, given));
  return indices.length === 0 ? view : ((await callOperatorAsync("index", [view, indices])) as Tensor);
}

interface Assignment {
  readonly view: Tensor;
  readonly operator: string;
  readonly args: readonly unknown[];
}

function assignment(self: Tensor, given: unknown, value: unknown): Assignment {
  // `true` alone is a new axis; among others it is an index.
  const list = Array.isArray(given) ? (given as readonly unknown[]) : [given === true ? null : given];
  const place = value instanceof Tensor && value.requires_grad ? null : numberedPlace(self, list);
  const { view, indices } = place === null ? resolve(self, list) : { view: place, indices: [] };
  const source = valueTensor(self, value);
  if (indices.length > 0) return { view, operator: "index_put", args: [indices, withoutLeadingOnes(source, 0)] };
  // A number fills, whatever the place is.
  if (!(value instanceof Tensor) && source.ndim === 0) return { view, operator: "fill", args: [source] };
  return { view, operator: "copy", args: [expandedTo(withoutLeadingOnes(source, view.ndim), view)] };
}

/** What is no tensor becomes one of the type that it is written to. */
function valueTensor(self: Tensor, value: unknown): Tensor {
  const { name: dtype } = self.dtype;
  if (value instanceof Tensor) return moved(value, self.storage_.device);
  if (Array.isArray(value) || ArrayBuffer.isView(value))
    return tensor(value as Nested<number>[], { dtype, device: self.device });
  if (isScalar(value)) {
    const number = filler(graph, "set_at", scalarArgument(value), dtype, ["float16", "bfloat16"]);
    return Tensor.ofNode(number, self.storage_.device);
  }
  throw new ArgumentError(
    "set_at/value",
    `set_at: can't assign ${typeof value} ${String(value)} to a ${dtype}${formatShape(self.shape)}.`,
    "Assign a number, an array or a tensor.",
  );
}

/** A value may have more dimensions than its place, when they are of size 1. */
function withoutLeadingOnes(value: Tensor, rank: number): Tensor {
  let extra = 0;
  while (value.ndim - extra > rank && value.shape[extra] === 1) extra++;
  return extra === 0 ? value : (callOperator("reshape", [value, value.shape.slice(extra)]) as Tensor);
}

/** What is broadcast does not lie densely any more, and may be part of what it is written to. */
function expandedTo(value: Tensor, { shape }: Tensor): Tensor {
  return sameShape(value.shape, shape) ? value : (callOperator("expand", [value, shape]) as Tensor);
}

declare module "./tensor.ts" {
  interface Tensor {
    /**
     * `x[...]`: integers, slices (`"1:3"`, `torch.slice(1, 3)`), `"..."`, `null` and 0-d index tensors give a view;
     * arrays, index tensors and masks give a copy.
     *
     * Shape: `[*] -> what the subscript leaves: integers drop a dimension, null adds one`
     *
     * @throws IndexError for a position out of range or too many indices
     *
     * @see https://docs.pytorch.org/docs/stable/tensor_view.html
     */
    at(...indices: Index[]): Tensor;
    /**
     * The same for masks on devices that are read by promises.
     *
     * Shape: `[*] -> as `at``
     *
     * @see https://docs.pytorch.org/docs/stable/tensor_view.html
     */
    atAsync(...indices: Index[]): Promise<Tensor>;
    /**
     * `x[...] = value`: the indices as a list, the value broadcast and converted to this tensor's type. Behind an index
     * tensor, and behind a mask unless it is one for all, a tensor has that type already.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html
     */
    set_at(indices: readonly Index[] | Index, value: IndexValue): this;
    /**
     * The same for masks on devices that are read by promises.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html
     */
    set_atAsync(indices: readonly Index[] | Index, value: IndexValue): Promise<this>;
    /**
     * Takes the elements of src, broadcast and converted.
     *
     * Shape: `[*], src broadcast -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.copy_.html
     */
    copy_(src: Tensor, non_blocking?: boolean | { readonly non_blocking?: boolean }): this;
  }
}

const methods = {
  at(this: Tensor, ...indices: unknown[]): Tensor {
    return at(this, indices);
  },
  atAsync(this: Tensor, ...indices: unknown[]): Promise<Tensor> {
    return atAsync(this, indices);
  },
  set_at(this: Tensor, indices: unknown, value: unknown): Tensor {
    return withSite(() => {
      const { view, operator, args } = assignment(this, indices, value);
      callInplace(operator, view, args);
      return this;
    });
  },
  async set_atAsync(this: Tensor, indices: unknown, value: unknown): Promise<Tensor> {
    const { view, operator, args } = withSite(() => assignment(this, indices, value));
    await callInplaceAsync(operator, view, args);
    return this;
  },
  copy_(this: Tensor, src: Tensor | { readonly src: Tensor }): Tensor {
    const source = src instanceof Tensor ? src : src.src;
    // Through an expanded tensor nothing is written, except what is there.
    if (this.isExpanded_() && showsTheSame(this, source)) {
      withSite(() => checkInplace(this, "copy_"));
      return this;
    }
    return callInplace("copy", this, [moved(source, this.storage_.device)]);
  },
};
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
