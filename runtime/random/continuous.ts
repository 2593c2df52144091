/**
 * Draws that are one formula of a float64 uniform u of [0, 1), or of a float64 normal z, converted to the dtype at the
 * end. u takes two words; z is CpuGenerator.normal: four words for two elements, with the generator's cache between
 * (log_normal_ never uses the block method of normal_).
 */
import type { CpuGenerator } from "./cpu-generator.ts";
import {
  type DrawArray,
  type DrawDType,
  dtypeOf,
  fillWith,
  type FloatArray,
  type FloatDType,
  floatDTypeOf,
} from "./element.ts";
import { badParameter } from "./errors.ts";

/** `exponential_(lambd)`: -log(1 - u) / lambd. Consumes two words an element. */
export function fillExponential(
  out: FloatArray,
  generator: CpuGenerator,
  rate = 1,
  dtype: FloatDType = floatDTypeOf(out),
): void {
  if (!(rate > 0)) throw badParameter("exponential_", "lambda > 0.0", `lambda=${rate}`, "found");
  const scale = -1 / rate;
  fillWith(out, dtype, () => scale * Math.log1p(-generator.uniform()));
}

/** `geometric_(p)`: the trials up to the first success, ceil(log(u) / log(1 - p)). Consumes two words an element. */
export function fillGeometric(
  out: DrawArray,
  generator: CpuGenerator,
  p: number,
  dtype: DrawDType = dtypeOf(out),
): void {
  if (!(p > 0 && p < 1)) throw badParameter("geometric_", "p to be in (0, 1)", `p=${p}`);
  const logFailure = Math.log1p(-p);
  fillWith(out, dtype, () => Math.ceil(Math.log(generator.uniform()) / logFailure));
}

/** `cauchy_(median, sigma)`: median + sigma * tan(pi * (u - 1/2)). Consumes two words an element. */
export function fillCauchy(
  out: FloatArray,
  generator: CpuGenerator,
  median = 0,
  sigma = 1,
  dtype: FloatDType = floatDTypeOf(out),
): void {
  if (!(sigma > 0)) throw badParameter("cauchy_", "sigma > 0.0", `sigma=${sigma}`, "found");
  fillWith(out, dtype, () => median + sigma * Math.tan(Math.PI * (generator.uniform() - 0.5)));
}

/** `log_normal_(mean, std)`: exp(z * std + mean). Consumes four words for each two elements. */
export function fillLogNormal(
  out: FloatArray,
  generator: CpuGenerator,
  mean = 1,
  std = 2,
  dtype: FloatDType = floatDTypeOf(out),
): void {
  if (!(std > 0)) throw badParameter("log_normal_", "std > 0.0", `std=${std}`, "found");
  fillWith(out, dtype, () => Math.exp(generator.normal() * std + mean));
}
