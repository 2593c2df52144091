/**
 * Unpacks the archives that the npm package @sparticuz/chromium carries: a headless Chromium, the shared libraries
 * that a bare machine lacks, and SwiftShader, a Vulkan driver that computes on the CPU. Nothing is downloaded.
 *
 * in:  which archives are wanted
 * out: a folder that holds them, under node_modules/.cache/cresset; unpacked once, reused afterwards
 * Several processes may ask at once: each unpacks into a folder of its own, and the first to rename its folder wins.
 */
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";

const decompress = promisify(brotliDecompress);
const root = fileURLToPath(new URL("..", import.meta.url));
const packageFolder = path.join(root, "node_modules", "@sparticuz", "chromium");

/** The package carries binaries for this platform only. */
export const archivesFitThisMachine = process.platform === "linux" && process.arch === "x64";

const contents = {
  swiftshader: ["swiftshader.tar.br"],
  // Chromium looks for SwiftShader beside its executable.
  chromium: ["chromium.br", "al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br"],
} as const;

export async function unpackArchives(name: keyof typeof contents): Promise<string> {
  if (!archivesFitThisMachine) {
    throw new Error(`@sparticuz/chromium has no binaries for ${process.platform}-${process.arch}, only for linux-x64.`);
  }
  const { version } = JSON.parse(await readFile(path.join(packageFolder, "package.json"), "utf8")) as {
    version: string;
  };
  const cache = path.join(root, "node_modules", ".cache", "cresset");
  const target = path.join(cache, `${name}-${version}`);
  if (await exists(target)) return target;

  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(path.join(cache, `${name}-`));
  for (const archive of contents[name]) {
    const bytes = await decompress(await readFile(path.join(packageFolder, "bin", archive)));
    if (archive.endsWith(".tar.br")) await extractTar(bytes, draft);
    else await writeExecutable(path.join(draft, path.basename(archive, ".br")), bytes);
  }
  try {
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(target))) throw error;
  }
  return target;
}

/** Reads the plain ustar subset: regular files with short names. Folders are made as files need them. */
async function extractTar(tar: Buffer, folder: string): Promise<void> {
  const blockBytes = 512;
  const text = (start: number, length: number) =>
    tar
      .toString("latin1", start, start + length)
      .split("\0")[0]!
      .trim();
  for (let header = 0; header + blockBytes <= tar.length && tar[header] !== 0;) {
    const file = path.join(folder, text(header, 100));
    const fileBytes = Number.parseInt(text(header + 124, 12), 8);
    const type = text(header + 156, 1);
    const body = header + blockBytes;
    if (type === "" || type === "0") {
      await mkdir(path.dirname(file), { recursive: true });
      await writeExecutable(file, tar.subarray(body, body + fileBytes));
    }
    header = body + Math.ceil(fileBytes / blockBytes) * blockBytes;
  }
}

async function writeExecutable(file: string, bytes: Buffer): Promise<void> {
  await writeFile(file, bytes);
  await chmod(file, 0o755);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
