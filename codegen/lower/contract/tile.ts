/** One tile: rows of the left operand by vectors of columns of the right one, summed in registers and stored. */
import { Index, linear, unravel } from "../../../ir/index.ts";
import type { Expr } from "../../../ir/loop.ts";
import { addI, apply, cast, constant, indexExpr, integer, load, typeOf, variable } from "../expressions.ts";
import { innermost } from "./contraction.ts";
import { type DepthBody, overDepth } from "./depth.ts";
import type { ContractLowering, Start } from "./lowering.ts";
import type { Packing } from "./packing.ts";
import type { Target } from "../kernel-builder.ts";
import type { Strip } from "./strips.ts";

/**
 * Between the constants of two fences. When V8 writes out iterations of a loop, a fence for `k + 1 == -3` would be
 * known from one for `k == -4` before it, and go.
 */
const fenceSpacing = 64;

/** Vector registers that V8 gives to code on x64. */
const registers = 15;

/**
 * Operands that are loaded between two fences, beside sums and the operands that stay: V8 loads them all before it
 * multiplies. More would be kept in memory; fewer take more fences, which are branches, and on some processors a branch
 * takes the place of a multiply-add.
 */
const operandsTogether = ({ fused }: Target, sums: number, kept: number): number =>
  Math.max(1, registers - (fused ? 0 : 1) - sums - kept);
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
  /** Where not all of the depth is summed at once, from rows that are packed as the columns are. */
  readonly part?: DepthPart;
}

export interface DepthPart {
  readonly from: Index;
  readonly positions: number;
  /** Whether no other follows; where the same code does several, a truth value. */
  readonly isLast: boolean | Expr;
  /** Where the tile's rows are: [positions, height]. */
  readonly rows: string;
  readonly rowOffset: Index;
  /** Where the sums of the parts before are, at first zero; null where there is one part only. */
  readonly sums: { readonly buffer: string; readonly offset: Index } | null;
}

export function tile(lowering: ContractLowering, place: TilePlace): void {
  const { builder, contraction } = lowering;
  const { start, strip, columnStart, packed, rowStart, height, part } = place;
  const { row, column } = innermost(contraction);
  const { lanes, vectors, width } = strip;
  const single = lowering.type();
  const type = lowering.type(lanes);
  const wide = lowering.sumKind(lanes);
  const zero: Expr = constant(wide, 0);
  const sums = Array.from({ length: height * vectors.length }, () =>
    builder.declare(lanes === 1 ? zero : apply("splat", type, zero), "c"),
  );
  const leftBase = builder.let(
    part === undefined ? addI(start.left, indexExpr(rowStart.scale(row.left))) : indexExpr(part.rowOffset),
  );
  const rightBase =
    packed === null
      ? builder.let(addI(start.right, indexExpr(columnStart.scale(column.right))))
      : builder.let(indexExpr((part?.from ?? Index.constant(0)).scale(width)));
  const packedStrides = packed === null ? [] : contraction.depth.map((axis) => packed.strideOf(axis) * width);
  const leftStep = part === undefined ? row.left : 1;
  const left = (index: Expr): Expr => (part === undefined ? lowering.left(1, index) : load(part.rows, single, index));
  const right = (index: Expr): Expr =>
    packed === null ? lowering.right(lanes, index) : load(packed.buffer, type, index);
  // The fewer of both stay in registers while the others come and go.
  const areRowsKept = vectors.length > height;
  const together = operandsTogether(builder.target, sums.length, Math.min(height, vectors.length));
  let fences = 0;
  let positions = 0;
  const multiply: DepthBody = (leftAt, rightAt, inner, at) => {
    const rightIndex = packed === null ? rightAt : linear(at, packedStrides).add(packed.offset);
    const columnAt = (offset: number): Expr =>
      builder.let(cast(right(addI(addI(rightBase, indexExpr(rightIndex)), integer(offset))), wide));
    const fence = (): void => {
      if (lanes > 1 && inner !== "")
        builder.emit({ kind: "fence", counter: variable(inner, i32), never: -fenceSpacing * ++fences });
    };
    // Positions that a loop's iteration has side by side, such as taps of a filter; the loop's end is a fence itself.
    if (positions++ > 0) fence();
    const a0 = builder.let(addI(leftBase, indexExpr(leftAt)));
    const rowAt = (i: number): Expr => {
      const scalar = left(addI(a0, integer(i * leftStep)));
      return builder.let(lanes === 1 ? cast(scalar, wide) : apply("splat", type, scalar));
    };
    const add = (i: number, v: number, a: Expr, b: Expr): void => {
      const sum = sums[i * vectors.length + v]!;
      builder.assign(sum, apply("madd", a.type, a, b, sum));
    };
    const rowsAt = Array.from({ length: height }, (_, i) => i);
    if (areRowsKept) {
      const a = rowsAt.map(rowAt);
      vectors.forEach((offset, v) => {
        if (v > 0 && v % together === 0) fence();
        const b = columnAt(offset);
        a.forEach((value, i) => add(i, v, value, b));
      });
      return;
    }
    const b = vectors.map(columnAt);
    for (const i of rowsAt) {
      if (i > 0 && i % together === 0) fence();
      const a = rowAt(i);
      b.forEach((value, v) => add(i, v, a, value));
    }
  };
  if (part === undefined) overDepth(lowering, multiply);
  else {
    const name = builder.fresh("k");
    const k = builder.position(name, part.positions);
    builder.loop(name, part.positions, "serial", () => multiply(k.scale(height), k, name, [k]));
  }
  const end = (totals: readonly Expr[]): void => {
    const results = totals.map((sum) => cast(sum, single.kind));
    finish(lowering, place, results);
  };
  if (part === undefined) end(sums);
  else endPart(lowering, part, sums, end);
}

/** Adds the sums to those of the parts before, and leaves them to the next part or, after the last, to `end`. */
function endPart(
  { builder }: ContractLowering,
  { sums: kept, isLast }: DepthPart,
  sums: readonly Expr[],
  end: (totals: readonly Expr[]) => void,
): void {
  if (kept === null) return end(sums);
  const placeOf = (s: number): Expr => indexExpr(kept.offset.add(s * sums[s]!.type.lanes));
  const totals = sums.map((sum, s) =>
    builder.let(apply("add", sum.type, load(kept.buffer, sum.type, placeOf(s)), sum)),
  );
  const leave = (): void =>
    totals.forEach((value, s) => builder.emit({ kind: "store", buffer: kept.buffer, index: placeOf(s), value }));
  if (isLast === true) end(totals);
  else if (isLast === false) leave();
  else builder.if(isLast, () => end(totals), leave);
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
