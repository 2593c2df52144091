/** The loss of connectionist temporal classification, whose lengths may be lists. */
import "../../ir/ops/nn/ctc.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, callOperatorAsync, withSite } from "../call.ts";
import { tensor } from "../creation.ts";
import { Tensor } from "../tensor.ts";

type Lengths = Tensor | readonly number[];
const ctcArguments = signature<
  [
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: number,
    reduction: "none" | "mean" | "sum",
    zero_infinity: boolean,
  ]
>()("log_probs, targets, input_lengths, target_lengths, blank?, reduction?, zero_infinity?");
type CtcCall = CallOf<typeof ctcArguments>;

function operands(args: CtcCall): unknown[] {
  const given = ctcArguments.bind("ctc_loss", args);
  const device = given.log_probs.device;
  const lengths = (list: Lengths): Tensor => (list instanceof Tensor ? list : tensor(list.map(BigInt), { device }));
  return [
    given.log_probs,
    given.targets,
    lengths(given.input_lengths),
    lengths(given.target_lengths),
    given.blank ?? 0,
    given.reduction ?? "mean",
    given.zero_infinity ?? false,
  ];
}

/**
 * Minus the log probability of all alignments of the targets with the steps of log_probs. Targets are padded `[N, S]`, or
 * one after another in one dimension, which needs the lengths to be read (`ctc_lossAsync` on WebGPU).
 *
 * Shape: `[T, N, C], int64[N, S], int64[N], int64[N] -> []`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html
 */
export const ctc_loss = (...args: CtcCall): Tensor =>
  withSite(() => callOperator("ctc_loss_of_lengths", operands(args)) as Tensor);
/**
 * The same on every device, as a promise.
 *
 * Shape: `[T, N, C], int[N, S], int[N], int[N] -> [] or [N]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.ctc_loss.html
 */
export const ctc_lossAsync = async (...args: CtcCall): Promise<Tensor> =>
  (await callOperatorAsync(
    "ctc_loss_of_lengths",
    withSite(() => operands(args)),
  )) as Tensor;
