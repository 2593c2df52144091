/** What a dot asks for in strides: which axes there are, and how far each moves in the operands and in the result. */
import type { Node, NodeOf } from "../../../ir/graph.ts";
import { contiguousStrides } from "../../../ir/shape.ts";
import { linearAccess } from "../../../ir/views.ts";

/** One axis of the iteration space with the distance it moves in each operand and in the result. */
export interface Axis {
  readonly size: number;
  readonly left: number;
  readonly right: number;
  readonly out: number;
}
export interface Contraction {
  readonly left: { readonly base: Node; readonly offset: number };
  readonly right: { readonly base: Node; readonly offset: number };
  readonly batch: readonly Axis[];
  readonly rows: readonly Axis[];
  readonly columns: readonly Axis[];
  readonly depth: readonly Axis[];
}

export function analyse(dot: NodeOf<"dot">): Contraction {
  const [a, b] = dot.inputs as [Node, Node];
  const left = linearAccess(a);
  const right = linearAccess(b);
  const { batch, contract } = dot.attrs;
  const out = contiguousStrides(dot.shape);
  const free = (node: Node, side: 0 | 1): number[] =>
    node.shape.map((_, i) => i).filter((i) => !batch[side].includes(i) && !contract[side].includes(i));
  const freeA = free(a, 0);
  const freeB = free(b, 1);
  const nb = batch[0].length;
  return {
    left: { base: left.base, offset: left.offset },
    right: { base: right.base, offset: right.offset },
    batch: joinAxes(
      batch[0].map((axis, i) => ({
        size: a.shape[axis]!,
        left: left.strides[axis]!,
        right: right.strides[batch[1][i]!]!,
        out: out[i]!,
      })),
    ),
    rows: joinAxes(
      freeA.map((axis, i) => ({ size: a.shape[axis]!, left: left.strides[axis]!, right: 0, out: out[nb + i]! })),
    ),
    columns: joinAxes(
      freeB.map((axis, i) => ({
        size: b.shape[axis]!,
        left: 0,
        right: right.strides[axis]!,
        out: out[nb + freeA.length + i]!,
      })),
    ),
    depth: joinAxes(
      orderDepth(
        contract[0].map((axis, i) => ({
          size: a.shape[axis]!,
          left: left.strides[axis]!,
          right: right.strides[contract[1][i]!]!,
          out: 0,
        })),
      ),
    ),
  };
}

/** The contracted axes may be walked in any order: largest strides outermost, so that neighbours can be joined. */
const orderDepth = (axes: Axis[]): Axis[] => axes.sort((a, b) => b.left + b.right - (a.left + a.right));

/** Neighbouring axes that step evenly through every operand are one axis. */
function joinAxes(axes: readonly Axis[]): Axis[] {
  const joined: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const last = joined.at(-1);
    if (
      last &&
      last.left === axis.left * axis.size &&
      last.right === axis.right * axis.size &&
      last.out === axis.out * axis.size
    ) {
      joined[joined.length - 1] = { ...axis, size: axis.size * last.size };
    } else joined.push(axis);
  }
  return joined;
}

/** Positions along all of the axes together. */
export const sizeOf = (axes: readonly Axis[]): number => axes.reduce((n, axis) => n * axis.size, 1);

const single: Axis = { size: 1, left: 0, right: 0, out: 0 };

/** The axes that tiles lie along, of size 1 where there is none. */
export const innermost = ({
  rows,
  columns,
  depth,
}: Contraction): Readonly<Record<"row" | "column" | "inner", Axis>> => ({
  row: rows.at(-1) ?? single,
  column: columns.at(-1) ?? single,
  inner: depth.at(-1) ?? single,
});

/** Whether rows, columns and depth are one axis each, at most, as in a product of matrices. */
export const isPlain = ({ rows, columns, depth }: Contraction): boolean =>
  rows.length <= 1 && columns.length <= 1 && depth.length <= 1;
