/** Dropout in its forms: functions that draw random numbers in training. */
import { ArgumentError } from "../../ir/errors.ts";
import { signature, type CallOf } from "../arguments.ts";
import { assign, withSite } from "../call.ts";
import { checkInplace } from "../inplace-checks.ts";
import { elementwiseResult } from "../laid-out.ts";
import { dropoutMask } from "../random/index.ts";
import { enterScope } from "../../ir/interning.ts";
import { type Node } from "../../ir/graph.ts";
import type { Shape } from "../../ir/shape.ts";
import { graph } from "../state.ts";
import { Tensor } from "../tensor.ts";

const dropoutArguments = signature<[input: Tensor, p: number, training: boolean, inplace: boolean]>()(
  "input, p?, training?, inplace?",
);
type DropoutCall = CallOf<typeof dropoutArguments>;

/** A tensor of zeros like `input`, in another shape: what draws are made in the form of. */
function blank(input: Tensor, shape: Shape): Tensor {
  enterScope(input.storage_.device.name);
  return Tensor.ofNode(graph.full(shape, 0, input.dtype.name), input.storage_.device);
}

/** What is computed element by element from the input (the first tensor) and draws: laid out as those, or written to it. */
function finish(
  name: string,
  tensors: readonly [input: Tensor, ...draws: Tensor[]],
  result: Node,
  inplace: boolean | undefined,
): Tensor {
  const [input] = tensors;
  if (inplace !== true) return elementwiseResult(result, tensors, input.storage_.device);
  checkInplace(input, `${name}_`);
  assign(input, result, `${name}_`);
  return input;
}

/** 0 with probability p, else 1 / (1 - p); 0 everywhere for p = 1. */
export function drawnMask(name: string, input: Tensor, shape: Shape, p: number): Tensor {
  checkProbability(name, p);
  const zeros = blank(input, shape);
  return p === 1 ? zeros : dropoutMask(zeros, p);
}

function checkProbability(name: string, p: number): void {
  if (!(p >= 0 && p <= 1))
    throw new ArgumentError(
      `${name}/probability`,
      `${name}: dropout probability has to be between 0 and 1, but got ${p}.`,
    );
}

interface DropoutForm {
  readonly name: string;
  readonly defaultTraining: boolean;
  /** The shape of the draws; it is broadcast over the input. */
  drawShape(input: Tensor): Shape;
  /** Multiplied by 0 or 1/(1-p), or kept at zero mean and unit variance after a selu. */
  readonly isAlpha: boolean;
}

function dropoutBy(form: DropoutForm, args: DropoutCall): Tensor {
  return withSite(() => {
    const { name } = form;
    const { input, p: probability, training, inplace } = dropoutArguments.bind(name, args);
    const p = probability ?? 0.5;
    checkProbability(name, p);
    if (p === 0 || !(training ?? form.defaultTraining) || input.numel() === 0) return input;
    const { device } = input.storage_;
    enterScope(device.name);
    const x = input.node_();
    if (p === 1) return finish(name, [input], graph.mul(x, 0), inplace);
    // A draw for each element is made in the order of the input's memory.
    const like = form.drawShape === everyElement ? input : blank(input, form.drawShape(input));
    const draws = dropoutMask(like, p);
    const mask = draws.node_();
    if (!form.isAlpha) return finish(name, [input, draws], graph.mul(x, mask), inplace);
    const alpha = 1.7580993408473766;
    const scale = 1 / Math.sqrt((alpha * alpha * p + 1) * (1 - p));
    const kept = graph.ne(mask, 0);
    const shift = alpha * scale * p;
    const factor = graph.where(kept, graph.constant(scale, x.dtype), 0);
    const term = graph.where(kept, graph.constant(shift, x.dtype), shift - alpha * scale);
    return finish(name, [input, draws], graph.add(graph.mul(x, factor), term), inplace);
  });
}

const everyElement = (input: Tensor): Shape => input.shape;
/** One draw for each channel of each sample; without a batch dimension the first one counts channels. */
const everyChannel =
  (name: string, unbatchedRank: number | null) =>
  (input: Tensor): Shape => {
    if (input.ndim < 2)
      throw new ArgumentError(`${name}/rank`, `${name}: Feature dropout requires at least 2 dimensions in the input.`);
    const lead = input.ndim === unbatchedRank ? 1 : 2;
    return input.shape.map((size, i) => (i < lead ? size : 1));
  };

/**
 * Zeroes elements with probability p and scales the others by 1 / (1 - p).
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout.html
 */
export const dropout = (...args: DropoutCall): Tensor =>
  dropoutBy({ name: "dropout", defaultTraining: true, drawShape: everyElement, isAlpha: false }, args);
/**
 * Zeroes whole channels of `[N, C, L]`.
 *
 * Shape: `[N, C, L] -> [N, C, L], N optional`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout1d.html
 */
export const dropout1d = (...args: DropoutCall): Tensor =>
  dropoutBy(
    { name: "dropout1d", defaultTraining: true, drawShape: everyChannel("dropout1d", 2), isAlpha: false },
    args,
  );
/**
 * Zeroes whole channels of `[N, C, H, W]`.
 *
 * Shape: `[N, C, H, W] -> [N, C, H, W], N optional`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout2d.html
 */
export const dropout2d = (...args: DropoutCall): Tensor =>
  dropoutBy(
    { name: "dropout2d", defaultTraining: true, drawShape: everyChannel("dropout2d", null), isAlpha: false },
    args,
  );
/**
 * Zeroes whole channels of `[N, C, D, H, W]`.
 *
 * Shape: `[N, C, D, H, W] -> [N, C, D, H, W], N optional`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.dropout3d.html
 */
export const dropout3d = (...args: DropoutCall): Tensor =>
  dropoutBy(
    { name: "dropout3d", defaultTraining: true, drawShape: everyChannel("dropout3d", 4), isAlpha: false },
    args,
  );
/**
 * Dropout that keeps the mean and variance of selu's outputs.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.alpha_dropout.html
 */
export const alpha_dropout = (...args: DropoutCall): Tensor =>
  dropoutBy({ name: "alpha_dropout", defaultTraining: false, drawShape: everyElement, isAlpha: true }, args);
/**
 * alpha_dropout of whole channels.
 *
 * Shape: `[N, C, *] -> [N, C, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.feature_alpha_dropout.html
 */
export const feature_alpha_dropout = (...args: DropoutCall): Tensor =>
  dropoutBy(
    {
      name: "feature_alpha_dropout",
      defaultTraining: false,
      drawShape: everyChannel("feature_alpha_dropout", null),
      isAlpha: true,
    },
    args,
  );
