/**
 * `torch.autograd`: backward passes over the recorded graph, and what is built on them.
 * https://docs.pytorch.org/docs/stable/autograd.html
 */
export { backward, grad, type BackwardAllOptions, type BackwardOptions, type GradOptions } from "./autograd.ts";
export { detect_anomaly, is_anomaly_check_nan_enabled, is_anomaly_enabled, set_detect_anomaly } from "./anomaly.ts";
export { Function, type FunctionCtx } from "./autograd-function.ts";
export * as function from "./once-differentiable.ts";
export * as forward_ad from "./forward-ad.ts";
export * as functional from "./autograd-functional.ts";
export * as graph from "./autograd-graph.ts";
export {
  gradcheck,
  gradcheckAsync,
  GradcheckError,
  gradgradcheck,
  gradgradcheckAsync,
  type GradcheckOptions,
  type GradgradcheckOptions,
} from "./gradcheck.ts";
export * as profiler from "./autograd-profiler.ts";
export { enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled } from "./grad-mode.ts";
export { Variable } from "./variable.ts";
