/**
 * WGSL for WebGPU. In: a loop kernel (ir/loop.ts). Out: compute shaders and the layout of their parameters, for a
 * runtime that keeps all values in a few buffers of u32 words (memory.ts says how elements lie there).
 * What always holds: no dispatch reaches memory through two bindings; NaN, infinities, wrapping integers and division
 * by zero behave as the loop IR says, whatever WGSL lets a compiler assume; subnormal floats may become zero.
 */
export { emitKernel, type WgslDispatch, type WgslKernel, type WgslOptions } from "./emit-kernel.ts";
export { splitPhases } from "./phases.ts";
