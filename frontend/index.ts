/** `import * as torch from "cresset"`: PyTorch's namespace. */
import "../ir/ops/index.ts";
import "./generated/tensor-methods.ts";
import { installMethods } from "./call.ts";

import "./conversion.ts";
import "./indexing.ts";
import "./strided.ts";
import "./tensor-autograd.ts";

installMethods();

export * from "./creation.ts";
export * from "./dtype.ts";
export { device, webgpuModule as webgpu, type DeviceLike } from "./devices.ts";
export * as autograd from "./autograd.ts";
export { no_grad, enable_grad, set_grad_enabled, is_grad_enabled, inference_mode } from "./grad-mode.ts";
export { compile, type CompileOptions, type CompiledFunction, type Recompile } from "./compile.ts";
export { export, ExportedProgram, type Exportable, type ExportModelOptions, type ExportGraphSignature, type SaveOptions, type ExportTarget } from "./export.ts";
export * from "./random.ts";
export { Tensor } from "./tensor.ts";
export * from "./type-info.ts";
export { as_strided, as_strided_, resize_as_ } from "./strided.ts";
export { slice, type Index, type IndexValue, type Slice } from "./indexing.ts";
export * from "../ir/errors.ts";
export * from "./generated/functions.ts";
export * as fft from "./fft.ts";
export * as linalg from "./linalg.ts";
export * as nn from "./nn/index.ts";
export * as special from "./special.ts";
export type { NamedTensors, Operand, Scalar } from "./operator-types.ts";
