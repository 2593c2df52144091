/** Tensors on their way into a file: their storages' bytes, read all at once, and how they lie in them. */
import { contiguousStrides, elementCount } from "../ir/shape.ts";
import { ReadError } from "../ir/errors.ts";
import type { Device } from "../runtime/device.ts";
import { Parameter } from "./nn/parameter.ts";
import { recorder } from "./recorder.ts";
import type { TensorLeaf } from "./serialization/index.ts";
import type { Storage } from "./storage.ts";
import { Tensor } from "./tensor.ts";
import { behindMarkers, valueOf } from "./value.ts";

/** Every tensor in arrays, objects, Maps and Sets. */
export function tensorsWithin(root: unknown): Set<Tensor> {
  const found = new Set<Tensor>();
  const seen = new Set<object>();
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const item = stack.pop();
    if (typeof item !== "object" || item === null || seen.has(item)) continue;
    seen.add(item);
    if (item instanceof Tensor) found.add(item);
    else for (const part of partsOf(item)) stack.push(part);
  }
  return found;
}

function partsOf(item: object): Iterable<unknown> {
  if (Array.isArray(item) || item instanceof Set) return item as Iterable<unknown>;
  if (item instanceof Map) return [...(item as Map<unknown, unknown>)].flat();
  return ArrayBuffer.isView(item) ? [] : (Object.values(item) as unknown[]);
}

/** What is pending is computed together, one program a device. */
function compute(tensors: Iterable<Tensor>): Set<Storage> {
  const storages = new Set<Storage>();
  for (const { storage_ } of tensors) storages.add(storage_);
  for (const device of new Set(Array.from(storages, (storage) => storage.device))) {
    const pending = [...storages].filter((storage) => storage.device === device);
    recorder.flush(
      pending.map((storage) => ({ node: behindMarkers(storage.node), hint: "escapes" as const })),
      device,
    );
  }
  return storages;
}

function memoryOf(storage: Storage): ReturnType<Device["upload"]> {
  const value = valueOf(behindMarkers(storage.node))!;
  value.check();
  return value.memory();
}

export type Contents = ReadonlyMap<Storage, Uint8Array>;

/** @throws ReadError when a tensor's device is read by promises only */
export function readContents(operator: string, root: unknown): Contents {
  const tensors = tensorsWithin(root);
  for (const tensor of tensors) {
    if (!tensor.storage_.device.synchronous)
      throw new ReadError(
        "save/sync",
        `${operator}: reading a tensor on ${tensor.storage_.device.name} takes a promise, got ${String(tensor)}.`,
        `Use the ...Async twin: await ${operator}Async(...).`,
      );
  }
  return new Map(
    Array.from(compute(tensors), (storage) => [storage, new Uint8Array(storage.device.readSync(memoryOf(storage)))]),
  );
}

/** All reads are asked for before the first one is awaited: the file holds one moment's values. */
export async function readContentsAsync(root: unknown): Promise<Contents> {
  const reads = Array.from(compute(tensorsWithin(root)), async (storage): Promise<readonly [Storage, Uint8Array]> => [
    storage,
    new Uint8Array(await storage.device.read(memoryOf(storage))),
  ]);
  return new Map(await Promise.all(reads));
}

/** A tensor as the file formats take it. Views of one storage stay views of one. */
export function leafOf(tensor: Tensor, contents: Contents): TensorLeaf {
  const { storage_, shape, requires_grad } = tensor;
  const dtype = tensor.dtype.name;
  const bytes = contents.get(storage_)!;
  const common = { dtype, shape, requires_grad, parameter: tensor instanceof Parameter };
  const placed = tensor.placement_();
  if (placed !== null) {
    const { strides, offset } = placed;
    return {
      ...common,
      strides,
      storage_offset: offset,
      storageKey: storage_,
      storageElementCount: bytes.length / tensor.itemsize,
      storageBytes: () => bytes,
    };
  }
  // No strides say where its elements lie: it is saved by itself.
  const own = tensor.readSync_("save");
  return {
    ...common,
    strides: contiguousStrides(shape),
    storage_offset: 0,
    storageKey: tensor,
    storageElementCount: elementCount(shape),
    storageBytes: () => new Uint8Array(own.buffer, own.byteOffset, own.byteLength),
  };
}
