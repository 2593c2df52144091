import { expect, test } from "vitest";
import { jsDevice } from "../../runtime/js/device.ts";
import { createWasmDevice } from "../../runtime/wasm/device.ts";
import { fuzzParameters, fuzzTimeout, usualRuns } from "./choices.ts";
import { fuzzGraphs } from "./fuzz-graphs.ts";
import { cpuDTypes } from "./graphs.ts";
import { comparingTemplates } from "./templates.ts";

const variants = [jsDevice(), createWasmDevice()].flatMap((device) => [
  { device, fusion: true },
  { device, fusion: false },
  { device, fusion: true, dynamic: true },
]);

test("random graphs give on CPU devices what the interpreter gives", { timeout: fuzzTimeout }, async () => {
  const stop = comparingTemplates();
  try {
    expect(await fuzzGraphs(variants, cpuDTypes, fuzzParameters(usualRuns, 1))).toBeNull();
  } finally {
    stop();
  }
});
