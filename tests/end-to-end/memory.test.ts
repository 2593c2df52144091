/** Nothing is ever disposed of by hand: memory stays flat over 10,000 steps, and models come and go. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { webgpuAvailable } from "../support/webgpu.ts";

const run = promisify(execFile);

interface Sample {
  readonly step: number;
  readonly device: number;
  readonly heap: number;
  readonly arrays: number;
}

/** Runs tests/end-to-end/memory-run.ts in a process of its own, where the collector can be called. */
async function samples(...args: string[]): Promise<Sample[]> {
  const { stdout } = await run(
    process.execPath,
    ["--expose-gc", "--conditions=source", "--import", "tsx", "tests/end-to-end/memory-run.ts", ...args],
    { timeout: 240_000 },
  );
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Sample[];
}

function expectFlat(list: readonly Sample[], arraysSlack = 8e6): void {
  const base = list.find((sample) => sample.step >= 50)!;
  const end = list.at(-1)!;
  expect(end.device, "bytes on the device").toBeLessThanOrEqual(base.device * 1.05 + 4096);
  expect(end.heap, "bytes of JavaScript objects").toBeLessThan(base.heap + 4e6);
  expect(end.arrays, "bytes of ArrayBuffers").toBeLessThan(base.arrays + arraysSlack);
}

const hasGpu = await webgpuAvailable();

describe("memory over 10,000 steps", { timeout: 300_000 }, () => {
  it.each(["cpu", "cpu:js"])("is flat on %s when recorded lazily with one await a step", async (device) =>
    expectFlat(await samples(device, "lazy", "10000")),
  );
  it.each(["cpu", "cpu:js"])("is flat on %s when compiled and synchronous", async (device) =>
    expectFlat(await samples(device, "compiled", "10000")),
  );
  it.skipIf(!hasGpu)("is flat on webgpu when compiled, awaiting every 100 steps", async () =>
    expectFlat(await samples("webgpu", "compiled", "10000")),
  );
});

describe("memory over 1,000 recorded calls", { timeout: 300_000 }, () => {
  it("is flat when compiled", async () => expectFlat(await samples("cpu", "recorded", "1000")));
});

describe("memory over 3,000 compiled steps", { timeout: 300_000 }, () => {
  it.each(["cpu", "cpu:js"])("is flat on %s when the weights are looked at after each", async (device) =>
    expectFlat(await samples(device, "watched", "3000")),
  );
});

describe("memory over 8,000 predictions", { timeout: 300_000 }, () => {
  it.each(["cpu", "cpu:js"])("is flat on %s when nothing is written", async (device) =>
    expectFlat(await samples(device, "eval", "8000"), 2e5),
  );
});

describe("programs in the cache", { timeout: 300_000 }, () => {
  it.each(["cpu", "cpu:js"])("keep no weights on %s", async (device) =>
    expectFlat(await samples(device, "programs", "15"), 4e6),
  );
});

describe("reads that fail", { timeout: 300_000 }, () => {
  it.each(["cpu", "cpu:js"])("leave nothing behind on %s", async (device) =>
    expectFlat(await samples(device, "failing", "2000")),
  );
  it.each(["cpu", "cpu:js"])("leave nothing behind on %s in compiled functions", async (device) =>
    expectFlat(await samples(device, "failing-compiled", "2000")),
  );
});

describe("models that come and go", { timeout: 300_000 }, () => {
  it.each(["cpu", "cpu:js"])("leave nothing behind on %s after 100 times", async (device) =>
    expectFlat(await samples(device, "models", "100")),
  );
  it.each(["cpu", "cpu:js"])("leave nothing behind on %s when their steps are compiled", async (device) =>
    expectFlat(await samples(device, "functions", "300")),
  );
  it.each(["cpu", "cpu:js"])("leave nothing behind on %s when loaded and never read", async (device) =>
    // 1.3 MB of values each; a few dozen are kept.
    expectFlat(await samples(device, "unread", "200"), 48e6),
  );
});
