/** `torch.native_batch_norm`: batch normalisation with the statistics that it used. */
import "../../ir/ops/nn/normalization.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import type { Tensor } from "../tensor.ts";

type MaybeTensor = Tensor | null;
const nativeArguments = signature<
  [
    input: Tensor,
    weight: MaybeTensor,
    bias: MaybeTensor,
    running_mean: MaybeTensor,
    running_var: MaybeTensor,
    training: boolean,
    momentum: number,
    eps: number,
  ]
>()("input, weight, bias, running_mean, running_var, training, momentum, eps");

/**
 * Output, mean and 1 / sqrt(variance + eps) of each channel (empty outside training). Updates the running statistics.
 *
 * Shape: `[N, C, *] -> [N, C, *], [C], [C]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html
 */
export function native_batch_norm(...args: CallOf<typeof nativeArguments>): readonly [Tensor, Tensor, Tensor] {
  return withSite(() => {
    const { input, weight, bias, running_mean, running_var, training, momentum, eps } = nativeArguments.bind(
      "native_batch_norm",
      args,
    );
    if (!training) {
      const output = callOperator("batch_norm_inference", [
        input,
        running_mean,
        running_var,
        weight,
        bias,
        eps,
      ]) as Tensor;
      const none = callOperator("narrow", [callOperator("flatten", [input.detach()]), 0, 0, 0]) as Tensor;
      return [output, none, none];
    }
    const [output, ...updated] = callOperator("batch_norm_training", [
      input,
      weight,
      bias,
      running_mean,
      running_var,
      momentum,
      true,
      eps,
    ]) as readonly Tensor[];
    [running_mean, running_var]
      .filter((buffer) => buffer !== null)
      .forEach((buffer, i) => buffer.write_(updated[i]!.node_(), "native_batch_norm"));
    const [mean, inverse] = callOperator("batch_statistics", [input.detach(), eps]) as readonly [Tensor, Tensor];
    return [output!, mean, inverse];
  });
}
