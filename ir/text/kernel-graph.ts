/**
 * Kernel graphs as text: the nodes that belong to no region, then each region with its members and what it stores.
 *
 *     %1 = input float32[2, 3]
 *     region loops [2, 3] reduced [1]
 *       %2 = exp float32[2, 3] %1
 *       %3 = reduce_sum float32[2, 1] %2 axes=[1]
 *       store %3
 *     return %3
 *
 * The graphs inside a region that repeats or chooses stand before its members, their parameters first; the node's
 * attributes name them by their numbers in the text:
 *
 *     region repeat [3]
 *       body
 *         %1 = input float32[3]
 *         ...
 *         return %2
 *       %7 = loop (float32[3]) %6 count=4 reverse=false carried=1 scanned=0 body=0
 *       store %8
 */
import { IrError } from "../errors.ts";
import { bodiesOf } from "../body.ts";
import { bodyOf, type Body, type Node } from "../graph.ts";
import { topologicalOrder } from "../walks.ts";
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
  repeat: 0,
  while: 0,
  choice: 0,
} satisfies Record<RegionKind, 0>) as RegionKind[];

export const printKernelGraph = (graph: KernelGraph): string => printNested(graph, [], { count: 0 }).join("\n") + "\n";

/** `bodies.count`: how many bodies have been printed. */
function printNested(
  { regions, outputs }: KernelGraph,
  parameters: readonly Node[],
  bodies: { count: number },
): string[] {
  const names = new Names();
  const roots = [...outputs, ...regions.flatMap((region) => [...region.members, ...region.stores])];
  const order = new Set([...parameters, ...topologicalOrder(roots)]);
  for (const node of order) names.of(node);
  const members = new Set(regions.flatMap((region) => region.members));
  const lines = [...order].filter((node) => !members.has(node)).map((node) => printNode(node, names));
  for (const { kind, domain, reduced, members: nodes, stores, bodies: graphs = [] } of regions) {
    lines.push(
      `region ${kind} ${formatShape(domain)}${reduced.length === 0 ? "" : ` reduced ${formatShape(reduced)}`}`,
    );
    const numbers = graphs.map((graph, i) => {
      const inside = printNested(graph, bodiesOf(nodes[0]!)[i]!.parameters, bodies);
      lines.push("  body", ...inside.map((line) => `    ${line}`));
      return bodies.count++;
    });
    for (const member of nodes) lines.push(`  ${printNode(member, names, numbers)}`);
    lines.push(`  store ${stores.map((node) => names.of(node)).join(", ")}`.trimEnd());
  }
  return [...lines, printReturn(outputs, names)];
}

/** A kernel graph, and its `input` leaves in the order of their names. */
interface Parsed {
  readonly graph: KernelGraph;
  readonly parameters: readonly Node[];
}

/** @throws IrError for text that the printer does not write */
export const parseKernelGraph = (text: string): KernelGraph => parseNested(text.split("\n"), []).graph;

/** `bodies`: those read so far, by their numbers. */
function parseNested(text: readonly string[], bodies: Parsed[]): Parsed {
  const own = withoutBodies(text, bodies);
  const known = parseNodes(own, bodies);
  const lines = new Lines(own.join("\n"));
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
      case "store": {
        if (header === null || members === null) return line.fail("a region before what it stores");
        const inside = members.flatMap(bodiesOf).map(({ text: key }) => bodies[Number(key)]!.graph);
        const nested = inside.length === 0 ? {} : { bodies: inside };
        regions.push({ ...header, members, stores: nodeList(line, known), ...nested });
        members = null;
        break;
      }
      case "return": {
        const parameters = [...known.values()].filter((node) => node.op === "input");
        return { graph: { regions, outputs: nodeList(line, known) }, parameters };
      }
    }
  }
  throw new IrError("ir/text", "a kernel graph ends with a return line");
}

/** The lines outside the bodies, which are read. */
function withoutBodies(text: readonly string[], bodies: Parsed[]): string[] {
  const own: string[] = [];
  const indentOf = (line: string): number => line.length - line.trimStart().length;
  for (let at = 0; at < text.length; at++) {
    const line = text[at]!;
    if (line.trim() !== "body") {
      own.push(line);
      continue;
    }
    const end = text.findIndex((other, i) => i > at && other.trim() !== "" && indentOf(other) <= indentOf(line));
    const inside = text.slice(at + 1, end < 0 ? text.length : end);
    bodies.push(parseNested(inside, bodies));
    at += inside.length;
  }
  return own;
}

/** The nodes of all lines, inputs first: members and other nodes may read each other. */
function parseNodes(text: readonly string[], bodies: readonly Parsed[]): KnownNodes {
  const number = (line: string): number => Number(/^\s*%(\d+)/.exec(line)![1]);
  const nodeLines = text.filter((line) => line.trim().startsWith("%"));
  const known: KnownNodes = new Map();
  const bodyAt = (index: number): Body => {
    const { graph, parameters } = bodies[index]!;
    return bodyOf(parameters, graph.outputs, () => String(index));
  };
  for (const line of nodeLines.sort((a, b) => number(a) - number(b)))
    parseNode(new Scanner(line.trim()), known, bodyAt);
  return known;
}
