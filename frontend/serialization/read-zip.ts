/**
 * Reads the zip container of a .pt file. The directory is walked here, because unzipping libraries trust its counts and
 * skip its checksums: here every step consumes bytes that exist, and every entry is checked against its CRC-32.
 */
import { inflateSync } from "fflate";
import { ByteReader } from "./byte-reader.ts";
import { serializationErrors } from "./errors.ts";

const localSignature = 0x04034b50;
const directorySignature = 0x02014b50;
const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locatorSignature = 0x07064b50;

const endBytes = 22;
const locatorBytes = 20;
const longestComment = 0xffff;
/** In a 16 or 32 bit field: the value stands in the 64-bit extension. */
const elsewhere16 = 0xffff;
const elsewhere32 = 0xffffffff;
const zip64Field = 1;
/** No deflated data can grow by more. */
const deflateLimit = 1032;

const corrupt = (what: string): Error =>
  serializationErrors.corrupt(`its zip archive ${what}; was it downloaded completely?`);

export const isZip = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && new ByteReader(bytes).uint32() === localSignature;

/** Entries by name, in the directory's order. Stored ones are views of `file`. */
export function readZip(file: Uint8Array): Map<string, Uint8Array> {
  const { count, offset } = findDirectory(file);
  const directory = new ByteReader(file, offset);
  const entries = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i++) {
    const entry = readDirectoryEntry(directory);
    entries.set(entry.name, readEntry(file, entry));
  }
  return entries;
}

interface DirectoryEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly storedBytes: number;
  readonly bytes: number;
  readonly offset: number;
}

function findDirectory(file: Uint8Array): { count: number; offset: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const lowest = Math.max(0, file.length - endBytes - longestComment);
  let end = file.length - endBytes;
  while (end >= lowest && view.getUint32(end, true) !== endSignature) end--;
  if (end < lowest) throw corrupt("has no directory");
  const count = view.getUint16(end + 10, true);
  const offset = view.getUint32(end + 16, true);
  if (count !== elsewhere16 && offset !== elsewhere32) return { count, offset };

  const locator = new ByteReader(file, Math.max(0, end - locatorBytes));
  if (locator.uint32() !== locatorSignature) return { count, offset };
  locator.uint32();
  const end64 = new ByteReader(file, locator.uint64());
  if (end64.uint32() !== end64Signature) throw corrupt("has a damaged directory");
  end64.bytes(28, "the archive's directory");
  const count64 = end64.uint64();
  end64.uint64();
  return { count: count64, offset: end64.uint64() };
}

function readDirectoryEntry(reader: ByteReader): DirectoryEntry {
  if (reader.uint32() !== directorySignature) throw corrupt("has a damaged directory");
  reader.uint32();
  const flags = reader.uint16();
  const method = reader.uint16();
  reader.uint32();
  const crc = reader.uint32();
  const storedBytes = reader.uint32();
  const bytes = reader.uint32();
  const [nameLength, extraLength, commentLength] = [reader.uint16(), reader.uint16(), reader.uint16()];
  reader.bytes(8, "a directory entry");
  const offset = reader.uint32();
  const name = reader.text(nameLength);
  const extra = new ByteReader(reader.bytes(extraLength, "a directory entry"));
  reader.bytes(commentLength, "a directory entry");

  const wide = zip64Values(extra, extraLength);
  // The extension lists only the fields that did not fit, in this order.
  const widened = (value: number): number => (value === elsewhere32 && wide !== null ? wide.uint64() : value);
  const [fullBytes, fullStoredBytes] = [widened(bytes), widened(storedBytes)];
  return { name, flags, method, crc, storedBytes: fullStoredBytes, bytes: fullBytes, offset: widened(offset) };
}

function zip64Values(extra: ByteReader, length: number): ByteReader | null {
  while (extra.offset + 4 <= length) {
    const field = extra.uint16();
    const content = extra.bytes(extra.uint16(), "a directory entry");
    if (field === zip64Field) return new ByteReader(content);
  }
  return null;
}

function readEntry(file: Uint8Array, entry: DirectoryEntry): Uint8Array {
  const about = `has a damaged entry ${entry.name}`;
  const header = new ByteReader(file, entry.offset);
  if (header.uint32() !== localSignature) throw corrupt(about);
  header.bytes(22, "an entry's header");
  header.bytes(header.uint16() + header.uint16(), "an entry's header");
  const stored = header.bytes(entry.storedBytes, entry.name);
  if (entry.flags % 2 === 1) throw serializationErrors.unsupported(`the encrypted entry ${entry.name}`);
  const bytes = decompress(stored, entry);
  if (bytes === null || bytes.length !== entry.bytes || crc32(bytes) !== entry.crc) throw corrupt(about);
  return bytes;
}

function decompress(stored: Uint8Array, { name, method, bytes }: DirectoryEntry): Uint8Array | null {
  if (method === 0) return stored;
  if (method !== 8) throw serializationErrors.unsupported(`the entry ${name}, compressed with method ${method},`);
  if (bytes > stored.length * deflateLimit) return null;
  try {
    return inflateSync(stored);
  } catch {
    return null;
  }
}

let table: Uint32Array | undefined;
const crcTable = (): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });

function crc32(bytes: Uint8Array): number {
  table ??= crcTable();
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
