/**
 * `torch.signal.windows`: windows for filters and spectra, symmetric unless `sym` is false. Few values, and known:
 * computed on the host, in float64. https://docs.pytorch.org/docs/stable/signal.html
 */
import { ArgumentError, DTypeError, ValueError } from "../ir/errors.ts";
import { signature, type CallOf } from "./arguments.ts";
import { withSite } from "./call.ts";
import { dtypeOption, finish, fromHost, type FactoryOptions } from "./creation.ts";
import { currentDevice } from "./devices.ts";
import { strided } from "./formats.ts";
import { settings } from "./state.ts";
import type { Tensor } from "./tensor.ts";
import { besselI0 } from "./windows.ts";

type Factory = [
  sym: boolean,
  dtype: FactoryOptions["dtype"],
  layout: FactoryOptions["layout"],
  device: FactoryOptions["device"],
  requires_grad: boolean,
];
const factoryNames = "sym?, dtype?, layout?, device?, requires_grad?";
const plainSignature = signature<[M: number, ...Factory]>()(`M, *, ${factoryNames}`);
const cosineSignature = signature<[M: number, a: readonly number[], ...Factory]>()(`M, *, a, ${factoryNames}`);
const hammingSignature = signature<[M: number, alpha: number, ...Factory]>()(`M, *, alpha?, ${factoryNames}`);
const gaussianSignature = signature<[M: number, std: number, ...Factory]>()(`M, *, std?, ${factoryNames}`);
const kaiserSignature = signature<[M: number, beta: number, ...Factory]>()(`M, *, beta?, ${factoryNames}`);
const exponentialSignature = signature<[M: number, center: number | null, tau: number, ...Factory]>()(
  `M, *, center?, tau?, ${factoryNames}`,
);

interface Given {
  readonly M: number;
  readonly sym?: boolean | undefined;
  readonly dtype?: FactoryOptions["dtype"];
  readonly layout?: FactoryOptions["layout"];
  readonly device?: FactoryOptions["device"];
  readonly requires_grad?: boolean | undefined;
}

/** Functions of PyTorch's that call another, which is the one that refuses. */
const refusedBy: Readonly<Record<string, string>> = {
  general_hamming: "general_hamming: general_cosine",
  hamming: "hamming: general_cosine",
  hann: "hann: general_cosine",
  nuttall: "nuttall: general_cosine",
};

/** M values of `f`, which is called with their numbers. */
function sampled(name: string, given: Given, f: (i: number) => number): Tensor {
  const { M, dtype: wanted, layout, device, requires_grad } = given;
  const who = refusedBy[name] ?? name;
  if (!Number.isInteger(M) || M < 0)
    throw new ArgumentError(`${name}/length`, `${who} requires non-negative window length, got M=${M}.`);
  if ((layout ?? strided) !== strided)
    throw new ArgumentError(
      `${name}/layout`,
      `${who} is implemented for strided tensors only, got: ${String(layout)}.`,
      "Leave layout out.",
    );
  const dtype = dtypeOption({ dtype: wanted }, settings.defaultDType, name);
  if (dtype !== "float32" && dtype !== "float64")
    throw new DTypeError(
      `${name}/dtype`,
      `${who} expects float32 or float64 dtypes, got: torch.${dtype}.`,
      "Convert the window with .to(dtype).",
    );
  const values = Array.from({ length: M }, (_, i) => f(i));
  return finish(fromHost(values, [M], dtype, currentDevice(device)), { requires_grad });
}

/** Where number i lies between 0 and 1, the ends of a symmetric window; one value is in the middle. */
const placeOf = ({ M, sym = true }: Given, i: number): number => (M === 1 ? 0.5 : i / (sym ? M - 1 : M));
/** The number in the middle. */
const middleOf = ({ M, sym = true }: Given): number => (sym || M === 1 ? M - 1 : M) / 2;

/** @throws ValueError for what is not positive */
function positive(name: string, what: string, value: number): number {
  if (value > 0) return value;
  throw new ValueError(`${name}/parameter`, `${name}: ${what} must be positive, got: ${value} instead.`);
}

function cosines(name: string, given: Given, a: readonly number[]): Tensor {
  const coefficients: unknown = a;
  if (!Array.isArray(coefficients))
    throw new ArgumentError(`${name}/a`, `${name}: Coefficients must be a list/tuple, got ${typeof a}.`);
  if (a.length === 0) throw new ValueError(`${name}/a`, `${name}: Coefficients cannot be empty.`);
  if (given.M === 1) return sampled(name, given, () => 1);
  return sampled(name, given, (i) =>
    a.reduce(
      (sum, weight, k) => sum + (k % 2 === 0 ? weight : -weight) * Math.cos(2 * Math.PI * k * placeOf(given, i)),
      0,
    ),
  );
}

/**
 * A triangle that is 0 at both ends.
 *
 * Shape: `-> [M]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.bartlett.html
 */
export function bartlett(...args: CallOf<typeof plainSignature>): Tensor {
  return withSite(() => {
    const given = plainSignature.bind("bartlett", args);
    return sampled("bartlett", given, (i) => 1 - Math.abs(2 * placeOf(given, i) - 1));
  });
}

/**
 * Cosines of 0, 1, 2 ... periods with the weights `a`, every other one subtracted.
 *
 * Shape: `-> [M]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.general_cosine.html
 */
export function general_cosine(...args: CallOf<typeof cosineSignature>): Tensor {
  return withSite(() => {
    const { a, ...given } = cosineSignature.bind("general_cosine", args);
    return cosines("general_cosine", given, a);
  });
}

/**
 * alpha - (1 - alpha) cos.
 *
 * Shape: `-> [M]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.general_hamming.html
 */
export function general_hamming(...args: CallOf<typeof hammingSignature>): Tensor {
  return withSite(() => {
    const { alpha = 0.54, ...given } = hammingSignature.bind("general_hamming", args);
    return cosines("general_hamming", given, [alpha, 1 - alpha]);
  });
}

/**
 * 0.54 - 0.46 cos.
 *
 * Shape: `-> [M]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.hamming.html
 */
export function hamming(...args: CallOf<typeof plainSignature>): Tensor {
  return withSite(() => {
    return cosines("hamming", plainSignature.bind("hamming", args), [0.54, 0.46]);
  });
}

/**
 * Half a cosine's period above 0.
 *
 * Shape: `-> [M]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.hann.html
 */
export function hann(...args: CallOf<typeof plainSignature>): Tensor {
  return withSite(() => {
    return cosines("hann", plainSignature.bind("hann", args), [0.5, 0.5]);
  });
}

/**
 * 0.42 - 0.5 cos + 0.08 cos of twice the angle.
 *
 * Shape: `-> [M]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.blackman.html
 */
export function blackman(...args: CallOf<typeof plainSignature>): Tensor {
  return withSite(() => {
    return cosines("blackman", plainSignature.bind("blackman", args), [0.42, 0.5, 0.08]);
  });
}

/**
 * Four cosines with weights that keep leakage low.
 *
 * Shape: `-> [M]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.nuttall.html
 */
export function nuttall(...args: CallOf<typeof plainSignature>): Tensor {
  return withSite(() => {
    return cosines("nuttall", plainSignature.bind("nuttall", args), [0.3635819, 0.4891775, 0.1365995, 0.0106411]);
  });
}

/**
 * Half a sine's period, sampled between the places of a periodic window.
 *
 * Shape: `-> [M]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.cosine.html
 */
export function cosine(...args: CallOf<typeof plainSignature>): Tensor {
  return withSite(() => {
    const given = plainSignature.bind("cosine", args);
    const period = given.sym === false && given.M > 1 ? given.M + 1 : given.M;
    return sampled("cosine", given, (i) => Math.sin((Math.PI * (i + 0.5)) / period));
  });
}

/**
 * exp(-|i - center| / tau); `center` may be given where `sym` is false.
 *
 * Shape: `-> [M]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.exponential.html
 */
export function exponential(...args: CallOf<typeof exponentialSignature>): Tensor {
  return withSite(() => {
    const { center, tau = 1, ...given } = exponentialSignature.bind("exponential", args);
    positive("exponential", "Tau", tau);
    if (given.sym !== false && (center ?? null) !== null)
      throw new ValueError("exponential/center", "exponential: Center must be None for symmetric windows.");
    const middle = center ?? middleOf(given);
    return sampled("exponential", given, (i) => Math.exp(-Math.abs(i - middle) / tau));
  });
}

/**
 * exp(-((i - middle) / std)² / 2).
 *
 * Shape: `-> [M]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.gaussian.html
 */
export function gaussian(...args: CallOf<typeof gaussianSignature>): Tensor {
  return withSite(() => {
    const { std = 1, ...given } = gaussianSignature.bind("gaussian", args);
    positive("gaussian", "Standard deviation", std);
    return sampled("gaussian", given, (i) => Math.exp(-(((i - middleOf(given)) / std) ** 2) / 2));
  });
}

/**
 * I0(beta sqrt(1 - x**2)) / I0(beta), for x from -1 to 1.
 *
 * Shape: `-> [M]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.signal.windows.kaiser.html
 */
export function kaiser(...args: CallOf<typeof kaiserSignature>): Tensor {
  return withSite(() => {
    const { beta = 12, ...given } = kaiserSignature.bind("kaiser", args);
    if (!(beta >= 0)) throw new ValueError("kaiser/beta", `kaiser: beta must be non-negative, got: ${beta} instead.`);
    return sampled("kaiser", given, (i) => {
      const x = 2 * placeOf(given, i) - 1;
      return besselI0(beta * Math.sqrt(Math.max(0, 1 - x * x))) / besselI0(beta);
    });
  });
}
