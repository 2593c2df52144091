/** The slots of a program while it is made, and which holds which value. */
import { dtypeBytes } from "../ir/dtype.ts";
import type { Node } from "../ir/graph.ts";
import type { Slot, SlotKind } from "../ir/program.ts";
import { elementCount } from "../ir/shape.ts";

/** A temporary that has no place yet. */
export const temporary: SlotKind = { kind: "temporary", offset: 0 };

type Typed = Pick<Node, "dtype" | "shape">;

export class Slots {
  readonly list: Slot[];
  private readonly byNode = new Map<Node, number>();

  /** `outer`: slots around these, for the values inside a loop or a choice. */
  constructor(outer: Slots | null = null) {
    this.list = outer === null ? [] : outer.list;
  }

  /** A slot for a value of the type. */
  add({ dtype, shape }: Typed, place: SlotKind): number {
    const id = this.list.length;
    this.list.push({ id, dtype, shape, bytes: elementCount(shape) * dtypeBytes(dtype), place });
    return id;
  }

  /** A slot of its own for the node's value. */
  give(node: Node, place: SlotKind): number {
    const slot = this.add(node, place);
    this.share(node, slot);
    return slot;
  }

  /** The node's value is in a slot that is there already. */
  share(node: Node, slot: number): void {
    this.byNode.set(node, slot);
  }

  has(node: Node): boolean {
    return this.byNode.has(node);
  }

  of(node: Node): number {
    return this.byNode.get(node)!;
  }
}
