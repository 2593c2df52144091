/**
 * Verifies a kernel graph. Checks that
 *  - every node is a member of at most one region, and members stand inputs first, behind an anchor;
 *  - every value in memory is stored by exactly one region, which computes it or what it is a view of;
 *  - a region reads, through views and through values computed where they are used, only inputs, its own members, and
 *    what earlier regions stored: so the regions are in an order in which they can run;
 *  - reductions and anchors (dot, scan, sort, scatter, routine) are members, never computed where they are used;
 *  - a region has the anchor that its kind says, and it comes first; reductions run over the region's reduced axes, or sum over the others;
 *  - members have the shape of the region's domain or of one of its rows, or are joins of such values;
 *  - every result of the program is an input or stored;
 *  - all this holds inside the regions that hold graphs.
 * Cost: O(nodes + edges) for each region that can reach them.
 */
import { bodiesOf } from "../body.ts";
import type { Node } from "../graph.ts";
import { keptAxes, partsOf, type KernelGraph, type Region, type RegionKind } from "../kernel-graph.ts";
import { sameShape } from "../shape.ts";
import { Names, printNode } from "../text/graph.ts";
import { isReduce, isView } from "../traits.ts";
import { verifyGraph } from "./graph.ts";
import { check } from "./report.ts";

const anchors: Readonly<Record<RegionKind, string | null>> = {
  loops: null,
  contract: "dot",
  scan: "scan",
  sort: "sort",
  scatter: "scatter",
  routine: "routine",
  repeat: "loop",
  while: "while",
  choice: "cond",
};
const isAnchor = (node: Node): boolean => Object.values(anchors).includes(node.op);
const text = (node: Node): string => printNode(node, new Names());
/** What a stored node stands in for: the computation whose result it is. */
const computation = (node: Node): Node => (node.op === "pick" ? node.inputs[0]! : node);

/** @throws IrError naming the region or node and the broken rule */
export function verifyKernelGraph({ regions, outputs }: KernelGraph): void {
  verifyGraph([...outputs, ...regions.flatMap((region) => [...region.members, ...region.stores])], { primitive: true });
  const stored = new Set<Node>();
  const placed = new Set<Node>();
  for (const [i, region] of regions.entries()) {
    const where = (): string => `region ${i} (${region.kind} of ${region.members.map((node) => node.op).join(", ")})`;
    for (const member of region.members) {
      check(!placed.has(member), () => `${where()}: ${text(member)}`, "a node is a member once");
      placed.add(member);
    }
    verifyForm(region, where);
    verifyReads(region, stored, where);
    verifyBodies(region, where);
    for (const node of region.stores) {
      check(!stored.has(node), () => `${where()}: ${text(node)}`, "a value is stored once");
      stored.add(node);
    }
  }
  for (const node of outputs) {
    check(node.op === "input" || stored.has(node), () => text(node), "a result is an input or stored");
  }
}

/** Bodies are kernel graphs, too: nested no deeper than the program that was written. */
function verifyBodies({ members, bodies = [] }: Region, where: () => string): void {
  const inside = bodiesOf(members[0]!);
  check(bodies.length === inside.length, where, "a kernel graph for every body");
  bodies.forEach((graph, i) => {
    const { results } = inside[i]!;
    const isSame = graph.outputs.length === results.length && graph.outputs.every((node, k) => node === results[k]);
    check(isSame, where, "a body's outputs are its results");
    verifyKernelGraph(graph);
  });
}

interface Reduced {
  readonly axes: readonly number[];
}

function verifyForm(region: Region, where: () => string): void {
  const { kind, domain, reduced, members, stores } = region;
  check(members.length > 0, where, "a region computes something");
  check(
    members.every((node, i) => i === 0 || isAnchor(members[i - 1]!) || members[i - 1]!.id < node.id),
    where,
    "members stand inputs first, behind an anchor",
  );
  check(members[0]!.op === anchors[kind] || anchors[kind] === null, where, "the anchor comes first");
  check(
    members.filter(isAnchor).length === (anchors[kind] === null ? 0 : 1),
    where,
    "as many anchors as the kind says",
  );
  check(stores.length > 0, where, "a region stores something");
  const row = domain.map((size, axis) => (reduced.includes(axis) ? 1 : size));
  const isRow = (node: Node): boolean => isReduce(node) && sameShape((node.attrs as Reduced).axes, reduced);
  const hasRows = kind === "loops" && members.some(isRow);
  for (const member of members) {
    const at = (): string => `${where()}: ${text(member)}`;
    if (isReduce(member)) {
      const { axes } = member.attrs as Reduced;
      const isAcross = hasRows && member.op === "reduce_sum" && sameShape(axes, keptAxes(region));
      check(sameShape(axes, reduced) || isAcross, at, "reductions run over the reduced axes, or sum over the others");
      check(sameShape(member.inputs[0]!.shape, domain), at, "reductions run over the domain");
    } else
      check(
        sameShape(member.shape, domain) ||
          sameShape(member.shape, row) ||
          (kind === "loops" && partsOf(member, domain) !== null),
        at,
        "members have the domain's or a row's shape, or join parts that have it",
      );
  }
}

/** Walks from the members (and stored views) to what they read. */
function verifyReads(region: Region, stored: ReadonlySet<Node>, where: () => string): void {
  const members = new Set(region.members);
  const seen = new Set<Node>();
  const stack: Node[] = region.members.flatMap((member) => [...member.inputs]);
  for (const node of region.stores) {
    const source = computation(node);
    if (members.has(source)) continue;
    check(
      isView(node) || node.inputs.length === 0,
      () => `${where()}: ${text(node)}`,
      "what is stored is computed here",
    );
    stack.push(...node.inputs);
  }
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node) || members.has(computation(node))) continue;
    seen.add(node);
    if (node.op === "input" || stored.has(node)) continue;
    const read = node;
    check(
      !isReduce(node) && !isAnchor(node) && node.op !== "pick",
      () => `${where()} reads ${text(read)}`,
      "what is read was stored before",
    );
    stack.push(...node.inputs);
  }
}
