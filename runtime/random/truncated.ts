/**
 * `nn.init.trunc_normal_`: normal values in [a, b], as PyTorch draws them, a whole tensor at a time. Where [a, b] holds
 * more than three tenths of the distribution normal values are drawn, and drawn again for what lies outside; else uniform
 * values, each of which is kept with the chance that its density has to the largest in [a, b].
 */
import { bfloat16Value, float16Value } from "../half-floats.ts";
import type { CpuGenerator } from "./cpu-generator.ts";
import { type FloatArray, type FloatDType, roundingOf } from "./element.ts";
import { fillNormal, fillNormalSingly } from "./normal.ts";
import { fillUniform } from "./uniform.ts";

export interface TruncatedNormal {
  readonly mean: number;
  readonly std: number;
  readonly a: number;
  readonly b: number;
  /** What of the distribution lies in [a, b]. */
  readonly share: number;
  /** As `normal_` draws 16 and more that lie row by row. */
  readonly inBlocks: boolean;
}

/** Draws values for all elements, and tells of each whether it may stay. */
type Draw = (values: FloatArray) => (index: number) => boolean;

export function fillTruncated(out: FloatArray, generator: CpuGenerator, of: TruncatedNormal, dtype: FloatDType): void {
  const draw = of.share > 0.3 ? normals(generator, of, dtype) : candidates(generator, of, dtype);
  const values = out.slice();
  let left = Array.from(out, (_, index) => index);
  while (left.length > 0) {
    const stays = draw(values);
    for (const index of left) out[index] = values[index]!;
    left = left.filter((index) => !stays(index));
  }
}

const elementOf = (values: FloatArray, dtype: FloatDType): ((index: number) => number) =>
  dtype === "float16"
    ? (index) => float16Value(values[index]!)
    : dtype === "bfloat16"
      ? (index) => bfloat16Value(values[index]!)
      : (index) => values[index]!;

function normals(generator: CpuGenerator, of: TruncatedNormal, dtype: FloatDType): Draw {
  const [low, high] = [of.a, of.b].map(roundingOf[dtype]) as [number, number];
  const fill = of.inBlocks ? fillNormal : fillNormalSingly;
  return (values) => {
    fill(values, generator, of.mean, of.std, dtype);
    const element = elementOf(values, dtype);
    // NaN stays.
    return (index) => !(element(index) < low || element(index) > high);
  };
}

function candidates(generator: CpuGenerator, of: TruncatedNormal, dtype: FloatDType): Draw {
  const { mean, std, a, b } = of;
  const round = roundingOf[dtype];
  const logDensity = (x: number): number => -0.5 * ((x - mean) / std) ** 2;
  const peak = logDensity(Math.max(a, Math.min(mean, b)));
  return (values) => {
    fillUniform(values, generator, a, b, dtype);
    const chances = values.slice();
    fillUniform(chances, generator, 0, 1, dtype);
    const [element, chance] = [elementOf(values, dtype), elementOf(chances, dtype)];
    return (index) => {
      const away = round(round(element(index) - mean) / std);
      return !(round(Math.log(chance(index))) > round(round(-0.5 * round(away * away)) - peak));
    };
  };
}
