/** Window functions. Few values, and known: computed on the host, in float64. */
import { isFloat } from "../ir/dtype.ts";
import { ArgumentError, DTypeError } from "../ir/errors.ts";
import { signature, type CallOf } from "./arguments.ts";
import { withSite } from "./call.ts";
import { dtypeOption, finish, fromHost, type FactoryOptions } from "./creation.ts";
import { currentDevice } from "./devices.ts";
import { numberOf, type NumberLike } from "./number-like.ts";
import { settings } from "./state.ts";
import type { Tensor } from "./tensor.ts";

type Factory = [
  dtype: FactoryOptions["dtype"],
  layout: FactoryOptions["layout"],
  device: FactoryOptions["device"],
  pin_memory: boolean,
  requires_grad: boolean,
];
const factoryNames = "*, dtype?, layout?, device?, pin_memory?, requires_grad?";
const plainSignature = signature<[window_length: number, periodic: boolean, ...Factory]>()(
  `window_length, periodic?, ${factoryNames}`,
);
const hammingSignature = signature<
  [window_length: number, periodic: boolean, alpha: NumberLike, beta: NumberLike, ...Factory]
>()(`window_length, periodic?, alpha?, beta?, ${factoryNames}`);
const kaiserSignature = signature<[window_length: number, periodic: boolean, beta: NumberLike, ...Factory]>()(
  `window_length, periodic?, beta?, ${factoryNames}`,
);

interface Given {
  readonly window_length: number;
  readonly periodic?: boolean | undefined;
  readonly dtype?: FactoryOptions["dtype"];
  readonly device?: FactoryOptions["device"];
  readonly requires_grad?: boolean | undefined;
}

/** Samples `f` at window_length places of [0, 1], or, when periodic, of [0, 1) with the same distance to the end. */
function sampled(name: string, given: Given, f: (place: number) => number): Tensor {
  const { window_length: length, periodic = true } = given;
  const options: FactoryOptions = { dtype: given.dtype, device: given.device, requires_grad: given.requires_grad };
  if (!Number.isInteger(length) || length < 0)
    throw new ArgumentError(
      `${name}/length`,
      `${name} requires non-negative window_length, got window_length=${length}.`,
    );
  const dtype = dtypeOption(options, settings.defaultDType, name);
  if (!isFloat(dtype))
    throw new DTypeError(`${name}/dtype`, `${name} expects floating point dtypes, got: torch.${dtype}.`);
  const intervals = periodic ? length : length - 1;
  const values = length === 1 ? [1] : Array.from({ length }, (_, i) => f(i / intervals));
  return finish(fromHost(values, [length], dtype, currentDevice(options.device)), options);
}

const cosine = (place: number): number => Math.cos(2 * Math.PI * place);

/**
 * A triangle that is 0 at both ends.
 *
 * Shape: `-> [window_length]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.bartlett_window.html
 */
export function bartlett_window(...args: CallOf<typeof plainSignature>): Tensor {
  return withSite(() => {
    const given = plainSignature.bind("bartlett_window", args);
    return sampled("bartlett_window", given, (place) => 1 - Math.abs(2 * place - 1));
  });
}

/**
 * 0.42 - 0.5 cos + 0.08 cos of twice the angle.
 *
 * Shape: `-> [window_length]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.blackman_window.html
 */
export function blackman_window(...args: CallOf<typeof plainSignature>): Tensor {
  return withSite(() => {
    const given = plainSignature.bind("blackman_window", args);
    return sampled("blackman_window", given, (place) => 0.42 - 0.5 * cosine(place) + 0.08 * cosine(2 * place));
  });
}

/**
 * Half a cosine's period above 0.
 *
 * Shape: `-> [window_length]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.hann_window.html
 */
export function hann_window(...args: CallOf<typeof plainSignature>): Tensor {
  return withSite(() => {
    const given = plainSignature.bind("hann_window", args);
    return sampled("hann_window", given, (place) => 0.5 - 0.5 * cosine(place));
  });
}

/**
 * alpha - beta cos.
 *
 * Shape: `-> [window_length]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.hamming_window.html
 */
export function hamming_window(...args: CallOf<typeof hammingSignature>): Tensor {
  return withSite(() => {
    const { alpha = 0.54, beta = 0.46, ...given } = hammingSignature.bind("hamming_window", args);
    const [mean, swing] = [numberOf("hamming_window", alpha), numberOf("hamming_window", beta)];
    return sampled("hamming_window", given, (place) => mean - swing * cosine(place));
  });
}

/**
 * I0(beta sqrt(1 - x**2)) / I0(beta), for x from -1 to 1.
 *
 * Shape: `-> [window_length]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.kaiser_window.html
 */
export function kaiser_window(...args: CallOf<typeof kaiserSignature>): Tensor {
  return withSite(() => {
    const { beta = 12, ...given } = kaiserSignature.bind("kaiser_window", args);
    const steepness = numberOf("kaiser_window", beta);
    const whole = besselI0(steepness);
    return sampled("kaiser_window", given, (place) => {
      const x = 2 * place - 1;
      return besselI0(steepness * Math.sqrt(Math.max(0, 1 - x * x))) / whole;
    });
  });
}

/** The modified Bessel function of order 0, by its power series: all terms are positive. */
export function besselI0(x: number): number {
  let [term, sum] = [1, 1];
  for (let k = 1; term > sum * 2 ** -54; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
