/** `torch.signal`. https://docs.pytorch.org/docs/stable/signal.html */
export * as windows from "./signal-windows.ts";
