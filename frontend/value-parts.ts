/**
 * Contiguous parts of values, as `x.narrow(0, i, 16)` or `x.at(i)`: inputs of a program like any other, so that a loop
 * over positions runs one program. What a slice of another shape has of a value is part of the graph.
 */
import { dtypeBytes, isComplex } from "../ir/dtype.ts";
import type { Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/shape.ts";
import type { Device, Memory } from "../runtime/device.ts";
import { typedView } from "../runtime/typed-array.ts";
import { Value, valueOf } from "./value.ts";

/** How many parts a graph may take; one of more is likely to take a value apart, which it knows how to do. */
const mostParts = 64;

/** The parts that one graph takes. */
export class ValueParts {
  /** Whether devices like this one take parts. */
  private taken: boolean;
  private readonly found = new Map<Node, Part>();

  constructor(device: Device) {
    this.taken = device.part !== undefined;
  }

  /** Whether a node stands for such a part. */
  has(node: Node): boolean {
    if (!this.taken) return false;
    if (node.op !== "slice" && node.op !== "reshape") return false;
    if (this.found.has(node)) return true;
    const part = partOf(node);
    if (part === null) return false;
    this.found.set(node, part);
    return true;
  }

  /** From now on there are none, where there were too many. Gives whether that was so. */
  giveUp(): boolean {
    if (this.found.size <= mostParts) return false;
    this.taken = false;
    this.found.clear();
    return true;
  }

  /** To be read by a run. */
  memoryOf(node: Node): Memory | null {
    const part = this.found.get(node);
    if (part === undefined) return null;
    const { value, start } = part;
    const each = dtypeBytes(node.dtype);
    return value.device.part!(value.memory(), start * each, elementCount(node.shape) * each);
  }

  /** A value of its own with these elements. */
  copyOf(node: Node): Value | null {
    const memory = this.memoryOf(node);
    if (memory === null) return null;
    const { device } = memory;
    return new Value(node.dtype, node.shape, device, typedView(node.dtype, device.readSync(memory)));
  }
}

interface Part {
  readonly value: Value;
  /** The first element. */
  readonly start: number;
}

function partOf(node: Node): Part | null {
  if (isComplex(node.dtype)) return null;
  let start = 0;
  let isPart = false;
  let current = node;
  for (; valueOf(current) === null; current = current.inputs[0]!) {
    if (current.op === "slice") {
      const first = firstElement(current);
      if (first === null) return null;
      start += first;
      isPart = true;
    } else if (current.op !== "reshape") return null;
  }
  return isPart ? { value: valueOf(current)!, start } : null;
}

/** Where the elements of a slice begin in what they are of, row by row; null where they do not lie side by side. */
function firstElement({ attrs: { start, step, size }, inputs }: NodeOf<"slice">): number | null {
  const { shape } = inputs[0]!;
  let first = 0;
  /** Dimensions so far have one index each. */
  let isOneRow = true;
  for (const [axis, whole] of shape.entries()) {
    const taken = size[axis]!;
    if (taken !== 1 && step[axis] !== 1) return null;
    if (!isOneRow && taken !== whole) return null;
    first = first * whole + start[axis]!;
    isOneRow &&= taken === 1;
  }
  return first;
}
