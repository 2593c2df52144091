/// <reference lib="esnext.disposable" preserve="true" />
/** `allow_mutation_on_saved_tensors`: what is saved for a backward pass and overwritten then is kept as it was. */
import { AutogradError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { tracing } from "./host-effects.ts";
import { recorder } from "./recorder.ts";
import { useHooks } from "./saved-packing.ts";
import { during, Scope } from "./scope.ts";
import { withSite } from "./site.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";
import { behindMarkers, inputNode, valueOf } from "./value.ts";
import { copyOf } from "./value-copy.ts";
import { beforeOverwrite, overwriteOf } from "./versions.ts";

/** A saved value: the node that it is, or a copy of that once it has been overwritten. */
interface Kept {
  readonly device: Tensor["storage_"]["device"];
  node: Node | null;
  isCopy: boolean;
}

/** What a body is given. */
export interface MutationScope {
  /** Gives up what has been saved: a backward pass that needs it is an error from then on. */
  clear(): void;
}

let current: Mutations | null = null;

class Mutations implements MutationScope {
  private readonly kept = new Map<Node, Kept>();

  readonly pack = (tensor: Tensor): Kept => {
    const node = tensor.node_();
    const known = this.kept.get(node);
    if (known !== undefined) return known;
    const kept: Kept = { node, isCopy: false, device: tensor.storage_.device };
    // A value that has no tensor any more is told apart from what it was in one.
    for (let each = node; ; each = each.inputs[0]!) {
      this.kept.set(each, kept);
      // An operator in place has written already what it read.
      if (overwriteOf(each) !== null) this.overwritten(each);
      if (each.op !== "barrier") return kept;
    }
  };

  readonly unpack = ({ node, device }: Kept): Tensor => {
    if (current !== this || node === null)
      throw new AutogradError(
        "saved-mutation/outside",
        "backward: Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in which the graph was originally recorded.",
        "Call backward() inside, before clear().",
      );
    return Tensor.ofNode(graph.distinct(graph.detach(node)), device);
  };

  /** A value that is about to be overwritten is copied: after some more writes its memory is another's. */
  readonly overwritten = (node: Node): void => {
    const kept = this.kept.get(node);
    // In a compiled function everything is computed by one program, before or after each write as it has to be.
    if (kept === undefined || kept.isCopy || kept.node === null || tracing.active) return;
    const held = behindMarkers(node);
    const value = valueOf(held);
    const copy = inputNode(value === null ? recorder.compute(held, kept.device) : copyOf(value));
    kept.isCopy = true;
    kept.node = node.dtype === held.dtype ? copy : graph.asComplex(copy);
  };

  clear(): void {
    for (const kept of this.kept.values()) kept.node = null;
    this.kept.clear();
  }
}

/**
 * Inside, tensors that are saved for a backward pass may be overwritten: they are copied before. The backward pass has to
 * be inside, too.
 * https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.allow_mutation_on_saved_tensors
 */
export function allow_mutation_on_saved_tensors(): Scope & MutationScope;
export function allow_mutation_on_saved_tensors<T>(body: (context: MutationScope) => T): T;
export function allow_mutation_on_saved_tensors<T>(body?: (context: MutationScope) => T): T | (Scope & MutationScope) {
  return withSite(() => {
    if (current !== null)
      throw new AutogradError(
        "saved-mutation/nested",
        "allow_mutation_on_saved_tensors: allow_mutation_on_saved_tensors contexts cannot be nested.",
      );
    const mutations = new Mutations();
    const removeHooks = useHooks(mutations);
    current = mutations;
    const stopWatching = beforeOverwrite(mutations.overwritten);
    const restore = (): void => {
      removeHooks();
      stopWatching();
      mutations.clear();
      current = null;
    };
    if (body !== undefined) return during(() => body(mutations), restore);
    return Object.assign(new Scope(restore), { clear: () => mutations.clear() });
  });
}
