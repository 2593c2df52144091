/** A contraction in tiles of rows by vector columns; the right operand's columns are adjacent, or packed. */
import { Index } from "../../../ir/index.ts";
import type { Expr } from "../../../ir/loop.ts";
import { addI, apply, indexExpr, integer, mulI, typeOf } from "../expressions.ts";
import type { KernelBuilder } from "../kernel-builder.ts";
import { type BlockBuffers, blockBuffers, blockedTiles } from "./blocks.ts";
import { type Axis, innermost, isPlain } from "./contraction.ts";
import type { ContractLowering, Start } from "./lowering.ts";
import { pack, type Packing } from "./packing.ts";
import { evenTiles, inTiles, overTiles, rowsOfTile, type Strip, stripsOf, type Tiles, upTo } from "./strips.ts";
import { type Packed, tile } from "./tile.ts";

const i32 = typeOf("i32");

/** Bands that threads share rather than the rows of each. */
const manyBands = 4;

/** How the columns are walked. */
export interface ColumnPlan {
  /** Vectors in a row of a tile. */
  readonly vectors: number;
  readonly packing: Packing | null;
  /** Columns that are packed together. */
  readonly band: number;
  /** Outer axes of the columns that are walked inside each strip. */
  readonly within: readonly Axis[];
  /** Rows are packed, too. */
  readonly blocked: boolean;
}

export function columnTiles(lowering: ContractLowering, start: Start, plan: ColumnPlan): void {
  const { builder, contraction } = lowering;
  const { target } = builder;
  const { packing } = plan;
  const { row, column } = innermost(contraction);
  const strips = stripsOf(target, row.size, column.size, column.right === 1 || packing !== null, plan.vectors);
  const buffer = packing === null ? "" : packingBuffer(lowering, plan, packing, strips);
  const blocks = plan.blocked ? blockBuffers(lowering, rowsOfTile(target, plan.vectors).best, plan.band) : null;
  for (const strip of strips) {
    const { width } = strip;
    if (packing === null || width === 1) {
      overStrips(builder, strip, column.size, packing === null, (columnStart) =>
        overRows(lowering, start, plan, strip, columnStart, null),
      );
      continue;
    }
    overBands(builder, strip, column.size, stripsOfBand(plan, strip), (columnStart, together) =>
      packedStrips(
        lowering,
        start,
        plan,
        strip,
        columnStart,
        { ...packing, buffer },
        together,
        strip.count > 1 ? blocks : null,
      ),
    );
  }
}

/** Calls `body` with the first column of each strip, out of `size` columns. */
function overStrips(
  builder: KernelBuilder,
  { first, count, width }: Strip,
  size: number,
  alone: boolean,
  body: (columnStart: Index) => void,
): void {
  const name = builder.fresh("n");
  if (builder.target.dynamic) {
    const end = integer(first + count * width);
    builder.range(name, integer(first), end, width, "parallel", () => body(builder.firstOf(name, width, size)));
    return;
  }
  // What is packed is one thread's own: it stands in a loop with its use, even of one turn.
  if (count === 1 && alone) body(Index.constant(first));
  else builder.loop(name, count, "parallel", () => body(builder.position(name, count).scale(width).add(first)));
}

/** Calls `body` with the first column of so many strips that are packed together, out of `size` columns. */
function overBands(
  builder: KernelBuilder,
  { first, count, width }: Strip,
  size: number,
  most: number,
  body: (columnStart: Index, together: number) => void,
): void {
  const name = builder.fresh("n");
  const rest = builder.fresh("n");
  if (builder.target.dynamic) {
    // Counted in the kernel, as tiles are.
    const whole = builder.let(apply("div", i32, integer(count), integer(most)));
    const done = builder.let(addI(integer(first), mulI(whole, integer(most * width))));
    const bands = (from: Expr, to: Expr, together: number, index: string): void => {
      const columns = together * width;
      builder.range(index, from, to, columns, "parallel", () => body(builder.firstOf(index, columns, size), together));
    };
    bands(integer(first), done, most, name);
    if (most > 1) bands(done, integer(first + count * width), 1, rest);
    return;
  }
  const whole = Math.floor(count / most);
  const left = count - whole * most;
  const at = (strip: Index): Index => strip.scale(width).add(first);
  if (whole > 0) builder.loop(name, whole, "parallel", () => body(at(builder.position(name, whole).scale(most)), most));
  if (left > 0) builder.loop(rest, 1, "parallel", () => body(at(Index.constant(whole * most)), left));
}

const stripsOfBand = ({ band }: ColumnPlan, { width }: Strip): number => Math.max(1, Math.floor(band / width));

/** One for all strips: they take turns. */
function packingBuffer(
  { builder, dtype }: ContractLowering,
  plan: ColumnPlan,
  { size }: Packing,
  strips: readonly Strip[],
): string {
  const columns = strips.map(
    (strip) =>
      strip.width *
      (builder.target.dynamic ? stripsOfBand(plan, strip) : Math.min(strip.count, stripsOfBand(plan, strip))),
  );
  return builder.scratch(dtype, size * Math.max(...columns));
}

/** Packs the columns of some strips together, and computes with one after the other. */
function packedStrips(
  lowering: ContractLowering,
  start: Start,
  plan: ColumnPlan,
  strip: Strip,
  columnStart: Index,
  packing: Packing & { readonly buffer: string },
  count: number,
  blocks: BlockBuffers | null,
): void {
  const { builder, contraction } = lowering;
  const each = packing.size * strip.width;
  pack(lowering, packing.buffer, packing, start.right, columnStart, strip, count);
  let tiles: readonly Tiles[] | null = null;
  if (blocks !== null) {
    const [whole, ...rest] = evenTiles(
      innermost(contraction).row.size,
      rowsOfTile(builder.target, strip.vectors.length),
    );
    const packed = { ...packing, offset: Index.constant(0) };
    blockedTiles(
      lowering,
      start,
      { packed, strip, count, columnStart, areMany: strip.count >= manyBands * count },
      whole!,
      blocks,
    );
    if (rest.length === 0) return;
    tiles = rest;
  }
  const compute = (columns: Index, offset: Index): void =>
    overRows(lowering, start, plan, strip, columns, { ...packing, offset }, tiles);
  if (count === 1) return compute(columnStart, Index.constant(0));
  const name = builder.fresh("j");
  const j = builder.position(name, count);
  builder.loop(name, count, "serial", () => compute(columnStart.add(j.scale(strip.width)), j.scale(each)));
}

/** All rows, or those of some tiles, with the columns of a strip, at each position of the axes within. */
function overRows(
  lowering: ContractLowering,
  start: Start,
  { within, packing }: ColumnPlan,
  strip: Strip,
  columnStart: Index,
  packed: Packed | null,
  tiles: readonly Tiles[] | null = null,
): void {
  const { builder, contraction } = lowering;
  const { row } = innermost(contraction);
  const { target } = builder;
  const rows = strip.lanes === 1 && target.simd ? upTo(6) : rowsOfTile(target, strip.vectors.length);
  const walk = (i: number, out: Index, offset: Index, moved: Index): void => {
    const axis = within[i];
    if (axis !== undefined) {
      const name = builder.fresh("w");
      const w = builder.position(name, axis.size);
      const packedStep = packing!.strideOf(axis) * strip.width;
      builder.loop(name, axis.size, "serial", () =>
        walk(i + 1, out.add(w.scale(axis.out)), offset.add(w.scale(packedStep)), moved.add(w.scale(axis.right))),
      );
      return;
    }
    const isThere = within.length === 0 || packed !== null;
    const right = isThere ? start.right : builder.let(addI(start.right, indexExpr(moved)));
    const at = { start: { left: start.left, right, out }, strip, columnStart, packed: packed && { ...packed, offset } };
    const body = (rowStart: Index, height: number): void => tile(lowering, { ...at, rowStart, height });
    if (tiles !== null) inTiles(builder, tiles, "m", body);
    else overTiles(builder, row.size, rows, "m", body, !isPlain(contraction));
  };
  walk(0, start.out, packed?.offset ?? Index.constant(0), Index.constant(0));
}
