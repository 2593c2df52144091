/** `torch.nn.functional`. https://docs.pytorch.org/docs/stable/nn.functional.html */
export * from "./generated/functional.ts";
