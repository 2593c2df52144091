/** One tile: rows of the left operand by vectors of columns of the right one, summed in registers and stored. */
import { Index, linear, unravel } from "../../../ir/index.ts";
import type { Expr } from "../../../ir/loop.ts";
import { addI, apply, cast, constant, indexExpr, integer, load, mulI, typeOf, variable } from "../expressions.ts";
import { innermost } from "./contraction.ts";
import { overDepth } from "./depth.ts";
import type { ContractLowering, Start } from "./lowering.ts";
import type { Packing } from "./packing.ts";
import type { Strip } from "./strips.ts";

/**
 * Between the constants of two fences. When V8 writes out iterations of a loop, a fence for `k + 1 == -3` would be
 * known from one for `k == -4` before it, and go.
 */
const fenceSpacing = 64;
const i32 = typeOf("i32");

/** Packed columns: where those of a strip begin. */
export interface Packed extends Packing {
  readonly buffer: string;
  readonly offset: Index;
}

/** Where a tile stands: columns of a strip, read in their place or packed, and rows. */
export interface TilePlace {
  readonly start: Start;
  readonly strip: Strip;
  readonly columnStart: Index;
  readonly packed: Packed | null;
  readonly rowStart: Index;
  readonly height: number;
}

export function tile(lowering: ContractLowering, place: TilePlace): void {
  const { builder, contraction } = lowering;
  const { start, strip, columnStart, packed, rowStart, height } = place;
  const { row, column } = innermost(contraction);
  const { lanes, vectors, width } = strip;
  const single = lowering.type();
  const type = lowering.type(lanes);
  const wide = lanes === 1 ? "f64" : "f32";
  const zero: Expr = constant(wide, 0);
  const sums = Array.from({ length: height * vectors.length }, () =>
    builder.declare(lanes === 1 ? zero : apply("splat", type, zero), "c"),
  );
  const leftBase = builder.let(addI(start.left, indexExpr(rowStart.scale(row.left))));
  const rightBase =
    packed === null ? builder.let(addI(start.right, indexExpr(columnStart.scale(column.right)))) : integer(0);
  const packedStrides = packed === null ? [] : contraction.depth.map((axis) => packed.strideOf(axis) * width);
  const right = (index: Expr): Expr =>
    packed === null ? lowering.right(lanes, index) : load(packed.buffer, type, index);
  let fences = 0;
  overDepth(lowering, (leftAt, rightAt, inner, at) => {
    const rightIndex = packed === null ? rightAt : linear(at, packedStrides).add(packed.offset);
    const columnAt = (offset: number): Expr =>
      builder.let(cast(right(addI(addI(rightBase, indexExpr(rightIndex)), integer(offset))), wide));
    const a0 = builder.let(addI(leftBase, indexExpr(leftAt)));
    const rowAt = (i: number): Expr => {
      const scalar = lowering.left(1, addI(a0, mulI(integer(i), integer(row.left))));
      return builder.let(lanes === 1 ? cast(scalar, wide) : apply("splat", type, scalar));
    };
    const add = (i: number, v: number, a: Expr, b: Expr): void => {
      const sum = sums[i * vectors.length + v]!;
      builder.assign(sum, apply("madd", a.type, a, b, sum));
    };
    const fence = (): void => {
      if (lanes === 4 && inner !== "")
        builder.emit({ kind: "fence", counter: variable(inner, i32), never: -fenceSpacing * ++fences });
    };
    // The fewer of both stay in registers.
    if (vectors.length > height) {
      const a = Array.from({ length: height }, (_, i) => rowAt(i));
      vectors.forEach((offset, v) => {
        const b = columnAt(offset);
        a.forEach((value, i) => add(i, v, value, b));
        if (height > 1 || v % 2 === 1) fence();
      });
      return;
    }
    const b = vectors.map(columnAt);
    for (let i = 0; i < height; i++) {
      const a = rowAt(i);
      b.forEach((value, v) => add(i, v, a, value));
      if (vectors.length > 1 || i % 2 === 1) fence();
    }
  });
  const results = sums.map((sum) => cast(sum, single.kind));
  finish(lowering, place, results);
}

/** Stores a tile: straight from registers when there is nothing to add, else through a small scratch tile. */
function finish(lowering: ContractLowering, place: TilePlace, sums: readonly Expr[]): void {
  const { builder, dot, region } = lowering;
  const { start, rowStart, columnStart, height } = place;
  const { lanes, vectors, width } = place.strip;
  const { row, column } = innermost(lowering.contraction);
  const position = (i: number | Index, j: number | Index): Index => {
    const r = rowStart.add(i);
    const c = columnStart.add(j);
    return start.out.add(r.scale(row.out)).add(c.scale(column.out));
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
  const tile = builder.scratch(lowering.dtype, height * width);
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
      const value = builder.let(load(tile, lowering.type(), indexExpr(i.scale(width).add(j))));
      lowering.epilogue(unravel(position(i, j), dot.shape), value);
    });
  });
}
