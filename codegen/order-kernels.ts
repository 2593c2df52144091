/**
 * Orders kernels, and puts those together that nothing waits for.
 *
 * in:  kernels in an order in which they can run; which results may overwrite which inputs
 * out: the same work in another such order: sinks (elementwise kernels whose results only the caller reads) come last,
 *      since by then the inputs that they overwrite have been read, and neighbours among them are one kernel
 * Cost: O(kernels x arguments).
 */
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/shape.ts";
import type { Target } from "./lower/kernel-builder.ts";
import { carriedDonations, donorsOf, type Donations } from "./donation.ts";
import { argumentsOf, type LoweredGraph, type PlacedKernel, type PlacedWork } from "./lower-regions.ts";
import { mergeKernels } from "./merge.ts";

export interface OrderOptions {
  readonly donations: Donations;
  /** Whether sinks are put together. */
  readonly fusion: boolean;
  readonly target: Pick<Target, "kind">;
}

const mergeLimit = 96; // buffers of one kernel
const argumentLimit = 512; // values and numbers: a function of an engine has 1000 parameters

/** Elements beside whose work a call is nothing: alone, kernels of one form are one function. */
const large = 2 ** 14;

export function orderKernels({ kernels, outputs }: LoweredGraph, options: OrderOptions): LoweredGraph {
  const { donations, fusion, target } = options;
  const outputSet = new Set(outputs);
  const read = new Set<Node>();
  for (const work of kernels) {
    for (const node of argumentsOf(work)) if (!work.writes.includes(node)) read.add(node);
  }
  const isSink = (work: PlacedWork): work is PlacedKernel =>
    "lowered" in work && work.elementwise && work.writes.every((node) => outputSet.has(node) && !read.has(node));
  const sinks = kernels.filter(isSink);
  const body = kernels.filter((work) => !isSink(work)).map((work) => withOrderedBodies(work, options));
  return { kernels: [...body, ...(fusion ? mergeSinks(sinks, donorsOf(outputs, donations), target) : sinks)], outputs };
}

/** Inside a loop, the next carried values take over the memory of the last. */
function withOrderedBodies(work: PlacedWork, options: OrderOptions): PlacedWork {
  if ("lowered" in work) return work;
  const donations = work.node.op === "cond" ? new Map<number, Node>() : carriedDonations(work.node);
  return { ...work, bodies: work.bodies.map((body) => orderKernels(body, { ...options, donations })) };
}

/**
 * Sinks in groups that share a kernel: as many as one has buffers for, up to the first that must come after another. On a
 * CPU large ones are kernels of their own.
 */
function mergeSinks(
  sinks: readonly PlacedKernel[],
  donors: ReadonlyMap<Node, Node>,
  { kind }: Pick<Target, "kind">,
): PlacedKernel[] {
  const isAlone = ({ writes }: PlacedKernel): boolean =>
    kind === "cpu" && writes.some(({ shape }) => elementCount(shape) >= large);
  const groups: PlacedKernel[][] = [];
  let open: PlacedKernel[] = [];
  const close = (): void => {
    if (open.length > 0) groups.push(open);
    open = [];
  };
  for (const sink of sinks) {
    const alone = isAlone(sink);
    if (areOrdered(open, sink, donors) || !(alone || fitOneKernel([...open, sink]))) close();
    if (alone) groups.push([sink]);
    else open.push(sink);
  }
  close();
  return groups.map((group) => (group.length === 1 ? group[0]! : merged(group)));
}

function fitOneKernel(group: readonly PlacedKernel[]): boolean {
  const buffers = group.reduce((count, { lowered }) => count + lowered.arguments.length, 0);
  const numbers = new Set(group.flatMap(({ lowered }) => lowered.scalars));
  return buffers <= mergeLimit && buffers + numbers.size <= argumentLimit;
}

/** Whether one part overwrites in place what another part reads. */
function areOrdered(group: readonly PlacedKernel[], sink: PlacedKernel, donors: ReadonlyMap<Node, Node>): boolean {
  const overwritten = (kernels: readonly PlacedKernel[]): Set<Node | undefined> =>
    new Set(kernels.flatMap(({ writes }) => writes).map((node) => donors.get(node)));
  const readsAny = ({ lowered }: PlacedKernel, nodes: ReadonlySet<Node | undefined>): boolean =>
    lowered.arguments.some((node) => nodes.has(node));
  const byGroup = overwritten(group);
  const bySink = overwritten([sink]);
  return readsAny(sink, byGroup) || group.some((kernel) => readsAny(kernel, bySink));
}

const merged = (group: readonly PlacedKernel[]): PlacedKernel => ({
  lowered: mergeKernels(
    group.map(({ lowered }) => lowered),
    `update_${group.length}`,
  ),
  writes: group.flatMap(({ writes }) => writes),
  elementwise: true,
  sites: [...new Set(group.flatMap(({ sites }) => sites))],
});
