import { afterAll, beforeAll, describe } from "vitest";
import type { WebGpuDevice } from "../../../runtime/webgpu/device.ts";
import { hasWebGpu, openDevice } from "../../runtime/webgpu/support.ts";
import { describeRoutines } from "./cases.ts";
import { describeEigenvectors } from "./eigenvectors.ts";
import { describeSymmetric } from "./symmetric.ts";

describe.runIf(hasWebGpu)("on WebGPU", () => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());
  for (const describeThem of [describeRoutines, describeEigenvectors, describeSymmetric])
    describeThem("webgpu", () => [{ device }], ["float32"]);
});
