/** Helpers for tests of the operators of neural networks. */
import * as torch from "cresset";
import { recorder } from "../../../../frontend/recorder.ts";
import { sample } from "../support.ts";

type Tensors = readonly torch.Tensor[];

/** The function whose value is a gradient: its own gradient is the second order. */
export const gradientOf =
  (of: (...inputs: torch.Tensor[]) => torch.Tensor, which: number) =>
  (...inputs: torch.Tensor[]): torch.Tensor => {
    const leaves = inputs.map((x) => (x.requires_grad ? x : x.detach().clone().requires_grad_()));
    const out = of(...leaves);
    return torch.autograd.grad([out.mul(sample(...out.shape)).sum()], [leaves[which]!], {
      create_graph: true,
    })[0];
  };

/** How many kernels computing these results takes. */
export function kernelsOf(results: Tensors): number {
  const [first, ...others] = results;
  // One flush gives all: they are joined without arithmetic of their own.
  if (others.length === 0) first!.detach().tolist();
  else torch.cat(results.map((x) => x.detach().reshape(-1))).tolist();
  return recorder.lastExecutable!.kernelCount - (others.length === 0 ? 0 : 1);
}

/** Computed now, so that what is counted starts from memory. */
export function ready(x: torch.Tensor): torch.Tensor {
  x.detach().tolist();
  return x;
}
