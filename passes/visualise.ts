/**
 * One self-contained HTML page that shows programs pass by pass: the graph before and after each, with what the pass
 * made highlighted, the groups that share kernels in colours, and kernels and program as text.
 *
 * in:  what each pass left, in order; a "recorded" graph starts the next program
 * out: the page's text
 */
import { topologicalOrder } from "../ir/walks.ts";
import { type Node } from "../ir/graph.ts";
import type { KernelGraph } from "../ir/kernel-graph.ts";
import { formatShape } from "../ir/shape.ts";
import { printGraph, printKernelGraph } from "../ir/text/index.ts";
import { pageOf } from "./visualise-page.ts";

/** A box of the picture. */
export interface Box {
  readonly title: string;
  readonly type: string;
  readonly detail: string;
  /** Boxes that it reads. */
  readonly inputs: readonly number[];
  readonly isRoot: boolean;
  /** Equal for equal computations, before and after a pass. */
  readonly hash: number;
  /** The group that computes it; -1: none. */
  readonly region: number;
}
export interface Picture {
  readonly pass: string;
  readonly boxes: readonly Box[];
  readonly text: string;
}
export interface PicturedProgram {
  readonly name: string;
  readonly pictures: Picture[];
}

/** Larger graphs are shown as text alone. */
const boxLimit = 1500;
/** Of a long run, the first programs. */
const programLimit = 40;

export class Visualisation {
  private readonly programs: PicturedProgram[] = [];
  private dropped = 0;

  graph(pass: string, roots: readonly Node[]): void {
    if (pass === "recorded") this.programs.push({ name: `program ${this.programs.length + 1}`, pictures: [] });
    if (this.programs.length > programLimit) {
      this.programs.pop();
      this.dropped++;
    }
    if (this.dropped === 0) this.add({ pass, boxes: boxesOf(roots, () => -1), text: printGraph(roots) });
  }

  kernels(pass: string, graph: KernelGraph): void {
    if (this.dropped > 0) return;
    const regionOf = new Map<Node, number>();
    graph.regions.forEach((region, i) => region.members.forEach((node) => regionOf.set(node, i)));
    const boxes = boxesOf(graph.outputs, (node) => regionOf.get(node) ?? -1);
    this.add({ pass, boxes, text: printKernelGraph(graph) });
  }

  /** Levels below the graph's: kernels and programs. */
  text(pass: string, text: string): void {
    if (this.dropped === 0) this.add({ pass, boxes: [], text });
  }

  private add(picture: Picture): void {
    this.programs.at(-1)?.pictures.push(picture);
  }

  page(): string {
    return pageOf(this.programs);
  }
}

function boxesOf(roots: readonly Node[], regionOf: (node: Node) => number): Box[] {
  const order = topologicalOrder(roots);
  if (order.length > boxLimit) return [];
  const place = new Map(order.map((node, i) => [node, i]));
  const rootSet = new Set(roots);
  return order.map((node) => ({
    title: node.op === "call" ? node.attrs.name : node.op === "constant" ? String(node.attrs.value) : node.op,
    type: node.dtype + formatShape(node.shape),
    detail: node.attrText,
    inputs: node.inputs.map((input) => place.get(input)!),
    isRoot: rootSet.has(node),
    hash: node.hash,
    region: regionOf(node),
  }));
}
