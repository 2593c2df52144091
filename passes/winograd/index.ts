/**
 * Convolutions of 3x3 filters by Winograd's minimal filtering, F(2x2, 3x3), where that is likely to be faster: tiles of
 * 2x2 results take 16 multiplications a channel instead of 36. So do the gradients of the filters.
 *
 * in:  a legal graph of primitives
 * out: an equal graph; a `dot` over 3x3 windows that move by one along two axes is a transform of the image in tiles of
 *      4x4, one of the other operand, 16 products of matrices, and a transform of their results
 * Only sums and halves are taken in the transforms, so that small whole numbers stay exact. Errors are those of the direct
 * form beside the largest values of a tile, not beside each result: taps of zero do not hide a huge value, and what is
 * infinite becomes NaN. So users ask for it (`torch.backends.cpu.winograd`).
 * Cost: O(nodes + edges).
 */
import type { GraphBuilder } from "../../ir/builder.ts";
import type { Node } from "../../ir/graph.ts";
import { elementCount } from "../../ir/shape.ts";
import { rewrite } from "../rewrite.ts";
import {
  countOf,
  findConvolution,
  freeAxes,
  outputs,
  sizesOf,
  taps,
  type Convolution,
  type FilterGradient,
  type Filters,
  type Image,
  type Results,
} from "./roles.ts";
import { bothWays, ofImage, ofProducts, ofTaps, transposed } from "./transforms.ts";

/** Whether the pass has found anything. */
export interface Tiling {
  used: boolean;
}
export type TilingPass = (g: GraphBuilder, roots: readonly Node[], tiling: Tiling) => Node[];

export function winograd(g: GraphBuilder, roots: readonly Node[], tiling: Tiling): Node[] {
  return rewrite(g, roots, (_, node) => {
    const found = node.op === "dot" && node.dtype === "float32" ? findConvolution(node) : null;
    if (found === null) return node;
    const { image } = found;
    const count = found.kind === "convolution" ? filterCount(found.filters) : channelCount(found.results);
    if (!gains(tileCount(image), channelCount(image), count)) return node;
    tiling.used = true;
    return found.kind === "convolution" ? inTiles(g, found) : gradientInTiles(g, found);
  });
}

const points = 4;

const channelCount = (operand: Image | Filters | Results): number => countOf(operand, operand.channels);
const filterCount = (operand: Filters): number => countOf(operand, operand.filters);
const tileCount = (operand: Image | Results): number =>
  (countOf(operand, operand.batch) * countOf(operand, operand.places)) / outputs ** 2;

/** Cycles, by the times of layers of residual networks: of a multiply-add of the products, and of the transforms. */
const cycles = { multiplyAdd: 1 / 7, filter: 40, imageTile: 25, resultTile: 40 };
/** Of what is transformed: more than this leaves the caches of any processor, and takes much of its memory. */
const mostElements = 2 ** 26;

function gains(tiles: number, channels: number, filters: number): boolean {
  if (points ** 2 * tiles * (channels + filters) > mostElements) return false;
  const products = (each: number): number => each * tiles * channels * filters * cycles.multiplyAdd;
  const transforms =
    cycles.filter * channels * filters + cycles.imageTile * tiles * channels + cycles.resultTile * tiles * filters;
  return products(points ** 2) + transforms < 0.9 * products((taps * outputs) ** 2);
}

function inTiles(g: GraphBuilder, { isImageFirst, image, filters }: Convolution): Node {
  const [channels, count] = [channelCount(image), filterCount(filters)];
  const [height, width] = sizesOf(image, image.places).map((size) => size / outputs) as [number, number];
  const batch = countOf(image, image.batch);
  const taken = bothWays(g, ofTaps, (y, x) => tapAt(g, filters, y, x));
  const products = g.dot(beside(g, taken, [count, channels]), imageTiles(g, image), [[2], [0]], [[1], [1]]);
  const sheet = [count, batch, height, width];
  const results = bothWays(g, ofProducts, (y, x) => g.reshape(g.sliceAxis(products, 0, y * points + x, 1), sheet));
  // Across the tiles' columns, then down: [filters, images, rows of tiles, row, tiles, column].
  const both = [0, 1];
  const rows = both.map((y) => {
    const columns = both.map((x) => g.reshape(results[outputs * y + x]!, [...sheet, 1]));
    return g.reshape(g.concat(columns, 4), [count, batch, height, 1, width, outputs]);
  });
  const whole = g.reshape(g.concat(rows, 3), [count, batch, outputs * height, outputs * width]);
  const batchSizes = sizesOf(image, image.batch);
  const [filterSizes, resultSizes] = [sizesOf(filters, filters.filters), sizesOf(image, image.places)];
  return isImageFirst
    ? g.reshape(g.permute(whole, [1, 2, 3, 0]), [...batchSizes, ...resultSizes, ...filterSizes])
    : g.reshape(g.permute(whole, [1, 0, 2, 3]), [...batchSizes, ...filterSizes, ...resultSizes]);
}

/** What a convolution does to an image and filters, the other way for the filters. */
function gradientInTiles(g: GraphBuilder, { dot, imageSide, image, results }: FilterGradient): Node {
  const [channels, count] = [channelCount(image), channelCount(results)];
  const taken = bothWays(g, transposed(ofProducts), (y, x) => resultsAt(g, results, y, x));
  const products = g.dot(beside(g, taken, [count, tileCount(results)]), imageTiles(g, image), [[2], [2]], [[1], [1]]);
  const parts = bothWays(g, transposed(ofTaps), (y, x) =>
    g.reshape(g.sliceAxis(products, 0, y * points + x, 1), [count, channels, 1]),
  );
  // [filters, channels, window], in the order of the dot's axes.
  const channelSizes = sizesOf(image, image.channels);
  const filterSizes = sizesOf(results, results.channels);
  const whole = g.reshape(g.concat(parts, 2), [...filterSizes, ...channelSizes, taps, taps]);
  const order = [...image.channels, ...image.window];
  const ofImageAxes = freeAxes(dot, imageSide).map((axis) => filterSizes.length + order.indexOf(axis));
  const ofFilterAxes = filterSizes.map((_, i) => i);
  const axes = imageSide === 0 ? [...ofImageAxes, ...ofFilterAxes] : [...ofFilterAxes, ...ofImageAxes];
  return g.reshape(g.permute(whole, axes), dot.shape);
}

/** Parts [a, b] as [a, parts, b]: whole parts behind each other would take each other's places in the cache. */
function beside(g: GraphBuilder, parts: readonly Node[], [a, b]: readonly [number, number]): Node {
  return g.concat(
    parts.map((part) => g.reshape(part, [a, 1, b])),
    1,
  );
}

/** All tiles of an image, transformed: [channels, points, tiles]. */
function imageTiles(g: GraphBuilder, image: Image): Node {
  const views = bothWays(g, ofImage, (y, x) => imageAt(g, image, y, x));
  return beside(g, views, [channelCount(image), tileCount(image)]);
}

interface Selection {
  readonly start: number;
  readonly step?: number;
  readonly size: number;
}

/** The elements of the selected places, with the groups of axes in order as one axis each. */
function select(
  g: GraphBuilder,
  node: Node,
  selected: ReadonlyMap<number, Selection>,
  groups: readonly (readonly number[])[],
): Node {
  const at = node.shape.map((size, axis): Selection => selected.get(axis) ?? { start: 0, size });
  const part = g.slice(
    node,
    at.map(({ start }) => start),
    at.map(({ size }) => size),
    at.map(({ step = 1 }) => step),
  );
  const moved = g.permute(part, groups.flat());
  return g.reshape(
    moved,
    groups.map((axes) => elementCount(axes.map((axis) => part.shape[axis]!))),
  );
}

/** The elements that lie so far down and across every tile: [channels, tiles]. */
function imageAt(g: GraphBuilder, image: Image, y: number, x: number): Node {
  const { node, batch, channels, window, places } = image;
  const selected = [y, x].flatMap((place, i): [number, Selection][] => {
    const tap = Math.min(place, taps - 1);
    const [size] = sizesOf(image, [places[i]!]) as [number];
    return [
      [window[i]!, { start: tap, size: 1 }],
      [places[i]!, { start: place - tap, step: outputs, size: size / outputs }],
    ];
  });
  return select(g, node, new Map(selected), [channels, [...batch, ...places, ...window]]);
}

/** So far down and across every tile of results: [channels, tiles]. */
function resultsAt(g: GraphBuilder, results: Results, y: number, x: number): Node {
  const { node, batch, channels, places } = results;
  const selected = [y, x].map((start, i): [number, Selection] => {
    const [size] = sizesOf(results, [places[i]!]) as [number];
    return [places[i]!, { start, step: outputs, size: size / outputs }];
  });
  return select(g, node, new Map(selected), [channels, [...batch, ...places]]);
}

/** One tap of all filters: [filters, channels]. */
function tapAt(g: GraphBuilder, { node, batch, channels, window, filters }: Filters, y: number, x: number): Node {
  const first: Selection = { start: 0, size: 1 };
  const selected = [
    ...batch.map((axis): [number, Selection] => [axis, first]),
    ...[y, x].map((start, i): [number, Selection] => [window[i]!, { start, size: 1 }]),
  ];
  return select(g, node, new Map(selected), [filters, [...channels, ...batch, ...window]]);
}
