/** `import * as torch from "cresset"`: PyTorch's namespace, with every method, device and flag. */
import "./methods.ts";
import "./cpu-js.ts";
import "./debug-environment.ts";

export * from "./core.ts";
export { is_conj, is_neg, resolve_conj, resolve_neg } from "./complex-tensors.ts";
