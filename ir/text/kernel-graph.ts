/**
 * Kernel graphs as text: the nodes that belong to no region, then each region with its members and what it stores.
 *
 *     %1 = input float32[2, 3]
 *     region loops [2, 3] reduced [1]
 *       %2 = exp float32[2, 3] %1
 *       %3 = reduce_sum float32[2, 1] %2 axes=[1]
 *       store %3
 *     return %3
 */
import { IrError } from "../errors.ts";
import { topologicalOrder, type Node } from "../graph.ts";
import type { KernelGraph, Region, RegionKind } from "../kernel-graph.ts";
import { formatShape } from "../shape.ts";
import { Names, nodeList, nodeName, parseNode, printNode, printReturn, type KnownNodes } from "./graph.ts";
import { Lines, Scanner } from "./scanner.ts";

const kinds: readonly RegionKind[] = Object.keys({
  loops: 0,
  contract: 0,
  scan: 0,
  sort: 0,
  scatter: 0,
  routine: 0,
} satisfies Record<RegionKind, 0>) as RegionKind[];

export function printKernelGraph({ regions, outputs }: KernelGraph): string {
  const names = new Names();
  const roots = [...outputs, ...regions.flatMap((region) => [...region.members, ...region.stores])];
  const order = topologicalOrder(roots);
  for (const node of order) names.of(node);
  const members = new Set(regions.flatMap((region) => region.members));
  const lines = order.filter((node) => !members.has(node)).map((node) => printNode(node, names));
  for (const region of regions) {
    const reduced = region.reduced.length === 0 ? "" : ` reduced ${formatShape(region.reduced)}`;
    lines.push(`region ${region.kind} ${formatShape(region.domain)}${reduced}`);
    for (const member of region.members) lines.push(`  ${printNode(member, names)}`);
    lines.push(`  store ${region.stores.map((node) => names.of(node)).join(", ")}`.trimEnd());
  }
  return [...lines, printReturn(outputs, names)].join("\n") + "\n";
}

/** @throws IrError for text that the printer does not write */
export function parseKernelGraph(text: string): KernelGraph {
  const known = parseNodes(text);
  const lines = new Lines(text);
  const regions: Region[] = [];
  let members: Node[] | null = null;
  let header: Pick<Region, "kind" | "domain" | "reduced"> | null = null;
  while (!lines.done) {
    const line = lines.next();
    if (line.peek() === "%") {
      const node = known.get(nodeName(line))!;
      members?.push(node);
      continue;
    }
    switch (line.oneOf(["region", "store", "return"])) {
      case "region": {
        const kind = line.oneOf(kinds);
        const domain = line.shape();
        header = { kind, domain, reduced: line.take("reduced") ? line.shape() : [] };
        members = [];
        break;
      }
      case "store":
        if (header === null || members === null) return line.fail("a region before what it stores");
        regions.push({ ...header, members, stores: nodeList(line, known) });
        members = null;
        break;
      case "return":
        return { regions, outputs: nodeList(line, known) };
    }
  }
  throw new IrError("ir/text", "a kernel graph ends with a return line");
}

/** The nodes of all lines, inputs first: members and other nodes may read each other. */
function parseNodes(text: string): KnownNodes {
  const number = (line: string): number => Number(/^\s*%(\d+)/.exec(line)![1]);
  const nodeLines = text.split("\n").filter((line) => line.trim().startsWith("%"));
  const known: KnownNodes = new Map();
  for (const line of nodeLines.sort((a, b) => number(a) - number(b))) parseNode(new Scanner(line.trim()), known);
  return known;
}
