/** Memory formats: in what order the elements of a tensor lie. */
import { ShapeError } from "../ir/errors.ts";
import { contiguousStrides, isContiguous, type Shape } from "../ir/shape.ts";
import { channels_last, channels_last_3d, memory_format } from "./formats.ts";

/** A format as an argument: positional, or by name in options. */
export function formatOf(argument: unknown): memory_format | null {
  const named = typeof argument === "object" && argument !== null && "memory_format" in argument;
  const given = named ? argument.memory_format : argument;
  return given instanceof memory_format ? given : null;
}

/** How many dimensions the formats have that put channels last. */
const ranks: ReadonlyMap<memory_format, number> = new Map([
  [channels_last, 4],
  [channels_last_3d, 5],
]);

/** Axes from the outermost in memory to the innermost, for the formats that put channels last. */
export function orderOf(format: memory_format, shape: Shape): number[] | null {
  const rank = ranks.get(format);
  if (rank === undefined) return null;
  if (shape.length !== rank)
    throw new ShapeError("memory-format/rank", `required rank ${rank} tensor to use ${String(format)} format.`);
  return [0, ...shape.map((_, axis) => axis).slice(2), 1];
}

/** Strides that walk a shape in a format's order without gaps. */
export function stridesIn(format: memory_format, shape: Shape): number[] {
  const order = orderOf(format, shape) ?? shape.map((_, axis) => axis);
  const along = contiguousStrides(order.map((axis) => shape[axis]!));
  return shape.map((_, axis) => along[order.indexOf(axis)]!);
}

/**
 * Axes from the outermost in memory to the innermost, of a dense tensor like those with these strides; null: row by row.
 * As PyTorch sorts them: by the first operand that tells; an axis whose elements are one (stride 0) stays in its place.
 */
export function preservedOrder(shape: Shape, ...operands: readonly (readonly number[])[]): number[] | null {
  // Innermost first, as long as it is sorted.
  const axes = shape.map((_, i) => shape.length - 1 - i);
  for (let i = 1; i < axes.length; i++) {
    for (let late = i, early = i - 1; early >= 0; early--) {
      const order = comparedAxes(axes[early]!, axes[late]!, shape, operands);
      if (order < 0) break;
      if (order === 0) continue;
      [axes[early], axes[late]] = [axes[late]!, axes[early]!];
      late = early;
    }
  }
  axes.reverse();
  return axes.every((axis, i) => axis === i) ? null : axes;
}
/** Positive: the first axis lies outside the second one; 0: nothing says so. */
function comparedAxes(a: number, b: number, shape: Shape, operands: readonly (readonly number[])[]): number {
  for (const strides of operands) {
    if (strides[a] === 0 || strides[b] === 0) continue;
    if (strides[a] !== strides[b]) return strides[a]! - strides[b]!;
    if (shape[a]! > shape[b]!) return 1;
  }
  return 0;
}

/** Whether strides walk a shape in a format's order without gaps (sizes of 1 put no condition). */
export function liesIn(shape: Shape, strides: readonly number[], format: memory_format): boolean {
  const rank = ranks.get(format);
  if (rank === undefined) return isContiguous(shape, strides);
  if (shape.length !== rank) return false;
  const order = orderOf(format, shape)!;
  return isContiguous(
    order.map((axis) => shape[axis]!),
    order.map((axis) => strides[axis]!),
  );
}
