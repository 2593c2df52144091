/**
 * Reader of the oracle's case files (format "torch-oracle", version 1).
 *
 * in:  `cases/NAME.jsonl.gz`: a header line, then one JSON case a line
 * out: the cases one at a time, and the values inside them decoded on demand
 * Holds: a file is never parsed as a whole; a tensor's bytes are decoded once, however often they are asked for.
 */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export type DTypeName =
  | "bool"
  | "uint8"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64"
  | "complex64"
  | "complex128";

export interface TensorNode {
  $: "tensor";
  t: number;
  dtype: DTypeName;
  shape: number[];
  /** base64 of the elements in row-major order of `shape`, whatever `strides` says. */
  data: string;
  /** In elements; only where PyTorch's tensor was not contiguous (always, in pt_files). */
  strides?: number[];
  requires_grad?: boolean;
  parameter?: boolean;
  /** pt_files only: equal numbers share memory. */
  storage?: number;
  storage_offset?: number;
  storage_elems?: number;
  class?: string;
}

export interface NdarrayNode {
  $: "ndarray";
  dtype: DTypeName;
  shape: number[];
  data: string;
}

export interface FloatNode {
  $: "float";
  v: number | "nan" | "inf" | "-inf" | "-0";
}

export interface SequenceNode {
  $: "tuple" | "packed" | "size" | "set";
  v: Tree[];
  names?: string[];
}

export interface DictNode {
  $: "dict" | "ordered_dict";
  v: [Tree, Tree][];
}

export type Tagged =
  | TensorNode
  | NdarrayNode
  | FloatNode
  | SequenceNode
  | DictNode
  | { $: "ref"; t: number }
  | { $: "int"; v: string }
  | { $: "bytes"; v: string }
  | { $: "complex"; v: [Tree, Tree] }
  | { $: "slice"; v: [Tree, Tree, Tree] }
  | { $: "ellipsis" }
  | { $: "dtype" | "device" | "layout" | "memory_format" | "module" | "fn" | "reg" | "expr"; v: string };

/** A recorded Python value. A JSON integer is a Python int; a JSON number with a fraction is a Python float. */
export type Tree = null | boolean | number | string | Tree[] | Tagged;

/** [rtol, atol] */
export type Tolerance = [number, number];

/** What PyTorch threw. */
export interface RecordedError {
  type: string;
  message: string;
  /** What PyTorch's own test asks of the message. */
  regex?: string | null;
}

/** Elements as they are stored: complex is interleaved re, im; bool is 0 or 1. */
export type TypedArray =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array;

const CASE_FILE = ".jsonl.gz";

/** Names of the case files in a directory, without their ending, sorted. */
export function caseFileNames(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(CASE_FILE))
    .map((name) => name.slice(0, -CASE_FILE.length))
    .sort();
}

/**
 * The cases of one file in order. `wanted(index)` is asked before a case is parsed.
 * @throws Error when the file's header is not the oracle's
 */
export function* readCases(
  directory: string,
  name: string,
  wanted: (index: number) => boolean = () => true,
): Generator<{ index: number; record: unknown }> {
  const text = gunzipSync(readFileSync(`${directory}/${name}${CASE_FILE}`)).toString("utf8");
  let start = text.indexOf("\n") + 1;
  const header = JSON.parse(text.slice(0, start)) as { format?: unknown; version?: unknown };
  if (header.format !== "torch-oracle" || header.version !== 1) {
    throw new Error(`${name}${CASE_FILE}: the header says format ${String(header.format)}, expected torch-oracle 1`);
  }
  for (let index = 0; start < text.length;) {
    let end = text.indexOf("\n", start);
    if (end < 0) end = text.length;
    if (end > start) {
      if (wanted(index)) yield { index, record: JSON.parse(text.slice(start, end)) as unknown };
      index++;
    }
    start = end + 1;
  }
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function isTagged(value: Tree | undefined): value is Tagged {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

export function isTensorNode(value: Tree | undefined): value is TensorNode {
  return isTagged(value) && value.$ === "tensor";
}

export function isComplex(dtype: string): boolean {
  return dtype === "complex64" || dtype === "complex128";
}

/** The number a `float` node stands for. */
export function floatOf(node: FloatNode): number {
  switch (node.v) {
    case "nan":
      return NaN;
    case "inf":
      return Infinity;
    case "-inf":
      return -Infinity;
    case "-0":
      return -0;
    default:
      return node.v;
  }
}

/** Members of a recorded tuple, list, Size, set or packed sequence; null for anything else. */
export function membersOf(tree: Tree): Tree[] | null {
  if (Array.isArray(tree)) return tree;
  if (!isTagged(tree)) return null;
  return tree.$ === "tuple" || tree.$ === "packed" || tree.$ === "size" || tree.$ === "set" ? tree.v : null;
}

/** Names that go with `membersOf`, where the recorded sequence has any. */
export function memberNamesOf(tree: Tree): string[] | undefined {
  if (!isTagged(tree) || (tree.$ !== "tuple" && tree.$ !== "packed")) return undefined;
  if (tree.names !== undefined) return tree.names;
  return tree.$ === "packed" ? ["data", "batch_sizes", "sorted_indices", "unsorted_indices"] : undefined;
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const bfloatBits = new Uint32Array(1);
const bfloatValue = new Float32Array(bfloatBits.buffer);

function bfloatToNumber(bits: number): number {
  bfloatBits[0] = bits << 16;
  return bfloatValue[0]!;
}

function decode({ dtype, data }: { dtype: DTypeName; data: string }): TypedArray {
  const bytes = Buffer.from(data, "base64");
  // A copy of its own: a Buffer may start anywhere in a pooled ArrayBuffer, and a typed array needs alignment.
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  switch (dtype) {
    case "bool":
    case "uint8":
      return new Uint8Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "float32":
    case "complex64":
      return new Float32Array(buffer);
    case "float64":
    case "complex128":
      return new Float64Array(buffer);
    case "float16":
      return Float32Array.from(new Uint16Array(buffer), halfToNumber);
    case "bfloat16":
      return Float32Array.from(new Uint16Array(buffer), bfloatToNumber);
  }
}

const decoded = new WeakMap<object, TypedArray>();

/**
 * Elements of a tensor node, row-major; float16 and bfloat16 widened to float32.
 * The array is shared between callers: copy it before handing it to code that may write.
 */
export function elementsOf(node: { dtype: DTypeName; data: string }): TypedArray {
  let elements = decoded.get(node);
  if (elements === undefined) {
    elements = decode(node);
    decoded.set(node, elements);
  }
  return elements;
}
