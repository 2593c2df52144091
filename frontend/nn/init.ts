/**
 * `torch.nn.init`: fills tensors in place, without recording gradients, and returns them. Draws are PyTorch's.
 * https://docs.pytorch.org/docs/stable/nn.init.html
 */
import { ArgumentError, ShapeError } from "../../ir/errors.ts";
import { enterScope } from "../../ir/interning.ts";
import { type Node } from "../../ir/graph.ts";
import { elementCount, formatShape } from "../../ir/shape.ts";
import { fillTruncated } from "../../runtime/random/index.ts";
import type { TypedArray } from "../../runtime/typed-array.ts";
import { signature, type CallOf } from "../arguments.ts";
import { scalarArgument } from "../bind.ts";
import { withSite } from "../call.ts";
import { fromHost } from "../creation.ts";
import { withGradMode } from "../grad-mode.ts";
import { checkInplace } from "../inplace-checks.ts";
import {
  drawn,
  type FloatArray,
  generatorOf,
  inMemoryOrder,
  orderOfMemory,
  requireFloatType,
} from "../random/draws.ts";
import { default_generator, type Generator } from "../random/index.ts";
import { graph } from "../state.ts";
import type { Tensor } from "../tensor.ts";
import { warnOnce } from "../warnings.ts";
import { dirac, eye, orthogonalRows, sparseColumns } from "./init-values.ts";

type Source = Generator | null;
export type FanMode = "fan_in" | "fan_out";
export type Nonlinearity =
  | "linear"
  | "conv1d"
  | "conv2d"
  | "conv3d"
  | "conv_transpose1d"
  | "conv_transpose2d"
  | "conv_transpose3d"
  | "sigmoid"
  | "tanh"
  | "relu"
  | "leaky_relu"
  | "selu";

const gainArguments = signature<[nonlinearity: Nonlinearity, param: number | null]>()("nonlinearity, param?");
/** The recommended standard deviation's factor for a nonlinearity; `param` is leaky_relu's slope. */
export function calculate_gain(...args: CallOf<typeof gainArguments>): number {
  const { nonlinearity, param = null } = gainArguments.bind("calculate_gain", args);
  switch (nonlinearity) {
    case "linear":
    case "conv1d":
    case "conv2d":
    case "conv3d":
    case "conv_transpose1d":
    case "conv_transpose2d":
    case "conv_transpose3d":
    case "sigmoid":
      return 1;
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.SQRT2;
    case "leaky_relu":
      if (param !== null && typeof param !== "number")
        return refuse("init/slope", `negative_slope ${String(param)} not a valid number`);
      return Math.sqrt(2 / (1 + (param ?? 0.01) ** 2));
    case "selu":
      return 0.75;
    default:
      return refuse("init/nonlinearity", `Unsupported nonlinearity ${String(nonlinearity)}`);
  }
}
const refuse = (code: string, reason: string): never =>
  withSite(() => {
    throw new ArgumentError(code, `calculate_gain: ${reason}.`);
  });

/** Sizes that one output reads, and that one input feeds. */
export function fans(tensor: Tensor): { fanIn: number; fanOut: number } {
  if (tensor.ndim < 2)
    throw new ShapeError(
      "init/fans",
      `init: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, got ${tensor.dtype.name}${formatShape(tensor.shape)}.`,
    );
  const field = elementCount(tensor.shape.slice(2));
  return { fanIn: tensor.shape[1]! * field, fanOut: tensor.shape[0]! * field };
}
/** Sizes that one output reads, and that one input feeds. */
export function _calculate_fan_in_and_fan_out(tensor: Tensor): [fan_in: number, fan_out: number] {
  const { fanIn, fanOut } = fans(tensor);
  return [fanIn, fanOut];
}

/** Runs a fill without gradients and returns the tensor. */
function filling<T extends Tensor>(tensor: T, fill: () => void): T {
  return withSite(() => {
    withGradMode(false, fill);
    return tensor;
  });
}

function write(tensor: Tensor, name: string, make: () => Node): void {
  enterScope(tensor.storage_.device.name);
  tensor.write_(graph.cast(make(), tensor.dtype.name), name);
}
function writeValues(tensor: Tensor, name: string, values: ArrayLike<number>): void {
  write(tensor, name, () => fromHost(values, tensor.shape, tensor.dtype.name, tensor.storage_.device).node_());
}

const uniformArguments = signature<[a: number, b: number, generator: Source]>()("a?, b?, generator?");
/**
 * Uniform in [a, b), by default [0, 1).
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.uniform_
 */
export function uniform_<T extends Tensor>(tensor: T, ...args: CallOf<typeof uniformArguments>): T {
  const { a = 0, b = 1, generator = null } = uniformArguments.bind("uniform_", args);
  return filling(tensor, () => tensor.uniform_(a, b, { generator }));
}
const normalArguments = signature<[mean: number, std: number, generator: Source]>()("mean?, std?, generator?");
/**
 * Normal with the given mean and standard deviation, by default 0 and 1.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.normal_
 */
export function normal_<T extends Tensor>(tensor: T, ...args: CallOf<typeof normalArguments>): T {
  const { mean = 0, std = 1, generator = null } = normalArguments.bind("normal_", args);
  return filling(tensor, () => tensor.normal_(mean, std, { generator }));
}

/** The standard normal distribution's share below x. */
const normalShare = (x: number): number => (1 + errorFunction(x / Math.SQRT2)) / 2;
/** Abramowitz and Stegun's series and continued fraction, to float64 precision. */
function errorFunction(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 200; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / ((size + fraction) * Math.sqrt(Math.PI)));
}

const truncatedArguments = signature<[mean: number, std: number, a: number, b: number, generator: Source]>()(
  "mean?, std?, a?, b?, generator?",
);
/**
 * Normal values in [a, b].
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.trunc_normal_
 */
export function trunc_normal_<T extends Tensor>(tensor: T, ...args: CallOf<typeof truncatedArguments>): T {
  const { mean = 0, std = 1, a = -2, b = 2, generator = null } = truncatedArguments.bind("trunc_normal_", args);
  if (mean < a - 2 * std || mean > b + 2 * std)
    warnOnce(
      "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be incorrect.",
    );
  return filling(tensor, () => {
    checkInplace(tensor, "trunc_normal_");
    const [low, high] = [normalShare((a - mean) / std), normalShare((b - mean) / std)];
    if (tensor.storage_.device.name === "webgpu") {
      tensor.uniform_(2 * low - 1, 2 * high - 1, { generator });
      return write(tensor, "trunc_normal_", () => unitToNormal(tensor.node_(), mean, std, a, b));
    }
    const { device } = tensor.storage_;
    const type = requireFloatType("trunc_normal_", tensor.dtype.name);
    const of = { mean, std, a, b, share: high - low, inBlocks: tensor.is_contiguous() };
    const fill = (target: TypedArray): void =>
      fillTruncated(target as FloatArray, generatorOf({ generator }).cpu_, of, type);
    write(tensor, "trunc_normal_", () =>
      inMemoryOrder(tensor.shape, orderOfMemory(tensor), (shape) => drawn(shape, type, device, fill, true)),
    );
  });
}

/** The normal values that have these shares (from -1 to 1) of the distribution around them: where nothing is drawn again. */
function unitToNormal(shares: Node, mean: number, std: number, a: number, b: number): Node {
  const values = graph.add(graph.mul(graph.unary("erfinv", shares), std * Math.SQRT2), mean);
  return graph.binary("min", graph.binary("max", values, a), b);
}

const constantArguments = signature<[val: number]>()("val");
/**
 * All `val`.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.constant_
 */
export function constant_<T extends Tensor>(tensor: T, ...args: CallOf<typeof constantArguments>): T {
  const { val } = constantArguments.bind("constant_", args);
  return filling(tensor, () =>
    write(tensor, "constant_", () =>
      graph.expandTo(graph.scalar(scalarArgument(val), tensor.dtype.name), tensor.shape),
    ),
  );
}
const fillWith = <T extends Tensor>(tensor: T, name: string, value: number): T =>
  filling(tensor, () => write(tensor, name, () => graph.full(tensor.shape, value, tensor.dtype.name)));
/**
 * Ones.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.ones_
 */
export const ones_ = <T extends Tensor>(tensor: T): T => fillWith(tensor, "ones_", 1);
/**
 * Zeros.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.zeros_
 */
export const zeros_ = <T extends Tensor>(tensor: T): T => fillWith(tensor, "zeros_", 0);

/**
 * The identity matrix.
 *
 * Shape: `[n, m] -> [n, m]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.eye_
 */
export function eye_<T extends Tensor>(tensor: T): T {
  return filling(tensor, () => {
    if (tensor.ndim !== 2)
      throw new ArgumentError(
        "init/eye",
        `eye_: Only tensors with 2 dimensions are supported, got ${formatShape(tensor.shape)}.`,
      );
    writeValues(tensor, "eye_", eye(tensor.shape[0]!, tensor.shape[1]!));
  });
}
/**
 * A convolution weight [out, in / groups, ...] that passes its channels through.
 *
 * Shape: `[out, in, *] -> [out, in, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.dirac_
 */
export function dirac_<T extends Tensor>(tensor: T, given: number | { readonly groups?: number } = 1): T {
  const groups = typeof given === "number" ? given : (given.groups ?? 1);
  return filling(tensor, () => {
    if (tensor.ndim < 3 || tensor.ndim > 5)
      throw new ArgumentError(
        "init/dirac",
        `dirac_: Only tensors with 3, 4, or 5 dimensions are supported, got ${formatShape(tensor.shape)}.`,
      );
    if (tensor.shape[0]! % groups !== 0)
      throw new ArgumentError(
        "init/dirac-groups",
        `dirac_: dim 0 must be divisible by groups, got ${tensor.shape[0]} and ${groups}.`,
      );
    writeValues(tensor, "dirac_", dirac(tensor.shape, groups));
  });
}

const xavierArguments = signature<[gain: number, generator: Source]>()("gain?, generator?");
/**
 * Uniform, so that variance is kept both ways: Glorot and Bengio.
 *
 * Shape: `[out, in, *] -> [out, in, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_uniform_
 */
export function xavier_uniform_<T extends Tensor>(tensor: T, ...args: CallOf<typeof xavierArguments>): T {
  const { gain = 1, generator = null } = xavierArguments.bind("xavier_uniform_", args);
  return filling(tensor, () => {
    const { fanIn, fanOut } = fans(tensor);
    const bound = Math.sqrt(3) * (gain * Math.sqrt(2 / (fanIn + fanOut)));
    tensor.uniform_(-bound, bound, { generator });
  });
}
/**
 * Normal, so that variance is kept both ways: Glorot and Bengio.
 *
 * Shape: `[out, in, *] -> [out, in, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.xavier_normal_
 */
export function xavier_normal_<T extends Tensor>(tensor: T, ...args: CallOf<typeof xavierArguments>): T {
  const { gain = 1, generator = null } = xavierArguments.bind("xavier_normal_", args);
  return filling(tensor, () => {
    const { fanIn, fanOut } = fans(tensor);
    tensor.normal_(0, gain * Math.sqrt(2 / (fanIn + fanOut)), { generator });
  });
}

const kaimingArguments = signature<[a: number, mode: FanMode, nonlinearity: Nonlinearity, generator: Source]>()(
  "a?, mode?, nonlinearity?, generator?",
);
function kaiming(name: string, tensor: Tensor, args: readonly unknown[]): { std: number; generator: Source } {
  const { a = 0, mode = "fan_in", nonlinearity = "leaky_relu", generator = null } = kaimingArguments.bind(name, args);
  if (mode !== "fan_in" && mode !== "fan_out")
    throw new ArgumentError(
      "init/mode",
      `${name}: Mode ${String(mode)} not supported, please use one of ['fan_in', 'fan_out'].`,
    );
  const { fanIn, fanOut } = fans(tensor);
  return { std: calculate_gain(nonlinearity, a) / Math.sqrt(mode === "fan_in" ? fanIn : fanOut), generator };
}
/**
 * Uniform, so that variance is kept through a nonlinearity: He and others.
 *
 * Shape: `[out, in, *] -> [out, in, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_uniform_
 */
export function kaiming_uniform_<T extends Tensor>(tensor: T, ...args: CallOf<typeof kaimingArguments>): T {
  return filling(tensor, () => {
    if (tensor.shape.includes(0)) return;
    const { std, generator } = kaiming("kaiming_uniform_", tensor, args);
    const bound = Math.sqrt(3) * std;
    tensor.uniform_(-bound, bound, { generator });
  });
}
/**
 * Normal, so that variance is kept through a nonlinearity: He and others.
 *
 * Shape: `[out, in, *] -> [out, in, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.kaiming_normal_
 */
export function kaiming_normal_<T extends Tensor>(tensor: T, ...args: CallOf<typeof kaimingArguments>): T {
  return filling(tensor, () => {
    if (tensor.shape.includes(0)) return;
    const { std, generator } = kaiming("kaiming_normal_", tensor, args);
    tensor.normal_(0, std, { generator });
  });
}

/**
 * Rows (or columns, if there are fewer) of length `gain` at right angles to each other.
 *
 * Shape: `[m, *] -> [m, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.orthogonal_
 */
export function orthogonal_<T extends Tensor>(tensor: T, ...args: CallOf<typeof xavierArguments>): T {
  const { gain = 1, generator = null } = xavierArguments.bind("orthogonal_", args);
  return filling(tensor, () => {
    if (tensor.ndim < 2)
      throw new ArgumentError(
        "init/orthogonal",
        `orthogonal_: Only tensors with 2 or more dimensions are supported, got ${formatShape(tensor.shape)}.`,
      );
    if (tensor.numel() === 0) return;
    writeValues(
      tensor,
      "orthogonal_",
      orthogonalRows(
        tensor.shape[0]!,
        elementCount(tensor.shape.slice(1)),
        gain,
        (generator ?? default_generator).cpu_,
      ),
    );
  });
}

const sparseArguments = signature<[sparsity: number, std: number, generator: Source]>()("sparsity, std?, generator?");
/**
 * Normal values, a fraction `sparsity` of each column being zero.
 *
 * Shape: `[n, m] -> [n, m]`
 *
 * @see https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.sparse_
 */
export function sparse_<T extends Tensor>(tensor: T, ...args: CallOf<typeof sparseArguments>): T {
  const { sparsity, std = 0.01, generator = null } = sparseArguments.bind("sparse_", args);
  return filling(tensor, () => {
    if (tensor.ndim !== 2)
      throw new ArgumentError(
        "init/sparse",
        `sparse_: Only tensors with 2 dimensions are supported, got ${formatShape(tensor.shape)}.`,
      );
    writeValues(
      tensor,
      "sparse_",
      sparseColumns(tensor.shape[0]!, tensor.shape[1]!, sparsity, std, (generator ?? default_generator).cpu_),
    );
  });
}
