/**
 * Regions of the same form are lowered once: the layers of a model, the same graph at another place. What a region's
 * kernels are is determined by its graph down to stored values, by which nodes it computes and stores, and by the
 * target; so the kernels are kept as text-independent templates and bound to the nodes at hand.
 */
import { graphKey } from "../../ir/graph-key.ts";
import { canonicalOrder } from "../../ir/walks.ts";
import { type Node } from "../../ir/graph.ts";
import { isSumAcross, type Region } from "../../ir/kernel-graph.ts";
import type { LoopKernel } from "../../ir/loop.ts";
import { isFree, isView } from "../../ir/traits.ts";
import type { LoweredKernel, Target } from "./kernel-builder.ts";
import { operationOf } from "./evaluate.ts";
import { kernelWeight } from "../kernel-form.ts";
import { WeightedCache } from "../weighted-cache.ts";
import { lowerRegion } from "./region.ts";
import { blockSums } from "./sums-across.ts";

interface Template {
  readonly kernel: LoopKernel;
  /** Places of the bound nodes in the order of the region's graph, the blocks of its sums across behind it. */
  readonly arguments: readonly number[];
  readonly scalars: readonly number[];
}

/** By weight: kernels that take sizes as numbers have tens of thousands of expressions each. */
const templates = new WeightedCache<readonly Template[]>(4e6);

/** Compares kernels that were made for another region of the same form with what this one's own would be. */
export type TemplateCheck = (kept: readonly LoweredKernel[], own: readonly LoweredKernel[]) => void;
let check: TemplateCheck | null = null;
/** From here on whatever has a template is lowered once more, for tests: its key may leave out what decides. */
export function checkTemplates(by: TemplateCheck | null): void {
  check = by;
}

export function lowerRegionOnce(
  region: Region,
  name: string,
  target: Target,
  stored: (node: Node) => boolean,
): LoweredKernel[] {
  const members = new Set(region.members);
  // The results of a sort are picks, which are no members.
  const computedHere = new Set([...region.members, ...region.stores]);
  // A product reads what a view of its operand is of, also where the view is stored.
  const isSeenThrough = (node: Node): boolean => region.kind === "contract" && isView(node);
  // Literals, scalars and counters are computed where they are used, also when they are results and so stored.
  const isLeaf = (node: Node): boolean =>
    node.op === "input" || (stored(node) && !computedHere.has(node) && !isFree(node) && !isSeenThrough(node));
  const order = canonicalOrder(region.stores, isLeaf);
  const blocks = order
    .filter((node) => members.has(node) && isSumAcross(node, region))
    .map((sum) => blockSums(sum, region));
  const bound = [...order, ...blocks];
  const flags = order.map((node) => {
    if (isLeaf(node)) return "i";
    // What is known of an operand may lie behind the leaves.
    const known = operationOf(node) === node.op ? "" : operationOf(node);
    return (members.has(node) ? (stored(node) ? "s" : "m") : stored(node) ? "v" : ".") + known;
  });
  const { signature } = graphKey(order, region.stores, isLeaf);
  const key = [
    target.kind,
    target.simd,
    target.dynamic,
    target.fused,
    target.tuner?.name,
    region.kind,
    region.domain,
    region.reduced,
    flags.join(""),
    signature.join("|"),
  ].join(";");
  const known = templates.get(key);
  if (known !== undefined) {
    const kernels = known.map((template) => ({
      kernel: template.kernel,
      arguments: template.arguments.map((place) => bound[place]!),
      scalars: template.scalars.map((place) => bound[place]!),
    }));
    check?.(kernels, lowerRegion(region, name, target, stored));
    return kernels;
  }
  const lowered = lowerRegion(region, name, target, stored);
  const place = (node: Node): number => bound.indexOf(node);
  const made = lowered.map((kernel) => ({
    kernel: kernel.kernel,
    arguments: kernel.arguments.map(place),
    scalars: kernel.scalars.map(place),
  }));
  if (made.every((template) => ![...template.arguments, ...template.scalars].includes(-1)))
    templates.set(
      key,
      made,
      made.reduce((sum, { kernel }) => sum + kernelWeight(kernel), 0),
    );
  return lowered;
}
