/**
 * Tiles in blocks of rows and depth, whose rows are packed as their columns are: a block's rows stay in the nearer
 * caches while all packed columns go by, and what a tile reads lies together wherever it came from. Each block of the
 * depth is summed from zero, and those before it are kept in scratch memory: the order is that of long sums elsewhere
 * (codegen/schedule/cascade.ts).
 */
import { Index } from "../../../ir/index.ts";
import { blockLength } from "../../schedule/cascade.ts";
import { addI, apply, constant, indexExpr, integer, typeOf } from "../expressions.ts";
import { type Contraction, innermost } from "./contraction.ts";
import type { ContractLowering, Start } from "./lowering.ts";
import { along, evenShare, lanesOf, type Strip, type Tiles } from "./strips.ts";
import { type DepthPart, type Packed, tile } from "./tile.ts";

/** Tiles of rows in a block: with its depth 160 KiB of five rows each. */
const mostTiles = 16;
/** What a block may have less of, so that all have as many. */
const leastShare = 6;
/** Of fewer, packing is too much of the work. */
const leastTiles = 8;

/** Whether rows may be packed in blocks. */
export const suitsBlocks = ({ rows, columns, depth }: Contraction, height: number): boolean =>
  columns.length === 1 && depth.length === 1 && rows.length > 0 && rows.at(-1)!.size >= leastTiles * height;

/** Packed columns that lie behind each other, strip by strip. */
interface PackedStrips {
  readonly packed: Packed;
  readonly strip: Strip;
  readonly count: number;
  readonly columnStart: Index;
  /** Columns in as many bands as threads are likely to be: they share those, and no band is packed twice. */
  readonly areMany: boolean;
}

/** Where blocks keep their rows and their sums. */
export interface BlockBuffers {
  readonly rows: string;
  readonly sums: string | null;
}

/** For blocks of as many rows, and of up to so many columns. */
export function blockBuffers(
  { builder, dtype, contraction }: ContractLowering,
  height: number,
  columns: number,
): BlockBuffers {
  const depth = depthOfBlock(innermost(contraction).inner.size);
  return {
    rows: builder.scratch(dtype, mostTiles * height * depth),
    sums: isOneBlock(contraction) ? null : builder.scratch(dtype, mostTiles * height * columns),
  };
}

const isOneBlock = (contraction: Contraction): boolean => innermost(contraction).inner.size <= blockLength;

const depthOfBlock = (size: number): number => Math.min(size, blockLength);

export function blockedTiles(
  lowering: ContractLowering,
  start: Start,
  strips: PackedStrips,
  { first, height, count }: Tiles,
  buffers: BlockBuffers,
): void {
  const { builder } = lowering;
  const each = evenShare(count, leastShare, mostTiles);
  const whole = Math.floor(count / each);
  const rest = count - whole * each;
  const block = (firstRow: Index, tiles: number): void =>
    overDepthBlocks(lowering, start, strips, { firstRow, height, count: tiles }, buffers);
  const [name, last] = [builder.fresh("m"), builder.fresh("m")];
  const mode = strips.areMany ? "serial" : "parallel";
  builder.loop(name, whole, mode, () =>
    block(
      builder
        .position(name, whole)
        .scale(each * height)
        .add(first),
      each,
    ),
  );
  if (rest > 0) builder.loop(last, 1, mode, () => block(Index.constant(first + whole * each * height), rest));
}

/** The tiles of one block of rows. */
interface RowTiles extends Omit<Tiles, "first"> {
  readonly firstRow: Index;
}

function overDepthBlocks(
  lowering: ContractLowering,
  start: Start,
  strips: PackedStrips,
  tiles: RowTiles,
  { rows, sums }: BlockBuffers,
): void {
  const { builder, contraction } = lowering;
  const { size } = innermost(contraction).inner;
  const part = (from: Index, positions: number, isLast: DepthPart["isLast"]): void => {
    packRows(lowering, start, tiles, from, positions, rows);
    multiply(lowering, start, strips, tiles, (tileAt, stripAt) => ({
      from,
      positions,
      isLast,
      rows,
      rowOffset: tileAt.scale(tiles.height * positions),
      sums:
        sums === null
          ? null
          : {
              buffer: sums,
              offset: stripAt
                .scale(tiles.count)
                .add(tileAt)
                .scale(tiles.height * strips.strip.width),
            },
    }));
  };
  if (sums !== null) clear(lowering, sums, strips.count * tiles.count * tiles.height * strips.strip.width);
  const each = depthOfBlock(size);
  const whole = Math.floor(size / each);
  const rest = size - whole * each;
  const name = builder.fresh("d");
  const turn = builder.position(name, whole);
  const isLastTurn = apply("eq", typeOf("bool"), indexExpr(turn), integer(whole - 1));
  builder.loop(name, whole, "serial", () => part(turn.scale(each), each, rest === 0 && isLastTurn));
  if (rest > 0) part(Index.constant(whole * each), rest, true);
}

function clear(lowering: ContractLowering, buffer: string, elements: number): void {
  const { builder, lanes } = lowering;
  const name = builder.fresh("z");
  const at = builder.position(name, elements / lanes).scale(lanes);
  const zero = apply("splat", lowering.type(lanes), constant(lowering.sumKind(lanes), 0));
  builder.loop(name, elements / lanes, "serial", () =>
    builder.emit({ kind: "store", buffer, index: indexExpr(at), value: zero }),
  );
}

/** Copies the rows of some tiles: [tiles, positions, height]. */
function packRows(
  lowering: ContractLowering,
  start: Start,
  { firstRow, height, count }: RowTiles,
  from: Index,
  positions: number,
  buffer: string,
): void {
  const { builder, contraction } = lowering;
  const { row, inner } = innermost(contraction);
  const lanes = lanesOf(builder.target);
  const isWide = row.left === 1 && height >= lanes;
  const places = isWide ? along(height, lanes) : Array.from({ length: height }, (_, i) => i);
  const [t, p] = [builder.fresh("t"), builder.fresh("p")];
  const tileAt = builder.position(t, count);
  const position = builder.position(p, positions);
  const copy = (): void => {
    const rowAt = firstRow.add(tileAt.scale(height)).scale(row.left);
    const base = builder.let(addI(start.left, indexExpr(rowAt.add(from.add(position).scale(inner.left)))));
    const to = tileAt.scale(positions).add(position).scale(height);
    for (const i of places) {
      const value = lowering.left(isWide ? lanes : 1, addI(base, integer(i * row.left)));
      builder.emit({ kind: "store", buffer, index: indexExpr(to.add(i)), value });
    }
  };
  const overTiles = (body: () => void): void => builder.loop(t, count, "serial", body);
  const overPositions = (body: () => void): void => builder.loop(p, positions, "serial", body);
  // Neighbours are read one after the other.
  if (isWide) overPositions(() => overTiles(copy));
  else overTiles(() => overPositions(copy));
}

/** All packed columns with the rows of a block. */
function multiply(
  lowering: ContractLowering,
  start: Start,
  { packed, strip, count, columnStart }: PackedStrips,
  { firstRow, height, count: tiles }: RowTiles,
  partAt: (tileAt: Index, stripAt: Index) => DepthPart,
): void {
  const { builder } = lowering;
  const [j, t] = [builder.fresh("j"), builder.fresh("t")];
  const stripAt = builder.position(j, count);
  const tileAt = builder.position(t, tiles);
  const place = {
    start,
    strip,
    columnStart: columnStart.add(stripAt.scale(strip.width)),
    packed: { ...packed, offset: packed.offset.add(stripAt.scale(packed.size * strip.width)) },
    rowStart: firstRow.add(tileAt.scale(height)),
    height,
    part: partAt(tileAt, stripAt),
  };
  builder.loop(j, count, "serial", () => builder.loop(t, tiles, "serial", () => tile(lowering, place)));
}
