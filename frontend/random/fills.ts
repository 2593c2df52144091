/** Draws in place, as methods of Tensor. */
import type { Node } from "../../ir/graph.ts";
import {
  fillBernoulli,
  fillBernoulliFrom,
  fillCauchy,
  fillExponential,
  fillGeometric,
  fillLogNormal,
  fillRandint,
  fillRandom,
} from "../../runtime/random/index.ts";
import { signature } from "../arguments.ts";
import { assign, checkInplace, refuseOut, withSite } from "../call.ts";
import { Tensor } from "../tensor.ts";
import { bernoulli, multinomial } from "./distributions.ts";
import {
  type FloatArray,
  type FloatType,
  drawn,
  generatorOf,
  requireFloatType,
  uniformNode,
  normalNode,
  onHost,
} from "./draws.ts";
import type { Generator } from "./generator.ts";

declare module "../tensor.ts" {
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

/** Positional or named numbers of an in-place draw. @throws ArgumentError for an option that it does not have */
function fillArguments(
  operator: string,
  names: readonly string[],
  defaults: readonly unknown[],
  args: readonly unknown[],
): { values: unknown[]; generator: Generator } {
  const bound = signature<unknown[]>()(`${names.map((name) => `${name}?`).join(", ")}, *, generator?`).bind(
    operator,
    args,
  ) as Readonly<Record<string, unknown>>;
  return {
    values: names.map((name, i) => bound[name] ?? defaults[i]),
    generator: generatorOf({ generator: bound["generator"] as Generator | null }),
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
    (self, values, generator) => {
      // Waiting times may be whole numbers; the others are continuous.
      if (name !== "geometric_") requireFloatType(name, self.type_);
      return drawn(self.shape, self.type_, self.storage_.device, (target) => {
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
      });
    },
  ];
}
for (const [name, [names, defaults, fill]] of Object.entries(fills)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...args: unknown[]): Tensor {
      return withSite(() => {
        checkInplace(this, name);
        const { values, generator } = fillArguments(name, names, defaults, args);
        assign(this, fill(this, values, generator), name);
        return this;
      });
    },
  });
}
/** As methods these do not take out=. */
const methodsOf = { bernoulli, multinomial } as const;
for (const [name, draw] of Object.entries(methodsOf)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...args: unknown[]): Tensor {
      return withSite(() => {
        refuseOut(name, args);
        return (draw as (...all: unknown[]) => Tensor)(this, ...args);
      });
    },
  });
}
