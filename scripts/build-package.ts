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
import { build, type Plugin } from "esbuild";
import type * as Core from "../frontend/core.ts";
import type * as Torch from "../frontend/index.ts";
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

/**
 * Entries of the package other than the first, which holds everything: as files that load `index.js` and name what
 * they export of it. A process that takes several of them loads one file.
 */
async function writeEntries(folder: string): Promise<void> {
  const torch = (await import(pathToFileURL(path.join(folder, "index.js")).href)) as typeof Torch;
  const core = (await import(pathToFileURL(path.join(folder, "../frontend/core.js")).href)) as typeof Core;
  const write = (file: string, lines: readonly string[]) =>
    writeFileSync(path.join(folder, `${file}.js`), `${lines.join("\n")}\n`);
  for (const file of ["cpu-js", "methods"]) write(file, ['import "./index.js";']);
  write("core", [`export { ${Object.keys(core).join(", ")} } from "./index.js";`]);
  for (const [file, member] of Object.entries(members)) {
    const names = Object.keys(member === "nn.functional" ? torch.nn.functional : torch[member]);
    write(file, [
      `import { ${member.split(".")[0]} } from "./index.js";`,
      ...names.map((name, i) => `const _${i} = ${member}.${name};`),
      `export { ${names.map((name, i) => `_${i} as ${name}`).join(", ")} };`,
    ]);
  }
}

const members = {
  nn: "nn",
  functional: "nn.functional",
  optim: "optim",
  linalg: "linalg",
  special: "special",
  fft: "fft",
  quasirandom: "quasirandom",
} as const;

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
    external: ["webgpu"],
    plugins: [fflateWhenCalled],
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
  await writeEntries(outdir);
}

/**
 * fflate is joined in, since its own file takes longer to load than to run; and it makes its tables, which takes longer
 * than its code, when a file is read or written.
 */
const fflateWhenCalled: Plugin = {
  name: "fflate-when-called",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^fflate$/ }, ({ kind }) =>
      kind === "require-call"
        ? { path: path.join(root, "node_modules/fflate/esm/index.mjs") }
        : { path: "fflate", namespace: "when-called" },
    );
    onLoad({ filter: /^fflate$/, namespace: "when-called" }, () => ({
      contents: ["inflateSync", "zipSync"]
        .map((name) => `export const ${name} = (...args) => require("fflate").${name}(...args);`)
        .join("\n"),
      resolveDir: root,
    }));
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPackage(path.resolve(process.argv[2] ?? "dist"));
