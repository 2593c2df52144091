/**
 * `npm run size`: what the entry files of bench/size weigh, bundled for browsers by esbuild, minified, gzip level 9.
 * `at once` is what an application loads before it starts; `in all` adds the parts that it loads when it asks for them,
 * such as a device's.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type BuildOptions, type Metafile } from "esbuild";
import { stripDocumentationPlugin } from "./strip-documentation.ts";

const entries = fileURLToPath(new URL("../bench/size", import.meta.url));

export interface Size {
  readonly minified: number;
  readonly gzip: number;
}
export interface BundleSize {
  readonly atOnce: Size;
  readonly inAll: Size;
  /** Bytes after minification, by source file, the largest first. */
  readonly sources: readonly (readonly [file: string, bytes: number])[];
}

/** How applications are bundled here. */
export const bundleOptions = {
  bundle: true,
  minify: true,
  format: "esm",
  splitting: true,
  platform: "browser",
  target: "es2023",
  metafile: true,
  legalComments: "none",
  external: ["node:*", "webgpu"],
  plugins: [stripDocumentationPlugin],
} satisfies BuildOptions;

export async function measureBundle(entry: string): Promise<BundleSize> {
  const { outputFiles, metafile } = await build({
    ...bundleOptions,
    entryPoints: [entry],
    outdir: "out",
    write: false,
  });
  const contents = new Map(outputFiles.map((file) => [path.relative(process.cwd(), file.path), file.contents]));
  const size = (names: readonly string[]): Size => {
    const total = { minified: 0, gzip: 0 };
    for (const name of names) {
      const bytes = contents.get(name)!;
      total.minified += bytes.length;
      total.gzip += gzipSync(bytes, { level: 9 }).length;
    }
    return total;
  };
  return {
    atOnce: size(loadedAtOnce(metafile, path.relative(process.cwd(), entry))),
    inAll: size([...contents.keys()]),
    sources: bytesBySource(metafile),
  };
}

/** The outputs that the entry reaches without a dynamic import. */
function loadedAtOnce({ outputs }: Metafile, entry: string): string[] {
  const reached = new Set(Object.keys(outputs).filter((name) => outputs[name]!.entryPoint === entry));
  for (const name of reached) {
    for (const { path: next, kind } of outputs[name]!.imports)
      if (kind === "import-statement" && next in outputs) reached.add(next);
  }
  return [...reached];
}

function bytesBySource({ outputs }: Metafile): [string, number][] {
  const totals = new Map<string, number>();
  for (const output of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(output.inputs)) {
      totals.set(file, (totals.get(file) ?? 0) + bytesInOutput);
    }
  }
  return [...totals].sort(([, a], [, b]) => b - a);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const format = ({ minified, gzip }: Size): string => `${minified} bytes, ${gzip} gzip`;
  for (const name of readdirSync(entries).sort()) {
    const { atOnce, inAll, sources } = await measureBundle(path.join(entries, name));
    console.log(`${name}\n  at once: ${format(atOnce)}\n  in all:  ${format(inAll)}`);
    if (process.argv.includes("--verbose"))
      for (const [file, bytes] of sources.slice(0, 40)) console.log(`  ${String(bytes).padStart(8)} ${file}`);
  }
}
