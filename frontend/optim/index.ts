/**
 * `torch.optim`: optimizers and learning-rate schedules. In come parameters and their gradients, out go in-place updates
 * of parameters and state; whatever changes from step to step is a number of the program, never a constant.
 * https://docs.pytorch.org/docs/stable/optim.html
 */
export { Adafactor } from "./adafactor.ts";
export { Adadelta, Adagrad } from "./adagrad.ts";
export { Adam, AdamW } from "./adam.ts";
export { Adamax, SparseAdam } from "./adamax.ts";
export { ASGD } from "./asgd.ts";
export { LBFGS } from "./lbfgs.ts";
export * as lr_scheduler from "./lr_scheduler/index.ts";
export { NAdam, RAdam } from "./nadam.ts";
export { Optimizer, type GivenGroup, type GroupOptions, type ParamGroup, type Params } from "./optimizer.ts";
export { RMSprop, Rprop } from "./rmsprop.ts";
export { SGD } from "./sgd.ts";
export * as swa_utils from "./swa_utils.ts";
export type { OptimizerStateDict } from "./state-dict.ts";
