/**
 * `npm run bench`: our figures for the workloads of bench/README.md, with the machine's own limits measured in the same
 * run beside them, and with other libraries' where they are asked for.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Measurement } from "./measure.ts";
import { allowRelaxedSimd } from "./relaxed-simd.ts";
import { parseOptions, select, UsageError, usage, type Options } from "./options.ts";
import type { Workload } from "./workloads/workload.ts";

// Before the first module is compiled: hence the late imports.
allowRelaxedSimd();

const profiledRuns = 15;
/** Set in the environment of the process that `--node newest` starts. */
const onNewestNode = "CRESSET_BENCH_ON_NEWEST_NODE";

// A wrong word on the command line needs no stack.
process.setUncaughtExceptionCaptureCallback((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exit(1);
});
const options = parseOptions(process.argv.slice(2));
if (options.help) console.log(usage);
else if (options.newestNode && process.env[onNewestNode] === undefined) {
  const { runOnNewestNode } = await import("./newest-node.ts");
  process.exitCode = runOnNewestNode(fileURLToPath(import.meta.url), { [onNewestNode]: "1" });
} else await run(options);

async function run({ ids, device, threads, json, peers, targets, search }: Options): Promise<void> {
  const [{ workloads }, { startWorkloads, startRow }, torch] = await Promise.all([
    import("./workloads/index.ts"),
    import("./starts.ts"),
    import("../frontend/index.ts"),
  ]);
  if (threads !== 1 && device !== "cpu") throw new UsageError("--threads is for the device cpu.");
  if (new torch.device(device).type === "webgpu") await torch.webgpu.init();
  torch.backends.cpu.benchmark = search;
  if (peers) (await import("./peers/index.ts")).installPeers();
  const rows: unknown[] = [];
  const all = [...workloads, ...startWorkloads];
  const chosen = targets && ids.length === 0 ? [] : select(all, ids);
  const timed = chosen.filter((workload) => "prepare" in workload);
  if (timed.length > 0) rows.push(...(await measureAll(timed)));
  for (const workload of chosen) {
    if ("prepare" in workload) continue;
    for await (const row of workload.measure(options)) {
      rows.push(row);
      console.log(startRow(row));
    }
  }
  if (targets) rows.push(...(await measureTargets()));
  if (json !== null) await writeFile(json, `${JSON.stringify(rows, null, 1)}\n`);
}

async function measureTargets(): Promise<unknown[]> {
  const { targets, targetHeader, targetRow } = await import("./targets/index.ts");
  console.log(targetHeader);
  const rows: unknown[] = [];
  for (const target of targets) {
    const outcome = await target.measure(options.budget);
    rows.push({ target: target.work, at_least: target.atLeast, at_most: target.atMost, unit: target.unit, ...outcome });
    console.log(targetRow(target, outcome));
  }
  return rows;
}

async function measureAll(chosen: readonly Workload[]): Promise<unknown[]> {
  const [{ measure }, { measurePeak }, table] = await Promise.all([
    import("./measure.ts"),
    import("../runtime/wasm/limits.ts"),
    import("./table.ts"),
  ]);
  const peak = measurePeak();
  const { device, threads } = options;
  const on = threads === 1 ? device : `${device} with ${threads} threads`;
  console.log(`${on} on Node ${process.versions.node}; ${table.ceilings(peak)}\n${table.header(threads)}`);
  const rows: unknown[] = [];
  for (const workload of chosen) {
    const alone = threads === 1 ? null : await measure(workload, { ...options, threads: 1 });
    const figures = await measure(workload, options);
    rows.push(figures);
    console.log(table.row(workload, figures, peak, alone));
    if (options.profile) console.log(await profile(workload));
    if (options.peers) rows.push(...(await measurePeers(workload, figures)));
  }
  return rows;
}

/** The kernels of a workload's program, the slowest first. */
async function profile(workload: Workload): Promise<string> {
  const { profiler } = await import("../frontend/index.ts");
  const work = workload.prepare(options.device);
  // What the first run does once is no part of a step.
  await profiler.profile({ with_stack: true }, async () => work.run());
  const steady = profiler.profile({ with_stack: true });
  for (let i = 0; i < profiledRuns; i++) await work.run();
  steady.stop();
  await mkdir("out", { recursive: true });
  const trace = `out/profile-${workload.id}.json`;
  steady.export_chrome_trace(trace);
  return `${steady.key_averages().table({ row_limit: 40 })}\n${trace} opens in https://ui.perfetto.dev`;
}

/** The same work by every peer that can do it, and how much longer it takes than ours. */
async function measurePeers(workload: Workload, ours: Measurement | null): Promise<unknown[]> {
  const [{ measurePeer, peerNames }, { peerRow }] = await Promise.all([
    import("./peers/index.ts"),
    import("./table.ts"),
  ]);
  const { id, repetitions = 1 } = workload;
  const rows: unknown[] = [];
  for (const peer of peerNames) {
    const { budget, threads } = options;
    const reply = await measurePeer(peer, { id, budget, repetitions, threads });
    if (reply.kind === "missing") continue;
    rows.push({ workload: id, peer, ...reply });
    console.log(peerRow(peer, reply, ours));
  }
  return rows;
}
