/**
 * Loaded values and the oracle's description of them, both brought into one comparable form: tuples, dicts and the like
 * become tagged plain values, and a storage the number of its first appearance.
 */
import {
  Complex,
  getDictInfo,
  NumpyArray,
  PythonObject,
  TorchDevice,
  TorchName,
  TorchSize,
} from "../../../frontend/serialization/index.ts";
import { FakeTensor } from "./fake-tensor.ts";

export interface OracleNode {
  readonly $: string;
  readonly v?: unknown;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  readonly strides?: readonly number[];
  readonly storage_offset?: number;
  readonly storage?: number;
  readonly storage_elems?: number;
  readonly requires_grad?: boolean;
  readonly class?: string;
  readonly data?: string;
}

/** Row-major bytes of a strided view, element by element: written apart from the code under test. */
function viewedBytes({ stored }: FakeTensor): string {
  const { shape, strides, storageOffset, storage } = stored;
  const size = storage.elementCount === 0 ? 1 : storage.bytes.length / storage.elementCount;
  const walk = (dim: number, offset: number): Buffer[] =>
    dim === shape.length
      ? [Buffer.from(storage.bytes.subarray(offset * size, (offset + 1) * size))]
      : Array.from({ length: shape[dim]! }, (_, i) => walk(dim + 1, offset + i * strides[dim]!)).flat();
  return Buffer.concat(walk(0, storageOffset)).toString("base64");
}

/** What was loaded, with `dicts: "map"`. */
export function describeLoaded(root: unknown): unknown {
  const storages = new Map<object, number>();
  const numberOf = (storage: object): number => {
    if (!storages.has(storage)) storages.set(storage, storages.size);
    return storages.get(storage)!;
  };
  const visit = (value: unknown): unknown => {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) {
      const items = (value as unknown[]).map(visit);
      return Object.isFrozen(value) ? { tuple: items } : items;
    }
    if (value instanceof FakeTensor) {
      const { dtype, shape, strides, storageOffset, storage, requires_grad, parameter } = value.stored;
      const where = { strides, offset: storageOffset, storage: numberOf(storage), elements: storage.elementCount };
      return { dtype, shape, ...where, requires_grad, parameter, data: viewedBytes(value) };
    }
    if (value instanceof Map) {
      const entries = Array.from(value as Map<unknown, unknown>, ([key, item]) => [visit(key), visit(item)]);
      return getDictInfo(value)?.ordered === true ? { orderedDict: entries } : { dict: entries };
    }
    if (value instanceof Set) return { set: Array.from(value, visit) };
    if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("base64") };
    if (value instanceof TorchSize) return { size: value.sizes };
    if (value instanceof TorchName) return { [value.kind]: value.name };
    if (value instanceof TorchDevice)
      return { device: value.index === null ? value.type : `${value.type}:${value.index}` };
    if (value instanceof Complex) return { complex: [value.re, value.im] };
    if (value instanceof NumpyArray) {
      return { ndarray: value.dtype, shape: value.shape, data: Buffer.from(value.bytes).toString("base64") };
    }
    if (value instanceof PythonObject) return { object: value.class, state: visit(value.state) };
    throw new Error("a loaded value of an unknown class");
  };
  return visit(root);
}

const floats: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, "-inf": -Infinity, "-0": -0 };

/** What the oracle says torch.load returns. */
export function describeExpected(root: unknown): unknown {
  const storages = new Map<number, number>();
  const numberOf = (storage: number): number => {
    if (!storages.has(storage)) storages.set(storage, storages.size);
    return storages.get(storage)!;
  };
  const entries = (node: OracleNode): unknown[] =>
    (node.v as [unknown, unknown][]).map(([key, value]) => [visit(key), visit(value)]);
  const visit = (value: unknown): unknown => {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(visit);
    const node = value as OracleNode;
    switch (node.$) {
      case "tensor": {
        const { dtype, shape, strides, requires_grad, data } = node;
        const where = { offset: node.storage_offset, storage: numberOf(node.storage!), elements: node.storage_elems };
        return { dtype, shape, strides, ...where, requires_grad, parameter: node.class === "Parameter", data };
      }
      case "tuple":
        return { tuple: (node.v as unknown[]).map(visit) };
      case "dict":
        return { dict: entries(node) };
      case "ordered_dict":
        return { orderedDict: entries(node) };
      case "set":
        return { set: (node.v as unknown[]).map(visit) };
      case "bytes":
        return { bytes: node.v };
      case "size":
        return { size: node.v };
      case "dtype":
      case "device":
        return { [node.$]: node.v };
      case "ndarray":
        return { ndarray: node.dtype, shape: node.shape, data: node.data };
      case "int":
        return BigInt(node.v as string);
      case "float":
        return typeof node.v === "number" ? node.v : floats[node.v as string];
      default:
        throw new Error(`an oracle node of the unknown kind ${node.$}`);
    }
  };
  return visit(root);
}
