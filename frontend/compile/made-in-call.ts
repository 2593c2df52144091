/**
 * Tensors that a recorded call made and that somebody got hold of without their being results: replays do not make them
 * anew. Whoever uses one after a replay is told.
 */
import type { Node } from "../../ir/graph.ts";
import { formatShape } from "../../ir/shape.ts";
import { topologicalOrder } from "../../ir/walks.ts";
import { settings } from "../state.ts";
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import type { MakingCall } from "../trace.ts";
import { behindMarkers, valueOf, type Value } from "../value.ts";

/** Functions of which it has been said. */
const told = new WeakSet<(...args: never[]) => unknown>();

export class MadeInCall implements MakingCall {
  isReplayed = false;
  /** What calls give values to: arguments and draws. */
  readonly sources = new WeakSet<Value>();
  private readonly firstStorageId: number;
  private readonly judged = new WeakSet<Storage>();
  private readonly fn: (...args: never[]) => unknown;

  constructor(fn: (...args: never[]) => unknown, firstStorageId: number) {
    this.fn = fn;
    this.firstStorageId = firstStorageId;
  }

  used(tensor: Tensor): void {
    const { storage_ } = tensor;
    if (!this.judged.has(storage_)) {
      this.judged.add(storage_);
      // Looked at before it is computed: then nothing tells any more what it rests on.
      if (!this.varies(tensor)) storage_.madeIn = null;
    }
    const { fn } = this;
    if (!this.isReplayed || storage_.madeIn === null || (told.has(fn) && !settings.warnAlways)) return;
    told.add(fn);
    // oxlint-disable-next-line no-console -- once a function, and nobody else can tell
    console.warn(
      `torch.compile: a ${tensor.type_}${formatShape(tensor.shape)} is used that was made in a call of ${fn.name === "" ? "a compiled function" : fn.name} and kept outside of it, in a variable, a list or by a hook. Later calls are replayed and do not make it anew: return it from the function instead.`,
    );
  }

  /** Whether contents are what they are at each call, as far as is seen at a glance: made of numbers alone. */
  isConstant(contents: Node): boolean {
    let node = behindMarkers(contents);
    while (node.inputs.length === 1) node = node.inputs[0]!;
    const value = valueOf(node);
    return value === null ? node.inputs.length === 0 : !this.isGiven(value);
  }

  /** Whether a tensor may be another one at the next call. */
  varies({ storage_ }: Tensor): boolean {
    const order = topologicalOrder([storage_.node], (node) => valueOf(node) !== null);
    return order.some((node) => {
      const value = valueOf(node);
      return value !== null && this.isGiven(value);
    });
  }

  private isGiven(value: Value): boolean {
    const owner = value.owner as Storage | null;
    return this.sources.has(value) || (owner !== null && owner.id < this.firstStorageId);
  }
}
