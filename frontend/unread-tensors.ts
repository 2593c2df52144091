/**
 * Pending tensors that somebody may still read when what they are computed from is given up: those of which nothing else
 * was computed (a loss, a running mean), and gradients that are still in `.grad`. They are computed then, and from then
 * on with their graph.
 */
import { dtypeBytes } from "../ir/dtype.ts";
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/shape.ts";
import { topologicalOrder } from "../ir/walks.ts";
import type { Device } from "../runtime/device.ts";
import { isEnd } from "./created-nodes.ts";
import { retention } from "./retiring-values.ts";
import type { Tensor } from "./tensor.ts";
import { behindMarkers, valueOf, type Value } from "./value.ts";

/**
 * How long they are known, in flushes that let time pass. What they are computed from may be given up some flushes after
 * they were noted: a step that reads values between its writes is several.
 */
const known = 3 * retention;
/** While no time passes, the latest are kept: this many, and this many bytes from before the last flush. */
const most = 256;
const mostBytes = 16e6;

interface Unread {
  readonly device: Device;
  /** When it was noted, in flushes, and in those that let time pass. */
  readonly flush: number;
  readonly at: number;
  readonly bytes: number;
  /** The node, as long as it may be asked for. */
  readonly node: () => Node | null;
}

export class UnreadTensors {
  private list: Unread[] = [];
  private bytes = 0;
  private flushes = 0;
  private time = 0;

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  /** A flush has left these pending. */
  addEnds(nodes: readonly Node[], device: Device): void {
    this.flushes++;
    for (const node of nodes) this.add(device, bytesOf(node), () => (isEnd(node) ? node : null));
  }

  addGradient(owner: Tensor, gradient: Tensor): void {
    const { storage_: storage } = gradient;
    const node = (): Node | null => (owner.heldGradient_ === gradient ? behindMarkers(storage.node) : null);
    // With the tensor that it is of.
    this.add(storage.device, 2 * bytesOf(storage.node), node);
  }

  private add(device: Device, bytes: number, node: Unread["node"]): void {
    const { flushes: flush, time: at } = this;
    this.list.push({ device, flush, at, bytes, node });
    this.bytes += bytes;
    if (this.list.length > most) this.keep(this.list.slice(most / 2));
    if (this.bytes > mostBytes) this.keep(this.list.filter((item) => item.flush === flush));
  }

  /** Time has passed. */
  advance(): void {
    this.time++;
    if (this.list.length > 0) this.keep(this.list.filter(({ at }) => this.time - at <= known));
  }

  private keep(list: Unread[]): void {
    this.list = list;
    this.bytes = list.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Those that are computed from these values, by device. */
  restingOn(values: ReadonlySet<Value>): Map<Device, Node[]> {
    const found = new Map<Device, Node[]>();
    for (const { device, node: get } of this.list) {
      const node = get();
      if (node === null || valueOf(node) !== null) continue;
      const order = topologicalOrder([node], (used) => valueOf(used) !== null);
      if (!order.some((used) => values.has(valueOf(used)!))) continue;
      found.set(device, [...(found.get(device) ?? []), node]);
    }
    return found;
  }
}

const bytesOf = ({ dtype, shape }: Node): number => elementCount(shape) * dtypeBytes(dtype);
