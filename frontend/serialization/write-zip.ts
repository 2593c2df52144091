/** Writes the zip container of a .pt file: stored entries, each one's data starting on a multiple of 64 bytes, as PyTorch writes it. */
import { crc32 } from "./crc32.ts";
import { serializationErrors } from "./errors.ts";

const alignment = 64;
const localHeaderBytes = 30;
const directoryEntryBytes = 46;
const endBytes = 22;
/** "FB": the extra field that PyTorch pads with. */
const paddingField = 0x4246;
const fieldHeaderBytes = 4;
/** What a reader must know: version 2.0; names are UTF-8. */
const version = 20;
const nameIsUtf8 = 0x800;
/** 1 January 1980, the earliest date that zip knows: equal trees make equal files. */
const noDate = 0x21;

interface Entry {
  readonly name: Uint8Array;
  readonly data: Uint8Array;
  readonly crc: number;
  readonly offset: number;
  readonly padding: number;
}

/** @throws SerializationError when the archive passes 4 GiB, the end of zip without its 64-bit extension */
export function writeZip(entries: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const placed: Entry[] = [];
  let offset = 0;
  for (const [text, data] of entries) {
    const name = new TextEncoder().encode(text);
    const headerEnd = offset + localHeaderBytes + name.length + fieldHeaderBytes;
    const padding = (alignment - (headerEnd % alignment)) % alignment;
    placed.push({ name, data, crc: crc32(data), offset, padding });
    offset = headerEnd + padding + data.length;
    if (offset >= 2 ** 32) throw serializationErrors.tooLarge(offset);
  }
  const directoryBytes = placed.reduce((total, { name }) => total + directoryEntryBytes + name.length, 0);
  const file = new Uint8Array(offset + directoryBytes + endBytes);
  const fields = new Fields(file);
  for (const entry of placed) writeLocal(fields, entry);
  for (const entry of placed) writeDirectoryEntry(fields, entry);
  fields.uint32(0x06054b50).uint16(0, 0, placed.length, placed.length).uint32(directoryBytes, offset).uint16(0);
  return file;
}

function writeLocal(fields: Fields, entry: Entry): void {
  const { name, data, padding } = entry;
  fields.uint32(0x04034b50);
  writeDescription(fields, entry, fieldHeaderBytes + padding);
  fields.bytes(name).uint16(paddingField, padding).bytes(new Uint8Array(padding).fill(0x5a)).bytes(data);
}

function writeDirectoryEntry(fields: Fields, entry: Entry): void {
  fields.uint32(0x02014b50).uint16(version);
  writeDescription(fields, entry, 0);
  // No comment, the first disk, no attributes.
  fields.uint16(0, 0, 0).uint32(0, entry.offset).bytes(entry.name);
}

/** What an entry's header and its entry in the directory share. */
function writeDescription(fields: Fields, { name, data, crc }: Entry, extraBytes: number): void {
  fields.uint16(version, nameIsUtf8, 0, 0, noDate).uint32(crc, data.length, data.length);
  fields.uint16(name.length, extraBytes);
}

/** Little-endian numbers and bytes, one after another. */
class Fields {
  private readonly file: Uint8Array;
  private readonly view: DataView;
  private at = 0;
  constructor(file: Uint8Array) {
    this.file = file;
    this.view = new DataView(file.buffer);
  }
  uint16(...values: readonly number[]): this {
    for (const value of values) this.view.setUint16((this.at += 2) - 2, value, true);
    return this;
  }
  uint32(...values: readonly number[]): this {
    for (const value of values) this.view.setUint32((this.at += 4) - 4, value, true);
    return this;
  }
  bytes(bytes: Uint8Array): this {
    this.file.set(bytes, this.at);
    this.at += bytes.length;
    return this;
  }
}
