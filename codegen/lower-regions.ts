/**
 * Lowers the regions of a kernel graph to loops.
 *
 * in:  a kernel graph
 * out: its kernels, in the order of the regions that they come from; a region without elements has none, and one that
 *      repeats or chooses has lists of its own
 * Cost: O(members) for a region of a form seen before, else that of lowering it.
 */
import type { Node, NodeOf } from "../ir/graph.ts";
import type { KernelGraph, Region } from "../ir/kernel-graph.ts";
import { elementCount } from "../ir/shape.ts";
import { behindReshape } from "../ir/views.ts";
import type { LoweredKernel, Target } from "./lower/kernel-builder.ts";
import { lowerRegionOnce } from "./lower/reuse.ts";

/** A kernel among others: which results it writes, and what the order of kernels asks of it. */
export interface PlacedKernel {
  readonly lowered: LoweredKernel;
  readonly writes: readonly Node[];
  /** It computes each element by itself: it may be put together with others that do. */
  readonly elementwise: boolean;
  /** Lines of the user's that it computes, where they were noted. */
  readonly sites: readonly string[];
}

/** A loop or a choice among kernels, with the kernels inside. */
export interface PlacedRegion {
  readonly node: NodeOf<"loop"> | NodeOf<"while"> | NodeOf<"cond">;
  readonly bodies: readonly LoweredGraph[];
  /** Its inputs in memory, and its results. */
  readonly arguments: readonly Node[];
  readonly writes: readonly Node[];
}

export type PlacedWork = PlacedKernel | PlacedRegion;

/** The nodes whose memory the work touches. */
export const argumentsOf = (work: PlacedWork): readonly Node[] =>
  "lowered" in work ? work.lowered.arguments : work.arguments;

/** All kernels, those inside loops and choices included. */
export const kernelsWithin = (work: readonly PlacedWork[]): PlacedKernel[] =>
  work.flatMap((item) => ("lowered" in item ? [item] : item.bodies.flatMap((body) => kernelsWithin(body.kernels))));

export interface LoweredGraph {
  readonly kernels: readonly PlacedWork[];
  /** The kernel graph's outputs. */
  readonly outputs: readonly Node[];
}

export function lowerRegions(graph: KernelGraph, { target }: { readonly target: Target }): LoweredGraph {
  const storedNodes = new Set<Node>(graph.regions.flatMap((region) => region.stores));
  const stored = (node: Node): boolean => node.op === "input" || storedNodes.has(node);
  const hasElements = ({ stores }: Region): boolean => stores.some((node) => elementCount(node.shape) > 0);
  return {
    kernels: graph.regions.filter(hasElements).flatMap((region) => lowerOne(region, target, stored)),
    outputs: graph.outputs,
  };
}

function lowerOne(region: Region, target: Target, stored: (node: Node) => boolean): PlacedWork[] {
  const anchor = region.members[0]!;
  if (anchor.op === "loop" || anchor.op === "while" || anchor.op === "cond") {
    const inputs = anchor.inputs.map(behindReshape);
    const bodies = region.bodies!.map((body) => lowerRegions(body, { target }));
    return [{ node: anchor, bodies, arguments: [...inputs, ...region.stores], writes: region.stores }];
  }
  const stores = new Set(region.stores);
  return lowerRegionOnce(region, region.members.at(-1)!.op, target, stored).map((lowered) => ({
    lowered,
    writes: lowered.arguments.filter((node, k) => stores.has(node) && lowered.kernel.buffers[k]!.access !== "read"),
    elementwise: region.kind === "loops" && region.reduced.length === 0,
    sites: sitesOf(region),
  }));
}

const sitesOf = ({ members }: Region): string[] => [
  ...new Set(members.map(({ site }) => site?.() ?? null).filter((site) => site !== null)),
];
