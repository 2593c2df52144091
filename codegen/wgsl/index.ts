export { emitKernel, type WgslKernel } from "./emit-kernel.ts";
