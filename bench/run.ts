/**
 * `npm run bench`: our figures for the workloads of bench/README.md, with the machine's own limits measured in the same
 * run beside them.
 */
import { writeFile } from "node:fs/promises";
import v8 from "node:v8";
import type { Measurement } from "./measure.ts";
import type { Workload } from "./workloads/workload.ts";
import { parseOptions, select, usage } from "./options.ts";

// Node 20 has relaxed SIMD behind a flag, which counts only until the first module is compiled: hence the late imports.
v8.setFlagsFromString("--experimental-wasm-relaxed-simd");

const profiledRuns = 15;

const options = parseOptions(process.argv.slice(2));
if (options.help) console.log(usage);
else await run();

/** The kernels of a workload's program, the slowest first. */
async function profile(workload: Workload, device: string): Promise<string> {
  const [{ KernelProfiler }, { kernelRows }, { recorder }, { deviceFor, deviceName }] = await Promise.all([
    import("./profile.ts"),
    import("./table.ts"),
    import("../frontend/recorder.ts"),
    import("../frontend/devices.ts"),
  ]);
  const work = workload.prepare(device);
  await work.run();
  const profiler = new KernelProfiler(deviceFor(deviceName(device)), recorder.lastExecutable!);
  for (let i = 0; i < profiledRuns; i++) await work.run();
  return kernelRows(profiler.results());
}

async function run(): Promise<void> {
  const [{ measure }, { measurePeak }, table, { workloads }, torch] = await Promise.all([
    import("./measure.ts"),
    import("./peak.ts"),
    import("./table.ts"),
    import("./workloads/index.ts"),
    import("cresset"),
  ]);
  const chosen = select(workloads, options.ids);
  if (options.threads !== 1) throw new RangeError("The cpu device runs on one thread.");
  if (new torch.device(options.device).type === "webgpu") await torch.webgpu.init();
  const peak = measurePeak();
  console.log(`${options.device} on Node ${process.versions.node}; ${table.ceilings(peak)}\n${table.header}`);

  const rows: Measurement[] = [];
  for (const workload of chosen) {
    const figures = await measure(workload, options);
    rows.push(figures);
    console.log(table.row(workload, figures, peak));
    if (options.profile) console.log(await profile(workload, options.device));
  }
  if (options.json !== null) {
    await writeFile(options.json, `${JSON.stringify(rows, null, 1)}\n`);
  }
}
