/** A gradient that a replay leaves in `.grad`: it becomes a tensor when somebody looks, and goes unseen when nobody does. */
import type { Device } from "../../runtime/device.ts";
import { newStorageId } from "../storage.ts";
import { Tensor, type LaterGradient } from "../tensor.ts";
import { nodeOver, type Value } from "../value.ts";
import { copyOf } from "../value-copy.ts";

export class LeftGradient implements LaterGradient {
  private readonly value: Value;
  private readonly owner: Tensor;
  private readonly device: Device;
  /** Somebody else has the value, too (an argument, for instance): it is not given back here. */
  private readonly isShared: boolean;
  /** It is as old as it would be as a tensor: a recording that asks for it has not made it. */
  private readonly storageId = newStorageId();
  private isGone = false;

  constructor(value: Value, owner: Tensor, device: Device, isShared: boolean) {
    this.value = value;
    this.owner = owner;
    this.device = device;
    this.isShared = isShared;
    value.holders++;
  }

  /** The value, as long as nobody has looked: its memory may be the next gradient's. */
  get unseen(): Value | null {
    return this.isGone || this.isShared || this.value.holders > 1 ? null : this.value;
  }

  /** Memory that is the user's from now on, like any result's. */
  take(): Tensor {
    const { value, owner, device, storageId } = this;
    const own = copyOf(value, "escapes");
    this.drop();
    return Tensor.ofNode(nodeOver(owner.type_, owner.shape, own), device, storageId);
  }

  drop(): void {
    this.isGone = true;
    if (--this.value.holders === 0 && !this.isShared) this.value.retire("this gradient was replaced by the next one");
  }
}
