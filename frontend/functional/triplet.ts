/** The triplet loss over a distance of the user's. */
import "../../ir/ops/nn/losses-pairs.ts";
import "../../ir/ops/nn/similarity.ts";
import { ArgumentError } from "../../ir/errors.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import type { Tensor } from "../tensor.ts";

type Distance = (a: Tensor, b: Tensor) => Tensor;
const tripletArguments = signature<
  [
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    distance_function: Distance | null,
    margin: number,
    swap: boolean,
    reduction: "none" | "mean" | "sum",
  ]
>()("anchor, positive, negative, *, distance_function?, margin?, swap?, reduction?");

/**
 * max(0, d(anchor, positive) - d(anchor, negative) + margin); d is pairwise_distance unless distance_function is given.
 *
 * Shape: `[N, *], [N, *] and [N, *] -> [] or [N]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.triplet_margin_with_distance_loss.html
 */
export function triplet_margin_with_distance_loss(...args: CallOf<typeof tripletArguments>): Tensor {
  return withSite(() => {
    const given = tripletArguments.bind("triplet_margin_with_distance_loss", args);
    const { anchor, positive, negative } = given;
    const distance: Distance =
      given.distance_function ?? ((a, b) => callOperator("pairwise_distance", [a, b]) as Tensor);
    if (anchor.ndim !== positive.ndim || anchor.ndim !== negative.ndim) {
      throw new ArgumentError(
        "triplet_margin_with_distance_loss/rank",
        `triplet_margin_with_distance_loss: The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor ${anchor.ndim}D, positive ${positive.ndim}D, and negative ${negative.ndim}D inputs.`,
      );
    }
    const near = distance(anchor, positive);
    let far = distance(anchor, negative);
    if (given.swap === true) far = callOperator("minimum", [far, distance(positive, negative)]) as Tensor;
    return callOperator("triplet_loss_of_distances", [
      near,
      far,
      given.margin ?? 1,
      given.reduction ?? "mean",
    ]) as Tensor;
  });
}
