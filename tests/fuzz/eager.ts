/** A naive eager tensor: strides over a plain list that views share. What PyTorch's semantics say, with no laziness. */
import { contiguousStrides, elementCount, type Shape } from "../../ir/shape.ts";
import { forEachIndex } from "../../runtime/interpreter/values.ts";

export type EagerType = "float32" | "int64";

export class Eager {
  readonly dtype: EagerType;
  readonly data: number[];
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;

  constructor(
    dtype: EagerType,
    data: number[],
    shape: Shape,
    strides: readonly number[] = contiguousStrides(shape),
    offset = 0,
  ) {
    this.dtype = dtype;
    this.data = data;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
  }

  /** Positions of the elements in the storage, row-major. */
  positions(): number[] {
    const positions: number[] = [];
    forEachIndex(this.shape, (at) =>
      positions.push(at.reduce((sum, i, axis) => sum + i * this.strides[axis]!, this.offset)),
    );
    return positions;
  }
  values(): number[] {
    return this.positions().map((position) => this.data[position]!);
  }
  /** Whether two elements lie at one place. */
  get overlaps(): boolean {
    return new Set(this.positions()).size < elementCount(this.shape);
  }
  /** Where elements that fill memory without gaps start and end; null: others, or none. */
  get span(): { readonly start: number; readonly end: number } | null {
    const positions = this.positions();
    const [start, end] = [Math.min(...positions), Math.max(...positions) + 1];
    return positions.length > 0 && end - start === positions.length && !this.overlaps ? { start, end } : null;
  }
  /** All values are known before the first is written. */
  write(values: readonly number[]): void {
    this.positions().forEach((position, i) => (this.data[position] = this.round(values[i]!)));
  }
  round(value: number): number {
    return this.dtype === "float32" ? Math.fround(value) : value + 0;
  }
  fresh(shape: Shape, values: readonly number[], dtype = this.dtype): Eager {
    return new Eager(
      dtype,
      values.map((x) => (dtype === "float32" ? Math.fround(x) : x)),
      shape,
    );
  }
  view(shape: Shape, strides: readonly number[], offset = this.offset): Eager {
    return new Eager(this.dtype, this.data, shape, strides, offset);
  }

  // ---- views

  permute(axes: readonly number[]): Eager {
    return this.view(
      axes.map((a) => this.shape[a]!),
      axes.map((a) => this.strides[a]!),
    );
  }
  slice(axis: number, start: number, size: number, step: number): Eager {
    const offset = this.offset + start * this.strides[axis]!;
    return this.view(this.shape.with(axis, size), this.strides.with(axis, this.strides[axis]! * step), offset);
  }
  select(axis: number, index: number): Eager {
    const without = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== axis);
    return this.view(without(this.shape), without(this.strides), this.offset + index * this.strides[axis]!);
  }
  unsqueeze(axis: number): Eager {
    return this.view(this.shape.toSpliced(axis, 0, 1), this.strides.toSpliced(axis, 0, 1));
  }
  squeeze(axis: number): Eager {
    return this.shape[axis] === 1 ? this.view(this.shape.toSpliced(axis, 1), this.strides.toSpliced(axis, 1)) : this;
  }
  expand(shape: Shape): Eager {
    const lead = shape.length - this.shape.length;
    const strides = shape.map((size, i) => (i < lead || this.shape[i - lead] !== size ? 0 : this.strides[i - lead]!));
    return this.view(shape, strides);
  }
  diagonal(): Eager {
    const [rows, columns] = this.shape as readonly [number, number];
    return this.view([Math.min(rows, columns)], [this.strides[0]! + this.strides[1]!]);
  }
  unfold(axis: number, size: number, step: number): Eager {
    const count = Math.floor((this.shape[axis]! - size) / step) + 1;
    return this.view(
      [...this.shape.with(axis, count), size],
      [...this.strides.with(axis, this.strides[axis]! * step), this.strides[axis]!],
    );
  }
  /** A view where strides allow one, else a copy, as PyTorch decides. */
  reshape(shape: Shape): Eager {
    const strides = reshapedStrides(this.shape, this.strides, shape);
    return strides === null ? this.fresh(shape, this.values()) : this.view(shape, strides);
  }

  // ---- values

  map(f: (x: number) => number): Eager {
    return this.elementwise(this.values().map(f));
  }
  /** The result of a function of single elements of this and others, which lies in memory as they do. */
  elementwise(values: readonly number[], ...others: readonly Eager[]): Eager {
    const operands = [this, ...others].map(({ shape, strides }) => {
      const lead = this.shape.length - shape.length;
      return this.shape.map((size, i) => (i < lead || (shape[i - lead] === 1 && size !== 1) ? 0 : strides[i - lead]!));
    });
    const order = preservedOrder(this.shape, operands);
    const packed = contiguousStrides(order.map((axis) => this.shape[axis]!));
    const strides = this.shape.map((_, axis) => packed[order.indexOf(axis)]!);
    const result = new Eager(this.dtype, new Array<number>(elementCount(this.shape)).fill(0), this.shape, strides);
    result.write(values);
    return result;
  }
  /** Elementwise with broadcasting to this tensor's shape. */
  zip(other: Eager, f: (x: number, y: number) => number): number[] {
    const others = other.expand(this.shape).values();
    return this.values().map((x, i) => f(x, others[i]!));
  }
  sum(axis: number): Eager {
    const kept = this.shape.filter((_, i) => i !== axis);
    const totals = new Array<number>(elementCount(kept)).fill(0);
    const strides = contiguousStrides(kept);
    const values = this.values();
    forEachIndex(this.shape, (at, position) => {
      const place = at.filter((_, i) => i !== axis).reduce((sum, index, i) => sum + index * strides[i]!, 0);
      totals[place]! += values[position]!;
    });
    return this.fresh(kept, totals);
  }
}

/** PyTorch's rule for results: axes sorted by the first operand that tells which lies outside of which. */
function preservedOrder(shape: Shape, operands: readonly (readonly number[])[]): number[] {
  const outside = (a: number, b: number): number => {
    for (const strides of operands) {
      if (strides[a] === 0 || strides[b] === 0) continue;
      if (strides[a] !== strides[b]) return strides[a]! > strides[b]! ? 1 : -1;
      if (shape[a]! > shape[b]!) return 1;
    }
    return 0;
  };
  const axes = shape.map((_, i) => shape.length - 1 - i);
  for (let i = 1; i < axes.length; i++) {
    let late = i;
    for (let early = i - 1; early >= 0; early--) {
      const order = outside(axes[early]!, axes[late]!);
      if (order < 0) break;
      if (order === 0) continue;
      [axes[early], axes[late]] = [axes[late]!, axes[early]!];
      late = early;
    }
  }
  return axes.reverse();
}

/** PyTorch's rule: neighbouring dimensions that step evenly are one chunk, and the new dimensions split the chunks. */
function reshapedStrides(shape: Shape, strides: readonly number[], wanted: Shape): readonly number[] | null {
  if (elementCount(shape) === 0) return contiguousStrides(wanted);
  const result = new Array<number>(wanted.length).fill(1);
  let axis = wanted.length - 1;
  let chunk = 1;
  let step = strides.at(-1) ?? 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    chunk *= shape[i]!;
    if (i > 0 && (shape[i - 1] === 1 || strides[i - 1] === chunk * step)) continue;
    let filled = 1;
    while (axis >= 0 && (filled < chunk || wanted[axis] === 1)) {
      result[axis] = filled * step;
      filled *= wanted[axis]!;
      axis--;
    }
    if (filled !== chunk) return null;
    if (i > 0) {
      step = strides[i - 1]!;
      chunk = 1;
    }
  }
  return axis < 0 || wanted.slice(0, axis + 1).every((size) => size === 1) ? result : null;
}
