/**
 * safetensors: a length (8 bytes), a JSON header `{name: {dtype, shape, data_offsets}}`, and the tensors' row-major
 * bytes one after another, without gaps.
 */
import { ByteReader } from "./byte-reader.ts";
import { dtypeOfSafetensorsTag, safetensorsOrder, storedDtypes } from "./dtypes.ts";
import { serializationErrors } from "./errors.ts";
import type { StoredTensor, TensorLeaf } from "./tensors.ts";
import { bytesOf, contiguousBytes, contiguousStrides, elementCountOf } from "./tensors.ts";

const bad = serializationErrors.badSafetensors;
/** The limit of the reference implementation: a longer header is an attack or another format. */
const headerLimit = 100_000_000;
const prefixBytes = 8;

export interface SafetensorsContents<Tensor> {
  /** In the header's order, which is the order of the data. */
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** @throws SerializationError when the header does not describe the bytes exactly */
export function loadSafetensors<Tensor>(
  file: Uint8Array,
  makeTensor: (tensor: StoredTensor) => Tensor,
): SafetensorsContents<Tensor> {
  const reader = new ByteReader(file);
  const length = reader.uint64();
  if (length > headerLimit) throw bad(`its header would be ${length} bytes long`);
  const { entries, metadata } = parseHeader(reader.text(length));
  const data = file.subarray(prefixBytes + length);
  checkCoverage(entries, data.length);
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const storage = { key: name, bytes: data.slice(begin, end), elementCount: elementCountOf(shape) };
    const layout = { shape, strides: contiguousStrides(shape), storageOffset: 0 };
    tensors.set(name, makeTensor({ dtype, ...layout, storage, requires_grad: false, parameter: false, device: "cpu" }));
  }
  return { tensors, metadata };
}

function parseHeader(text: string): { entries: Entry[]; metadata: Record<string, string> } {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw bad("its header is not JSON");
  }
  if (!isRecord(header)) throw bad("its header is no JSON object");
  const metadata: [string, string][] = [];
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (!isRecord(value)) throw bad(`the entry ${JSON.stringify(name)} is no object`);
    if (name !== "__metadata__") {
      entries.push(parseEntry(name, value));
      continue;
    }
    for (const [key, note] of Object.entries(value)) {
      if (typeof note !== "string") throw bad(`the metadata ${JSON.stringify(key)} is no string`);
      metadata.push([key, note]);
    }
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return { entries, metadata: Object.fromEntries(metadata) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isIndices = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);

function parseEntry(name: string, { dtype: tag, shape, data_offsets: offsets }: Record<string, unknown>): Entry {
  const about = `tensor ${JSON.stringify(name)}`;
  const dtype = typeof tag === "string" ? dtypeOfSafetensorsTag.get(tag) : undefined;
  if (dtype === undefined) throw bad(`${about} has the unknown dtype ${JSON.stringify(tag)}`);
  if (!isIndices(shape)) throw bad(`${about} has no valid shape`);
  if (!isIndices(offsets) || offsets.length !== 2) throw bad(`${about} has no valid data_offsets`);
  const [begin, end] = offsets as [number, number];
  const needed = elementCountOf(shape) * bytesOf(dtype);
  if (end - begin !== needed) {
    throw bad(
      `${about} of shape [${shape.join(", ")}] and dtype ${dtype} needs ${needed} bytes, its offsets give ${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Tensors must fill the data without gap or overlap, so that a file cannot hide or alias bytes. */
function checkCoverage(entries: readonly Entry[], dataBytes: number): void {
  let filled = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== filled)
      throw bad(`tensor ${JSON.stringify(name)} begins at ${begin}, but the one before ends at ${filled}`);
    filled = end;
  }
  if (filled > dataBytes) throw serializationErrors.truncated("its data", filled, dataBytes);
  if (filled < dataBytes) throw bad(`${dataBytes - filled} bytes after the last tensor belong to none`);
}

/**
 * The bytes that the reference implementation would write: widest dtype first, then by name, the header padded to a
 * multiple of 8. Views are written as they look; memory that tensors share is written once for each.
 */
export function saveSafetensors(
  tensors: Iterable<readonly [string, TensorLeaf]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const tagged = Array.from(tensors, ([name, leaf]) => ({ name, leaf, tag: tagOf(name, leaf) }));
  const rank = ({ tag }: { readonly tag: string }): number => safetensorsOrder.indexOf(tag);
  tagged.sort((a, b) => rank(b) - rank(a) || (a.name < b.name ? -1 : 1));
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set("__metadata__", metadata);
  const contents: Uint8Array[] = [];
  let end = 0;
  for (const { name, leaf, tag } of tagged) {
    if (header.has(name) || name === "__metadata__") {
      throw serializationErrors.cannotSave(JSON.stringify(name), "a name that is taken");
    }
    const bytes = contiguousBytes(leaf, leaf.storage_offset, leaf.storageBytes());
    header.set(name, { dtype: tag, shape: leaf.shape, data_offsets: [end, (end += bytes.length)] });
    contents.push(bytes);
  }
  return assemble(header, contents, end);
}

function tagOf(name: string, { dtype }: TensorLeaf): string {
  const tag = storedDtypes[dtype]?.safetensors;
  if (tag !== undefined) return tag;
  const cure = dtype.startsWith("complex") ? "Save view_as_real(x) instead." : undefined;
  throw serializationErrors.cannotSave(
    JSON.stringify(name),
    `of dtype ${dtype}, which safetensors does not have`,
    cure,
  );
}

function assemble(
  header: ReadonlyMap<string, unknown>,
  contents: readonly Uint8Array[],
  dataBytes: number,
): Uint8Array {
  // Entry by entry: an object would move names such as "0" to the front.
  const fields = Array.from(header, ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const unpadded = new TextEncoder().encode(`{${fields.join(",")}}`);
  const length = Math.ceil(unpadded.length / prefixBytes) * prefixBytes;
  const file = new Uint8Array(prefixBytes + length + dataBytes).fill(0x20, prefixBytes, prefixBytes + length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(unpadded, prefixBytes);
  let offset = prefixBytes + length;
  for (const bytes of contents) {
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}
