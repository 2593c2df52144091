/** `import * as torch from "cresset"`: PyTorch's namespace. */
import "../ir/ops/index.ts";
import { installMethods } from "./call.ts";

installMethods();

export * from "./creation.ts";
export * from "./dtype.ts";
export { device, webgpuModule as webgpu, type DeviceLike } from "./devices.ts";
export { Tensor } from "./tensor.ts";
export * from "../ir/errors.ts";
