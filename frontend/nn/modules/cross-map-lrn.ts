/** Caffe's local response normalisation, with the windows that PyTorch's has. */
import { Function as AutogradFunction, type FunctionCtx } from "../../autograd-function.ts";
import { fromHost } from "../../creation.ts";
import type { Tensor } from "../../tensor.ts";
import { op } from "../op.ts";
import { python } from "../repr.ts";
import { LocalResponse, type LocalResponseArguments } from "./normalization.ts";

interface Settings {
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;
}

/** For each channel the sum over the channels that `counts` it. */
function sumOver(x: Tensor, counts: (channel: number, other: number) => boolean): Tensor {
  const [samples, channels] = x.shape as readonly [number, number, ...number[]];
  const windows = Array.from({ length: channels * channels }, (_, i) =>
    counts(Math.floor(i / channels), i % channels) ? 1 : 0,
  );
  const matrix = fromHost(windows, [channels, channels], x.dtype.name, x.storage_.device);
  return op("reshape", op("matmul", matrix, op("reshape", x, [samples, channels, -1])), x.shape);
}

class Normalise extends AutogradFunction {
  static override forward(ctx: FunctionCtx, input: Tensor, settings: Settings): Tensor {
    const { size, alpha, beta, k } = settings;
    const reach = Math.trunc((size - 1) / 2 + 1);
    // The first channel never leaves the running sum.
    const sums = sumOver(op("mul", input, input), (c, j) => Math.abs(c - j) < reach || (j === 0 && c >= reach));
    const scale = op("add", op("mul", sums, alpha / size), k);
    const output = op("mul", input, op("pow", scale, -beta));
    ctx.save_for_backward(input, output, scale);
    ctx["settings"] = settings;
    return output;
  }
  static override backward(ctx: FunctionCtx, grad: Tensor): readonly (Tensor | null)[] {
    const [input, output, scale] = ctx.saved_tensors;
    const { size, alpha, beta } = ctx["settings"] as Settings;
    const before = Math.trunc(size - (size - 1) / 2);
    const ratios = sumOver(
      op("div", op("mul", grad, output), scale),
      (c, j) => j >= c - before && j < c - before + size,
    );
    const own = op("mul", op("pow", scale, -beta), grad);
    return [op("sub", own, op("mul", op("mul", input, ratios), (2 * alpha * beta) / size)), null];
  }
}

/** Divides [N, C, H, W] by the mean square of neighbouring channels. PyTorch's gradient, which is not quite the derivative. */
export class CrossMapLRN2d extends LocalResponse {
  constructor(...args: LocalResponseArguments) {
    super(args);
  }
  override forward(input: Tensor): Tensor {
    const { size, alpha, beta, k } = this;
    return Normalise.apply(input, { size, alpha, beta, k });
  }
  override extra_repr(): string {
    return `${this.size}, alpha=${python(this.alpha)}, beta=${python(this.beta)}, k=${python(this.k)}`;
  }
}
