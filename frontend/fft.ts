/** `torch.fft`: discrete Fourier transforms. https://docs.pytorch.org/docs/stable/fft.html */
import { ShapeError } from "../ir/errors.ts";
import { signature, type CallOf } from "./arguments.ts";
import { dtypeOption, finish, fromHost, type FactoryOptions } from "./creation.ts";
import { currentDevice } from "./devices.ts";
import { settings } from "./state.ts";
import { withSite } from "./site.ts";
import type { Tensor } from "./tensor.ts";

export * from "./generated/fft.ts";

const frequencies = signature<
  [
    n: number,
    d: number,
    out: FactoryOptions["out"],
    dtype: FactoryOptions["dtype"],
    layout: FactoryOptions["layout"],
    device: FactoryOptions["device"],
    requires_grad: boolean,
  ]
>()("n, d?, *, out?, dtype?, layout?, device?, requires_grad?");
type FrequencyCall = CallOf<typeof frequencies>;

/** Multiples of 1 / (n d), as whole numbers. */
function multiples(name: string, args: FrequencyCall, whole: (n: number) => number[]): Tensor {
  return withSite(() => {
    const { n, d = 1, out, dtype, device, requires_grad } = frequencies.bind(name, args);
    if (n < 1) throw new ShapeError(`${name}/n`, `${name}: Invalid number of data points (${n}) specified.`);
    const options: FactoryOptions = { out, dtype, device, requires_grad };
    const type = dtypeOption(options, settings.defaultDType, name);
    const values = whole(n).map((k) => k / (n * d));
    return finish(fromHost(values, [values.length], type, currentDevice(device)), options);
  });
}

/**
 * The frequencies of `fft`'s results for samples `d` apart: first those from zero on, then the negative ones.
 *
 * Shape: `n -> [n]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.fft.fftfreq.html
 */
export const fftfreq = (...args: FrequencyCall): Tensor =>
  multiples("fft.fftfreq", args, (n) => Array.from({ length: n }, (_, k) => (2 * k < n ? k : k - n)));

/**
 * The frequencies of `rfft`'s results.
 *
 * Shape: `n -> [n / 2 + 1]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.fft.rfftfreq.html
 */
export const rfftfreq = (...args: FrequencyCall): Tensor =>
  multiples("fft.rfftfreq", args, (n) => Array.from({ length: Math.floor(n / 2) + 1 }, (_, k) => k));
