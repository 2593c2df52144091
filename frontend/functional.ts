/** `torch.nn.functional`. https://docs.pytorch.org/docs/stable/nn.functional.html */
export * from "./functional/batch-norm.ts";
export * from "./functional/dropout.ts";
export * from "./functional/pooling.ts";
export * from "./generated/functional.ts";
