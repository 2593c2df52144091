export { createWebGpuDevice, type WebGpuDevice } from "./device.ts";
