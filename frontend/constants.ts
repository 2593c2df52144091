/** Numbers that PyTorch names as Python's `math` does, and the index that makes a new axis. */

/** Euler's number. https://docs.pytorch.org/docs/stable/torch.html */
export const e: number = Math.E;
/** A circle's circumference by its diameter. https://docs.pytorch.org/docs/stable/torch.html */
export const pi: number = Math.PI;
/** Infinity. https://docs.pytorch.org/docs/stable/torch.html */
export const inf: number = Infinity;
/** Not a number. https://docs.pytorch.org/docs/stable/torch.html */
export const nan: number = NaN;
/** In an index: a new axis of size 1. https://docs.pytorch.org/docs/stable/torch.html */
export const newaxis = null;
