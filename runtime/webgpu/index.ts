export { createWebGpuDevice } from "./device.ts";
