/** PyTorch's calls of the oracle's `random` file, made of the draws; initialisers and modules by their draw order. */
import {
  type CpuGenerator,
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
} from "../../../runtime/random/draws.ts";
import type { ElementArray, OracleValue } from "./oracle-format.ts";

type Arguments = readonly OracleValue[];
type Keywords = Readonly<Record<string, OracleValue>>;
type Call = (generator: CpuGenerator, args: Arguments, kwargs: Keywords) => ElementArray[];

const sizeOf = (args: Arguments): number => (args.flat() as number[]).reduce((product, size) => product * size, 1);
const numberAt = (args: Arguments, index: number, otherwise: number): number =>
  (args[index] as number | undefined) ?? otherwise;
const dtypeIn = (kwargs: Keywords): string | undefined => (kwargs["dtype"] as { dtype: string } | undefined)?.dtype;

const floats = (size: number, kwargs: Keywords): Float32Array | Float64Array =>
  dtypeIn(kwargs) === "float64" ? new Float64Array(size) : new Float32Array(size);
const integers = (size: number, kwargs: Keywords): Int32Array | BigInt64Array =>
  dtypeIn(kwargs) === "int32" ? new Int32Array(size) : new BigInt64Array(size);

function filled<T extends ElementArray>(out: T, fill: (out: T) => void): [T] {
  fill(out);
  return [out];
}

const uniformOf = (generator: CpuGenerator, size: number, bound: number): Float32Array =>
  filled(new Float32Array(size), (out) => fillUniform(out, generator, -bound, bound))[0];
const normalOf = (generator: CpuGenerator, size: number, std: number): Float32Array =>
  filled(new Float32Array(size), (out) => fillNormal(out, generator, 0, std))[0];

/** A weight by kaiming_uniform_(a = sqrt(5)), then a bias by uniform_ of 1 / sqrt(fan in). */
function weightAndBias(generator: CpuGenerator, outputs: number, fanIn: number): ElementArray[] {
  const gain = Math.sqrt(2 / (1 + Math.sqrt(5) ** 2));
  return [
    uniformOf(generator, outputs * fanIn, Math.sqrt(3) * (gain / Math.sqrt(fanIn))),
    uniformOf(generator, outputs, 1 / Math.sqrt(fanIn)),
  ];
}

/** Rows and columns of a matrix parameter: fan out and fan in. */
const fansOf = (args: Arguments): readonly [number, number] => args[0] as [number, number];

export const calls: Readonly<Record<string, Call>> = {
  rand: (g, args, kwargs) => filled(floats(sizeOf(args), kwargs), (out) => fillUniform(out, g)),
  randn: (g, args, kwargs) => filled(floats(sizeOf(args), kwargs), (out) => fillNormal(out, g)),
  randint: (g, [from, to, size], kwargs) =>
    filled(integers(sizeOf([size!]), kwargs), (out) => fillRandint(out, g, from as number, to as number)),
  randperm: (g, args, kwargs) => filled(integers(sizeOf(args), kwargs), (out) => fillRandperm(out, g)),
  bernoulli_p: (g, [p]) => {
    const probabilities = Float32Array.from(p as number[]);
    return filled(new Float32Array(probabilities.length), (out) => fillBernoulliFrom(out, g, probabilities));
  },
  bernoulli_: (g, args) =>
    filled(new Float32Array(args[0] as number), (out) => fillBernoulli(out, g, numberAt(args, 1, 0.5))),
  normal_: (g, args) =>
    filled(new Float32Array(args[0] as number), (out) =>
      fillNormal(out, g, numberAt(args, 1, 0), numberAt(args, 2, 1)),
    ),
  uniform_: (g, args) =>
    filled(new Float32Array(args[0] as number), (out) =>
      fillUniform(out, g, numberAt(args, 1, 0), numberAt(args, 2, 1)),
    ),
  exponential_: (g, args) =>
    filled(new Float32Array(args[0] as number), (out) => fillExponential(out, g, numberAt(args, 1, 1))),
  geometric_: (g, args) =>
    filled(new Float32Array(args[0] as number), (out) => fillGeometric(out, g, args[1] as number)),
  cauchy_: (g, args) => filled(new Float32Array(args[0] as number), (out) => fillCauchy(out, g)),
  log_normal_: (g, args) => filled(new Float32Array(args[0] as number), (out) => fillLogNormal(out, g)),
  random_: (g, args, kwargs) =>
    filled(integers(args[0] as number, kwargs), (out) => {
      if (args.length === 1) fillRandom(out, g);
      else if (args.length === 2) fillRandint(out, g, 0, args[1] as number);
      else fillRandint(out, g, args[1] as number, args[2] as number);
    }),
  dropout: (g, args) =>
    filled(new Float32Array(args[0] as number), (out) => fillDropoutMask(out, g, args[1] as number)),
  multinomial: (g, [p, samples, replacement]) => {
    const weights = Float32Array.from(p as number[]);
    const shape = {
      rows: 1,
      categories: weights.length,
      samples: samples as number,
      replacement: replacement === true,
    };
    return filled(new BigInt64Array(shape.samples), (out) => fillMultinomial(out, g, weights, shape));
  },
  poisson: (g, [rates]) => {
    const list = Float32Array.from(rates as number[]);
    return filled(new Float32Array(list.length), (out) => fillPoisson(out, g, list));
  },
  kaiming_uniform_: (g, args, kwargs) => {
    const [rows, columns] = fansOf(args);
    const gain = Math.sqrt(2 / (1 + (kwargs["a"] as number) ** 2));
    return [uniformOf(g, rows * columns, Math.sqrt(3) * (gain / Math.sqrt(columns)))];
  },
  xavier_uniform_: (g, args) => {
    const [rows, columns] = fansOf(args);
    return [uniformOf(g, rows * columns, Math.sqrt(3) * Math.sqrt(2 / (rows + columns)))];
  },
  xavier_normal_: (g, args, kwargs) => {
    const [rows, columns] = fansOf(args);
    return [normalOf(g, rows * columns, (kwargs["gain"] as number) * Math.sqrt(2 / (rows + columns)))];
  },
  // The recorded calls ask for fan_out and relu.
  kaiming_normal_: (g, args) => {
    const [rows, columns] = fansOf(args);
    return [normalOf(g, rows * columns, Math.sqrt(2) / Math.sqrt(rows))];
  },
  Linear: (g, args) => weightAndBias(g, args[1] as number, args[0] as number),
  Conv2d: (g, args) => weightAndBias(g, args[1] as number, (args[0] as number) * (args[2] as number) ** 2),
  Embedding: (g, args) => [normalOf(g, sizeOf(args), 1)],
  LSTM: (g, args) => {
    const [input, hidden] = args as [number, number];
    const sizes = [4 * hidden * input, 4 * hidden * hidden, 4 * hidden, 4 * hidden];
    return sizes.map((size) => uniformOf(g, size, 1 / Math.sqrt(hidden)));
  },
};
