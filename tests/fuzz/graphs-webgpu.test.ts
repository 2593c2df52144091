import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WebGpuDevice } from "../../runtime/webgpu/device.ts";
import { hasWebGpu, openDevice } from "../runtime/webgpu/support.ts";
import { fuzzParameters, fuzzTimeout } from "./choices.ts";
import { fuzzGraphs } from "./fuzz-graphs.ts";
import { gpuDTypes } from "./graphs.ts";

describe.skipIf(!hasWebGpu)("WebGPU", () => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  test("random graphs give what the interpreter gives", { timeout: fuzzTimeout }, async () => {
    const variants = [
      { device, fusion: true },
      { device, fusion: false },
    ];
    expect(await fuzzGraphs(variants, gpuDTypes, fuzzParameters(15, 1))).toBeNull();
  });
});
