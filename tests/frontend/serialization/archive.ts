/** Archives around a given pickle, as torch.save would make them. */
import { writeZip } from "../../../frontend/serialization/write-zip.ts";
import type { PythonPickle } from "./python-pickles.ts";

const decode = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

export function archiveOf(pickle: Uint8Array, storages: readonly Uint8Array[] = []): Uint8Array {
  const entries = new Map([["archive/data.pkl", pickle]]);
  storages.forEach((bytes, i) => entries.set(`archive/data/${i}`, bytes));
  return writeZip(entries);
}

export const archiveOfPython = ({ pickle, storages }: PythonPickle): Uint8Array =>
  archiveOf(decode(pickle), storages?.map(decode));

/** A pickle from text and byte values: `["c", "os\nsystem\n", ...]`. */
export const pickleOf = (...parts: readonly (string | number)[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.of(part)))),
  );
