/**
 * The WebGPU device. In: programs and a compiler from kernels to WGSL (`emitKernel` of codegen/wgsl). Out: a `Device`
 * whose calls return once their work is queued. What always holds: uploads, runs and reads take effect in the order of
 * the calls; a released value's memory is reused at once without disturbing what is queued; a failure reaches the next
 * reader as a typed error.
 */
export { requestWebGpu, type WebGpu } from "./adapter.ts";
export { createWebGpuDevice, type WebGpuDevice, type WebGpuOptions } from "./device.ts";
export type { KernelCode, KernelCompiler, KernelDispatch } from "./kernel-code.ts";
