/**
 * `npm run build`: what the package ships, in `dist` or the folder named.
 *
 * - Modules as they stand here, with declarations: what bundlers take, so that pages hold what they use.
 * - `node/`: the same joined into one file, for Node, where loading hundreds of modules one by one takes longer than
 *   running them. In that file the code is a text, which runtime/node/load-library.ts runs with what V8 made of it
 *   before; a text, since a second file is what bundlers of programs leave behind. Names are kept. Beside it lies the
 *   licence of the package that is joined in.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parse, type Identifier, type Literal } from "acorn";
import { build, type Plugin } from "esbuild";
import MagicString from "magic-string";
import type * as Core from "../frontend/core.ts";
import type * as Torch from "../frontend/index.ts";
import { descendants, restoreClassNames } from "./class-names.ts";
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
  // This process is not one whose compiled code is worth keeping.
  process.env["CRESSET_CODE_CACHE"] = "0";
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

const place = "library.js";

async function joinForNode(folder: string): Promise<void> {
  const outdir = path.join(folder, "node");
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  const { outputFiles } = await build({
    entryPoints: [path.join(folder, "frontend/index.js")],
    outfile: path.join(outdir, place),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["webgpu"],
    plugins: [importedAtOnce(folder), fflateWhenCalled],
    define: { "import.meta.url": libraryUrl },
    // Comments and spaces go; identifiers stay, since classes and parameters are named to users.
    minifyWhitespace: true,
    minifySyntax: true,
    // Node prints the line that threw.
    lineLimit: 160,
    sourcemap: "external",
    sourcesContent: false,
    logLevel: "warning",
    write: false,
  });
  const textOf = (end: string): string => outputFiles.find(({ path: file }) => file.endsWith(end))!.text;
  const { code, names } = asFunction(restoreClassNames(textOf(".js")));
  writeFileSync(path.join(outdir, `${place}.map`), belowOneLine(textOf(".js.map")));
  await writeIndex(outdir, code, names);
  copyFileSync(path.join(root, "node_modules/fflate/LICENSE"), path.join(outdir, "LICENSE-fflate"));
  await writeEntries(outdir);
}

/** Parameters of the library's function: where it lies, for `import.meta.url`, and what stands for `import()`. */
const libraryUrl = "libraryUrl";
const libraryImport = "libraryImport";

/** A joined module as an expression: the function that gives its exports, in the order of `names`. */
function asFunction(module: string): { code: string; names: string[] } {
  const text = new MagicString(module);
  const names: string[] = [];
  const values: string[] = [];
  for (const node of descendants(parse(module, { ecmaVersion: "latest", sourceType: "module" }))) {
    if (node.type === "ImportExpression") text.overwrite(node.start, node.source.start - 1, libraryImport);
    if (node.type !== "ExportNamedDeclaration") continue;
    for (const { local, exported } of node.specifiers) {
      values.push(nameOf(local));
      names.push(nameOf(exported));
    }
    text.overwrite(node.start, node.end, `return [${values.join(",")}];`);
  }
  const code = `(function (${libraryUrl}, ${libraryImport}) { "use strict";\n${text.toString()}})\n//# sourceMappingURL=${place}.map`;
  return { code, names };
}

const nameOf = (node: Identifier | Literal): string => (node.type === "Identifier" ? node.name : String(node.value));

/** A source map of the same text with a line above it. */
function belowOneLine(map: string): string {
  const { mappings, ...rest } = JSON.parse(map) as { mappings: string };
  return JSON.stringify({ ...rest, mappings: `;${mappings}` });
}

/** `index.js`: the loader, the library as a text, and a name for each of its exports. */
async function writeIndex(outdir: string, code: string, names: readonly string[]): Promise<void> {
  const digest = createHash("sha256").update(code).digest("hex").slice(0, 16);
  const lines = [
    'import { loadLibrary } from "../runtime/node/load-library.js";',
    `const url = new URL("${place}", import.meta.url).href;`,
    `const library = loadLibrary(${JSON.stringify(code)}, "${digest}", url, (name) => import(name));`,
    ...names.map((_, i) => `const _${i} = library[${i}];`),
    `export { ${names.map((name, i) => `_${i} as ${name}`).join(", ")} };`,
  ];
  await build({
    stdin: { contents: lines.join("\n"), resolveDir: outdir },
    outfile: path.join(outdir, "index.js"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    minifyWhitespace: true,
    logLevel: "warning",
  });
}

/** Parts of the library that pages load when they are asked for lie in the same text here: `import()` gives them. */
const importedAtOnce = (folder: string): Plugin => ({
  name: "imported-at-once",
  setup({ onLoad }) {
    // As esbuild names files.
    const own = realpathSync(folder);
    onLoad({ filter: /\.js$/ }, ({ path: file }) => {
      if (path.relative(own, file).startsWith("..")) return;
      const contents = readFileSync(file, "utf8");
      if (!contents.includes("import(")) return;
      const text = new MagicString(contents);
      for (const node of descendants(parse(contents, { ecmaVersion: "latest", sourceType: "module" }))) {
        if (node.type !== "ImportExpression" || node.source.type !== "Literal") continue;
        const { value } = node.source;
        if (typeof value !== "string" || !value.startsWith(".")) continue;
        const name = `imported${node.start}`;
        text.overwrite(node.start, node.end, `Promise.resolve(${name})`);
        // Below, so that it runs after what the module itself needs.
        text.append(`\nimport * as ${name} from ${JSON.stringify(value)};`);
      }
      return { contents: text.toString() };
    });
  },
});

/**
 * fflate is joined in, since its own file takes longer to load than to run; and it makes its tables, which takes longer
 * than its code, when a file is read or written.
 */
const fflateWhenCalled: Plugin = {
  name: "fflate-when-called",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^fflate$/ }, ({ kind }) =>
      kind === "require-call"
        ? { path: path.join(root, "node_modules/fflate/esm/browser.js") }
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
