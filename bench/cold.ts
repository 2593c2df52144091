/**
 * W11_cold: the time of a whole process from its start to a printed result. Every library is loaded as an application
 * loads it: from its package, ours built first and put beside the others.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { buildPackage } from "../scripts/build-package.ts";
import { median } from "./measure.ts";

const at = (place: string): string => fileURLToPath(new URL(place, import.meta.url));
const packages = at("./node_modules");
const programs = `${packages}/.cold`;
/** Each program ends by saying how much processor time its whole process took. */
const farewell = `process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  process.stdout.write(\`${"$"}{(user + system) / 1000}\\n\`);
});`;
const rounds = 9;

export interface ColdStart {
  readonly library: string;
  readonly ms_median: number;
  readonly cpu_ms_median: number;
  readonly printed: number;
}

/** `libraries`: names of programs in bench/cold. Their starts take turns. */
export async function measureColdStarts(libraries: readonly string[]): Promise<ColdStart[]> {
  await installPackage();
  await buildPrograms(libraries);
  const starts = libraries.flatMap((program) => [
    { library: program, program, codeCache: `${programs}/code`, samples: [] as Start[] },
    // What the first process of all takes, which finds no compiled code.
    ...(program === "cresset" ? [{ library: "cresset, first", program, codeCache: "0", samples: [] }] : []),
  ]);
  // The first round fills the file system's cache, and ours.
  for (let round = 0; round <= rounds; round++) {
    for (const { program, codeCache, samples } of starts) {
      const start = startOnce(program, codeCache);
      if (round > 0) samples.push(start);
    }
  }
  return starts.map(({ library, samples }) => ({
    library,
    ms_median: median(samples.map(({ ms }) => ms)),
    cpu_ms_median: median(samples.map(({ cpuMs }) => cpuMs)),
    printed: samples[0]!.printed,
  }));
}

interface Start {
  readonly ms: number;
  readonly cpuMs: number;
  readonly printed: number;
}

function startOnce(program: string, codeCache: string): Start {
  const start = performance.now();
  const { stdout, status, stderr } = spawnSync(process.execPath, [`${programs}/${program}.mjs`], {
    encoding: "utf8",
    env: { ...process.env, CRESSET_CODE_CACHE: codeCache },
  });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`${program} ended with ${String(status)}: ${stderr.slice(-1000)}`);
  const lines = stdout.trim().split("\n");
  return { ms, cpuMs: Number(lines.at(-1)), printed: Number(lines.at(-2)) };
}

/** What `npm install cresset` would bring. */
async function installPackage(): Promise<void> {
  const target = `${packages}/cresset`;
  rmSync(target, { recursive: true, force: true });
  await buildPackage(`${target}/dist`);
  copyFileSync(at("../package.json"), `${target}/package.json`);
}

/** Compiles the programs, which name the libraries as an application does. */
async function buildPrograms(libraries: readonly string[]): Promise<void> {
  await build({
    entryPoints: libraries.map((library) => at(`./cold/${library}.ts`)),
    outdir: programs,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    banner: { js: farewell },
    plugins: [
      {
        name: "packages",
        setup({ onResolve }) {
          onResolve({ filter: /^[@a-z]/ }, ({ path }) => ({ path, external: true }));
          onResolve({ filter: /frontend\/index\.ts$/ }, () => ({ path: "cresset", external: true }));
        },
      },
    ],
  });
}
