/** What only a page with a GPU needs: the device, its kernels and their text. Loaded when it is asked for. */
import "./gpu-kernels.ts";
import { emitKernel } from "../codegen/wgsl/emit-kernel.ts";
import type { Device } from "../runtime/device.ts";
import { createWebGpuDevice } from "../runtime/webgpu/device.ts";

export { emitKernel };
export const openWebGpu = (): Promise<Device> => createWebGpuDevice({ compileKernel: emitKernel });
