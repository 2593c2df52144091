/**
 * Random numbers. On the CPU devices a draw takes words from PyTorch's MT19937 stream at the call, in program order,
 * and its values are PyTorch's; on WebGPU uniform and normal values are computed in kernels by Philox 4x32-10 from the
 * seed and a counter of draws.
 * https://docs.pytorch.org/docs/stable/random.html
 */
import { isComplex, isFloat, realOf, type DType } from "../ir/dtype.ts";
import { ArgumentError, DTypeError, ReadError, ShapeError } from "../ir/errors.ts";
import { enterScope } from "../ir/interning.ts";
import { type Node } from "../ir/graph.ts";
import { elementCount, formatShape, type Shape } from "../ir/shape.ts";
import type { Device } from "../runtime/device.ts";
import {
  CpuGenerator,
  fillBernoulli,
  fillBernoulliFrom,
  fillCauchy,
  fillDropoutMask,
  fillExponential,
  fillGeometric,
  fillLogNormal,
  fillMultinomial,
  fillNormal,
  fillPoisson,
  fillRandint,
  fillRandom,
  fillRandperm,
  fillUniform,
} from "../runtime/random/index.ts";
import { typedArray, type TypedArray } from "../runtime/typed-array.ts";
import { HostScalar, isPlainObject, scalarArgument } from "./bind.ts";
import { refuseInBody } from "./body-scope.ts";
import { assign, checkInplace, withSite } from "./call.ts";
import { dtypeOption, finish, sizeArguments, type FactoryOptions, type SizeCall } from "./creation.ts";
import { currentDevice } from "./devices.ts";
import { runHostEffect } from "./host-effects.ts";
import { graph, settings } from "./state.ts";
import { Tensor } from "./tensor.ts";
import { traceObserver } from "./trace.ts";
import { inputNode, Value } from "./value.ts";

type FloatArray = Float32Array | Float64Array | Uint16Array;
type FloatType = "float32" | "float64" | "float16" | "bfloat16";

/** A source of random numbers. https://docs.pytorch.org/docs/stable/generated/torch.Generator.html */
export class Generator {
  /** @internal */ readonly cpu_ = new CpuGenerator();
  /** Of Philox: the seed (null: the initial one), and how often it was drawn from. */
  private words: { readonly seed: number | bigint | null; draws: number } = { seed: null, draws: 0 };

  /** Starts the stream of a seed; returns this generator. */
  manual_seed(seed: number | bigint): this {
    if (typeof seed !== "number" && typeof seed !== "bigint")
      throw new ArgumentError("random/seed", `manual_seed: a seed is a whole number, got ${typeof seed}.`);
    this.change_(() => this.cpu_.manual_seed(seed));
    this.restartWords(seed);
    return this;
  }
  initial_seed(): number | bigint {
    return this.cpu_.initial_seed();
  }
  /** Seeds from the machine's entropy and returns the seed. */
  seed(): number {
    let found = 0;
    this.change_(() => (found = this.cpu_.seed()));
    this.restartWords(null);
    return found;
  }
  /** The state as PyTorch lays it out (uint8[5056]). */
  get_state(): Tensor {
    return Tensor.ofArray(this.cpu_.get_state(), [this.cpu_.get_state().length], "uint8", currentDevice("cpu"));
  }
  set_state(state: Tensor): this {
    this.cpu_.set_state(new Uint8Array(state.readSync_().buffer.slice(0)));
    this.words = { ...this.words, seed: null };
    return this;
  }
  get device(): string {
    return "cpu";
  }
  /** @internal Number of this Philox draw: every draw has its own counter range. */
  nextDraw_(): number {
    return this.words.draws++;
  }
  /** @internal The seed of its words. */
  get wordsSeed_(): bigint {
    return BigInt.asUintN(64, BigInt(this.words.seed ?? this.cpu_.initial_seed()));
  }
  /** @internal Changes the stream of the CPU devices: again, among the draws, at each replay of a compiled function. */
  change_(change: () => void): void {
    change();
    traceObserver()?.generatorChanged?.(change);
  }
  /** The same of the GPU's: replays evaluate its numbers later, in order with other changes of host state. */
  private restartWords(seed: number | bigint | null): void {
    runHostEffect(() => (this.words = { seed, draws: 0 }));
  }
}

/** The generator used when none is named. */
export const default_generator = new Generator();

/** Seeds the default generator and returns it. */
export const manual_seed = (seed: number | bigint): Generator => withSite(() => default_generator.manual_seed(seed));
export const seed = (): number => default_generator.seed();
export const initial_seed = (): number | bigint => default_generator.initial_seed();
export const get_rng_state = (): Tensor => default_generator.get_state();
export const set_rng_state = (state: Tensor): void => void default_generator.set_state(state);

/** Runs `body` and then restores the generator, so that what it drew is drawn again after. */
export function fork_rng<T>(body: () => T): T {
  const { cpu_ } = default_generator;
  let saved = cpu_.get_state();
  default_generator.change_(() => (saved = cpu_.get_state()));
  const restore = (): void => default_generator.change_(() => void cpu_.set_state(saved));
  let result: T;
  try {
    result = body();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as T;
  restore();
  return result;
}

interface RandomOptions extends FactoryOptions {
  readonly generator?: Generator | null | undefined;
}

const refuseDraw = (): void =>
  refuseInBody("random numbers are drawn", "Draw them before the call: scan takes one slice of xs in each iteration.");

/** A leaf whose values are drawn now, and again at each replay of a compiled function. */
function drawn(shape: Shape, dtype: DType, device: Device, fill: (target: TypedArray) => void): Node {
  refuseDraw();
  const array = typedArray(dtype, elementCount(shape));
  fill(array);
  const value = new Value(dtype, shape, device, array);
  traceObserver()?.draw(value, fill);
  return inputNode(value);
}

/** Philox words (int32) of a draw on WebGPU. */
function philoxWords(count: number, generator: Generator): Node {
  refuseDraw();
  const low = (read: () => number): Node => graph.scalar(scalarArgument(new HostScalar(read)), "int32");
  const word = (value: bigint): number => Number(BigInt.asIntN(32, value));
  let draw = 0;
  const seedOf = (): bigint => generator.wordsSeed_;
  return graph.philox(
    count,
    [low(() => word(seedOf())), low(() => word(seedOf() >> 32n))],
    [low(() => (draw = generator.nextDraw_()) | 0), low(() => Math.floor(draw / 2 ** 32) | 0)],
  );
}
/** Uniform float32 in [0, 1) from the top 24 bits of words. */
const unit = (words: Node): Node =>
  graph.mul(graph.cast(graph.and(graph.binary("shr", words, 8), 0xffffff), "float32"), 2 ** -24);

const requireFloatType = (name: string, dtype: DType): FloatType => {
  if (!isFloat(dtype))
    throw new DTypeError(
      `${name}/dtype`,
      `${name}: "${name}" not implemented for '${dtype}'.`,
      "Choose a float dtype.",
    );
  return dtype as FloatType;
};

/** Complex numbers whose parts are drawn in turns, as they lie in memory. */
const overParts = (shape: Shape, draw: (parts: Shape) => Node): Node => graph.asComplex(draw([...shape, 2]));

/** Uniform values in [from, to). */
function uniformNode(shape: Shape, dtype: DType, device: Device, generator: Generator, from: number, to: number): Node {
  if (isComplex(dtype))
    return overParts(shape, (parts) => uniformNode(parts, realOf(dtype), device, generator, from, to));
  const type = requireFloatType("uniform", dtype);
  enterScope(device.name);
  if (device.name !== "webgpu")
    return drawn(shape, dtype, device, (target) => fillUniform(target as FloatArray, generator.cpu_, from, to, type));
  const values = graph.reshape(unit(philoxWords(elementCount(shape), generator)), shape);
  const scaled = from === 0 && to === 1 ? values : graph.add(graph.mul(values, to - from), from);
  return graph.cast(scaled, dtype);
}

function normalNode(shape: Shape, dtype: DType, device: Device, generator: Generator, mean: number, std: number): Node {
  if (isComplex(dtype)) {
    const part = std / Math.SQRT2;
    const values = overParts(shape, (parts) => normalNode(parts, realOf(dtype), device, generator, 0, part));
    return mean === 0 ? values : graph.add(values, mean);
  }
  const type = requireFloatType("normal", dtype);
  enterScope(device.name);
  if (device.name !== "webgpu")
    return drawn(shape, dtype, device, (target) => fillNormal(target as FloatArray, generator.cpu_, mean, std, type));
  // Box-Muller on pairs of words.
  const count = elementCount(shape);
  const words = graph.reshape(philoxWords(2 * count, generator), [2, count]);
  const part = (i: number): Node => graph.reshape(unit(graph.sliceAxis(words, 0, i, 1)), [count]);
  const radius = graph.sqrt(graph.mul(graph.log1p(graph.neg(part(0))), -2));
  const values = graph.mul(radius, graph.unary("cos", graph.mul(part(1), 2 * Math.PI)));
  const scaled = mean === 0 && std === 1 ? values : graph.add(graph.mul(values, std), mean);
  return graph.cast(graph.reshape(scaled, shape), dtype);
}

function generatorOf({ generator }: RandomOptions): Generator {
  if (generator === undefined || generator === null) return default_generator;
  if (!(generator instanceof Generator))
    throw new ArgumentError("random/generator", `generator must be a torch.Generator, got ${typeof generator}.`);
  return generator;
}

type Make = (shape: Shape, dtype: DType, device: Device, generator: Generator) => Node;
const sizedDraw =
  (name: string, make: Make): SizeCall<RandomOptions> =>
  (...args: unknown[]) =>
    withSite(() => {
      const { shape, options } = sizeArguments(name, args);
      const device = currentDevice(options.device);
      return finish(
        Tensor.ofNode(
          make(shape, dtypeOption(options, settings.defaultDType, name), device, generatorOf(options)),
          device,
        ),
        options,
      );
    });
const likeDraw =
  (name: string, make: Make) =>
  (input: Tensor, options: RandomOptions = {}): Tensor =>
    withSite(() => {
      const device = options.device === undefined ? input.storage_.device : currentDevice(options.device);
      return finish(
        Tensor.ofNode(
          make(input.shape, dtypeOption(options, input.dtype.name, name), device, generatorOf(options)),
          device,
        ),
        options,
      );
    });

const uniform: Make = (shape, dtype, device, generator) => uniformNode(shape, dtype, device, generator, 0, 1);
const standardNormal: Make = (shape, dtype, device, generator) => normalNode(shape, dtype, device, generator, 0, 1);

/** Uniform in [0, 1). https://docs.pytorch.org/docs/stable/generated/torch.rand.html */
export const rand = sizedDraw("rand", uniform);
/** Standard normal. https://docs.pytorch.org/docs/stable/generated/torch.randn.html */
export const randn = sizedDraw("randn", standardNormal);
export const rand_like = likeDraw("rand_like", uniform);
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

/** Integers in [low, high). https://docs.pytorch.org/docs/stable/generated/torch.randint.html */
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
    const size = Array.isArray(items.at(-1)) ? (items.pop() as number[]) : options.size;
    if (size === undefined)
      throw new ArgumentError("randint/size", "randint: missing the size.", "randint(low, high, [2, 3]).");
    const numbers = items as (number | bigint)[];
    const high = options.high ?? numbers.at(-1);
    const low =
      options.low ?? (numbers.length === 2 || (numbers.length === 1 && options.high !== undefined) ? numbers[0]! : 0);
    if (high === undefined) throw new ArgumentError("randint/high", "randint: missing high.");
    const device = currentDevice(options.device);
    return finish(
      Tensor.ofNode(
        randintNode(
          low,
          high,
          sizeArguments("randint", [size]).shape,
          dtypeOption(options, "int64", "randint"),
          device,
          generatorOf(options),
        ),
        device,
      ),
      options,
    );
  });
}
export function randint_like(
  input: Tensor,
  low: number,
  high?: number | RandomOptions,
  options: RandomOptions = {},
): Tensor {
  return withSite(() => {
    const [from, to, rest] = typeof high === "number" ? [low, high, options] : [0, low, high ?? options];
    const device = input.storage_.device;
    return finish(
      Tensor.ofNode(
        randintNode(
          from,
          to,
          input.shape,
          dtypeOption(rest, input.dtype.name, "randint_like"),
          device,
          generatorOf(rest),
        ),
        device,
      ),
      rest,
    );
  });
}

/** A random order of 0 ... n-1. https://docs.pytorch.org/docs/stable/generated/torch.randperm.html */
export function randperm(n: number | bigint, options: RandomOptions = {}): Tensor {
  return withSite(() => {
    const count = Number(n);
    if (!Number.isInteger(count) || count < 0)
      throw new ArgumentError("randperm/n", `randperm: n must be non-negative, got ${count}.`);
    const device = currentDevice(options.device);
    const dtype = dtypeOption(options, "int64", "randperm");
    return finish(
      Tensor.ofNode(
        drawn([count], dtype, device, (target) => fillRandperm(target, generatorOf(options).cpu_, dtype as never)),
        device,
      ),
      options,
    );
  });
}

/** Values of a tensor on the host, for draws whose parameters are tensors; float32 of a narrower float. */
function onHost(name: string, tensor: Tensor): Float32Array | Float64Array {
  if (!tensor.storage_.device.synchronous)
    throw new ReadError(
      `${name}/device`,
      `${name}: its parameters are read on the host, which ${tensor.storage_.device.name} does only asynchronously.`,
      "Compute it on a CPU device.",
    );
  const dtype = tensor.dtype.name;
  const narrow = dtype === "float16" || dtype === "bfloat16";
  const values = (narrow ? tensor.detach().to("float32") : tensor).readSync_();
  return values instanceof Float64Array || values instanceof Float32Array ? values : Float64Array.from(values, Number);
}

/** 0/1 draws with the probabilities of `input`. https://docs.pytorch.org/docs/stable/generated/torch.bernoulli.html */
export function bernoulli(input: Tensor, p?: number | RandomOptions | null, options: RandomOptions = {}): Tensor {
  return withSite(() => {
    const device = input.storage_.device;
    const dtype = input.dtype.name;
    if (typeof p === "number")
      return finish(
        Tensor.ofNode(
          drawn(input.shape, dtype, device, (target) =>
            fillBernoulli(target, generatorOf(options).cpu_, p, dtype as never),
          ),
          device,
        ),
        options,
      );
    const rest = isPlainObject(p) ? (p as RandomOptions) : options;
    const draws = drawn(input.shape, dtype, device, (target) =>
      fillBernoulliFrom(target, generatorOf(rest).cpu_, onHost("bernoulli", input), dtype as never),
    );
    // The gradient by the probabilities is zero, not missing.
    const node = input.node_();
    return finish(
      Tensor.ofNode(node.requiresGrad ? graph.withHistory(draws, graph.mul(node, 0)) : draws, device),
      rest,
    );
  });
}

/** Poisson draws with the rates of `input`. https://docs.pytorch.org/docs/stable/generated/torch.poisson.html */
export function poisson(input: Tensor, generator?: Generator | RandomOptions | null): Tensor {
  return withSite(() => {
    const source = generator instanceof Generator ? generator : (generator?.generator ?? default_generator);
    const dtype = requireFloatType("poisson", input.dtype.name);
    return Tensor.ofNode(
      drawn(input.shape, dtype, input.storage_.device, (target) =>
        fillPoisson(target as FloatArray, source.cpu_, onHost("poisson", input), dtype),
      ),
      input.storage_.device,
    );
  });
}

/** Indices drawn with the weights of each row. https://docs.pytorch.org/docs/stable/generated/torch.multinomial.html */
export function multinomial(
  input: Tensor,
  num_samples: number | bigint,
  replacement: boolean | RandomOptions = false,
  options: RandomOptions = {},
): Tensor {
  return withSite(() => {
    const named = (isPlainObject(replacement) ? replacement : options) as RandomOptions & { replacement?: boolean };
    const again = typeof replacement === "boolean" ? replacement : (named.replacement ?? false);
    requireFloatType("multinomial", input.dtype.name);
    if (input.shape.length !== 1 && input.shape.length !== 2)
      throw new ShapeError(
        "multinomial/dimensions",
        `multinomial: prob_dist must be 1 or 2 dim, got shape ${formatShape(input.shape)}.`,
        "Flatten all dimensions but the last, which holds the weights.",
      );
    const categories = input.shape.at(-1)!;
    const rows = input.shape.length === 2 ? input.shape[0]! : 1;
    const samples = Number(num_samples);
    const shape = input.shape.length === 2 ? [rows, samples] : [samples];
    const device = input.storage_.device;
    return finish(
      Tensor.ofNode(
        drawn(shape, "int64", device, (target) =>
          fillMultinomial(target, generatorOf(named).cpu_, onHost("multinomial", input), {
            rows,
            categories,
            samples,
            replacement: again,
          }),
        ),
        device,
      ),
      named,
    );
  });
}

/** Normal draws with given means and deviations. https://docs.pytorch.org/docs/stable/generated/torch.normal.html */
export function normal(
  mean: number | Tensor,
  std: number | Tensor = 1,
  size?: readonly number[] | RandomOptions,
  options: RandomOptions = {},
): Tensor {
  return withSite(() => {
    const rest = (isPlainObject(size) ? size : options) as RandomOptions;
    if (!(mean instanceof Tensor) && !(std instanceof Tensor)) {
      const shape = sizeArguments("normal", [Array.isArray(size) ? size : []]).shape;
      const device = currentDevice(rest.device);
      return finish(
        Tensor.ofNode(
          normalNode(shape, dtypeOption(rest, settings.defaultDType, "normal"), device, generatorOf(rest), mean, std),
          device,
        ),
        rest,
      );
    }
    const like = mean instanceof Tensor ? mean : (std as Tensor);
    const both = mean instanceof Tensor && std instanceof Tensor ? graph.add(mean.node_(), std.node_()) : like.node_();
    const { device } = like.storage_;
    const base = normalNode(both.shape, like.dtype.name, device, generatorOf(rest), 0, 1);
    const of = (value: number | Tensor): Node =>
      value instanceof Tensor ? value.node_() : graph.scalar(scalarArgument(value), base.dtype);
    return finish(Tensor.ofNode(graph.add(graph.mul(base, of(std)), of(mean)), device), rest);
  });
}

/** The mask of dropout: 0 with probability p, else 1/(1-p). */
export function dropoutMask(input: Tensor, p: number): Tensor {
  const { device } = input.storage_;
  const dtype = requireFloatType("dropout", input.dtype.name);
  if (device.name !== "webgpu")
    return Tensor.ofNode(
      drawn(input.shape, dtype, device, (target) =>
        fillDropoutMask(target as FloatArray, default_generator.cpu_, p, dtype),
      ),
      device,
    );
  enterScope(device.name);
  const kept = graph.ge(graph.reshape(unit(philoxWords(input.numel(), default_generator)), input.shape), p);
  return Tensor.ofNode(graph.mul(graph.cast(kept, dtype), 1 / (1 - p)), device);
}

// ---- in-place draws

declare module "./tensor.ts" {
  interface Tensor {
    /** Fills with uniform values in [from, to). */
    uniform_(from?: number | RandomFill, to?: number | RandomFill, options?: RandomFill): this;
    /** Fills with normal values. */
    normal_(mean?: number | RandomFill, std?: number | RandomFill, options?: RandomFill): this;
    /** Fills with integers in [from, to), or the dtype's range. */
    random_(from?: number | bigint | RandomFill, to?: number | bigint | null | RandomFill, options?: RandomFill): this;
    /** Fills with 0/1 draws of probability p (a number, or a tensor of probabilities). */
    bernoulli_(p?: number | Tensor | RandomFill, options?: RandomFill): this;
    exponential_(lambd?: number | RandomFill, options?: RandomFill): this;
    geometric_(p: number | RandomFill, options?: RandomFill): this;
    cauchy_(median?: number | RandomFill, sigma?: number | RandomFill, options?: RandomFill): this;
    log_normal_(mean?: number | RandomFill, std?: number | RandomFill, options?: RandomFill): this;
    bernoulli(p?: number | RandomFill | null, options?: RandomFill): Tensor;
    multinomial(num_samples: number, replacement?: boolean | RandomFill, options?: RandomFill): Tensor;
  }
}
export interface RandomFill {
  readonly generator?: Generator | null;
  readonly [parameter: string]: unknown;
}

/** Positional or named numbers of an in-place draw. */
function fillArguments(
  names: readonly string[],
  defaults: readonly unknown[],
  args: readonly unknown[],
): { values: unknown[]; generator: Generator } {
  const items = [...args];
  const options = (isPlainObject(items.at(-1)) ? items.pop() : {}) as RandomFill;
  return {
    values: names.map((name, i) => items[i] ?? options[name] ?? defaults[i]),
    generator: options.generator ?? default_generator,
  };
}

type Fill = (self: Tensor, values: unknown[], generator: Generator) => Node;
const fills: Record<string, readonly [names: readonly string[], defaults: readonly unknown[], fill: Fill]> = {
  uniform_: [
    ["from", "to"],
    [0, 1],
    (self, [from, to], generator) =>
      uniformNode(self.shape, self.dtype.name, self.storage_.device, generator, from as number, to as number),
  ],
  normal_: [
    ["mean", "std"],
    [0, 1],
    (self, [mean, std], generator) =>
      normalNode(self.shape, self.dtype.name, self.storage_.device, generator, mean as number, std as number),
  ],
  bernoulli_: [
    ["p"],
    [0.5],
    (self, [p], generator) => {
      const dtype = self.dtype.name as never;
      return drawn(self.shape, self.dtype.name, self.storage_.device, (target) =>
        p instanceof Tensor
          ? fillBernoulliFrom(target, generator.cpu_, onHost("bernoulli_", p), dtype)
          : fillBernoulli(target, generator.cpu_, p as number, dtype),
      );
    },
  ],
  random_: [
    ["from", "to"],
    [undefined, undefined],
    (self, [from, to], generator) => {
      const dtype = self.dtype.name as never;
      return drawn(self.shape, self.dtype.name, self.storage_.device, (target) => {
        if (from === undefined) fillRandom(target, generator.cpu_, dtype);
        else if (to === undefined) fillRandint(target, generator.cpu_, 0, from as number, dtype);
        else fillRandint(target, generator.cpu_, from as number, to as number, dtype);
      });
    },
  ],
};
const floatFills = {
  exponential_: [["lambd"], [1], fillExponential],
  geometric_: [["p"], [undefined], fillGeometric],
  cauchy_: [["median", "sigma"], [0, 1], fillCauchy],
  log_normal_: [["mean", "std"], [1, 2], fillLogNormal],
} as const;
for (const [name, [names, defaults, fill]] of Object.entries(floatFills)) {
  fills[name] = [
    names,
    defaults,
    (self, values, generator) =>
      drawn(self.shape, self.dtype.name, self.storage_.device, (target) => {
        if (values.length === 1)
          (fill as typeof fillExponential)(
            target as FloatArray,
            generator.cpu_,
            values[0] as number,
            self.dtype.name as FloatType,
          );
        else
          (fill as typeof fillCauchy)(
            target as FloatArray,
            generator.cpu_,
            values[0] as number,
            values[1] as number,
            self.dtype.name as FloatType,
          );
      }),
  ];
}
for (const [name, [names, defaults, fill]] of Object.entries(fills)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...args: unknown[]): Tensor {
      return withSite(() => {
        checkInplace(this, name);
        const { values, generator } = fillArguments(names, defaults, args);
        assign(this, fill(this, values, generator), name);
        return this;
      });
    },
  });
}
Object.defineProperties(Tensor.prototype, {
  bernoulli: {
    value(this: Tensor, p?: number | RandomFill | null, options?: RandomFill): Tensor {
      return bernoulli(this, p as never, options as never);
    },
  },
  multinomial: {
    value(this: Tensor, samples: number, replacement?: boolean, options?: RandomFill): Tensor {
      return multinomial(this, samples, replacement, options as never);
    },
  },
});
