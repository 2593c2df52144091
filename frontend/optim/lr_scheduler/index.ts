/** `torch.optim.lr_scheduler`. https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate */
export { LRScheduler } from "./base.ts";
export { ChainedScheduler, SequentialLR } from "./composite.ts";
export { CosineAnnealingLR, CosineAnnealingWarmRestarts } from "./cosine.ts";
export { CyclicLR, OneCycleLR } from "./cyclic.ts";
export { ReduceLROnPlateau } from "./plateau.ts";
export {
  ConstantLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiplicativeLR,
  MultiStepLR,
  PolynomialLR,
  StepLR,
} from "./simple.ts";
