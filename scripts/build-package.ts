/**
 * `npm run build`: what the package ships, in `dist` or the folder named.
 *
 * - Modules as they stand here, with declarations: what bundlers take, so that pages hold what they use.
 * - `node/`: the same joined into few files, for Node, where loading hundreds of modules one by one takes longer than
 *   running them. Names are kept; what is loaded on demand stays in files of its own. Beside them lies the licence of
 *   the package that is joined in.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type * as Core from "../frontend/core.ts";
import { restoreClassNames } from "./class-names.ts";
import { stripFolder } from "./strip-documentation.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

export async function buildPackage(folder: string): Promise<void> {
  compile(folder);
  for (const family of ["ir/ops", "ir/complex"]) stripFolder(path.join(folder, family));
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

/** Entries of the package that are members of another. In Node they are taken from it: no process loads more files. */
const members = {
  nn: "nn",
  functional: "nn.functional",
  optim: "optim",
  linalg: "linalg",
  special: "special",
  fft: "fft",
  quasirandom: "quasirandom",
} as const;

async function writeMembers(folder: string): Promise<void> {
  const core = (await import(pathToFileURL(path.join(folder, "core.js")).href)) as typeof Core;
  for (const [file, member] of Object.entries(members)) {
    const names = Object.keys(member === "nn.functional" ? core.nn.functional : core[member]);
    const lines = [
      `import { ${member.split(".")[0]} } from "./core.js";`,
      ...names.map((name, i) => `const _${i} = ${member}.${name};`),
      `export { ${names.map((name, i) => `_${i} as ${name}`).join(", ")} };`,
    ];
    writeFileSync(path.join(folder, `${file}.js`), `${lines.join("\n")}\n`);
  }
}

async function joinForNode(folder: string): Promise<void> {
  const outdir = path.join(folder, "node");
  // Names of chunks have hashes: those of earlier builds would pile up.
  rmSync(outdir, { recursive: true, force: true });
  const { outputFiles } = await build({
    entryPoints: ["core", "cpu-js", "index", "methods"].map((name) => path.join(folder, "frontend", `${name}.js`)),
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: "[name]-[hash]",
    format: "esm",
    platform: "node",
    target: "node20",
    // Of fflate only what is used is joined in: its own file takes longer to load than to run.
    external: ["webgpu"],
    nodePaths: [path.join(root, "node_modules")],
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
  copyFileSync(path.join(root, "node_modules/fflate/LICENSE"), path.join(outdir, "LICENSE-fflate"));
  await writeMembers(outdir);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPackage(path.resolve(process.argv[2] ?? "dist"));
