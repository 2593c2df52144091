/**
 * Places the boxes of a directed graph in layers, edges pointing down. An edge that crosses layers gets a bend in each
 * of them. Method: longest paths, then sweeps that order each layer by the mean place of its neighbours (Sugiyama),
 * then sweeps that move boxes towards their neighbours without changing the order.
 */
export interface Box {
  readonly width: number;
  readonly height: number;
  /** Boxes above that this one hangs from, by their place in the list; all come before it. */
  readonly above: readonly number[];
}

export interface Placed {
  /** Of the middle. */
  readonly x: number;
  /** Of the upper edge. */
  readonly y: number;
}

/** Where an edge passes a layer. */
export interface Bend {
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Edge {
  readonly from: number;
  readonly to: number;
  /** Bends on the way, from above. */
  readonly bends: readonly Bend[];
}

export interface Layout {
  readonly boxes: readonly Placed[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

const gap = { x: 18, y: 34 };
const bendWidth = 6;
const sweepCount = 6;
/** With more bends than these, edges go straight to their ends, wherever that leads. */
const mostBends = 50_000;

interface Item {
  readonly width: number;
  readonly height: number;
  readonly layer: number;
  readonly above: Item[];
  readonly below: Item[];
  x: number;
  y: number;
}

export function layOutLayers(boxes: readonly Box[]): Layout {
  const layers: Item[][] = [];
  const add = (width: number, height: number, layer: number): Item => {
    const item: Item = { width, height, layer, above: [], below: [], x: 0, y: 0 };
    (layers[layer] ??= []).push(item);
    return item;
  };
  const layerOf = layerNumbers(boxes);
  const bendCount = boxes.reduce(
    (sum, { above }, to) => above.reduce((n, from) => n + layerOf[to]! - layerOf[from]! - 1, sum),
    0,
  );
  const items = boxes.map(({ width, height }, i) => add(width, height, layerOf[i]!));
  const paths = boxes.flatMap(({ above }, to) =>
    [...new Set(above)].map((from) => {
      const path = [items[from]!];
      const last = bendCount > mostBends ? 0 : layerOf[to]!;
      for (let layer = layerOf[from]! + 1; layer < last; layer++) path.push(add(bendWidth, 0, layer));
      path.push(items[to]!);
      for (let i = 1; i < path.length; i++) {
        path[i]!.above.push(path[i - 1]!);
        path[i - 1]!.below.push(path[i]!);
      }
      return { from, to, path };
    }),
  );
  orderLayers(layers);
  spread(layers);
  const all = layers.flat();
  const left = all.reduce((least, { x, width }) => Math.min(least, x - width / 2), 0);
  for (const item of all) item.x -= left;
  let y = 0;
  const layerHeights = layers.map((layer) => Math.max(...layer.map(({ height }) => height)));
  layers.forEach((layer, i) => {
    for (const item of layer) item.y = y;
    y += layerHeights[i]! + gap.y;
  });
  return {
    boxes: items.map(({ x, y }) => ({ x, y })),
    edges: paths.map(({ from, to, path }) => ({
      from,
      to,
      bends: path.slice(1, -1).map((bend) => ({ x: bend.x, top: bend.y, bottom: bend.y + layerHeights[bend.layer]! })),
    })),
    width: all.reduce((most, { x, width }) => Math.max(most, x + width / 2), 0),
    height: Math.max(0, y - gap.y),
  };
}

/** Each box one below the lowest that it hangs from; a box that hangs from none, just above the first that needs it. */
function layerNumbers(boxes: readonly Box[]): number[] {
  const numbers: number[] = [];
  for (const { above } of boxes) numbers.push(Math.max(-1, ...above.map((i) => numbers[i]!)) + 1);
  const highestUser = boxes.map(() => Infinity);
  boxes.forEach(({ above }, i) => {
    for (const other of above) highestUser[other] = Math.min(highestUser[other]!, numbers[i]!);
  });
  return numbers.map((number, i) =>
    boxes[i]!.above.length === 0 && highestUser[i]! < Infinity ? highestUser[i]! - 1 : number,
  );
}

function orderLayers(layers: Item[][]): void {
  const place = new Map<Item, number>();
  const number = (layer: Item[]): void => layer.forEach((item, i) => place.set(item, i));
  layers.forEach(number);
  for (let sweep = 0; sweep < sweepCount; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : [...layers].reverse()) {
      const mean = new Map(
        layer.map((item) => [
          item,
          meanOf(isDown ? item.above : item.below, (other) => place.get(other)!) ?? place.get(item)!,
        ]),
      );
      layer.sort((a, b) => mean.get(a)! - mean.get(b)!);
      number(layer);
    }
  }
}

function spread(layers: readonly Item[][]): void {
  for (const layer of layers)
    settle(
      layer,
      layer.map(() => 0),
    );
  for (let sweep = 0; sweep < 2 * sweepCount; sweep++) {
    const isDown = sweep % 2 === 0;
    for (const layer of isDown ? layers : [...layers].reverse()) {
      settle(
        layer,
        layer.map((item) => meanOf(isDown ? item.above : item.below, ({ x }) => x) ?? item.x),
      );
    }
  }
}

/** Moves the items of a layer as near as their order and widths allow to the places that they want. */
function settle(layer: readonly Item[], wanted: readonly number[]): void {
  /** Runs of items that touch, moved as one to the mean of what they want. */
  const runs: { first: number; end: number; start: number; sum: number; width: number }[] = [];
  layer.forEach(({ width }, i) => {
    runs.push({ first: i, end: i + 1, start: wanted[i]! - width / 2, sum: wanted[i]! - width / 2, width });
    for (
      let last = runs.at(-1)!, before = runs.at(-2);
      before !== undefined && before.start + before.width + gap.x > last.start;
      last = before, before = runs.at(-2)
    ) {
      const shift = before.width + gap.x;
      before.sum += last.sum - shift * (last.end - last.first);
      before.end = last.end;
      before.width += gap.x + last.width;
      before.start = before.sum / (before.end - before.first);
      runs.pop();
    }
  });
  for (const { first, end, start } of runs) {
    let x = start;
    for (const item of layer.slice(first, end)) {
      item.x = x + item.width / 2;
      x += item.width + gap.x;
    }
  }
}

function meanOf(items: readonly Item[], value: (item: Item) => number): number | null {
  return items.length === 0 ? null : items.reduce((sum, item) => sum + value(item), 0) / items.length;
}
