/**
 * Sums over the axes that a region keeps, such as the gradient of layer_norm's weight: the region's kernel adds each row
 * to a row of sums for its block of rows, which stays in cache, and a second kernel adds up the blocks.
 *
 * Digits are kept by the blocks: sums of few rows are of the values' own type, sums of blocks are wider.
 */
import { GraphBuilder } from "../../ir/builder.ts";
import type { Node } from "../../ir/graph.ts";
import { isSumAcross, rowCountOf, type Region } from "../../ir/kernel-graph.ts";

/** Rows that are added to one row of sums. */
export const blockRows = 64;

export const sumsAcross = (region: Region): Node[] => region.members.filter((node) => isSumAcross(node, region));

export const blockCountOf = (region: Region): number => Math.ceil(rowCountOf(region) / blockRows);

/** What the second kernel adds up: a row of sums for each block of rows, [blocks, 1, ...reduced axes]. */
export function blockSums(sum: Node, region: Region): Node {
  const g = new GraphBuilder();
  g.gradEnabled = false;
  const { domain, reduced } = region;
  const count = rowCountOf(region);
  const columns = reduced.map((axis) => domain[axis]!);
  const rows = g.reshape(sum.inputs[0]!, [count, ...columns]);
  const blocks = blockCountOf(region);
  const none = [0, ...columns.map(() => 0)];
  const missing = blocks * blockRows - count;
  const whole = missing === 0 ? rows : g.pad(rows, none, [missing, ...columns.map(() => 0)], 0);
  return g.sum(g.reshape(whole, [blocks, blockRows, ...columns]), [1]);
}

/** The region that adds up blocks, and what each of its results stands for. */
export function totalsRegion(region: Region): { readonly region: Region; readonly sumOf: ReadonlyMap<Node, Node> } {
  const g = new GraphBuilder();
  g.gradEnabled = false;
  const sumOf = new Map(sumsAcross(region).map((sum) => [g.sum(blockSums(sum, region), [0]), sum]));
  const members = [...sumOf.keys()].sort((a, b) => a.id - b.id);
  const domain = members[0]!.inputs[0]!.shape;
  return { region: { kind: "loops", domain, reduced: [0], members, stores: members }, sumOf };
}
