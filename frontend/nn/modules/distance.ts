/** Distances of two tensors. https://docs.pytorch.org/docs/stable/nn.html#distance-functions */
import "../../../ir/ops/nn/similarity.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";

const cosine = signature<[dim: number, eps: number]>()("dim?, eps?");
/** x1 . x2 / (|x1| |x2|) along dim. https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineSimilarity.html */
export class CosineSimilarity extends Module {
  static override readonly forwardNames_: readonly string[] = ["x1", "x2"];
  dim: number;
  eps: number;
  constructor(...args: CallOf<typeof cosine>) {
    super();
    const { dim = 1, eps = 1e-8 } = cosine.bind("CosineSimilarity", args);
    this.dim = dim;
    this.eps = eps;
  }
  override forward(x1: Tensor, x2: Tensor): Tensor {
    return op("cosine_similarity", x1, x2, this.dim, this.eps);
  }
}
const pairwise = signature<[p: number, eps: number, keepdim: boolean]>()("p?, eps?, keepdim?");
/** The p-norm of x1 - x2 along the last dimension. https://docs.pytorch.org/docs/stable/generated/torch.nn.PairwiseDistance.html */
export class PairwiseDistance extends Module {
  static override readonly forwardNames_: readonly string[] = ["x1", "x2"];
  norm: number;
  eps: number;
  keepdim: boolean;
  constructor(...args: CallOf<typeof pairwise>) {
    super();
    const { p = 2, eps = 1e-6, keepdim = false } = pairwise.bind("PairwiseDistance", args);
    this.norm = p;
    this.eps = eps;
    this.keepdim = keepdim;
  }
  override forward(x1: Tensor, x2: Tensor): Tensor {
    return op("pairwise_distance", x1, x2, this.norm, this.eps, this.keepdim);
  }
}
