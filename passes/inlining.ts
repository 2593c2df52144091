/**
 * Which nodes are computed where they are used instead of being stored: those that are read once an element, or cost
 * next to nothing. An expensive producer is never recomputed inside a broadcast consumer.
 */
import { bodiesOf } from "../ir/body.ts";
import { isComputable } from "../ir/computed-operands.ts";
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/shape.ts";
import { isFree, isMap, isView } from "../ir/traits.ts";

/** Computed for each element by itself. */
export const isMapLike = (node: Node): boolean => isMap(node) || node.op === "philox";

/** Rough cost of one element, in additions. */
function costOf(node: Node): number {
  switch (node.op) {
    case "add":
    case "sub":
    case "mul":
    case "neg":
    case "abs":
    case "min":
    case "max":
    case "where":
    case "cast":
    case "bitcast":
    case "not":
    case "and":
    case "or":
    case "xor":
    case "shl":
    case "shr":
    case "copysign":
    case "eq":
    case "ne":
    case "lt":
    case "le":
    case "gt":
    case "ge":
    case "floor":
    case "ceil":
    case "trunc":
    case "nearest":
      return 1;
    case "div":
    case "sqrt":
    case "rem":
      return 4;
    default:
      return 20;
  }
}

const inlineCostLimit = 2; // of a producer that is recomputed
const lightCostLimit = 4; // of a producer that reads at most one value
const inlineNodeLimit = 40; // of a producer that is computed once

/** What computing a node where it is used repeats: additions, nodes, and the values read from memory. */
interface Repeated {
  readonly cost: number;
  readonly nodes: number;
  readonly reads: readonly Node[];
}

/**
 * Nodes computed where they are used, at the user's own index: only maps that rest on leaves and other such maps (what
 * rests on a region's value belongs to that region).
 */
export function chooseInlined(
  order: readonly Node[],
  users: ReadonlyMap<Node, readonly Node[]>,
  outputs: ReadonlySet<Node>,
  options: { readonly fusion: boolean },
): Set<Node> {
  const inlined = new Set<Node>();
  const weight = new Map<Node, Repeated>();
  /** Total of what would be computed again behind an input; null when a region's value is behind it. */
  const behind = (input: Node): Repeated | null => {
    let node = input;
    while (isView(node) && node.op !== "concat" && node.op !== "gather" && node.op !== "pad") node = node.inputs[0]!;
    if (isFree(node))
      return { cost: 0, nodes: 0, reads: node.op === "input" && elementCount(node.shape) > 1 ? [node] : [] };
    if (inlined.has(node)) return weight.get(node)!;
    return null;
  };
  for (const node of order) {
    if (!isMapLike(node) || outputs.has(node)) continue;
    let cost = costOf(node);
    let nodes = 1;
    const reads = new Set<Node>();
    let rests = true;
    for (const input of node.inputs) {
      const total = behind(input);
      if (total === null) rests = false;
      else {
        cost += total.cost;
        nodes += total.nodes;
        for (const read of total.reads) reads.add(read);
      }
    }
    if (!rests) continue;
    const tiny =
      elementCount(node.shape) === 1 &&
      node.inputs.every(
        (input) => elementCount(input.shape) === 1 && (isFree(input) || inlined.has(input) || isView(input)),
      );
    const once = readOnce(node, users);
    if (once === "by anchor" && !(options.fusion && isReadOnceByDot(node, users) && isComputable(node, isInput)))
      continue;
    // A comparison or conversion of one leaf is as cheap to repeat as to read, wherever it is used.
    const light = options.fusion && reads.size <= 1 && cost <= lightCostLimit;
    const cheap = light || cost <= inlineCostLimit;
    if (once === "same shape" && options.fusion && !cheap && !tiny) continue; // joins its user's region anyway
    if (once === "same shape" && !tiny && !light) continue;
    if (!cheap && !tiny && (once !== "through views" || nodes > inlineNodeLimit || !options.fusion)) continue;
    if (tiny && (cost > 64 || nodes > inlineNodeLimit)) continue;
    inlined.add(node);
    weight.set(node, { cost: tiny ? 0 : cost, nodes, reads: [...reads] });
  }
  return inlined;
}

const isInput = (node: Node): boolean => node.op === "input";

/** Rows or columns of a product that are computed side by side: each element of the other operand is read once. */
const skinny = 4;

/** Whether the one reader is a product, which reads each element for no more rows (or columns) than that. */
function isReadOnceByDot(node: Node, users: ReadonlyMap<Node, readonly Node[]>): boolean {
  let value = node;
  for (;;) {
    const [reader, ...others] = users.get(value)!;
    if (reader === undefined || others.length > 0) return false;
    if (reader.op === "dot") {
      const [left, right] = reader.inputs as [Node, Node];
      if (left === right || reader.dtype !== "float32") return false;
      const other = value === left ? right : left;
      const { batch, contract } = reader.attrs;
      const side = value === left ? 1 : 0;
      const free = other.shape.filter((_, axis) => !batch[side].includes(axis) && !contract[side].includes(axis));
      return elementCount(free) <= skinny;
    }
    if (reader.op !== "reshape" && reader.op !== "permute" && reader.op !== "slice") return false;
    value = reader;
  }
}

/** How a node's value is used. */
function readOnce(
  node: Node,
  users: ReadonlyMap<Node, readonly Node[]>,
): "same shape" | "through views" | "many times" | "by anchor" {
  let repeated = false;
  let count = 0;
  let direct = false;
  const stack: { node: Node; moved: boolean }[] = [{ node, moved: false }];
  while (stack.length > 0) {
    const item = stack.pop()!;
    for (const user of users.get(item.node) ?? []) {
      if (user.op === "dot" || bodiesOf(user).length > 0) return "by anchor";
      if (isView(user)) {
        if (user.op === "expand" || user.op === "window" || user.op === "gather") repeated = true;
        if (users.get(user)!.length === 0) count++; // an output
        stack.push({ node: user, moved: true });
      } else {
        count++;
        if (!item.moved) direct = true;
      }
    }
  }
  if (direct) return "same shape";
  return repeated || count > 1 ? "many times" : "through views";
}
