/**
 * A contraction on a GPU: each workgroup computes a square tile of the result, its invocations a few elements each.
 * Slices of both operands are brought into workgroup memory together, and read from there many times.
 */
import type { Node, NodeOf } from "../../../ir/graph.ts";
import { Index, linear, unravel } from "../../../ir/index.ts";
import type { Expr } from "../../../ir/loop.ts";
import { type Axis, type Contraction, sizeOf } from "./contraction.ts";
import { addI, apply, constant, indexExpr, integer, load, mulI, select, typeOf, variable } from "../expressions.ts";
import type { KernelBuilder } from "../kernel-builder.ts";

const i32 = typeOf("i32");
const f32 = typeOf("f32");
const bool = typeOf("bool");

/** Rows and columns of a workgroup's tile, depth of a slice, elements an invocation computes along each side. */
const tile = 64;
const slice = 16;
const each = 4;
const side = tile / each;

/** Whether the shape fills tiles well enough. */
export function suitsTiles({ rows, columns, depth }: Contraction): boolean {
  return sizeOf(rows) >= 16 && sizeOf(columns) >= 16 && sizeOf(depth) >= 16;
}

export function lowerGpuTiles(
  builder: KernelBuilder,
  dot: Node & NodeOf<"dot">,
  contraction: Contraction,
  epilogue: (at: readonly Index[], value: Expr) => void,
): void {
  const { batch, rows, columns, depth } = contraction;
  const [rowCount, columnCount, depthCount] = [sizeOf(rows), sizeOf(columns), sizeOf(depth)];
  const rowTiles = Math.ceil(rowCount / tile);
  const columnTiles = Math.ceil(columnCount / tile);
  const groups = sizeOf(batch) * rowTiles * columnTiles;
  builder.workgroupSize = side * side;
  const left = builder.buffer(contraction.left.base, "read");
  const right = builder.buffer(contraction.right.base, "read");
  const leftTile = builder.scratch("float32", tile * slice, "workgroup");
  const rightTile = builder.scratch("float32", slice * tile, "workgroup");
  const below = (a: Expr, limit: number): Expr => apply("lt", bool, a, integer(limit));
  /** A run-time position along joined axes, as the distance it moves an operand or the result. */
  const distance = (position: Expr, axes: readonly Axis[], pick: (axis: Axis) => number, count: number): Expr => {
    const held = builder.let(apply("min", i32, position, integer(count - 1)));
    const name = (held as { name: string }).name;
    const index =
      held.op === "const" ? Index.constant(Number(held.value)) : Index.variable(name, Math.max(0, count - 1));
    return indexExpr(
      linear(
        unravel(
          index,
          axes.map((axis) => axis.size),
        ),
        axes.map(pick),
      ),
    );
  };

  builder.loop("g", groups, "parallel", () => {
    const [outer, rowTile, columnTile] = unravel(Index.variable("g", groups - 1), [
      sizeOf(batch),
      rowTiles,
      columnTiles,
    ]) as [Index, Index, Index];
    const outerAt = unravel(
      outer,
      batch.map((axis) => axis.size),
    );
    const start = (pick: (axis: Axis) => number, offset: number): Expr =>
      builder.let(indexExpr(linear(outerAt, batch.map(pick), offset)));
    const leftStart = start((axis) => axis.left, contraction.left.offset);
    const rightStart = start((axis) => axis.right, contraction.right.offset);
    const lane = builder.let({ op: "local_index", type: i32, args: [] });
    const firstRow = builder.let(indexExpr(rowTile.scale(tile)));
    const firstColumn = builder.let(indexExpr(columnTile.scale(tile)));
    const ownRow = builder.let(mulI(apply("div", i32, lane, integer(side)), integer(each)));
    const ownColumn = builder.let(mulI(apply("rem", i32, lane, integer(side)), integer(each)));
    const sums = Array.from({ length: each * each }, () => builder.declare(constant("f32", 0), "c"));
    const slices = Math.ceil(depthCount / slice);
    builder.loop("s", slices, "serial", () => {
      const firstDepth = builder.let(mulI(variable("s", i32), integer(slice)));
      for (let part = 0; part < (tile * slice) / (side * side); part++) {
        const place = builder.let(addI(lane, integer(part * side * side)));
        // The left slice row by row, the right slice column by column.
        const leftRow = builder.let(addI(firstRow, apply("div", i32, place, integer(slice))));
        const leftDepth = builder.let(addI(firstDepth, apply("rem", i32, place, integer(slice))));
        const leftAt = addI(
          addI(
            leftStart,
            distance(leftRow, rows, (axis) => axis.left, rowCount),
          ),
          distance(leftDepth, depth, (axis) => axis.left, depthCount),
        );
        const leftValue = select(
          apply("and", bool, below(leftRow, rowCount), below(leftDepth, depthCount)),
          load(left, f32, leftAt),
          constant("f32", 0),
        );
        builder.emit({ kind: "store", buffer: leftTile, index: place, value: leftValue });
        const rightDepth = builder.let(addI(firstDepth, apply("div", i32, place, integer(tile))));
        const rightColumn = builder.let(addI(firstColumn, apply("rem", i32, place, integer(tile))));
        const rightAt = addI(
          addI(
            rightStart,
            distance(rightColumn, columns, (axis) => axis.right, columnCount),
          ),
          distance(rightDepth, depth, (axis) => axis.right, depthCount),
        );
        const rightValue = select(
          apply("and", bool, below(rightColumn, columnCount), below(rightDepth, depthCount)),
          load(right, f32, rightAt),
          constant("f32", 0),
        );
        builder.emit({ kind: "store", buffer: rightTile, index: place, value: rightValue });
      }
      builder.emit({ kind: "barrier" });
      builder.loop("k", slice, "serial", () => {
        const k = variable("k", i32);
        const a = Array.from({ length: each }, (_, i) =>
          builder.let(load(leftTile, f32, addI(mulI(addI(ownRow, integer(i)), integer(slice)), k))),
        );
        const b = Array.from({ length: each }, (_, j) =>
          builder.let(load(rightTile, f32, addI(addI(mulI(k, integer(tile)), ownColumn), integer(j)))),
        );
        for (let i = 0; i < each; i++)
          for (let j = 0; j < each; j++)
            builder.assign(sums[i * each + j]!, apply("madd", f32, a[i]!, b[j]!, sums[i * each + j]!));
      });
      builder.emit({ kind: "barrier" });
    });
    const outStart = linear(
      outerAt,
      batch.map((axis) => axis.out),
    );
    for (let i = 0; i < each; i++) {
      const row = builder.let(addI(addI(firstRow, ownRow), integer(i)));
      for (let j = 0; j < each; j++) {
        const column = builder.let(addI(addI(firstColumn, ownColumn), integer(j)));
        builder.if(apply("and", bool, below(row, rowCount), below(column, columnCount)), () => {
          const rowAt = unravel(
            named(row, rowCount),
            rows.map((axis) => axis.size),
          );
          const columnAt = unravel(
            named(column, columnCount),
            columns.map((axis) => axis.size),
          );
          const at = outStart
            .add(
              linear(
                rowAt,
                rows.map((axis) => axis.out),
              ),
            )
            .add(
              linear(
                columnAt,
                columns.map((axis) => axis.out),
              ),
            );
          epilogue(unravel(at, dot.shape), sums[i * each + j]!);
        });
      }
    }
  });
}

/** A let-bound value that is known to lie in [0, count) where it is used. */
const named = (value: Expr, count: number): Index =>
  value.op === "const"
    ? Index.constant(Number(value.value))
    : Index.variable((value as { name: string }).name, count - 1);
