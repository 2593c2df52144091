/**
 * Nodes that became tensors since their device's last flush: those that may be read late, and whose values must not be
 * overwritten in place while they are pending.
 */
import { isComplex } from "../ir/dtype.ts";
import type { Node } from "../ir/graph.ts";
import { NodeFlag } from "../ir/node-notes.ts";
import { seenSince } from "../ir/walks.ts";
import type { Device } from "../runtime/device.ts";
import type { CacheEntry } from "./program-cache.ts";
import { valueOf } from "./value.ts";

/** What nodes were created in. Held by them: time need not pass in the recorder for it. */
interface CreatedIn {
  /** The graph of the flush that followed. */
  entry: CacheEntry | null;
  /** Nodes from this number on were made after that flush. */
  end: number;
}

export interface Created {
  readonly nodes: Node[];
  readonly recording: CreatedIn;
  /** How many of them pending values have been looked for in. */
  looked: number;
}
const newlyCreated = (): Created => ({ nodes: [], recording: { entry: null, end: Infinity }, looked: 0 });

/** What a node was created in; null for one that became no tensor. */
export const recordingOf = (node: Node): CreatedIn | null => node.recording as CreatedIn | null;

export class CreatedNodes {
  private readonly byDevice = new Map<Device, Created>();

  note(node: Node, device: Device): void {
    let created = this.byDevice.get(device);
    if (created === undefined) this.byDevice.set(device, (created = newlyCreated()));
    // A node that was made before stays one of the recording that it was made in.
    node.recording ??= created.recording;
    created.nodes.push(node);
  }

  /** Those of another recording, which belong to this one from now on. */
  add(other: CreatedNodes): void {
    for (const [device, { nodes, recording }] of other.byDevice) {
      for (const node of nodes) {
        if (node.recording === recording) node.recording = null;
        this.note(node, device);
      }
    }
  }

  has(device: Device): boolean {
    return this.byDevice.has(device);
  }

  /** Those of a device, which are no longer kept here. */
  take(device: Device): Created {
    const created = this.byDevice.get(device) ?? newlyCreated();
    this.byDevice.delete(device);
    return created;
  }

  /** Marks the values that pending tensors are computed from. */
  notePending(): void {
    for (const created of this.byDevice.values()) noteAwaited(created, created.looked);
  }
}

/** What passes on what it is of: nothing is gained by keeping a view itself, and a leaf ends the history. */
const views = new Set(["reshape", "permute", "expand", "slice", "detach", "leaf", "as_complex", "as_real"]);

/**
 * Pending values of earlier recordings that a later one uses: computed once and kept, not once for each use. What has
 * gradients is computed again, with what it is computed from, unless it is used without them.
 */
export function usedAgain(order: readonly Node[]): Node[] {
  const found = new Set<Node>();
  /** What the views that were asked for so far are of: users come after what they use. */
  const shown = new Map<Node, Node>();
  const behindViews = (input: Node): Node => {
    let node = input;
    while (views.has(node.op) && valueOf(node) === null && node.inputs.length > 0)
      node = shown.get(node) ?? node.inputs[0]!;
    if (node !== input) shown.set(input, node);
    return node;
  };
  for (const user of order) {
    for (const input of user.inputs) {
      const node = behindViews(input);
      const recording = recordingOf(node);
      if (recording === null || user.id < recording.end) continue;
      const isPending = valueOf(node) === null && node.inputs.length > 0;
      const isUsedWithout = !node.requiresGrad || !input.requiresGrad;
      if (isPending && isUsedWithout && !isComplex(node.dtype)) found.add(node);
    }
  }
  return [...found];
}

/** Pending nodes that a pending tensor is computed from. */
const passed = new NodeFlag();
/** Whether somebody may ask for a node of which nothing else was computed. */
export const isEnd = (node: Node): boolean => !passed.has(node);
/** Contents that were overwritten are no tensor's any more. */
export const noteOverwritten = (node: Node): void => passed.set(node);

/** Pending tensors that a flush had no use for, and of which nothing else was computed. `walks`: before the flush */
export function pendingEnds(nodes: readonly Node[], walks: number): Node[] {
  const isPending = (node: Node): boolean => valueOf(node) === null && !seenSince(node, walks);
  const pending = nodes.filter((node) => node.inputs.length > 0 && isPending(node));
  const stack = pending.flatMap(({ inputs }) => inputs);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (passed.has(node) || !isPending(node)) continue;
    passed.set(node);
    stack.push(...node.inputs);
  }
  return pending.filter((node) => isEnd(node) && restsOnValues(node, walks));
}

/** Whether a pending node needs values, which may be given up: one that a walk has seen is taken to. */
function restsOnValues(end: Node, walks: number): boolean {
  const known = new Set<Node>();
  const stack = [...end.inputs];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (valueOf(node) !== null || seenSince(node, walks)) return true;
    if (known.has(node)) continue;
    known.add(node);
    stack.push(...node.inputs);
  }
  return false;
}

/** Nodes that were walked to find what pending values are computed from. */
const walked = new NodeFlag();

/** Marks what those from a place on are computed from. */
export function noteAwaited(created: Created, from: number): void {
  const { nodes } = created;
  const stack: Node[] = [];
  for (let i = from; i < nodes.length; i++) {
    if (valueOf(nodes[i]!) !== null) continue;
    stack.push(nodes[i]!);
    markAwaited(stack);
  }
  created.looked = nodes.length;
}

function markAwaited(stack: Node[]): void {
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const value = valueOf(node);
    if (value !== null) value.isAwaited = true;
    else if (!walked.has(node)) {
      walked.set(node);
      for (const input of node.inputs) stack.push(input);
    }
  }
}
