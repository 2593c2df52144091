/** Columns of the right operand that are copied next to each other before they are used. */
import { dtypeBytes } from "../../../ir/dtype.ts";
import { Index } from "../../../ir/index.ts";
import type { Expr } from "../../../ir/loop.ts";
import { contiguousStrides } from "../../../ir/shape.ts";
import { addI, indexExpr, integer } from "../expressions.ts";
import { type Axis, type Contraction, innermost, sizeOf } from "./contraction.ts";
import type { ContractLowering } from "./lowering.ts";
import { evenShare, type Strip } from "./strips.ts";

/** Elements of a column that are packed: eight columns of float32 take a megabyte. */
const mostPacked = (1 << 20) / 8 / dtypeBytes("float32");

/** Strips that are copied by statements of their own, not by the turns of a loop. */
const mostWrittenOut = 8;

/** Columns laid out next to each other in scratch memory, for all positions along `axes`. */
export interface Packing {
  /** Outermost first, with the distance that each moves in the right operand. */
  readonly axes: readonly { readonly size: number; readonly right: number }[];
  /** Positions in all. */
  readonly size: number;
  /** Positions from one step along an axis of the contraction to the next. */
  readonly strideOf: (axis: Axis) => number;
  /** The columns' outer axes move through the same packed columns. */
  readonly shared: boolean;
}

/**
 * Every position of the right operand that the axes reach, as few axes that do not overlap. An axis moves through the
 * positions of another when its step is a multiple of the other's and falls inside.
 */
function joinedSpan(moving: readonly Axis[]): Omit<Packing, "shared"> {
  const joined: { right: number; size: number; readonly of: Axis[] }[] = [];
  for (const axis of [...moving].sort((a, b) => a.right - b.right)) {
    const home = joined.findLast(({ right, size }) => axis.right % right === 0 && axis.right < right * size);
    if (home === undefined) joined.push({ right: axis.right, size: axis.size, of: [axis] });
    else {
      home.size += (axis.size - 1) * (axis.right / home.right);
      home.of.push(axis);
    }
  }
  joined.reverse();
  const strides = contiguousStrides(joined.map(({ size }) => size));
  const steps = new Map(
    joined.flatMap(({ right, of }, i) => of.map((axis) => [axis, strides[i]! * (axis.right / right)] as const)),
  );
  return {
    axes: joined,
    size: joined.reduce((n, { size }) => n * size, 1),
    strideOf: (axis) => steps.get(axis)!,
  };
}

/** Whether eight columns of the right operand fit in scratch memory. */
export const isPackable = (depth: readonly Axis[]): boolean => sizeOf(depth) <= mostPacked;

/** How columns are laid out that are packed before they are used. */
export function packingOf({ depth, columns }: Contraction, dynamic: boolean): Packing {
  const outer = columns.slice(0, -1);
  const forward = [...depth, ...outer].every(({ right }) => right > 0);
  if (outer.length > 0 && forward && !dynamic) {
    // The windows of a convolution overlap: what lies behind all of them is packed once.
    const { axes, size, strideOf } = joinedSpan([...depth, ...outer]);
    const apart = sizeOf(outer) * sizeOf(depth);
    if (size <= mostPacked && 2 * size <= apart) return { shared: true, axes, size, strideOf };
  }
  const sizes = depth.map((axis) => axis.size);
  const strides = contiguousStrides(sizes);
  return {
    shared: false,
    axes: depth.map(({ size, right }) => ({ size, right })),
    size: sizeOf(depth),
    strideOf: (axis) => strides[depth.indexOf(axis)]!,
  };
}

/** Copies the columns of some strips next to each other: [strips, ...axes, width]. */
export function pack(
  lowering: ContractLowering,
  buffer: string,
  { axes, size }: Packing,
  rightStart: Expr,
  columnStart: Index,
  { vectors, width }: Strip,
  strips: number,
): void {
  const { builder, lanes, contraction } = lowering;
  const { column } = innermost(contraction);
  const strides = contiguousStrides(axes.map((axis) => axis.size));
  // Neighbours are copied in vectors.
  const isWide = column.right === 1 && lanes > 1;
  const places = isWide ? vectors : Array.from({ length: width }, (_, j) => j);
  const nest = (i: number, from: Index, to: Index): void => {
    const axis = axes[i];
    if (axis !== undefined) {
      const name = builder.fresh("p");
      const p = builder.position(name, axis.size);
      builder.loop(name, axis.size, "serial", () =>
        nest(i + 1, from.add(p.scale(axis.right)), to.add(p.scale(strides[i]! * width))),
      );
      return;
    }
    const together = evenShare(strips, 1, mostWrittenOut);
    const copy = (strip: Index): void => {
      const start = from.add(columnStart.add(strip.scale(width)).scale(column.right));
      const base = builder.let(addI(rightStart, indexExpr(start)));
      const first = to.add(strip.scale(size * width));
      for (let s = 0; s < together; s++) {
        for (const j of places) {
          const value = lowering.right(isWide ? lanes : 1, addI(base, integer((s * width + j) * column.right)));
          builder.emit({ kind: "store", buffer, index: indexExpr(first.add(s * size * width + j)), value });
        }
      }
    };
    if (together === strips) return copy(Index.constant(0));
    const name = builder.fresh("q");
    const turns = Math.floor(strips / together);
    builder.loop(name, turns, "serial", () => copy(builder.position(name, turns).scale(together)));
  };
  nest(0, Index.constant(0), Index.constant(0));
}
