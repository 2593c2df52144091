/**
 * `npm run build`: what the package ships, in `dist` or the folder named.
 *
 * - Modules as they stand here, with declarations: what bundlers take, so that pages hold what they use.
 * - `node/`: the same joined into few files, for Node, where loading hundreds of modules one by one takes longer than
 *   running them. Names are kept; what is loaded on demand stays in files of its own.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { restoreClassNames } from "./class-names.ts";
import { stripFolder } from "./strip-documentation.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

export async function buildPackage(folder: string): Promise<void> {
  compile(folder);
  stripFolder(path.join(folder, "ir/ops"));
  await joinForNode(folder);
}

function compile(folder: string): void {
  const compiler = path.join(root, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json", "--outDir", folder], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`tsc ended with ${String(status)}:\n${stdout}`);
}

async function joinForNode(folder: string): Promise<void> {
  const outdir = path.join(folder, "node");
  // Names of chunks have hashes: those of earlier builds would pile up.
  rmSync(outdir, { recursive: true, force: true });
  const { outputFiles } = await build({
    entryPoints: [path.join(folder, "frontend/index.js")],
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: "[name]-[hash]",
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    // Comments and spaces go; identifiers stay, since classes and parameters are named to users.
    minifyWhitespace: true,
    minifySyntax: true,
    // Node prints the line that threw.
    lineLimit: 160,
    sourcemap: "linked",
    sourcesContent: false,
    logLevel: "warning",
    write: false,
  });
  mkdirSync(outdir, { recursive: true });
  for (const { path: file, text } of outputFiles)
    writeFileSync(file, file.endsWith(".js") ? restoreClassNames(text) : text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPackage(path.resolve(process.argv[2] ?? "dist"));
