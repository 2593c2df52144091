/** Normalisations that keep running statistics: the buffers are written here, by what the pure operator returns. */
import "../../ir/ops/nn/normalization.ts";
import { ArgumentError, ShapeError } from "../../ir/errors.ts";
import { isIntegral } from "../../ir/dtype.ts";
import { formatShape } from "../../ir/shape.ts";
import { noKernel } from "../../ir/unsupported.ts";
import { signature, type CallOf } from "../arguments.ts";
import type { HostScalar } from "../bind.ts";
import { callOperator, withSite } from "../call.ts";
import type { Tensor } from "../tensor.ts";

type MaybeTensor = Tensor | null;

const batchNormArguments = signature<
  [
    input: Tensor,
    running_mean: MaybeTensor,
    running_var: MaybeTensor,
    weight: MaybeTensor,
    bias: MaybeTensor,
    training: boolean,
    momentum: number | HostScalar | null,
    eps: number,
  ]
>()("input, running_mean, running_var, weight?, bias?, training?, momentum?, eps?");

/**
 * Normalises each channel: by the batch's statistics in training, which also updates `running_mean` and `running_var`
 * in place (new = (1 - momentum) * old + momentum * observed), else by the running ones.
 *
 * Shape: `[N, C, *] -> [N, C, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html
 */
export function batch_norm(...args: CallOf<typeof batchNormArguments>): Tensor {
  return withSite(() => {
    const { input, running_mean, running_var, weight, bias, training, momentum, eps } = batchNormArguments.bind(
      "batch_norm",
      args,
    );
    checkChannels("batch_norm", input, { running_mean, running_var, weight, bias });
    if (training !== true) {
      if (!running_mean || !running_var) {
        throw new ArgumentError(
          "batch_norm/statistics",
          "batch_norm: Expected running_mean and running_var to be defined when training=False.",
          "Pass them, or training=true.",
        );
      }
      return callOperator("batch_norm_inference", [
        input,
        running_mean,
        running_var,
        weight ?? null,
        bias ?? null,
        eps ?? 1e-5,
      ]) as Tensor;
    }
    const perChannel = input.numel() / Math.max(1, input.shape[1] ?? 1);
    if (perChannel === 1) {
      throw new ArgumentError(
        "batch_norm/one-value",
        `batch_norm: Expected more than 1 value per channel when training, got input size ${formatShape(input.shape)}.`,
        "Use a larger batch, or model.eval().",
      );
    }
    return normalised("batch_norm", { input, running_mean, running_var, weight, bias, momentum, eps }, true);
  });
}

const instanceNormArguments = signature<
  [
    input: Tensor,
    running_mean: MaybeTensor,
    running_var: MaybeTensor,
    weight: MaybeTensor,
    bias: MaybeTensor,
    use_input_stats: boolean,
    momentum: number | HostScalar | null,
    eps: number,
  ]
>()("input, running_mean?, running_var?, weight?, bias?, use_input_stats?, momentum?, eps?");

/**
 * Normalises each channel of each sample by its own statistics (or by the running ones with use_input_stats=False);
 * running statistics that are given follow the means over the batch.
 *
 * Shape: `[N, C, *] -> [N, C, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.instance_norm.html
 */
export function instance_norm(...args: CallOf<typeof instanceNormArguments>): Tensor {
  return withSite(() => {
    const { input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps } =
      instanceNormArguments.bind("instance_norm", args);
    checkChannels("instance_norm", input, { running_mean, running_var, weight, bias });
    if (use_input_stats === false) {
      if (!running_mean || !running_var)
        throw new ArgumentError(
          "instance_norm/statistics",
          "instance_norm: Expected running_mean and running_var to be defined when use_input_stats is false.",
        );
      return callOperator("batch_norm_inference", [
        input,
        running_mean,
        running_var,
        weight ?? null,
        bias ?? null,
        eps ?? 1e-5,
      ]) as Tensor;
    }
    const spatial = input.shape.slice(2).reduce((n, size) => n * size, 1);
    if (spatial === 1)
      throw new ArgumentError(
        "instance_norm/one-value",
        `instance_norm: Expected more than 1 spatial element when training, got input size ${formatShape(input.shape)}.`,
      );
    return normalised("instance_norm", { input, running_mean, running_var, weight, bias, momentum, eps }, false);
  });
}

/** One number a channel. */
function checkChannels(name: string, input: Tensor, given: Readonly<Record<string, MaybeTensor | undefined>>): void {
  if (isIntegral(input.type_)) throw noKernel(name, "batch_norm", input.type_, "Convert it with input.float().");
  const channels = input.shape[1];
  if (channels === undefined && input.numel() === 0) return; // as in PyTorch: nothing comes of nothing
  if (channels === undefined)
    throw new ShapeError(`${name}/rank`, `${name}: expected at least 2 dimensions, got ${String(input)}.`);
  for (const [what, tensor] of Object.entries(given)) {
    if (!tensor || tensor.numel() === channels) continue;
    throw new ShapeError(
      `${name}/channels`,
      `${name}: ${what} should contain ${channels} elements not ${tensor.numel()}: input ${String(input)}, ${what} ${String(tensor)}.`,
      `The second size of input (${channels}) is the number of channels.`,
    );
  }
}

interface Given {
  readonly input: Tensor;
  readonly running_mean: MaybeTensor | undefined;
  readonly running_var: MaybeTensor | undefined;
  readonly weight: MaybeTensor | undefined;
  readonly bias: MaybeTensor | undefined;
  readonly momentum: number | HostScalar | null | undefined;
  readonly eps: number | undefined;
}

function normalised(name: string, given: Given, overBatch: boolean): Tensor {
  const { input, running_mean, running_var, weight, bias, momentum, eps } = given;
  const buffers = [running_mean, running_var].filter((buffer) => buffer != null);
  const [output, ...updated] = callOperator("batch_norm_training", [
    input,
    weight ?? null,
    bias ?? null,
    running_mean ?? null,
    running_var ?? null,
    momentum ?? 0.1,
    overBatch,
    eps ?? 1e-5,
  ]) as readonly Tensor[];
  buffers.forEach((buffer, i) => buffer.write_(updated[i]!.node_(), name));
  return output!;
}
