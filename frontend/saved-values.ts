/**
 * What an operator keeps for its backward pass, and whether it is still there.
 *
 * A rule may use an intermediate node of the operator that recorded it. PyTorch's operators keep their inputs and
 * results only, so an intermediate stands for the inputs that it comes from: overwriting those is refused as PyTorch
 * refuses it, though the recorded graph could still give the right gradient.
 */
import type { Device } from "../runtime/device.ts";
import { Provided } from "../ir/provided.ts";
import { AutogradError } from "../ir/errors.ts";
import { nextNodeId, type Node } from "../ir/graph.ts";
import { NodeNote } from "../ir/node-notes.ts";
import { formatShape } from "../ir/shape.ts";
import { noteOperationOf, operationOf, type Operation } from "./operations.ts";
import { captureSite } from "./site.ts";
import { graph } from "./state.ts";
import { overwriteOf, type Overwrite } from "./versions.ts";

/** Whether operators remember their lines, and gradients are checked for NaN (frontend/anomaly). */
export const anomaly = { enabled: false, checkNan: true };
/** Follows one backward pass. */
export interface AnomalyWatch {
  entering(node: Node): void;
  left(node: Node, produced: readonly (Node | null)[]): readonly (Node | null)[];
  failed(error: unknown): void;
  settle(results: readonly (Node | null)[], device: Device): void;
}
/** From whoever switches detection on. */
export const backwardWatch = new Provided<() => AnomalyWatch>("anomaly");

/** The overwritten value of which a node of a backward pass uses a copy. */
const copies = new NodeNote<Node>();
/** Nodes whose saved values an earlier backward gave up, with the line of that call. */
const freed = new NodeNote<() => string | null>();

/** An operator recorded `results`, with everything new from `firstId` on, from `inputs`. */
export function noteOperation(
  name: string,
  inputs: readonly Node[],
  results: readonly Node[],
  firstId: number,
  overwrites: Node | null = null,
  saves: readonly Node[] | null = null,
): Operation | null {
  if (!results.some((node) => node.requiresGrad)) return null;
  const operation: Operation = {
    name,
    inputs: new Set(inputs),
    results: new Set(results),
    site: anomaly.enabled ? captureSite() : null,
    overwrites,
    saves,
    packed: null,
  };
  // A result that no gradient flows through (a running mean) saves nothing.
  const stack = results.filter((node) => node.id >= firstId && node.requiresGrad);
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (operationOf(node) !== null) continue;
    noteOperationOf(node, operation);
    for (const input of node.inputs) if (input.id >= firstId && !operation.inputs.has(input)) stack.push(input);
  }
  return operation;
}

/** The same value by an operator that changes nothing, as a step of its own. */
export function sameValue(operator: string, node: Node): Node {
  if (!node.requiresGrad) return node;
  const first = nextNodeId();
  const own = graph.distinct(node);
  noteOperation(operator, [node], [own], first);
  return own;
}

/** A backward pass went through these nodes and gave up what they saved. */
export function freeSaved(nodes: readonly Node[], site: () => string | null): void {
  for (const node of nodes) freed.set(node, site);
}

/** Whether a backward pass went through a node and gave up what it saved. */
export const isGivenUp = (node: Node): boolean => freed.has(node);

/** Whether a backward pass from `root` would reach a leaf: not through what an earlier one has given up. */
export function reachesLeaf(root: Node): boolean {
  const seen = new Set<Node>();
  const stack = [root];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (!node.requiresGrad || seen.has(node) || freed.has(node)) continue;
    if (node.op === "leaf") return true;
    seen.add(node);
    stack.push(...node.inputs);
  }
  return false;
}

/**
 * @param produced the gradients that the node's rule returned
 * @param firstNew id of the first node that the rule made
 * @throws AutogradError when the rule used a value that has been overwritten or given up since
 */
export function checkSaved(name: string, node: Node, produced: readonly (Node | null)[], firstNew: number): void {
  const operation = operationOf(node);
  // A constant is the same node wherever it occurs: a rule that uses a zero does not use a tensor of zeros.
  const candidates = new Set<Node>(
    [node, ...node.inputs, ...(operation?.results ?? [])].filter((value) => !isConstant(value)),
  );
  const kept = operation?.overwrites ?? copies.get(node) ?? null;
  const site = freed.get(node);
  if (site === undefined && !anyOverwritten(candidates, operation)) return;
  const used = usedBy(produced, firstNew, candidates);
  if (site !== undefined && used.size > 0)
    throw new AutogradError(
      "backward/graph-freed",
      `${name}: Trying to backward through the graph a second time: this graph was released by the backward at ${site() ?? "an earlier line"}.`,
      "Pass { retain_graph: true } to that call, or run the forward pass again.",
    );
  // What went through hooks is theirs.
  if (operation !== null && operation.packed !== null) return;
  for (const value of operation?.saves ?? [...used].flatMap((item) => savedFor(item, operation))) {
    const write = overwriteOf(value);
    if (write !== null && value !== kept && !isConstant(value)) throw overwrittenError(name, node, value, write);
  }
  if (kept !== null) keepFor(produced, firstNew, kept);
}

/** What a rule made of a kept copy uses the copy, too, when it is differentiated in its turn. */
function keepFor(produced: readonly (Node | null)[], firstNew: number, kept: Node): void {
  const stack = produced.filter((grad) => grad !== null);
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (node.id < firstNew || !node.requiresGrad || copies.has(node)) continue;
    copies.set(node, kept);
    stack.push(...node.inputs);
  }
}

function isConstant(node: Node): boolean {
  let current = node;
  while (current.op === "expand" || current.op === "reshape") current = current.inputs[0]!;
  return current.op === "constant";
}

/** Most graphs have nothing overwritten: found out without walking what a rule made. */
function anyOverwritten(candidates: ReadonlySet<Node>, operation: Operation | null): boolean {
  for (const node of candidates) if (overwriteOf(node) !== null) return true;
  if (operation === null) return false;
  for (const node of operation.inputs) if (overwriteOf(node) !== null) return true;
  return operation.saves?.some((node) => overwriteOf(node) !== null) ?? false;
}

function usedBy(produced: readonly (Node | null)[], firstNew: number, candidates: ReadonlySet<Node>): Set<Node> {
  const used = new Set<Node>();
  const seen = new Set<Node>();
  const stack = produced.filter((grad): grad is Node => grad !== null);
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    if (candidates.has(node)) used.add(node);
    else if (node.id >= firstNew) stack.push(...node.inputs);
  }
  return used;
}

/** The inputs or results of an operator that one of its nodes stands for. */
function savedFor(used: Node, operation: Operation | null): Node[] {
  if (operation === null || operation.inputs.has(used) || operation.results.has(used)) return [used];
  const saved: Node[] = [];
  const seen = new Set<Node>();
  const stack = [used];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    // An intermediate that an earlier operator recorded already is this one's, too.
    if (operation.inputs.has(node)) saved.push(node);
    else stack.push(...node.inputs);
  }
  return saved.length > 0 ? saved : [used];
}

function overwrittenError(name: string, node: Node, value: Node, write: Overwrite): AutogradError {
  const operator = node.op === "call" ? node.attrs.name : node.op;
  return new AutogradError(
    "inplace/saved-value",
    `${name}: one of the variables needed for gradient computation has been modified by an inplace operation: ${operator} saved a ${value.dtype}${formatShape(value.shape)}, changed since by ${write.operator} (now at version ${write.version}).`,
    "Use the form without the underscore, or clone() the tensor before changing it.",
  );
}
