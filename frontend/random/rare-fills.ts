/** Draws in place that few programs make, as methods of Tensor, and draws whose parameters are the tensor's values. */
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
import { callOperator, refuseOut, withSite } from "../call.ts";
import { Tensor } from "../tensor.ts";
import { bernoulli, multinomial } from "./distributions.ts";
import { type FloatArray, type FloatType, drawn, onHost, requireFloatType } from "./draws.ts";
import { addFills, type Fill, type Place, type RandomFill } from "./fills.ts";

declare module "../tensor.ts" {
  interface Tensor {
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

/** A probability for each element of `self`, in the order of its memory. */
function probabilitiesAlong(p: Tensor, self: Tensor, order: Place["order"]): Tensor {
  const each = p.shape.join() === self.shape.join() ? p : (callOperator("expand", [p, self.shape]) as Tensor);
  return order === null ? each : (callOperator("permute", [each, order]) as Tensor);
}

addFills({
  bernoulli_: [
    ["p"],
    [0.5],
    (self, [p], generator, { shape, order }) => {
      const dtype = self.dtype.name as never;
      const along = p instanceof Tensor ? probabilitiesAlong(p, self, order) : null;
      return drawn(shape, self.dtype.name, self.storage_.device, (target) =>
        along !== null
          ? fillBernoulliFrom(target, generator.cpu_, onHost("bernoulli_", along), dtype)
          : fillBernoulli(target, generator.cpu_, p as number, dtype),
      );
    },
  ],
  random_: [
    ["from", "to"],
    [undefined, undefined],
    (self, [from, to], generator, { shape }) => {
      const dtype = self.dtype.name as never;
      return drawn(shape, self.dtype.name, self.storage_.device, (target) => {
        if (from === undefined) fillRandom(target, generator.cpu_, dtype);
        else if (to === undefined) fillRandint(target, generator.cpu_, 0, from as number, dtype);
        else fillRandint(target, generator.cpu_, from as number, to as number, dtype);
      });
    },
  ],
});

const floatFills = {
  exponential_: [["lambd"], [1], fillExponential],
  geometric_: [["p"], [undefined], fillGeometric],
  cauchy_: [["median", "sigma"], [0, 1], fillCauchy],
  log_normal_: [["mean", "std"], [1, 2], fillLogNormal],
} as const;
for (const [name, [names, defaults, fill]] of Object.entries(floatFills)) {
  const draw: Fill = (self, values, generator, { shape }) => {
    // Waiting times may be whole numbers; the others are continuous.
    if (name !== "geometric_") requireFloatType(name, self.type_);
    return drawn(shape, self.type_, self.storage_.device, (target) => {
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
  };
  addFills({ [name]: [names, defaults, draw] });
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
