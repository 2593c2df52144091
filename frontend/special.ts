/** `torch.special`: special functions. https://docs.pytorch.org/docs/stable/special.html */
export * from "./generated/special.ts";
