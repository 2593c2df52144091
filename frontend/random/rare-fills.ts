/** Draws in place that few programs make, as methods of Tensor, and draws whose parameters are the tensor's values. */
import { cName, isComplex, isFloat, scalarName } from "../../ir/dtype.ts";
import { ArgumentError, DTypeError } from "../../ir/errors.ts";
import {
  fillBernoulli,
  fillBernoulliFrom,
  fillCauchy,
  fillExponential,
  fillGeometric,
  fillLogNormal,
  fillRandint,
  fillRandom,
  fillRandomFullRange,
  type DrawDType,
} from "../../runtime/random/index.ts";
import { noKernel } from "../../ir/unsupported.ts";
import type { TypedArray } from "../../runtime/typed-array.ts";
import { callOperator, refuseOut, withSite } from "../call.ts";
import { Tensor } from "../tensor.ts";
import { bernoulli, multinomial } from "./distributions.ts";
import { type FloatArray, type FloatType, drawn, onHost, requireFloatType } from "./draws.ts";
import { addFills, type Fill, type Place, type RandomFill } from "./fills.ts";

declare module "../tensor.ts" {
  interface Tensor {
    /**
     * Fills with integers in [from, to), or the dtype's range.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.random_.html
     */
    random_(from?: number | bigint | RandomFill, to?: number | bigint | null | RandomFill, options?: RandomFill): this;
    /**
     * Fills with 0/1 draws of probability p (a number, or a tensor of probabilities).
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.bernoulli_.html
     */
    bernoulli_(p?: number | Tensor | RandomFill, options?: RandomFill): this;
    /**
     * Fills with draws of the exponential distribution with rate `lambd`.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.exponential_.html
     */
    exponential_(lambd?: number | RandomFill, options?: RandomFill): this;
    /**
     * Fills with numbers of trials up to the first success, each with probability p.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.geometric_.html
     */
    geometric_(p: number | RandomFill, options?: RandomFill): this;
    /**
     * Fills with draws of the Cauchy distribution.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.cauchy_.html
     */
    cauchy_(median?: number | RandomFill, sigma?: number | RandomFill, options?: RandomFill): this;
    /**
     * Fills with exp of normal draws.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.log_normal_.html
     */
    log_normal_(mean?: number | RandomFill, std?: number | RandomFill, options?: RandomFill): this;
    /**
     * 0/1 draws with the probabilities in this tensor, or with probability p.
     *
     * Shape: `[*] -> [*]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.bernoulli.html
     */
    bernoulli(p?: number | RandomFill | null, options?: RandomFill): Tensor;
    /**
     * Indices drawn with the weights of each row.
     *
     * Shape: `[*, n] -> int64[*, num_samples]`
     *
     * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.multinomial.html
     */
    multinomial(num_samples: number, replacement?: boolean | RandomFill, options?: RandomFill): Tensor;
  }
}

/** A probability for each element of `self`, in the order of its memory. */
function probabilitiesAlong(p: Tensor, self: Tensor, order: Place["order"]): Tensor {
  const each = p.shape.join() === self.shape.join() ? p : (callOperator("expand", [p, self.shape]) as Tensor);
  return order === null ? each : (callOperator("permute", [each, order]) as Tensor);
}

/** The type of what is filled with draws that are no complex numbers. */
function requireReal(name: string, kernel: string, { type_ }: Tensor): DrawDType {
  if (isComplex(type_)) throw noKernel(name, kernel, type_, "Choose a real dtype.");
  return type_ as DrawDType;
}

/** A bound of random_. */
function whole(name: "from" | "to", value: unknown): bigint {
  if (typeof value === "bigint" || Number.isInteger(value)) return BigInt(value as number);
  throw new ArgumentError("random_/bound", `random_: ${name} must be a whole number, got ${String(value)}.`);
}

addFills({
  bernoulli_: [
    ["p"],
    [0.5],
    (self, [p], generator, { shape, order }) => {
      const along = p instanceof Tensor ? probabilitiesAlong(p, self, order) : null;
      const kernel = along === null ? "bernoulli_scalar_cpu_" : "bernoulli_tensor_cpu_self_";
      const dtype = requireReal("bernoulli_", kernel, self);
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
      const dtype = requireReal("random_", "random_kernel_cpu", self);
      const draw = (target: TypedArray): void => {
        if (from === undefined) fillRandom(target, generator.cpu_, dtype);
        else if (to === undefined) fillRandint(target, generator.cpu_, 0, whole("to", from), dtype);
        else if (to !== null) fillRandint(target, generator.cpu_, whole("from", from), whole("to", to), dtype);
        else if (whole("from", from) === -(2n ** 63n)) fillRandomFullRange(target, generator.cpu_, dtype);
        else fillRandint(target, generator.cpu_, whole("from", from), undefined, dtype);
      };
      return drawn(shape, dtype, self.storage_.device, draw);
    },
  ],
});

const floatFills = {
  exponential_: [["lambd"], [1], fillExponential],
  geometric_: [["p"], [undefined], fillGeometric],
  cauchy_: [["median", "sigma"], [0, 1], fillCauchy],
  log_normal_: [["mean", "std"], [1, 2], fillLogNormal],
} as const;
function requireContinuous(name: string, { type_ }: Tensor): void {
  const distribution = name === "exponential_" ? "Exponential" : name === "cauchy_" ? "Cauchy" : null;
  if (distribution === null) requireFloatType(name, type_, "log_normal_cpu");
  else if (!isFloat(type_))
    throw new DTypeError(
      `${name}/dtype`,
      `${name}: ${distribution} distribution is a continuous probability distribution. dtype must be a floating point but you specified ${(name === "cauchy_" ? cName : scalarName)(type_)}.`,
      "Choose a float dtype.",
    );
}
for (const [name, [names, defaults, fill]] of Object.entries(floatFills)) {
  const draw: Fill = (self, values, generator, { shape }) => {
    // Waiting times may be whole numbers; the others are continuous.
    if (name !== "geometric_") requireContinuous(name, self);
    else if (requireReal(name, "geometric_cpu", self) === "bool") throw noKernel(name, "geometric_cpu", "bool");
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
