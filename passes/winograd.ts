/**
 * Convolutions of 3x3 filters by Winograd's minimal filtering, F(2x2, 3x3), where that is likely to be faster: tiles of
 * 2x2 results take 16 multiplications a channel instead of 36.
 *
 * in:  a legal graph of primitives
 * out: an equal graph; a `dot` over 3x3 windows that move by one along two axes is a transform of the image in tiles of
 *      4x4, one of the filters, 16 products of matrices, and a transform of their results
 * Only sums and halves are taken in the transforms, so that small whole numbers stay exact. Rounding is of the order of
 * the direct form's; what is infinite or NaN reaches all of its tile.
 * Cost: O(nodes + edges).
 */
import type { GraphBuilder } from "../ir/builder.ts";
import type { Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/shape.ts";
import { linearAccess } from "../ir/views.ts";
import { rewrite } from "./rewrite.ts";

export function winograd(
  g: GraphBuilder,
  roots: readonly Node[],
  { winograd: on }: { readonly winograd: boolean },
): Node[] {
  if (!on) return [...roots];
  return rewrite(g, roots, (_, node) => {
    const found = node.op === "dot" && node.dtype === "float32" ? findConvolution(node) : null;
    return found !== null && gains(found) ? inTiles(g, found) : node;
  });
}

/** A dot whose one operand is windows of an image. */
interface Convolution {
  /** The image is the left operand, so that its axes come first in the result. */
  readonly isImageFirst: boolean;
  readonly image: Operand;
  readonly filters: Operand;
}

/** An operand with the roles of its axes, paired with those of the other. */
interface Operand {
  readonly node: Node;
  readonly batch: readonly number[];
  /** Contracted axes but for those of the window. */
  readonly channels: readonly number[];
  /** Down and across the window. */
  readonly window: readonly [number, number];
  /** Of the image: down and across; of the filters: which filter. */
  readonly free: readonly number[];
}

const taps = 3;
const points = 4;
/** Results of a tile along an axis. */
const outputs = 2;

function findConvolution(dot: Node & NodeOf<"dot">): Convolution | null {
  return asConvolution(dot, 0) ?? asConvolution(dot, 1);
}

function asConvolution(dot: Node & NodeOf<"dot">, side: 0 | 1): Convolution | null {
  const { batch, contract } = dot.attrs;
  const other = side === 0 ? 1 : 0;
  const [node, partner] = [dot.inputs[side]!, dot.inputs[other]!];
  const free = freeAxes(dot, side);
  const { strides } = linearAccess(node);
  if (free.length !== 2 || free.some((axis) => node.shape[axis]! % outputs !== 0)) return null;
  // The window moves as the result does.
  const places = free.map((axis) =>
    contract[side].findIndex(
      (tap) => strides[tap] === strides[axis] && strides[axis] !== 0 && node.shape[tap] === taps,
    ),
  );
  const [down, across] = places as [number, number];
  if (down < 0 || across < 0 || down === across) return null;
  const { strides: steps } = linearAccess(partner);
  if (batch[other].some((axis) => steps[axis] !== 0 && partner.shape[axis] !== 1)) return null;
  const roles = (of: 0 | 1, axes: readonly number[]): Operand => ({
    node: dot.inputs[of]!,
    batch: batch[of],
    channels: contract[of].filter((_, i) => i !== down && i !== across),
    window: [contract[of][down]!, contract[of][across]!],
    free: axes,
  });
  return { isImageFirst: side === 0, image: roles(side, free), filters: roles(other, freeAxes(dot, other)) };
}

function freeAxes(dot: NodeOf<"dot">, side: 0 | 1): number[] {
  const { batch, contract } = dot.attrs;
  return dot.inputs[side]!.shape.map((_, axis) => axis).filter(
    (axis) => !batch[side].includes(axis) && !contract[side].includes(axis),
  );
}

const sizesOf = ({ node }: Operand, axes: readonly number[]): number[] => axes.map((axis) => node.shape[axis]!);
const countOf = (operand: Operand, axes: readonly number[]): number => elementCount(sizesOf(operand, axes));

/** Cycles, by the times of layers of residual networks: of a multiply-add of the products, and of the transforms. */
const cycles = { multiplyAdd: 1 / 7, filter: 40, imageTile: 25, resultTile: 40 };
/** Of the transformed image and its products: more than this leaves the caches of any processor, and much of its memory. */
const mostElements = 2 ** 26;

function gains({ image, filters }: Convolution): boolean {
  const channels = countOf(image, image.channels);
  const count = countOf(filters, filters.free);
  const tiles = (countOf(image, image.batch) * countOf(image, image.free)) / outputs ** 2;
  if (points ** 2 * tiles * (channels + count) > mostElements) return false;
  const products = (each: number): number => each * tiles * channels * count * cycles.multiplyAdd;
  const transforms =
    cycles.filter * channels * count + cycles.imageTile * tiles * channels + cycles.resultTile * tiles * count;
  return products(points ** 2) + transforms < 0.9 * products((taps * outputs) ** 2);
}

/** Rows of a transform: what is taken how often. */
type Transform = readonly (readonly (readonly [place: number, factor: number])[])[];

const ofImage: Transform = [
  [
    [0, 1],
    [2, -1],
  ],
  [
    [1, 1],
    [2, 1],
  ],
  [
    [2, 1],
    [1, -1],
  ],
  [
    [1, 1],
    [3, -1],
  ],
];
const ofFilters: Transform = [
  [[0, 1]],
  [
    [0, 0.5],
    [1, 0.5],
    [2, 0.5],
  ],
  [
    [0, 0.5],
    [1, -0.5],
    [2, 0.5],
  ],
  [[2, 1]],
];
const ofResults: Transform = [
  [
    [0, 1],
    [1, 1],
    [2, 1],
  ],
  [
    [1, 1],
    [2, -1],
    [3, -1],
  ],
];

function inTiles(g: GraphBuilder, { isImageFirst, image, filters }: Convolution): Node {
  const [channels, count] = [countOf(image, image.channels), countOf(filters, filters.free)];
  const [height, width] = sizesOf(image, image.free).map((size) => size / outputs) as [number, number];
  const batch = countOf(image, image.batch);
  const tiles = batch * height * width;
  const views = bothWays(g, ofImage, (y, x) => imageAt(g, image, y, x));
  const images = g.concat(
    views.map((part) => g.reshape(part, [channels, 1, tiles])),
    1,
  );
  // Filters apart from each other: parts a power of two apart would take each other's places in the cache.
  const parts = bothWays(g, ofFilters, (y, x) => filtersAt(g, filters, y, x));
  const weights = g.concat(
    parts.map((part) => g.reshape(part, [count, 1, channels])),
    1,
  );
  const products = g.dot(weights, images, [[2], [0]], [[1], [1]]);
  const sheet = [count, batch, height, width];
  const results = bothWays(g, ofResults, (y, x) => g.reshape(g.sliceAxis(products, 0, y * points + x, 1), sheet));
  // Down the tiles' rows, then across: [filters, images, rows of tiles, row, tiles, column].
  const rows = [0, 1].map((y) =>
    g.concat(
      [0, 1].map((x) => g.reshape(results[outputs * y + x]!, [...sheet, 1])),
      4,
    ),
  );
  const last = g.concat(
    rows.map((row) => g.reshape(row, [count, batch, height, 1, width, outputs])),
    3,
  );
  const batchFirst = g.permute(g.reshape(last, [count, batch, outputs * height, outputs * width]), [1, 0, 2, 3]);
  const batchSizes = sizesOf(image, image.batch);
  const [filterSizes, resultSizes] = [sizesOf(filters, filters.free), sizesOf(image, image.free)];
  if (!isImageFirst) return g.reshape(batchFirst, [...batchSizes, ...filterSizes, ...resultSizes]);
  return g.reshape(g.permute(batchFirst, [0, 2, 3, 1]), [...batchSizes, ...resultSizes, ...filterSizes]);
}

/** The transform down and across of values at places, row by row. */
function bothWays(g: GraphBuilder, transform: Transform, at: (y: number, x: number) => Node): Node[] {
  const size = 1 + Math.max(...transform.flatMap((row) => row.map(([place]) => place)));
  const known = Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => at(y, x)));
  const down = transform.map((row) =>
    Array.from({ length: size }, (_, x) =>
      combined(
        g,
        row.map(([place, factor]) => [known[place]![x]!, factor]),
      ),
    ),
  );
  return down.flatMap((line) =>
    transform.map((row) =>
      combined(
        g,
        row.map(([place, factor]) => [line[place]!, factor]),
      ),
    ),
  );
}

/** Terms whose factors have one size: scaled when they have been added. */
function combined(g: GraphBuilder, terms: readonly (readonly [Node, number])[]): Node {
  const [[first, factor], ...rest] = terms as [readonly [Node, number], ...(readonly [Node, number])[]];
  const sum = rest.reduce((total, [term, sign]) => (sign < 0 ? g.sub(total, term) : g.add(total, term)), first);
  return factor === 1 ? sum : g.mul(sum, factor);
}

/** The elements that lie so far down and across every tile: [channels, tiles]. */
function imageAt(g: GraphBuilder, { node, batch, channels, window, free }: Operand, y: number, x: number): Node {
  const start = node.shape.map(() => 0);
  const step = node.shape.map(() => 1);
  const size = [...node.shape];
  [y, x].forEach((place, i) => {
    const tap = Math.min(place, taps - 1);
    start[window[i]!] = tap;
    size[window[i]!] = 1;
    start[free[i]!] = place - tap;
    step[free[i]!] = outputs;
    size[free[i]!] = node.shape[free[i]!]! / outputs;
  });
  const moved = g.permute(g.slice(node, start, size, step), [...channels, ...batch, ...free, ...window]);
  const columns = elementCount([...batch, ...free].map((axis) => size[axis]!));
  return g.reshape(moved, [elementCount(channels.map((axis) => size[axis]!)), columns]);
}

/** One tap of all filters: [filters, channels]. */
function filtersAt(g: GraphBuilder, operand: Operand, y: number, x: number): Node {
  const { node, batch, channels, window, free } = operand;
  const start = node.shape.map(() => 0);
  const size = node.shape.map((full, axis) => (batch.includes(axis) ? 1 : full));
  [y, x].forEach((place, i) => {
    start[window[i]!] = place;
    size[window[i]!] = 1;
  });
  const moved = g.permute(g.slice(node, start, size), [...free, ...channels, ...batch, ...window]);
  return g.reshape(moved, [countOf(operand, free), countOf(operand, channels)]);
}
