/**
 * Computes 64-bit integers that are known to fit 32 bits (counts, positions, truth values, and what is computed from
 * them) in int32, for targets where the wide ones are pairs of words.
 *
 * in:  a graph of primitives
 * out: an equal graph; what is narrow is widened for who needs int64
 * Cost: O(nodes + edges).
 */
import type { GraphBuilder } from "../ir/builder.ts";
import type { DType } from "../ir/dtype.ts";
import { comparisonPrimitives, type Node } from "../ir/graph.ts";
import { elementCount } from "../ir/shape.ts";
import { rewrite } from "./rewrite.ts";

interface Range {
  readonly low: number;
  readonly high: number;
}
/** An int64 value in 32 bits, and what is known of it. */
interface Narrow extends Range {
  readonly node: Node;
}

const ranges: Partial<Record<DType, Range>> = {
  bool: { low: 0, high: 1 },
  uint8: { low: 0, high: 255 },
  int8: { low: -128, high: 127 },
  int16: { low: -(2 ** 15), high: 2 ** 15 - 1 },
  int32: { low: -(2 ** 31), high: 2 ** 31 - 1 },
};

export function narrowIntegers(g: GraphBuilder, roots: readonly Node[]): Node[] {
  const known = new Map<Node, Narrow>();
  return rewrite(g, roots, (_, node) => {
    if (node.dtype !== "int64" || node.outputs !== null) return withNarrowInputs(g, node, known);
    const position = rangeOfPosition(node);
    if (position !== null) {
      known.set(node, { node: g.cast(node, "int32"), ...position });
      return node;
    }
    const narrow = narrowed(g, node, known);
    if (narrow === null) return node;
    const wide = g.cast(narrow.node, "int64");
    known.set(wide, narrow);
    return wide;
  });
}

/** Comparisons, conversions and indices take integers of any width. */
function withNarrowInputs(g: GraphBuilder, node: Node, known: ReadonlyMap<Node, Narrow>): Node {
  const narrow = (input: Node): Node => known.get(input)?.node ?? input;
  if (node.op === "gather") return g.rebuild(node, [node.inputs[0]!, ...node.inputs.slice(1).map(narrow)]);
  if (node.op === "scatter")
    return g.rebuild(node, [node.inputs[0]!, node.inputs[1]!, ...node.inputs.slice(2).map(narrow)]);
  const takesAny = node.op === "cast" || isComparison(node);
  return takesAny && node.inputs.every((input) => known.has(input))
    ? castOrSame(g, node, node.inputs.map(narrow))
    : node;
}

const comparisons = new Set<string>(comparisonPrimitives);
const isComparison = (node: Node): boolean => comparisons.has(node.op);
/** A conversion to what the value already is falls away. */
const castOrSame = (g: GraphBuilder, node: Node, inputs: readonly Node[]): Node =>
  node.op === "cast" ? g.cast(inputs[0]!, node.dtype) : g.rebuild(node, inputs);

/** Of a node that computes positions along an axis, in int64 whatever its inputs are. */
function rangeOfPosition(node: Node): Range | null {
  const along = (size: number): Range => ({ low: 0, high: Math.max(0, size - 1) });
  if (node.op === "argmax" || node.op === "argmin") return along(node.inputs[0]!.shape[node.attrs.axes[0]!]!);
  const source = node.inputs[0];
  if (node.op === "pick" && source?.op === "sort" && node.attrs.index === 1)
    return along(source.inputs[0]!.shape[source.attrs.axis]!);
  return null;
}

/** The node in int32; null when it may not fit, or is not known to. */
function narrowed(g: GraphBuilder, node: Node, known: ReadonlyMap<Node, Narrow>): Narrow | null {
  const { low, high } = ranges.int32!;
  const found = inInt32(g, node, (input) => known.get(input) ?? null);
  return found === null || found.low < low || found.high > high ? null : found;
}

function inInt32(g: GraphBuilder, node: Node, narrow: (input: Node) => Narrow | null): Narrow | null {
  const again = (operands: readonly Node[], low: number, high: number): Narrow => ({
    node: g.rebuildAs(node, operands, node.shape, "int32"),
    low,
    high,
  });
  switch (node.op) {
    case "constant": {
      const value = Number(node.attrs.value);
      return { node: g.constant(node.attrs.value, "int32"), low: value, high: value };
    }
    case "iota":
      return { node: g.iota(node.shape[0]!, "int32"), low: 0, high: Math.max(0, node.shape[0]! - 1) };
    case "cast": {
      const range = ranges[node.inputs[0]!.dtype];
      return range === undefined ? null : { node: g.cast(node.inputs[0]!, "int32"), ...range };
    }
    case "gather": {
      const source = narrow(node.inputs[0]!);
      const indices = node.inputs.slice(1).map((index) => narrow(index)?.node ?? index);
      return source === null ? null : again([source.node, ...indices], source.low, source.high);
    }
    case "where": {
      const [a, b] = [narrow(node.inputs[1]!), narrow(node.inputs[2]!)];
      if (a === null || b === null) return null;
      return again([node.inputs[0]!, a.node, b.node], Math.min(a.low, b.low), Math.max(a.high, b.high));
    }
    default: {
      const operands = node.inputs.map(narrow);
      if (operands.some((operand) => operand === null)) return null;
      const range = rangeOf(node, operands as Narrow[]);
      return range === null
        ? null
        : again(
            (operands as Narrow[]).map((operand) => operand.node),
            range.low,
            range.high,
          );
    }
  }
}

/** What a node can be, from what its inputs can be; null for operations that are left as they are. */
function rangeOf(node: Node, [a, b, ...more]: readonly Range[]): Range | null {
  switch (node.op) {
    case "add":
      return { low: a!.low + b!.low, high: a!.high + b!.high };
    case "sub":
      return { low: a!.low - b!.high, high: a!.high - b!.low };
    case "mul": {
      const products = [a!.low * b!.low, a!.low * b!.high, a!.high * b!.low, a!.high * b!.high];
      return { low: Math.min(...products), high: Math.max(...products) };
    }
    case "neg":
      return { low: -a!.high, high: -a!.low };
    case "min":
      return { low: Math.min(a!.low, b!.low), high: Math.min(a!.high, b!.high) };
    case "max":
      return { low: Math.max(a!.low, b!.low), high: Math.max(a!.high, b!.high) };
    case "reduce_sum": {
      const count = elementCount(node.inputs[0]!.shape) / Math.max(1, elementCount(node.shape));
      return { low: Math.min(0, a!.low * count), high: Math.max(0, a!.high * count) };
    }
    case "reduce_max":
    case "reduce_min":
    case "reshape":
    case "permute":
    case "expand":
    case "slice":
    case "window":
      return a!;
    case "pad":
    case "concat": {
      const all = [a!, ...(b === undefined ? [] : [b]), ...more];
      return { low: Math.min(...all.map(({ low }) => low)), high: Math.max(...all.map(({ high }) => high)) };
    }
    default:
      return null;
  }
}
