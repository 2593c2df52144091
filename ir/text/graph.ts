/**
 * Tensor graphs as text, one node a line, inputs before users:
 *
 *     %1 = input float32[2, 3]
 *     %2 = reduce_sum float32[2, 1] %1 axes=[1]
 *     %3 = sort (float32[2, 1], int64[2, 1]) %2 axis=0 descending=false
 *     return %2, %3
 *
 * `grad` at the end of a line: differentiation may pass. What a leaf is bound to is no part of the text.
 */
import { IrError } from "../errors.ts";
import { bodyOf, leafNode, makeNode, type Body, type Node, type NodeRequest, type Primitive } from "../graph.ts";
import { encodeAttr } from "../attribute-text.ts";
import { topologicalOrder } from "../walks.ts";
import { formatShape, type Shape } from "../shape.ts";
import type { DType } from "../dtype.ts";
import { Lines, type Scanner } from "./scanner.ts";

/** Gives nodes small numbers in the order of printing. */
export class Names {
  private readonly numbers = new Map<Node, number>();
  of(node: Node): string {
    return `%${numberIn(this.numbers, node)}`;
  }

  attribute(_node: Node, _name: string, value: unknown): unknown {
    return value;
  }
}

/** The tags of barriers are identities, too. */
class NamesInBody extends Names {
  private readonly tags = new Map<unknown, number>();
  override attribute({ op }: Node, name: string, value: unknown): unknown {
    return op === "barrier" && name === "tag" ? numberIn(this.tags, value) : value;
  }
}

function numberIn<T>(numbers: Map<T, number>, item: T): number {
  let number = numbers.get(item);
  if (number === undefined) numbers.set(item, (number = numbers.size + 1));
  return number;
}

const typeText = (dtype: DType, shape: Shape): string => dtype + formatShape(shape);

const isBody = (value: unknown): boolean => typeof value === "object" && value !== null && "results" in value;

/** `bodies`: numbers in place of the graphs inside the node. */
export function printNode(node: Node, names: Names, bodies: readonly number[] = []): string {
  const type =
    node.outputs === null
      ? typeText(node.dtype, node.shape)
      : `(${node.outputs.map((output) => typeText(output.dtype, output.shape)).join(", ")})`;
  const inputs = node.inputs.map((input) => names.of(input)).join(", ");
  const numbers = [...bodies];
  const attrs = Object.entries(node.attrs).map(([name, value]) => {
    const number = isBody(value) ? numbers.shift() : undefined;
    return `${name}=${number ?? JSON.stringify(names.attribute(node, name, value), encodeAttr)}`;
  });
  const parts = [node.op, type, inputs, ...attrs, node.requiresGrad ? "grad" : ""];
  return `${names.of(node)} = ${parts.filter((part) => part !== "").join(" ")}`;
}

/** in: roots; out: the graph that they need, ending with a `return` line. */
export function printGraph(roots: readonly Node[]): string {
  const names = new Names();
  const lines = topologicalOrder(roots).map((node) => {
    names.of(node);
    return printNode(node, names);
  });
  return [...lines, printReturn(roots, names)].join("\n") + "\n";
}

/** A body on one line, its parameters first: nodes without identities, as an attribute's text must be. */
export function printBody(parameters: readonly Node[], results: readonly Node[]): string {
  const names = new NamesInBody();
  const order = new Set([...parameters, ...topologicalOrder(results)]);
  for (const node of order) names.of(node);
  return [...[...order].map((node) => printNode(node, names)), printReturn(results, names)].join("\n");
}

export const printReturn = (roots: readonly Node[], names: Names): string =>
  ["return", roots.map((root) => names.of(root)).join(", ")].join(" ").trim();

/** Nodes by their names in a text. */
export type KnownNodes = Map<string, Node>;

export function nodeName(line: Scanner): string {
  line.expect("%");
  return `%${line.integer()}`;
}
export function nodeNamed(line: Scanner, known: KnownNodes): Node {
  const name = nodeName(line);
  return known.get(name) ?? line.fail(`a node that is defined above (not ${name})`);
}
export function nodeList(line: Scanner, known: KnownNodes): Node[] {
  const nodes: Node[] = [];
  if (line.peek() !== "%") return nodes;
  do nodes.push(nodeNamed(line, known));
  while (line.take(","));
  return nodes;
}

const bodyNames = new Set(["body", "then", "else"]);

/** Attributes in which texts of bodies, or their numbers, are bodies. */
function withBodies(attrs: Record<string, unknown>, bodyAt?: (index: number) => Body): Record<string, unknown> {
  const bodyFor = (name: string, value: unknown): unknown => {
    if (typeof value === "object" && value !== null && "$body" in value) return parseBody(String(value.$body));
    return typeof value === "number" && bodyNames.has(name) && bodyAt !== undefined ? bodyAt(value) : value;
  };
  return Object.fromEntries(Object.entries(attrs).map(([name, value]) => [name, bodyFor(name, value)]));
}

function parseBody(text: string): Body {
  const known: KnownNodes = new Map();
  const lines = new Lines(text);
  const end = parseLines(lines, known);
  return bodyOf(
    [...known.values()].filter((node) => node.op === "input"),
    end,
    () => text,
  );
}

const leafOps = new Set<string>(["input", "scalar", "leaf"]);

/** Reads `%1 = ...` and adds the node. `bodyAt`: the bodies that attributes name by numbers. */
export function parseNode(line: Scanner, known: KnownNodes, bodyAt?: (index: number) => Body): Node {
  const name = nodeName(line);
  line.expect("=");
  const op = line.word() as Primitive;
  const type = (): { dtype: DType; shape: Shape } => ({ dtype: line.dtype(), shape: line.shape() });
  const outputs = line.peek() === "(" ? line.list("(", ")", type) : null;
  const { dtype, shape } = outputs === null ? type() : outputs[0]!;
  const inputs = nodeList(line, known);
  const attrs = withBodies(line.attributes(), bodyAt);
  const requiresGrad = line.take("grad");
  if (!line.done) line.fail("the end of the line");
  const request = { op, inputs, attrs, dtype, shape, requiresGrad, ...(outputs === null ? {} : { outputs }) };
  const node = leafOps.has(op)
    ? leafNode(op as "input", dtype, shape, null, requiresGrad, inputs)
    : makeNode(request as NodeRequest<Primitive>);
  known.set(name, node);
  return node;
}

/**
 * Reads a printed graph. Each line makes a node of its own, with ids in the order of the lines.
 * @returns the roots of the `return` line
 * @throws IrError for text that the printer does not write
 */
export function parseGraph(text: string): Node[] {
  return parseLines(new Lines(text), new Map());
}

function parseLines(lines: Lines, known: KnownNodes): Node[] {
  while (!lines.done) {
    const line = lines.next();
    if (line.peek() === "%") parseNode(line, known);
    else {
      line.expect("return");
      return nodeList(line, known);
    }
  }
  throw new IrError("ir/text", "a graph ends with a return line");
}
