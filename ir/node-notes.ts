/**
 * What those who record keep about single nodes. As good as a WeakMap by node, but a field of the node: a recording
 * makes many nodes a second, and tables of them are dear to the garbage collector.
 */
import type { Node } from "./graph.ts";

let kinds = 0;

export class NodeNote<T> {
  private readonly place = kinds++;

  get(node: Node): T | undefined {
    return node.notes?.[this.place] as T | undefined;
  }

  has(node: Node): boolean {
    return node.notes?.[this.place] !== undefined;
  }

  set(node: Node, value: T): void {
    (node.notes ??= new Array<unknown>(kinds).fill(undefined))[this.place] = value;
  }

  delete(node: Node): void {
    if (node.notes !== null) node.notes[this.place] = undefined;
  }
}

let flagCount = 0;

/** The same of what is true or not. */
export class NodeFlag {
  private readonly bit = 1 << flagCount++;

  has(node: Node): boolean {
    return (node.flags & this.bit) !== 0;
  }

  set(node: Node): void {
    node.flags |= this.bit;
  }
}
