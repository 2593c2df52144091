/** Writes the zip container of a .pt file: stored entries, each one's data starting on a multiple of 64 bytes, as PyTorch writes it. */
import { zipSync, type Zippable } from "fflate";
import { serializationErrors } from "./errors.ts";

const alignment = 64;
const localHeaderBytes = 30;
/** "FB": the extra field that PyTorch pads with. */
const paddingField = 0x4246;
const fieldHeaderBytes = 4;
/** The earliest date that zip knows: equal trees make equal files. */
const noDate = new Date(1980, 0, 1);

/** @throws SerializationError when the archive passes 4 GiB, the end of zip without its 64-bit extension */
export function writeZip(entries: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const files: Zippable = {};
  let offset = 0;
  for (const [name, data] of entries) {
    const headerEnd = offset + localHeaderBytes + new TextEncoder().encode(name).length + fieldHeaderBytes;
    const padding = (alignment - (headerEnd % alignment)) % alignment;
    const extra = { [paddingField]: new Uint8Array(padding).fill(0x5a) };
    files[name] = [data, { level: 0, mtime: noDate, extra }];
    offset = headerEnd + padding + data.length;
    if (offset >= 2 ** 32) throw serializationErrors.tooLarge(offset);
  }
  return zipSync(files);
}
