/** `torch.nn.modules`: the layers, and functions that concern all modules. */
export * from "./index.ts";
export * as module from "./global-hooks.ts";
