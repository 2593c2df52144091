/** Files where there is a file system, and whatever else bytes come from and go to. */
import type * as nodeFiles from "node:fs";
import { ArgumentError } from "../ir/errors.ts";

/** A path (or a file: URL), or something that takes bytes, such as a stream. */
export type FileTarget = string | URL | { write(bytes: Uint8Array): unknown };
/** A path (or a file: URL), or the bytes themselves. */
export type FileSource = string | URL | ArrayBufferLike | ArrayBufferView;
/** Also what is read by promises: an address, a Blob (a chosen file), a Response. */
export type AsyncFileSource = FileSource | { arrayBuffer(): Promise<ArrayBuffer> };

/** Asked of the process, so that bundles for browsers need no such module. */
function fileSystem(operator: string, cure: string): typeof nodeFiles {
  const found = typeof process === "object" ? process.getBuiltinModule?.("node:fs") : undefined;
  if (found === undefined)
    throw new ArgumentError("file/no-file-system", `${operator}: there is no file system here.`, cure);
  return found;
}
const saveCure = (operator: string): string => `${operator}(value) without a path returns the bytes.`;
const loadCure = (operator: string): string => `Pass the bytes, or await ${operator}Async(address).`;

const isPath = (file: unknown): file is string | URL => typeof file === "string" || file instanceof URL;
const hasWrite = (file: unknown): file is { write(bytes: Uint8Array): unknown } =>
  typeof file === "object" && file !== null && "write" in file && typeof file.write === "function";

function refuse(operator: string, file: unknown): never {
  const what =
    file === null ? "null" : typeof file === "object" ? `a ${file.constructor?.name ?? "object"}` : typeof file;
  throw new ArgumentError("file/kind", `${operator}: a file is a path or bytes, got ${what}.`);
}

export function writeFile(operator: string, file: FileTarget, bytes: Uint8Array): void {
  if (isPath(file)) fileSystem(operator, saveCure(operator)).writeFileSync(file, bytes);
  else if (hasWrite(file)) void file.write(bytes);
  else refuse(operator, file);
}
export async function writeFileAsync(operator: string, file: FileTarget, bytes: Uint8Array): Promise<void> {
  if (isPath(file)) await fileSystem(operator, saveCure(operator)).promises.writeFile(file, bytes);
  else if (hasWrite(file)) await file.write(bytes);
  else refuse(operator, file);
}

export function readFile(operator: string, file: FileSource): Uint8Array {
  if (isPath(file)) return plain(fileSystem(operator, loadCure(operator)).readFileSync(file));
  return bytesOf(file) ?? refuse(operator, file);
}
export async function readFileAsync(operator: string, file: AsyncFileSource): Promise<Uint8Array> {
  if (isPath(file)) {
    const remote =
      /^https?:/.test(String(file)) || typeof process !== "object" || process.getBuiltinModule === undefined;
    return remote
      ? fetched(operator, file)
      : plain(await fileSystem(operator, loadCure(operator)).promises.readFile(file));
  }
  if ("arrayBuffer" in file) return new Uint8Array(await file.arrayBuffer());
  return bytesOf(file) ?? refuse(operator, file);
}

/** Node's Buffers share memory where Uint8Arrays copy. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function bytesOf(file: unknown): Uint8Array | null {
  if (ArrayBuffer.isView(file)) return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  return file instanceof ArrayBuffer || (typeof SharedArrayBuffer === "function" && file instanceof SharedArrayBuffer)
    ? new Uint8Array(file)
    : null;
}

async function fetched(operator: string, address: string | URL): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok)
    throw new ArgumentError(
      "file/fetch",
      `${operator}: ${String(address)} answered ${response.status} ${response.statusText}.`,
    );
  return new Uint8Array(await response.arrayBuffer());
}
