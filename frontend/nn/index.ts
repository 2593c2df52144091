/**
 * `torch.nn`: modules. In come tensors, out go lazy tensors; a module is a function whose parameters, buffers and
 * submodules are its properties, found by looking at each use, so nothing has to be registered or kept in step.
 * https://docs.pytorch.org/docs/stable/nn.html
 */
export { ModuleDict, ModuleList } from "./containers/module-list.ts";
export { ParameterDict, ParameterList } from "./containers/parameter-list.ts";
export { Sequential } from "./containers/sequential.ts";
export * as functional from "../functional.ts";
export type {
  BackwardHook,
  BackwardPreHook,
  ForwardHook,
  ForwardHookWithKwargs,
  ForwardPreHook,
  HookOptions,
} from "./hooks.ts";
export * as init from "./init.ts";
export { Module, type Layer } from "./module.ts";
export * as modules from "./modules/namespace.ts";
export * from "./modules/index.ts";
export { Buffer, Parameter } from "./parameter.ts";
export * as parameter from "./parameter-namespace.ts";
export type { IncompatibleKeys, StateDict } from "./state-dict.ts";
export * as utils from "./utils/index.ts";
