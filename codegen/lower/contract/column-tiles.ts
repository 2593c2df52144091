/** Tiles of rows by vector columns in registers; the right operand's columns are adjacent, or packed. */
import { Index, linear, unravel } from "../../../ir/index.ts";
import type { Expr } from "../../../ir/loop.ts";
import { addI, apply, cast, constant, indexExpr, integer, load, mulI, typeOf, variable } from "../expressions.ts";
import type { Axis } from "./contraction.ts";
import type { ContractLowering, Start } from "./lowering.ts";
import { pack, type Packing } from "./packing.ts";
import { overTiles, rowsOfTile, type Strip, stripsOf } from "./strips.ts";

/** Steps along the contracted axes that are written out one by one. */
const mostTaps = 9;
/**
 * Between the constants of two fences. When V8 writes out iterations of a loop, a fence for `k + 1 == -3` would be
 * known from one for `k == -4` before it, and go.
 */
const fenceSpacing = 64;
const f32 = typeOf("f32");
const i32 = typeOf("i32");

/** `within`: outer axes of the columns that are walked inside each strip. */
export function columnTiles(
  lowering: ContractLowering,
  start: Start,
  row: Axis,
  column: Axis,
  packing: Packing | null,
  within: readonly Axis[],
): void {
  const { builder } = lowering;
  for (const strip of stripsOf(builder, row.size, column.size, column.right === 1 || packing !== null)) {
    const compute = (columnStart: Index): void => {
      const width = packing === null ? 1 : strip.width;
      const buffer = width > 1 ? builder.scratch("float32", packing!.size * width) : null;
      if (buffer !== null) pack(lowering, buffer, packing!, start.right, columnStart, column, strip);
      const walk = (i: number, out: Index, offset: Index, moved: Index): void => {
        const axis = within[i];
        if (axis === undefined) {
          const packed = buffer === null ? null : { ...packing!, buffer, offset };
          const isThere = within.length === 0 || buffer !== null;
          const right = isThere ? start.right : builder.let(addI(start.right, indexExpr(moved)));
          overTiles(builder, row.size, rowsOfTile(builder.target, strip), "m", (rowStart, height) =>
            tile(lowering, { left: start.left, right, out }, row, column, rowStart, height, columnStart, strip, packed),
          );
          return;
        }
        const name = builder.fresh("w");
        const w = builder.position(name, axis.size);
        builder.loop(name, axis.size, "serial", () =>
          walk(
            i + 1,
            out.add(w.scale(axis.out)),
            offset.add(w.scale(packing!.strideOf(axis) * width)),
            moved.add(w.scale(axis.right)),
          ),
        );
      };
      walk(0, start.out, Index.constant(0), Index.constant(0));
    };
    const { count, width, first } = strip;
    // What is packed is one thread's own: it stands in a loop with its use, even of one turn.
    if (count === 1 && packing === null && !builder.target.dynamic) compute(Index.constant(first));
    else {
      const name = builder.fresh("n");
      builder.loop(name, count, "parallel", () => compute(builder.position(name, count).scale(width).add(first)));
    }
  }
}

function tile(
  lowering: ContractLowering,
  start: Start,
  row: Axis,
  column: Axis,
  rowStart: Index,
  height: number,
  columnStart: Index,
  strip: Strip,
  packed: (Packing & { readonly buffer: string; readonly offset: Index }) | null,
): void {
  const { builder, contraction } = lowering;
  const { lanes, vectors, width } = strip;
  const type = typeOf("f32", lanes);
  const wide = lanes === 1 ? "f64" : "f32";
  const zero: Expr = constant(wide, 0);
  const sums = Array.from({ length: height * vectors.length }, () =>
    builder.declare(lanes === 1 ? zero : apply("splat", type, zero), "c"),
  );
  const leftBase = builder.let(addI(start.left, indexExpr(rowStart.scale(row.left))));
  const rightBase =
    packed === null ? builder.let(addI(start.right, indexExpr(columnStart.scale(column.right)))) : integer(0);
  const packedStrides = packed === null ? [] : contraction.depth.map((axis) => packed.strideOf(axis) * width);
  const left = lowering.leftBuffer;
  const right = packed?.buffer ?? lowering.rightBuffer;
  let fences = 0;
  overDepth(lowering, (leftAt, rightAt, inner, at) => {
    const rightIndex = packed === null ? rightAt : linear(at, packedStrides).add(packed.offset);
    const b = vectors.map((offset) =>
      builder.let(cast(load(right, type, addI(addI(rightBase, indexExpr(rightIndex)), integer(offset))), wide)),
    );
    const a0 = builder.let(addI(leftBase, indexExpr(leftAt)));
    for (let i = 0; i < height; i++) {
      const scalar = load(left, f32, addI(a0, mulI(integer(i), integer(row.left))));
      const a = builder.let(lanes === 1 ? cast(scalar, wide) : apply("splat", type, scalar));
      b.forEach((value, v) => {
        const sum = sums[i * vectors.length + v]!;
        builder.assign(sum, apply("madd", a.type, a, value, sum));
      });
      const pause = vectors.length > 1 || i % 2 === 1;
      if (lanes === 4 && pause && inner !== "")
        builder.emit({ kind: "fence", counter: variable(inner, i32), never: -fenceSpacing * ++fences });
    }
  });
  const results = sums.map((sum) => cast(sum, "f32"));
  finishTile(lowering, start.out, row, column, rowStart, height, columnStart, strip, results);
}

/** Stores a tile: straight from registers when there is nothing to add, else through a small scratch tile. */
function finishTile(
  lowering: ContractLowering,
  out: Index,
  row: Axis,
  column: Axis,
  rowStart: Index,
  height: number,
  columnStart: Index,
  { lanes, vectors, width }: Strip,
  sums: readonly Expr[],
): void {
  const { builder, dot, region } = lowering;
  const position = (i: number | Index, j: number | Index): Index => {
    const r = typeof i === "number" ? rowStart.add(i) : rowStart.add(i);
    const c = typeof j === "number" ? columnStart.add(j) : columnStart.add(j);
    return out.add(r.scale(row.out)).add(c.scale(column.out));
  };
  if (region.members.length === 1 && (column.out === 1 || lanes === 1)) {
    const buffer = builder.buffer(dot, "write");
    sums.forEach((value, s) => {
      const at = position(Math.floor(s / vectors.length), vectors[s % vectors.length]!);
      builder.emit({ kind: "store", buffer, index: indexExpr(at), value });
    });
    return;
  }
  if (width === 1) {
    for (let i = 0; i < height; i++) lowering.epilogue(unravel(position(i, 0), dot.shape), sums[i]!);
    return;
  }
  const tile = builder.scratch("float32", height * width);
  sums.forEach((value, s) => {
    const index = integer(Math.floor(s / vectors.length) * width + vectors[s % vectors.length]!);
    builder.emit({ kind: "store", buffer: tile, index, value });
  });
  const rowName = builder.fresh("e");
  const columnName = builder.fresh("e");
  const i = Index.variable(rowName, height - 1);
  const j = Index.variable(columnName, width - 1);
  builder.loop(rowName, height, "serial", () => {
    builder.loop(columnName, width, "serial", () => {
      const value = builder.let(load(tile, f32, indexExpr(i.scale(width).add(j))));
      lowering.epilogue(unravel(position(i, j), dot.shape), value);
    });
  });
}

/**
 * Loops over the contracted axes; `body` gets the position in each operand relative to the tile's start, the name of
 * the innermost loop, and the position along each axis.
 */
export function overDepth(
  { builder, contraction: { depth }, lanes }: ContractLowering,
  body: (left: Index, right: Index, inner: string, at: readonly Index[]) => void,
): void {
  const writtenOut = builder.target.dynamic || lanes === 1 ? depth.length : firstTap(depth);
  const step = (i: number, left: Index, right: Index, inner: string, at: readonly Index[]): void => {
    const axis = depth[i];
    if (axis === undefined) return body(left, right, inner, at);
    if (i >= writtenOut) {
      for (let k = 0; k < axis.size; k++)
        step(i + 1, left.add(k * axis.left), right.add(k * axis.right), inner, [...at, Index.constant(k)]);
      return;
    }
    const name = builder.fresh("k");
    const k = builder.position(name, axis.size);
    builder.loop(name, axis.size, "serial", () =>
      step(i + 1, left.add(k.scale(axis.left)), right.add(k.scale(axis.right)), name, [...at, k]),
    );
  };
  step(0, Index.constant(0), Index.constant(0), "", []);
}

/** The first of the contracted axes whose loops are written out: the taps of a small filter. */
function firstTap(depth: readonly Axis[]): number {
  let first = depth.length;
  let taps = 1;
  while (first > 0 && taps * depth[first - 1]!.size <= mostTaps) taps *= depth[--first]!.size;
  return first;
}
