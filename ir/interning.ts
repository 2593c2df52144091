/**
 * Interning: equal nodes of one recording are one node; those that gradients pass are while one step is recorded, since
 * each step has gradients, hooks and saved values of its own.
 */
import { attrsKey } from "./attribute-text.ts";
import { ShapeError } from "./errors.ts";
import {
  kindHash,
  makeNode,
  nextNodeId,
  type Node,
  type NodeRequest,
  type Primitive,
  type PrimitiveAttrs,
} from "./graph.ts";
import { mixHash } from "./hash.ts";
import { elementCount, formatShape, sameShape } from "./shape.ts";

/** Nodes by their hash; where that is taken by another node, by the next number that is free. */
type Table = Map<number, Node>;

/**
 * One table a device: equal computations on two devices are two values. Tables are replaced, never cleared: a cleared
 * Map's old contents lead to its new ones, and so keep a young generation alive once they are old.
 */
let tables = new Map<string, Table>();
let scope = "";
let interned = tableOf(scope);

function tableOf(name: string): Table {
  let table = tables.get(name);
  if (table === undefined) tables.set(name, (table = new Map<number, Node>()));
  return table;
}

/** Chooses the table for what is recorded next. */
export function enterScope(name: string): void {
  if (name === scope) return;
  scope = name;
  interned = tableOf(name);
}

/** Nodes that gradients pass and that are older are no longer found. */
let stepStart = 0;
/** What is recorded from here on is another step: what gradients pass in it are other nodes than those before. */
export function endStep(): void {
  stepStart = nextNodeId();
}
/** The id of the first node of the step that is being recorded. */
export const firstOfStep = (): number => stepStart;
/** Whether a node was there before the step that is being recorded. */
export const isEarlier = (node: Node): boolean => node.id < stepStart;

/** Runs with a table of its own: a compilation does not mix with the recording. */
export function withFreshInterning<T>(run: () => T): T {
  const saved = interned;
  interned = new Map();
  try {
    return run();
  } finally {
    interned = saved;
  }
}

/** Positions are 32-bit integers, and a loop may step once beyond the last. */
const mostElements = 2 ** 31 - 2 ** 20;

/** What has more elements than positions can name is never in memory, but it is not computed in parts either. */
function refuseUncountable({ op, dtype, shape, outputs }: NodeRequest<Primitive>): void {
  for (const whole of outputs ?? [{ dtype, shape }]) {
    const count = elementCount(whole.shape);
    if (count <= mostElements) continue;
    throw new ShapeError(
      "size/elements",
      `${op}: ${whole.dtype}${formatShape(whole.shape)} has ${count} elements; a tensor, or a step on the way to one, has ${mostElements} at most.`,
      "Compute it in parts: with chunk() along one dimension, for example.",
    );
  }
}

/** The node that this request names: a known one when an equal one was made since the last `forgetInterned`. */
export function internNode<P extends Primitive>(request: NodeRequest<P>): Node {
  const attrText = attrsKey(request.attrs);
  const kind = kindHash(request.op, request.dtype, attrText);
  const place = placeOf(request, attrText, kind);
  const known = interned.get(place);
  if (known !== undefined) return known;
  refuseUncountable(request);
  const node = makeNode(request, attrText, kind);
  interned.set(place, node);
  return node;
}

/** The node that stands for this one in the current table: an equal one that came before, or itself. */
export function internExisting(node: Node): Node {
  const place = placeOf(node, node.attrText, node.kind);
  const known = interned.get(place);
  if (known !== undefined) return known;
  interned.set(place, node);
  return node;
}

/** How many other nodes all look-ups so far have come across, for tests. */
export const interningCost = { collisions: 0 };

/** Where a node that equals the request is in the table, or is to be. */
function placeOf(request: NodeRequest<Primitive>, attrText: string, kind: number): number {
  const { inputs, shape } = request;
  let hash = request.requiresGrad ? mixHash(kind, stepStart) : kind;
  // `kind` leaves a tag out, since it says nothing of a graph's form; here it is what tells such nodes apart.
  if (request.op === "barrier") hash = mixHash(hash, (request.attrs as PrimitiveAttrs["barrier"]).tag);
  if (attrText === "" && inputs.length === 0) for (const size of shape) hash = mixHash(hash, size);
  for (const input of inputs) hash = mixHash(hash, input.id);
  // Small enough for the engine to keep it beside the pointer.
  let place = hash & 0x3fffffff;
  for (let known = interned.get(place); known !== undefined; known = interned.get(++place)) {
    if (isEqual(known, request, attrText)) break;
    interningCost.collisions++;
  }
  return place;
}

function isEqual(
  node: Node,
  { op, inputs, dtype, shape, requiresGrad }: NodeRequest<Primitive>,
  attrText: string,
): boolean {
  if (node.op !== op || node.dtype !== dtype || node.requiresGrad !== requiresGrad || node.attrText !== attrText)
    return false;
  if (requiresGrad && isEarlier(node)) return false;
  if (node.inputs.length !== inputs.length) return false;
  for (let i = 0; i < inputs.length; i++) if (node.inputs[i] !== inputs[i]) return false;
  return inputs.length > 0 || attrText !== "" || sameShape(node.shape, shape);
}

/** Starts a new recording: nodes made before stay valid, but equal ones are made anew. */
export function forgetInterned(): void {
  if (tables.size === 1 && interned.size === 0 && tables.get(scope) === interned) return;
  tables = new Map();
  interned = tableOf(scope);
}
