/**
 * Kernel graph: the tensor graph cut into regions that each become one kernel. What a region's nodes mean is still the
 * tensor graph; the region adds where they are computed and which values reach memory.
 *
 * Always true: every value in memory is stored by exactly one region; a region reads only inputs and what earlier
 * regions of the list stored; regions are in an order in which they can run.
 */
import type { Node } from "./graph.ts";
import { elementCount, sameShape, type Shape } from "./shape.ts";
import { isReduce } from "./traits.ts";
import { behindReshape } from "./views.ts";

/**
 * `loops`: a nest over `domain` with any number of reductions over `reduced`, elementwise work before, between and
 * after them, and sums over the other axes. `contract`: a dot and elementwise work on its result. `scan`, `sort`, `scatter`, `routine`: one such
 * node. `repeat`: a `loop`, `choice`: a `cond`: kernels of their own, run as often as the node says.
 */
export type RegionKind = "loops" | "contract" | "scan" | "sort" | "scatter" | "routine" | "repeat" | "while" | "choice";

export interface Region {
  readonly kind: RegionKind;
  /** Sizes of the full iteration space (of the result, for the kinds with an anchor). */
  readonly domain: Shape;
  /** Axes of `domain` that the reductions run over, but for sums across (see isSumAcross). */
  readonly reduced: readonly number[];
  /** Nodes computed here, inputs before users; but the anchor of the other kinds is the first. */
  readonly members: readonly Node[];
  /** Members (and views of members, for program outputs) whose values are written to memory. */
  readonly stores: readonly Node[];
  /** `repeat`, `choice`: the graphs inside the anchor (see bodiesOf in ir/body.ts), whose outputs are their results. */
  readonly bodies?: readonly KernelGraph[];
}

/**
 * The values of a region's space by whose parts it writes a join: each, but for reshapes and joins within the join, is
 * written where it belongs when it is computed. Null where some part is of another shape.
 */
export function partsOf(node: Node, domain: Shape): readonly Node[] | null {
  if (node.op !== "concat" || sameShape(node.shape, domain)) return null;
  const parts: Node[] = [];
  const stack = [...node.inputs];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    const source = behindReshape(part);
    if (sameShape(source.shape, domain)) parts.push(source);
    else if (source.op === "concat") stack.push(...source.inputs);
    else return null;
  }
  return parts;
}

/** The axes of a region's domain that its reductions leave. */
export const keptAxes = ({ domain, reduced }: Pick<Region, "domain" | "reduced">): number[] =>
  domain.map((_, axis) => axis).filter((axis) => !reduced.includes(axis));

export const rowCountOf = (region: Pick<Region, "domain" | "reduced">): number =>
  elementCount(keptAxes(region).map((axis) => region.domain[axis]!));

/** Whether a member sums over the axes that the region keeps, where the others run over the rest. Its rows come first. */
export const isSumAcross = (node: Node, region: Pick<Region, "domain" | "reduced">): boolean =>
  isReduce(node) &&
  region.reduced.length > 0 &&
  !sameShape((node.attrs as { readonly axes: readonly number[] }).axes, region.reduced);

export interface KernelGraph {
  readonly regions: readonly Region[];
  /** The program's results, in order; each an input, or stored by a region. */
  readonly outputs: readonly Node[];
}
