/** New tensors of random numbers. */
import { isComplex, type DType } from "../../ir/dtype.ts";
import { ArgumentError } from "../../ir/errors.ts";
import type { Node } from "../../ir/graph.ts";
import type { Shape } from "../../ir/shape.ts";
import { noKernel } from "../../ir/unsupported.ts";
import type { Device } from "../../runtime/device.ts";
import { fillRandint, fillRandperm } from "../../runtime/random/index.ts";
import { signature, type CallOf } from "../arguments.ts";
import { isPlainObject } from "../bind.ts";
import { withSite } from "../call.ts";
import {
  dtypeOption,
  factoryNames,
  factoryOptions,
  finish,
  sizeArguments,
  type Factory,
  type SizeCall,
} from "../creation.ts";
import { currentDevice } from "../devices.ts";
import { refuseUnknown } from "../known-options.ts";
import { laidOut, orderLike } from "../laid-out.ts";
import { resized } from "../resizing.ts";
import { settings } from "../state.ts";
import { Tensor } from "../tensor.ts";
import { type RandomOptions, drawn, uniformNode, normalNode, generatorOf, inMemoryOrder } from "./draws.ts";
import type { Generator } from "./generator.ts";

type Make = (shape: Shape, dtype: DType, device: Device, generator: Generator, isContiguous: boolean) => Node;
/** Draws that fill `out`, in its type and the order of its memory. */
type FillOut = (out: Tensor, generator: Generator) => Tensor;
const sizedDraw =
  (name: string, make: Make, fill: FillOut): SizeCall<RandomOptions> =>
  (...args: unknown[]) =>
    withSite(() => {
      const { shape, options } = sizeArguments(name, args, ["generator"]) as {
        shape: number[];
        options: RandomOptions;
      };
      const dtype = dtypeOption(options, settings.defaultDType, name);
      if (options.out instanceof Tensor) return fill(resized(options.out, shape, name), generatorOf(options));
      const device = currentDevice(options.device);
      return finish(Tensor.ofNode(make(shape, dtype, device, generatorOf(options), true), device), options);
    });
const likeSignature = signature<[input: Tensor, ...Factory, generator: Generator | null]>()(
  `input, ${factoryNames}, generator?`,
);
const likeDraw =
  (name: string, make: Make) =>
  (...args: CallOf<typeof likeSignature>): Tensor =>
    withSite(() => {
      const { input, generator, ...given } = likeSignature.bind(name, args);
      return drawnLike(name, make, input, { ...factoryOptions(given), generator });
    });
/** A tensor that lies in memory as `input` does, drawn in that order. */
function drawnLike(name: string, make: Make, input: Tensor, options: RandomOptions): Tensor {
  const device = options.device === undefined ? input.storage_.device : currentDevice(options.device);
  const dtype = dtypeOption(options, input.dtype.name, name);
  const order = orderLike(input, options.memory_format, name);
  const draw = (shape: Shape): Node => make(shape, dtype, device, generatorOf(options), order === null);
  return finish(laidOut(inMemoryOrder(input.shape, order, draw), device, order), options);
}

const uniform: Make = (shape, dtype, device, generator) => uniformNode(shape, dtype, device, generator, 0, 1);
const standardNormal: Make = (shape, dtype, device, generator, isContiguous) =>
  normalNode(shape, dtype, device, generator, 0, 1, isContiguous);

/**
 * Uniform in [0, 1).
 *
 * Shape: `size -> [*size]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.rand.html
 */
export const rand = sizedDraw("rand", uniform, (out, generator) => out.uniform_(0, 1, { generator }));
/**
 * Standard normal.
 *
 * Shape: `size -> [*size]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.randn.html
 */
export const randn = sizedDraw("randn", standardNormal, (out, generator) => out.normal_(0, 1, { generator }));
/**
 * Uniform in [0, 1), in the shape of input.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.rand_like.html
 */
export const rand_like = likeDraw("rand_like", uniform);
/**
 * Standard normal, in the shape of input.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.randn_like.html
 */
export const randn_like = likeDraw("randn_like", standardNormal);

const randintNode = (
  low: number | bigint,
  high: number | bigint,
  shape: Shape,
  dtype: DType,
  device: Device,
  generator: Generator,
): Node => {
  if (low >= high)
    throw new ArgumentError(
      "randint/range",
      `randint: random_ expects 'from' to be less than 'to', but got from=${low} >= to=${high}.`,
    );
  return drawn(shape, dtype, device, (target) => fillRandint(target, generator.cpu_, low, high, dtype as never));
};

/**
 * Integers in [low, high).
 *
 * Shape: `size -> int64[*size]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.randint.html
 */
export function randint(high: number | bigint, size: readonly number[], options?: RandomOptions): Tensor;
export function randint(
  low: number | bigint,
  high: number | bigint,
  size: readonly number[],
  options?: RandomOptions,
): Tensor;
export function randint(...args: unknown[]): Tensor {
  return withSite(() => {
    const items = [...args];
    const options = (isPlainObject(items.at(-1)) ? items.pop() : {}) as RandomOptions & {
      low?: number;
      high?: number;
      size?: readonly number[];
    };
    refuseUnknown("randint", options, ["low", "high", "size", "generator"]);
    const size = Array.isArray(items.at(-1)) ? (items.pop() as number[]) : options.size;
    if (size === undefined)
      throw new ArgumentError("randint/size", "randint: missing the size.", "randint(low, high, [2, 3]).");
    const numbers = items as (number | bigint)[];
    const high = options.high ?? numbers.at(-1);
    const low =
      options.low ?? (numbers.length === 2 || (numbers.length === 1 && options.high !== undefined) ? numbers[0]! : 0);
    if (high === undefined)
      throw new ArgumentError(
        "randint/high",
        "randint() received an invalid combination of arguments - high is missing.",
      );
    for (const [name, bound] of Object.entries({ low, high }))
      if (typeof bound === "number" && !Number.isInteger(bound))
        throw new ArgumentError("randint/bound", `randint(): argument '${name}' must be int, not float, got ${bound}.`);
    const { shape } = sizeArguments("randint", [size]);
    const dtype = dtypeOption(options, "int64", "randint");
    const generator = generatorOf(options);
    if (options.out instanceof Tensor) return resized(options.out, shape, "randint").random_(low, high, { generator });
    const device = currentDevice(options.device);
    return finish(Tensor.ofNode(randintNode(low, high, shape, dtype, device, generator), device), options);
  });
}
const rangeSignature = signature<[input: Tensor, low: number, high: number, ...Factory, generator: Generator | null]>()(
  `input, low?, high?, ${factoryNames}, generator?`,
);
/**
 * Integers in [low, high), in the shape and the type of input.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.randint_like.html
 */
export function randint_like(...args: CallOf<typeof rangeSignature>): Tensor {
  return withSite(() => {
    const { input, low, high, generator, ...given } = rangeSignature.bind("randint_like", args);
    // One number alone is the end.
    const [from, to] = high === undefined ? [0, low] : [low ?? 0, high];
    if (to === undefined) throw new ArgumentError("randint_like/high", "randint_like: missing high.");
    const draw: Make = (shape, dtype, device, source) => randintNode(from, to, shape, dtype, device, source);
    return drawnLike("randint_like", draw, input, { ...factoryOptions(given), generator });
  });
}

const permutationSignature = signature<[n: number | bigint, ...Factory, generator: Generator | null]>()(
  `n, ${factoryNames}, generator?`,
);
/**
 * A random order of 0 ... n-1.
 *
 * Shape: `n -> int64[n]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.randperm.html
 */
export function randperm(...args: CallOf<typeof permutationSignature>): Tensor {
  return withSite(() => {
    const { n, generator, ...given } = permutationSignature.bind("randperm", args);
    const options: RandomOptions = { ...factoryOptions(given), generator };
    const count = Number(n);
    if (!Number.isInteger(count) || count < 0)
      throw new ArgumentError(
        "randperm/n",
        `randperm: Trying to create tensor with negative dimension ${count}: [${count}].`,
      );
    const device = currentDevice(options.device);
    const dtype = dtypeOption(options, "int64", "randperm");
    if (isComplex(dtype)) throw noKernel("randperm", "randperm", dtype, "Choose a type of integers.");
    return finish(
      Tensor.ofNode(
        drawn([count], dtype, device, (target) => fillRandperm(target, generatorOf(options).cpu_, dtype as never)),
        device,
      ),
      options,
    );
  });
}
