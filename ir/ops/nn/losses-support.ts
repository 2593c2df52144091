/** Arguments that losses share. */
import type { GraphBuilder } from "../../builder.ts";
import { isIntegral, realOf } from "../../dtype.ts";
import type { Node } from "../../graph.ts";
import { noKernel } from "../../unsupported.ts";
import { checkBroadcast, promoted, refuseComplex, toFloat, type TensorOrScalar } from "../support.ts";
import { reduced, reductionOf, widen, type Reduction } from "./support.ts";

/** The older spelling of a reduction. */
export interface ReductionArguments {
  readonly size_average: boolean | null;
  readonly reduce: boolean | null;
  readonly reduction: string;
}

export const wantedReduction = (name: string, args: ReductionArguments): Reduction =>
  reductionOf(name, args.reduction, args.size_average, args.reduce);

/** Kernels that PyTorch has for floats alone. */
const floatKernels: Readonly<Record<string, string>> = {
  huber_loss: "huber_cpu",
  mse_loss: "mse_cpu",
  multilabel_soft_margin_loss: "log_sigmoid_cpu",
  smooth_l1_loss: "smooth_l1_cpu",
};

/** Input and target in one type to compute in; the loss is rounded to the type of both. */
export function pairOf(
  g: GraphBuilder,
  name: string,
  input: Node,
  target: TensorOrScalar,
): { x: Node; y: Node; like: Node; finish: (loss: Node, reduction: Reduction) => Node } {
  const [a, b] = promoted(g, input, target);
  if (name !== "l1_loss") refuseComplex(name, a);
  const kernel = floatKernels[name];
  if (kernel !== undefined && isIntegral(a.dtype)) throw noKernel(name, kernel, a, "Convert them with float().");
  // PyTorch multiplies the target by the input there.
  if (name === "poisson_nll_loss") checkBroadcast(name, b, a);
  else checkBroadcast(name, a, b);
  return { x: widen(g, a), y: widen(g, b), like: a, finish: (loss, reduction) => reducedTo(g, loss, reduction, a) };
}

export const reducedTo = (g: GraphBuilder, loss: Node, reduction: Reduction, like: Node): Node =>
  g.cast(reduced(g, toFloat(g, loss), reduction), realOf(toFloat(g, like).dtype));
