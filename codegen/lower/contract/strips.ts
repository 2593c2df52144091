/** How rows and columns are split among the registers of a tile. */
import { Index } from "../../../ir/index.ts";
import { addI, apply, integer, typeOf } from "../expressions.ts";
import type { KernelBuilder, Target } from "../kernel-builder.ts";

const i32 = typeOf("i32");

/** Columns that are computed together, as often as `count` says: each time `width` further. */
export interface Strip {
  readonly first: number;
  readonly count: number;
  /** Where each register begins, counted from the strip's first column; they may overlap. */
  readonly vectors: readonly number[];
  /** Elements in each. */
  readonly lanes: number;
  readonly width: number;
}

/** Elements in a register. */
export const lanesOf = ({ simd, wide }: Target): number => (simd ? (wide ? 2 : 4) : 1);

/** How the columns are split. A last strip may compute columns twice: that costs a fraction of single columns. */
export function stripsOf(target: Target, rows: number, size: number, wide: boolean, vectors: number): Strip[] {
  const lanes = lanesOf(target);
  const strip = (first: number, count: number, vectors: readonly number[], lanes: number): Strip => ({
    first,
    count,
    vectors,
    lanes,
    width: vectors.at(-1)! + lanes,
  });
  const single = (first: number, count: number): Strip => strip(first, count, [0], 1);
  if (size === 0 && !target.dynamic) return [];
  if (!wide) return [single(0, size)];
  if (lanes === 1) {
    const whole = size >> 2;
    const strips = [strip(0, whole, [0, 1, 2, 3], 1), single(whole * 4, size - whole * 4)];
    return strips.filter(({ count }) => count > 0 || target.dynamic);
  }
  if (target.dynamic) {
    const pair = 2 * lanes;
    const pairs = Math.floor(size / pair);
    const one = Math.floor(size / lanes) & 1;
    const rest = pairs * pair + one * lanes;
    return [strip(0, pairs, [0, lanes], lanes), strip(pairs * pair, one, [0], lanes), single(rest, size - rest)];
  }
  if (size < lanes) return [single(0, size)];
  const width = vectors * lanes;
  const over = size % width;
  // Columns that fill no vector go with the strip before them, and so does a vector more than a pair. With many rows, a
  // vector stands alone then: three take more operands than there are registers.
  const joined = size > width && over > 0 && over <= (vectors === 2 ? lanes : lanes - 1);
  const whole = Math.floor(size / width) - (joined ? 1 : 0);
  const strips = whole > 0 ? [strip(0, whole, along(width, lanes), lanes)] : [];
  const rest = size - whole * width;
  const apart = joined && vectors === 2 && rows >= accumulators;
  if (apart)
    strips.push(strip(whole * width, 1, along(rest - lanes, lanes), lanes), strip(size - lanes, 1, [0], lanes));
  else if (rest > 0) strips.push(strip(whole * width, 1, along(rest, lanes), lanes));
  return strips;
}

/** Vectors that cover so many columns, at least one: the last may overlap the one before. */
export const along = (columns: number, lanes: number): number[] =>
  Array.from({ length: Math.ceil(columns / lanes) }, (_, i) => Math.min(i * lanes, columns - lanes));

/** The largest part of `count` from `least` to `most` that leaves no rest, or else `most`, which does. */
export function evenShare(count: number, least: number, most: number): number {
  for (let share = Math.min(count, most); share >= least; share--) if (count % share === 0) return share;
  return Math.min(count, most);
}

/** Enough to hide the latency of a multiply-add, few enough that several operands have registers beside them. */
const accumulators = 10;
/** With a register for each operand; where a product takes one, too, there are none to spare. */
const mostAccumulators = 12;

/** Rows of a tile. */
export interface TileRows {
  readonly best: number;
  /** What saves another tile where a few rows are left. */
  readonly most: number;
}

/** So many at most. */
export const upTo = (rows: number): TileRows => ({ best: rows, most: rows });

/** Of a tile of so many vectors. */
export function rowsOfTile(target: Target, vectors: number): TileRows {
  if (lanesOf(target) === 1) return upTo(4);
  const of = (sums: number): number => Math.max(1, Math.floor(sums / vectors));
  return { best: of(accumulators), most: of(target.fused ? mostAccumulators : accumulators) };
}

/**
 * Blocks of rows, about as many each; where sizes vary the rest is taken in powers of two, or one by one (every block is
 * code with numbers of its own).
 */
export function overTiles(
  builder: KernelBuilder,
  size: number,
  rows: TileRows,
  prefix: string,
  body: (from: Index, count: number) => void,
  oneByOne = false,
): void {
  if (builder.target.dynamic) {
    const tile = rows.best;
    // Counted in the kernel, so that the size is the only number that varies.
    const blocks = builder.let(apply("div", i32, integer(size), integer(tile)));
    let done = builder.let(apply("mul", i32, blocks, integer(tile)));
    const block = builder.fresh(prefix);
    builder.range(block, integer(0), done, tile, "parallel", () => body(builder.firstOf(block, tile, size), tile));
    const left = builder.let(apply("sub", i32, integer(size), done));
    for (let height = oneByOne ? 1 : 2 ** Math.floor(Math.log2(tile - 1)); height >= 1; height >>= 1) {
      const rest = builder.fresh(prefix);
      const start = done;
      const end = height === 1 ? integer(size) : builder.let(addI(done, apply("and", i32, left, integer(height))));
      builder.range(rest, start, end, height, "parallel", () => body(builder.firstOf(rest, height, size), height));
      done = end;
    }
    return;
  }
  inTiles(builder, evenTiles(size, rows), prefix, body);
}

export function inTiles(
  builder: KernelBuilder,
  tiles: readonly Tiles[],
  prefix: string,
  body: (from: Index, count: number) => void,
): void {
  for (const { first, height, count } of tiles) {
    const name = builder.fresh(prefix);
    builder.loop(name, count, "parallel", () =>
      body(
        Index.variable(name, count - 1)
          .scale(height)
          .add(first),
        height,
      ),
    );
  }
}

/** So many blocks of one height, one behind the other. */
export interface Tiles {
  readonly first: number;
  readonly height: number;
  readonly count: number;
}

/** So many rows fewer in another tile cost less than tiles above the best height. */
const mostTallTiles = 2;

/** Rows in tiles of the best height, but for one more or one less, so that no tile has few. The largest part first. */
export function evenTiles(size: number, { best, most }: TileRows): Tiles[] {
  const whole = Math.floor(size / best);
  const over = size - whole * best;
  const areTall = over <= Math.min(whole, mostTallTiles) && most > best;
  const count = areTall ? whole : Math.ceil(size / best);
  const height = areTall ? best : Math.ceil(size / count);
  const rest = Math.abs(size - count * height);
  const [first, other] = [count - rest, areTall ? height + 1 : height - 1];
  return [
    { first: 0, height, count: first },
    { first: first * height, height: other, count: rest },
  ].filter(({ count }) => count > 0);
}
