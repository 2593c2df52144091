/** Writes an exported directory, all of it or nothing. */
import { ExportError } from "../../ir/errors.ts";

/** What an export may write: a directory that holds nothing else is replaced. */
const ownFiles: ReadonlySet<string> = new Set([
  "model.mjs",
  "model.d.mts",
  "manifest.json",
  "graph.txt",
  "graph.svg",
  "weights.safetensors",
  "kernels.mjs",
  "kernels.wasm",
  "kernels.relaxed.wasm",
]);

export async function saveDirectory(directory: string, files: ReadonlyMap<string, string | Uint8Array>): Promise<void> {
  if (typeof process !== "object" || process.versions?.node === undefined) {
    throw new ExportError(
      "export/no-files",
      "export: there is no file system here to write a directory to.",
      "program.files(options) gives the files as a Map.",
    );
  }
  const [fs, path] = await Promise.all([import("node:fs/promises"), import("node:path")]);
  const target = path.resolve(directory);
  const present = await fs.readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  const foreign = present?.find((name) => !ownFiles.has(name));
  if (foreign !== undefined) {
    throw new ExportError(
      "export/directory",
      `export: ${target} holds other files, such as ${foreign}; saving replaces the whole directory. Nothing was written.`,
      "Choose a directory that is new or empty, or that holds an earlier export.",
    );
  }
  await fs.mkdir(path.dirname(target), { recursive: true });
  // Beside the target, so that it is on the same file system and can be renamed.
  const draft = await fs.mkdtemp(`${target}.draft-`);
  try {
    for (const [name, contents] of files) await fs.writeFile(path.join(draft, name), contents);
    await fs.chmod(draft, 0o755);
    if (present !== null) await replace(target, draft, fs.rename, fs.rm);
    else await fs.rename(draft, target);
  } catch (error) {
    await fs.rm(draft, { recursive: true, force: true });
    throw error;
  }
}

type Rename = (from: string, to: string) => Promise<void>;
type Remove = (path: string, options: { recursive: boolean; force: boolean }) => Promise<void>;

/** A directory cannot be renamed over a full one: the old one steps aside, and comes back if the new one fails. */
async function replace(target: string, draft: string, rename: Rename, remove: Remove): Promise<void> {
  const old = `${draft}.old`;
  await rename(target, old);
  try {
    await rename(draft, target);
  } catch (error) {
    await rename(old, target);
    throw error;
  }
  await remove(old, { recursive: true, force: true });
}
