/** Reshaping layers. */
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import { tuple } from "../repr.ts";

const flatten = signature<[start_dim: number, end_dim: number]>()("start_dim?, end_dim?");

/** Dimensions start_dim to end_dim as one. https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html */
export class Flatten extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  start_dim: number;
  end_dim: number;
  constructor(...args: CallOf<typeof flatten>) {
    super();
    const { start_dim = 1, end_dim = -1 } = flatten.bind("Flatten", args);
    this.start_dim = start_dim;
    this.end_dim = end_dim;
  }
  override forward(input: Tensor): Tensor {
    return op("flatten", input, this.start_dim, this.end_dim);
  }
  override extra_repr(): string {
    return `start_dim=${this.start_dim}, end_dim=${this.end_dim}`;
  }
}

const unflatten = signature<[dim: number, unflattened_size: readonly number[]]>()("dim, unflattened_size");

/** Dimension dim as several. https://docs.pytorch.org/docs/stable/generated/torch.nn.Unflatten.html */
export class Unflatten extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  dim: number;
  unflattened_size: readonly number[];
  constructor(...args: CallOf<typeof unflatten>) {
    super();
    const { dim, unflattened_size } = unflatten.bind("Unflatten", args);
    this.dim = dim;
    this.unflattened_size = [...unflattened_size];
  }
  override forward(input: Tensor): Tensor {
    const at = this.dim < 0 ? this.dim + input.ndim : this.dim;
    return op("reshape", input, [
      ...input.shape.slice(0, at),
      ...this.inferred(input.shape[at]!),
      ...input.shape.slice(at + 1),
    ]);
  }
  /** The sizes, one of which may be -1. */
  private inferred(size: number): number[] {
    const known = this.unflattened_size.reduce((product, n) => (n === -1 ? product : product * n), 1);
    return this.unflattened_size.map((n) => (n === -1 ? size / known : n));
  }
  override extra_repr(): string {
    return `dim=${this.dim}, unflattened_size=${tuple(this.unflattened_size)}`;
  }
}
