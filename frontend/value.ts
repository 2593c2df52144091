/** Values: the contents that a storage had at one version, and where their bytes are. */
import { dtypeBytes, isComplex, realOf, type DType } from "../ir/dtype.ts";
import { ReadError } from "../ir/errors.ts";
import { leafNode, type Node } from "../ir/graph.ts";
import { elementCount, type Shape } from "../ir/shape.ts";
import type { Device, Memory } from "../runtime/device.ts";
import type { TypedArray } from "../runtime/typed-array.ts";
import { graph } from "./state.ts";

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
  /** Several nodes got this: which storages have them is not counted, so it is neither overwritten nor given back. */
  isShared = false;
  /** The bytes are another value's. */
  private borrows = false;
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

  /** Another value of the same bytes. */
  alias(): Value {
    this.check();
    const other = new Value(this.dtype, this.shape, this.device, this.host ?? this.memory());
    other.borrows = true;
    // Who has either of them, or what is pending and rests on it, is not known.
    this.isShared = true;
    other.isShared = true;
    return other;
  }

  /** Gives the bytes back. */
  retire(reason: string): void {
    this.retired = reason;
    if (!this.borrows) this.deviceMemory?.release();
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

/** Whether an error tells of a value whose bytes are gone. */
export const isRetirement = (error: unknown): error is ReadError =>
  error instanceof ReadError && error.code === "read/retired";

/** A leaf that stands for a value. */
export const inputNode = (value: Value): Node => leafNode("input", value.dtype, value.shape, value);

/** Contents of these elements on a device: of complex ones their parts side by side, as real numbers. */
export const contentsOf = (dtype: DType, shape: Shape, device: Device, contents: Memory | TypedArray): Value =>
  isComplex(dtype)
    ? new Value(realOf(dtype), [...shape, 2], device, contents)
    : new Value(dtype, shape, device, contents);

/** A tensor's node over a value that holds its elements. */
export const nodeOver = (dtype: DType, shape: Shape, value: Value): Node =>
  isComplex(dtype)
    ? asElements(leafNode("input", value.dtype, [...shape, 2], value), dtype)
    : leafNode("input", dtype, shape, value);

/** Memory as the elements that a tensor of this type has in it. */
export const asElements = (memory: Node, dtype: DType): Node => (isComplex(dtype) ? graph.asComplex(memory) : memory);

/** The value that a node has, if it has one. */
export const valueOf = (node: Node): Value | null => (node.binding instanceof Value ? node.binding : null);

/** The node whose value a marker of differentiation passes on; of complex numbers their memory. */
export function behindMarkers(node: Node): Node {
  let current = node;
  while (isMarker(current)) current = current.inputs[0]!;
  return isComplex(current.dtype) ? graph.asReal(current) : current;
}
const isMarker = ({ op }: Node): boolean =>
  op === "leaf" || op === "detach" || op === "with_history" || op === "as_complex";
