/** `torch.fft`: discrete Fourier transforms. https://docs.pytorch.org/docs/stable/fft.html */
export * from "./generated/fft.ts";
