/**
 * How a contraction on a CPU may be computed, and which way is likely to be the fastest.
 *
 * in:  the strides of a contraction
 * out: the schedules that suit it, and which of them has the least estimate. All compute the same sums; the two forms
 *      add in different orders
 *
 * Estimates are cycles for a vector of columns at one position of the contracted axes. They were fitted to the times of
 * 1 to 64 rows by 128 to 4096 columns and depths on a core that starts two vector multiply-adds a cycle.
 */
import type { Target } from "../kernel-builder.ts";
import { type Axis, type Contraction, innermost, isPlain, sizeOf } from "./contraction.ts";
import { suitsBlocks } from "./blocks.ts";
import { isPackable } from "./packing.ts";
import { evenTiles, lanesOf, rowsOfTile } from "./strips.ts";

/** Tiles of rows by vectors of columns. */
export interface TileSchedule {
  readonly form: "tiles";
  /** Vectors in a row of a tile. */
  readonly vectors: number;
  /** Columns of the right operand that are packed together before they are used; 0: they are read in their place. */
  readonly packed: number;
  /** Rows are packed, too, in blocks of rows and depth. */
  readonly blocked: boolean;
}

/** Tiles, or vectors of partial sums along the contracted axis, where both operands are adjacent. */
export type Schedule = { readonly form: "rows" } | TileSchedule;

const bytesOf = ({ wide }: Target): number => (wide ? 8 : 4);
const pageBytes = 4096;
/** Pages whose addresses a core has at hand, and those that take few cycles more. */
const nearPages = 96;
const secondPages = 144;
/** A step that nearly always leads to another page. */
const farStep = 0.9 * pageBytes;
/** Positions that the nearer caches hold, those half a page apart, and those whole pages apart. */
const nearPositions = 512;
const alignedPositions = 256;
/** A left operand that a core's own caches hold. */
const nearBytes = 1 << 21;
/** Of columns that are packed together: half of what the nearer caches hold. */
const mostBandBytes = 1 << 19;

/** A multiply-add, and until its sum may be used again. */
const multiplyAdd = { start: 0.5, latency: 4 };
/**
 * A multiply-add of sums along the depth; joining the parts of such a sum; and how much longer a function takes of it, by
 * itself, than as one of a vector's elements.
 */
const alongDepth = { start: 0.56, join: 4, function: 14 };
/** How many vectors more it takes where columns fill the last one in part. */
const partlyFilled = 2;
/** Packing a vector of columns: neighbours from near or far, or half lines of memory from far; single ones. One row, and what else blocks take. */
const packing = { near: 0.75, far: 1.7, halfLines: 8, single: 4, row: 0.8, blocks: 2 };
/**
 * Waiting for a tile's next position: some pages are not at hand; its page is not; it is another each time; they evict
 * each other. For neighbouring rows, which are a line of memory at each position; for rows along the depth that come from
 * far.
 */
const waiting = { near: 0.15, far: 0.6, page: 2.2, aligned: 5, rows: 0.15, farRows: 0.25 };

/** Columns that may be packed together: whole lines of memory where they are neighbours. */
const bands = [64, 32, 16, 8];
/** Beside blocks of rows: more columns, so that rows are packed less often; they need not stay in the nearer caches. */
const blockBands = [256, 128, 64];
const mostBlockBandBytes = 1 << 21;
/** For code that takes sizes as they come. */
const dynamicBand = 32;
/** Vectors in a row of a tile of one, two or three rows: registers are left for more than two. */
const vectorsOfFewRows = [12, 4, 3];

const tiles = (vectors: number, packed: number, blocked = false): TileSchedule => ({
  form: "tiles",
  vectors,
  packed,
  blocked,
});

/** Every schedule that suits a contraction, in an order of their own: at least one. */
export function candidatesOf(contraction: Contraction, target: Target): readonly Schedule[] {
  const { depth } = contraction;
  const { row, column, inner } = innermost(contraction);
  const packs = column.size >= 4 && isPackable(depth);
  const neighbours = column.right === 1;
  const isAlongDepth = !neighbours && inner.left === 1 && inner.right === 1 && inner.size >= 16;
  const schedules: Schedule[] = isAlongDepth ? [{ form: "rows" }] : [];
  if (neighbours || !packs) schedules.push(tiles(2, 0));
  const isWide = neighbours && lanesOf(target) > 1;
  const vectors = vectorsOfFewRows[row.size - 1];
  const fits = (band: number): boolean => band === 8 || band * sizeOf(depth) * bytesOf(target) <= mostBandBytes;
  if (target.dynamic) {
    // The same ones whatever the sizes, each with its code: two where that is short.
    if (packs && (schedules.length === 0 || isPlain(contraction)))
      schedules.push(tiles(2, neighbours ? dynamicBand : 8));
    return schedules;
  }
  if (isWide && vectors !== undefined) schedules.push(tiles(vectors, 0));
  if (packs && isWide && suitsBlocks(contraction, rowsOfTile(target, 2).best)) {
    const band = blockBands.find((columns) => columns * sizeOf(depth) * bytesOf(target) <= mostBlockBandBytes);
    if (band !== undefined) schedules.push(tiles(2, band, true));
  }
  if (packs) schedules.push(...(isWide ? bands.filter(fits) : [8]).map((band) => tiles(2, band)));
  return schedules;
}

/** The least estimate first. `functions`: how many are taken of each sum, such as an activation. */
export function byEstimate(
  contraction: Contraction,
  target: Target,
  candidates: readonly Schedule[],
  functions: number,
): readonly Schedule[] {
  const cycles = new Map(candidates.map((schedule) => [schedule, estimate(contraction, target, schedule, functions)]));
  return [...candidates].sort((a, b) => cycles.get(a)! - cycles.get(b)!);
}

function estimate(contraction: Contraction, target: Target, schedule: Schedule, functions: number): number {
  const { row, column } = innermost(contraction);
  const lanes = lanesOf(target);
  const isFilled = column.size % lanes === 0;
  if (schedule.form === "rows") {
    const { start, join, function: each } = alongDepth;
    const end = join + (isFilled ? functions * each : 0);
    return row.size * (start + (lanes * end) / sizeOf(contraction.depth));
  }
  const cycles = tileEstimate(contraction, target, schedule);
  return isFilled ? cycles : (cycles * lanes * (Math.ceil(column.size / lanes) + partlyFilled)) / column.size;
}

function tileEstimate(contraction: Contraction, target: Target, { vectors, packed, blocked }: TileSchedule): number {
  const { row, column } = innermost(contraction);
  const turns = evenTiles(row.size, rowsOfTile(target, vectors)).reduce((sum, { count }) => sum + count, 0);
  const sums = turns * Math.max((row.size / turns) * multiplyAdd.start, multiplyAdd.latency / vectors);
  const rows = blocked
    ? packing.blocks + (row.size * packing.row * lanesOf(target)) / packed
    : turns * waitingForRows(contraction, target);
  const wait = waitingFor(contraction.depth, "right", target);
  if (packed === 0) return sums + rows + turns * (wait / vectors);
  if (column.right !== 1) return sums + rows + packing.single;
  if (wait === 0) return sums + rows + packing.near;
  return sums + rows + (packed === 8 && wait > waiting.far ? packing.halfLines : packing.far);
}

/** How long a tile waits for its rows each time it goes one position further. */
function waitingForRows(contraction: Contraction, target: Target): number {
  const { row, inner } = innermost(contraction);
  if (row.left === 1 && inner.left !== 1) return waiting.rows + waitingFor(contraction.depth, "left", target);
  return row.size * inner.size * bytesOf(target) > nearBytes ? waiting.farRows : 0;
}

/** How long a tile waits for an operand each time it goes one position further. */
function waitingFor(depth: readonly Axis[], side: "left" | "right", target: Target): number {
  const { [side]: step, size } = depth.reduce(
    (most, axis) => (axis[side] * axis.size > most[side] * most.size ? axis : most),
    { left: 0, right: 0, size: 1 },
  );
  const bytes = Math.abs(step) * bytesOf(target);
  const pages = size * Math.min(1, bytes / pageBytes);
  const isNear = bytes < farStep && size <= nearPositions;
  if (pages <= (isNear ? secondPages : nearPages)) return 0;
  if (isNear) return waiting.near;
  if (bytes % pageBytes === 0 && size >= alignedPositions) return waiting.aligned;
  return bytes >= farStep || bytes % (pageBytes / 2) === 0 ? waiting.page : waiting.far;
}
