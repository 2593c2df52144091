/** Arguments that losses share. */
import type { GraphBuilder } from "../../builder.ts";
import { realOf } from "../../dtype.ts";
import type { Node } from "../../graph.ts";
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

/** Input and target in one type to compute in; the loss is rounded to the type of both. */
export function pairOf(
  g: GraphBuilder,
  name: string,
  input: Node,
  target: TensorOrScalar,
): { x: Node; y: Node; like: Node; finish: (loss: Node, reduction: Reduction) => Node } {
  const [a, b] = promoted(g, input, target);
  if (name !== "l1_loss") refuseComplex(name, a);
  // PyTorch multiplies the target by the input there.
  if (name === "poisson_nll_loss") checkBroadcast(name, b, a);
  else checkBroadcast(name, a, b);
  return { x: widen(g, a), y: widen(g, b), like: a, finish: (loss, reduction) => reducedTo(g, loss, reduction, a) };
}

export const reducedTo = (g: GraphBuilder, loss: Node, reduction: Reduction, like: Node): Node =>
  g.cast(reduced(g, toFloat(g, loss), reduction), realOf(toFloat(g, like).dtype));
