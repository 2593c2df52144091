import { expect, test } from "vitest";
import { createWasmDevice } from "../../runtime/wasm/device.ts";
import { fuzzParameters, fuzzTimeout, usualRuns } from "./choices.ts";
import { fuzzGraphs } from "./fuzz-graphs.ts";
import { cpuDTypes } from "./graphs.ts";
import { threading } from "../../runtime/wasm/threading.ts";

/** A device whose threads share even the smallest kernels. */
const shared = (threads: number): ReturnType<typeof createWasmDevice> => {
  const device = createWasmDevice({ sharedFrom: 1 });
  device.setThreads(threads, threading);
  return device;
};

test("random graphs give on two and three threads what the interpreter gives", { timeout: fuzzTimeout }, async () => {
  const variants = [shared(2), shared(3)].flatMap((device) => [
    { device, fusion: true },
    { device, fusion: false },
    { device, fusion: true, dynamic: true },
  ]);
  await expect
    .poll(() => variants.every(({ device }) => device.helpersUp === device.threads - 1), { timeout: 30_000 })
    .toBe(true);
  expect(await fuzzGraphs(variants, cpuDTypes, fuzzParameters(usualRuns / 2, 1))).toBeNull();
});
