/**
 * `torch.func`: derivatives of functions as functions. They can be nested; nothing needs `requires_grad`.
 * https://docs.pytorch.org/docs/stable/func.html
 */
export type { DerivativeOptions, PerArgument } from "./derivative.ts";
export { grad, grad_and_value } from "./gradients.ts";
export { hessian, jacfwd, jacrev } from "./jacobians.ts";
export { replace_all_batch_norm_modules_, stack_module_state } from "./modules.ts";
export { jvp, linearize, vjp } from "./products.ts";
export { functional_call } from "../nn/utils/stateless.ts";
export { vmap, type BatchDimension, type VmapOptions } from "../vmap.ts";
