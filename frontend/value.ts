/** Values: the contents that a storage had at one version, and where their bytes are. */
import { dtypeBytes, type DType } from "../ir/dtype.ts";
import { ReadError } from "../ir/errors.ts";
import { leafNode, type Node } from "../ir/graph.ts";
import { elementCount, type Shape } from "../ir/shape.ts";
import type { Device, Memory } from "../runtime/device.ts";
import type { TypedArray } from "../runtime/typed-array.ts";

/**
 * Immutable contents: computed by a program, or given by the user. The bytes start on the host or on the device and
 * are copied to the other side when first needed there.
 */
export class Value {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly device: Device;
  private deviceMemory: Memory | null;
  private host: TypedArray | null;
  /** How many storages have this as their contents now. */
  holders = 0;
  /** Pending tensors are computed from this: it is not overwritten in place. */
  isAwaited = false;
  /** The last storage that held it. */
  owner: { value(): Value } | null = null;
  /** Set when the bytes are gone: what to tell somebody who still wants them. */
  private retired: string | null = null;

  constructor(dtype: DType, shape: Shape, device: Device, contents: Memory | TypedArray) {
    this.dtype = dtype;
    this.shape = shape;
    this.device = device;
    const onHost = ArrayBuffer.isView(contents);
    this.host = onHost ? contents : null;
    this.deviceMemory = onHost ? null : contents;
  }

  get bytes(): number {
    return elementCount(this.shape) * dtypeBytes(this.dtype);
  }

  get available(): boolean {
    return this.retired === null;
  }

  memory(): Memory {
    this.check();
    this.deviceMemory ??= this.device.upload(this.host!, this.dtype);
    return this.deviceMemory;
  }

  /** The host copy, when the contents came from there. */
  get hostContents(): TypedArray | null {
    return this.host;
  }

  check(): void {
    if (this.retired !== null)
      throw new ReadError(
        "read/retired",
        this.retired,
        "Read it before the next optimizer steps, or return it from the step.",
      );
  }

  /** Another value of the same bytes, for a moment: whoever holds this one keeps them. */
  alias(): Value {
    this.check();
    return new Value(this.dtype, this.shape, this.device, this.host ?? this.memory());
  }

  /** Gives the bytes back. */
  retire(reason: string): void {
    this.retired = reason;
    this.deviceMemory?.release();
    this.deviceMemory = null;
    this.host = null;
  }

  /** A program overwrote the bytes in place: they belong to another value now. */
  surrender(reason: string): void {
    this.retired = reason;
    this.deviceMemory = null;
    this.host = null;
  }
}

/** A leaf that stands for a value. */
export const inputNode = (value: Value): Node => leafNode("input", value.dtype, value.shape, value);

/** The value that a node has, if it has one. */
export const valueOf = (node: Node): Value | null => (node.binding instanceof Value ? node.binding : null);

/** The node whose value a marker of differentiation passes on. */
export function behindMarkers(node: Node): Node {
  let current = node;
  while (current.op === "leaf" || current.op === "detach" || current.op === "with_history")
    current = current.inputs[0]!;
  return current;
}
