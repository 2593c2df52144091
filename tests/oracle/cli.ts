/** `npm run oracle -- OPTIONS`: runs PyTorch's cases and prints what passes. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Adapter, type DeviceName } from "./adapter.ts";
import { readKnownFailures, TESTED_DEVICES, writeBaseline, writePassedCalls } from "./baseline.ts";
import { caseFileNames } from "./format.ts";
import { writeParityPage } from "./parity-page.ts";
import { report, reportData } from "./report.ts";
import { shareEverything } from "./threads.ts";
import { runFile, type FileResult, type Selection } from "./suite.ts";

export const CASES_DIRECTORY = fileURLToPath(new URL("cases", import.meta.url));

const USAGE = `npm run oracle -- [options]
  --device LIST      cpu (default), cpu:js, webgpu; several, with commas, print a column group each
  --files LIST       case files: ops_core,modules,...
  --op REGEX         only cases whose "operator id" matches
  --dtype NAME       only operator cases sampled for this dtype
  --kinds LIST       only these calls: function,method,inplace,property,getitem,out
  --max N            at most N cases a file
  --every N          every N-th case
  --threads N        cpu on N threads, which share even the smallest kernels
  --verbose          the first failure of each operator, and what is not implemented
  --json FILE        write every count and failure
  --write-baseline   run what the tests run on these devices, and take the result as their baseline; with all files
                     and devices, docs/parity.md and the counts of the table of operators are written, too
  --help`;

const OPTIONS = {
  device: { type: "string", default: "cpu" },
  files: { type: "string", default: "" },
  op: { type: "string" },
  dtype: { type: "string" },
  kinds: { type: "string", default: "" },
  max: { type: "string", default: "Infinity" },
  every: { type: "string", default: "1" },
  threads: { type: "string", default: "1" },
  verbose: { type: "boolean", default: false },
  json: { type: "string" },
  "write-baseline": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

function listed(text: string): string[] {
  return text.split(",").filter((part) => part !== "");
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS, strict: true }).values;
}

/** @throws Error for a device or file that does not exist */
export async function main(torch: object, argv: readonly string[]): Promise<void> {
  const options = parse(argv);
  if (options.help) {
    console.log(USAGE);
    return;
  }
  const devices = listed(options.device) as DeviceName[];
  const unknown = devices.find((device) => !TESTED_DEVICES.some((tested) => tested.device === device));
  if (unknown !== undefined) throw new Error(`--device ${unknown}: there are cpu, cpu:js and webgpu`);
  const selection: Selection = {
    operators: options.op === undefined ? undefined : new RegExp(options.op),
    dtype: options.dtype,
    callKinds: new Set(listed(options.kinds)),
    max: Number(options.max),
    every: Number(options.every),
  };
  if (options.threads !== "1") await shareEverything(Number(options.threads));
  const results = await run(torch, devices, filesOf(options.files), (device) =>
    options["write-baseline"] ? TESTED_DEVICES.find((tested) => tested.device === device)!.selection : selection,
  );
  console.log(report(results, devices, options.verbose));
  if (results.every(({ total }) => Object.values(total).every((count) => count === 0)))
    throw new Error("No case matches --op, --dtype, --kinds, --max and --every.");
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(reportData(results), null, 1)}\n`);
  if (options["write-baseline"]) {
    writeBaseline(results);
    if (options.files === "" && devices.length === TESTED_DEVICES.length) {
      writeParityPage(results, devices, readKnownFailures());
      writePassedCalls(results);
    }
  }
  if (results.some((result) => result.total.failed > 0)) process.exitCode = 1;
}

function filesOf(text: string): string[] {
  const all = caseFileNames(CASES_DIRECTORY);
  const wanted = listed(text);
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`--files ${unknown}: there are ${all.join(", ")}`);
  return wanted.length > 0 ? wanted : all;
}

async function run(
  torch: object,
  devices: readonly DeviceName[],
  files: readonly string[],
  selectionOf: (device: DeviceName) => Selection,
): Promise<FileResult[]> {
  const adapters = devices.map((device) => new Adapter(torch, device));
  for (const adapter of adapters) await adapter.open();
  const results: FileResult[] = [];
  for (const file of files) {
    for (const adapter of adapters) {
      const result = await runFile(adapter, CASES_DIRECTORY, file, selectionOf(adapter.device));
      results.push(result);
      const { passed, failed, notImplemented } = result.total;
      const counts = `${passed} passed, ${failed} failed, ${notImplemented} not implemented`;
      console.error(`${file} on ${adapter.device}: ${counts}, ${result.seconds.toFixed(1)} s`);
    }
  }
  return results;
}
