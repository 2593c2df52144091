/** Gradients that a function finds, reads and assigns while it is recorded. A gradient is known by the tensor that has it. */
import type { Storage } from "../storage.ts";
import type { Tensor } from "../tensor.ts";
import type { Observer, PlainReason } from "./observer.ts";

export const sharesGradients: PlainReason = {
  does: "gives a tensor the gradient of another one, or uses tensors that have one gradient",
  instead: "give it a clone()",
};

type Scene = Pick<Observer, "firstStorageId" | "isMadeHere" | "captured" | "aliases" | "guard">;

export class ObservedGradients {
  /** Tensors whose `.grad` the function reads or assigns, with what it was before. */
  readonly touched = new Map<Tensor, Tensor | null>();
  /** Gradients that were there before, by their storages: each replay takes those that are there then. */
  readonly found = new Map<Storage, Tensor>();
  private readonly scene: Scene;

  constructor(scene: Scene) {
    this.scene = scene;
  }

  assigned(tensor: Tensor): void {
    if (!this.scene.isMadeHere(tensor) && !this.touched.has(tensor)) this.touched.set(tensor, tensor.gradient_);
  }

  read(tensor: Tensor): void {
    const { scene, touched, found } = this;
    if (scene.isMadeHere(tensor) || touched.has(tensor)) return;
    // What was there before the call matters: nothing, a gradient, or a tensor that is more than a gradient.
    const before = tensor.gradient_;
    touched.set(tensor, before);
    const isOwn = before !== null && this.isOwnMemory(before.storage_) && plainOrItself(before) === plain;
    if (isOwn) {
      found.set(before.storage_, tensor);
      scene.captured.delete(before.storage_);
      if (found.size === 2) scene.guard("gradients share memory", () => this.areShared(), { rare: true });
    }
    scene.guard("grad", () => (isOwn ? plainOrItself(tensor.gradient_) : tensor.gradient_));
  }

  /** Whether a gradient's memory is from before, and nothing else here is known to use it. */
  private isOwnMemory(storage: Storage): boolean {
    const { firstStorageId, captured, aliases } = this.scene;
    const isKnown = captured.has(storage) || this.found.has(storage) || aliases?.touch(storage) === true;
    return storage.id < firstStorageId && !isKnown;
  }

  /** Whether tensors have one gradient that had one each. */
  private areShared(): boolean {
    const owners = [...this.found.values()];
    return new Set(owners.map(({ gradient_ }) => gradient_?.storage_ ?? null)).size < owners.length;
  }

  /** Whether a gradient is that of two tensors, before the call or after it. */
  get hasShared(): boolean {
    const owners = new Map<Storage, Tensor>(this.found);
    for (const [tensor, before] of this.touched)
      for (const grad of [before, tensor.gradient_]) {
        if (grad === null) continue;
        const owner = owners.get(grad.storage_);
        if (owner === undefined) owners.set(grad.storage_, tensor);
        else if (owner !== tensor) return true;
      }
    return false;
  }

  /** The tensor whose `.grad` this memory is: when the call began, or when it ended. */
  ownerOf(storage: Storage): { readonly owner: Tensor; readonly isBefore: boolean } | null {
    const before = this.found.get(storage);
    if (before !== undefined) return { owner: before, isBefore: true };
    if (storage.id < this.scene.firstStorageId) return null;
    for (const owner of this.touched.keys())
      if (owner.gradient_?.storage_ === storage)
        return owner.gradient_.parent_ === null ? { owner, isBefore: false } : null;
    return null;
  }

  /** They are what they were before the call. */
  undo(): void {
    for (const [tensor, before] of this.touched) tensor.setGradient_(before);
  }
}

const plain = "a gradient";
/** Gradients of one tensor are alike: they have its shape, dtype and device. */
const plainOrItself = (grad: Tensor | null): unknown =>
  grad !== null && grad.parent_ === null && !grad.requires_grad ? plain : grad;
