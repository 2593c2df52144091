/** `torch.load`: the zip format of PyTorch 1.6 and later; older files go to read-legacy.ts. */
import { ByteReader } from "./byte-reader.ts";
import { serializationErrors } from "./errors.ts";
import { isTorchModuleClass, resolveGlobal } from "./globals.ts";
import { looksLegacy, readLegacy } from "./read-legacy.ts";
import type { StorageRecord } from "./tensor-records.ts";
import { parseStorageReference, StorageHandle } from "./tensor-records.ts";
import type { ConvertOptions } from "./to-javascript.ts";
import { toJavaScript } from "./to-javascript.ts";
import { unpickle } from "./unpickle.ts";
import { isZip, readZip } from "./read-zip.ts";

export interface LoadOptions extends ConvertOptions {
  /**
   * Which classes may be loaded, as PythonObjects: by default those of PyTorch's own modules and optimizers.
   * `() => false` is PyTorch's `weights_only=True`. No class is ever executed.
   */
  readonly classes?: ((name: string) => boolean) | undefined;
}

/**
 * Reads what `torch.save` wrote.
 * @throws SerializationError which says what is wrong with the file, or which name it may not use
 */
export function loadPt(file: Uint8Array, options: LoadOptions): unknown {
  const allowsClass = options.classes ?? isTorchModuleClass;
  const globals = (module: string, name: string): unknown => resolveGlobal(module, name, allowsClass);
  if (isZip(file)) return toJavaScript(readArchive(file, globals), options);
  if (looksLegacy(file)) return toJavaScript(readLegacy(file, globals), options);
  throw serializationErrors.notACheckpoint(describeStart(file));
}

function readArchive(file: Uint8Array, globals: (module: string, name: string) => unknown): unknown {
  const entries = readZip(file);
  const pickleName = Array.from(entries.keys()).find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickleName === undefined) throw serializationErrors.notACheckpoint("is a zip archive without a data.pkl");
  const root = pickleName.slice(0, -"data.pkl".length);
  if (entries.has(`${root}constants.pkl`)) {
    throw serializationErrors.unsupported(
      "a TorchScript archive",
      "Save the module's state_dict with torch.save instead.",
    );
  }
  const order = entries.get(`${root}byteorder`);
  if (order !== undefined && new TextDecoder().decode(order) !== "little") {
    throw serializationErrors.unsupported("a file in big-endian byte order");
  }

  const records = new Map<string, StorageRecord>();
  const persistentLoad = (id: unknown): StorageHandle => {
    const { key, dtype, device, elementCount } = parseStorageReference(id);
    let record = records.get(key);
    if (record === undefined) {
      record = { key, dtype, device, elementCount, bytes: entries.get(`${root}data/${key}`) ?? null };
      records.set(key, record);
    }
    return new StorageHandle(record, dtype, 0);
  };
  return unpickle(new ByteReader(entries.get(pickleName)!), { resolveGlobal: globals, persistentLoad });
}

function describeStart(file: Uint8Array): string {
  if (file.length === 0) return "is empty";
  if (file[0] === 0x1f && file[1] === 0x8b) return "is compressed with gzip";
  if (file[0] === 0x89 && file[1] === 0x48) return "is an HDF5 file";
  if (file[0] === 0x80) return "is a pickle that torch.save did not write";
  if (file[8] === 0x7b) return "looks like safetensors (use loadSafetensors)";
  const start = Array.from(file.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0"));
  return `begins with the bytes ${start.join(" ")}`;
}
