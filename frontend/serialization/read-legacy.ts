/**
 * Files of PyTorch before 1.6 (and of `_use_new_zipfile_serialization=False`): five pickles in a row (magic number,
 * version, system, the value, the storages' keys), then for each key an element count and the elements.
 */
import { ByteReader } from "./byte-reader.ts";
import { serializationErrors } from "./errors.ts";
import { asItems, asString, PyDict } from "./python-values.ts";
import type { StorageRecord } from "./tensor-records.ts";
import { parseStorageReference, storageBytes, StorageHandle } from "./tensor-records.ts";
import { unpickle } from "./unpickle.ts";

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;

/** Protocol 2 and a ten-byte LONG1: how the pickled magic number begins. */
export const looksLegacy = (file: Uint8Array): boolean =>
  file[0] === 0x80 && file[1] === 0x02 && file[2] === 0x8a && file[3] === 0x0a;

export function readLegacy(file: Uint8Array, resolveGlobal: (module: string, name: string) => unknown): unknown {
  const reader = new ByteReader(file);
  const plain = {
    resolveGlobal,
    persistentLoad: (): never => {
      throw serializationErrors.corrupt("its header refers to a storage");
    },
  };
  if (unpickle(reader, plain) !== magicNumber) throw serializationErrors.notACheckpoint("has a wrong magic number");
  const version = unpickle(reader, plain);
  if (version !== protocolVersion)
    throw serializationErrors.unsupported(`version ${String(version)} of the legacy format`);
  const system = unpickle(reader, plain);
  if (system instanceof PyDict && system.get("little_endian") === false) {
    throw serializationErrors.unsupported("a file in big-endian byte order");
  }

  const records = new Map<string, StorageRecord>();
  const persistentLoad = (id: unknown): StorageHandle => {
    const { key, dtype, device, elementCount, window } = parseStorageReference(id);
    let record = records.get(key);
    if (record === undefined) {
      record = { key, dtype, device, elementCount, bytes: null };
      records.set(key, record);
    }
    return new StorageHandle(record, dtype, window?.elementOffset ?? 0);
  };
  const value = unpickle(reader, { resolveGlobal, persistentLoad });

  for (const item of asItems(unpickle(reader, plain), "the list of storages")) {
    const key = asString(item, "a storage's key");
    const record = records.get(key);
    if (record === undefined) throw serializationErrors.badStorage(key, "no tensor refers to it");
    record.bytes = reader.bytes(storageBytes(reader.uint64(), record.dtype), `storage ${key}`);
  }
  return value;
}
