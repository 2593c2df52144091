/**
 * `multinomial(probabilities, num_samples, replacement)` over rows of weights that need not sum to 1.
 *
 * Without replacement, or for a single sample: a race. Every category of every row draws q = Exp(1) (two words,
 * rounded to the weights' dtype), and the categories with the largest weight / q win, best first.
 *
 * With replacement: each sample draws a float64 uniform (two words) and takes the first category whose cumulative
 * share is not below it; sums and shares are rounded to the weights' dtype (float32 for float16 and bfloat16).
 */
import { ValueError } from "../../ir/errors.ts";
import type { CpuGenerator } from "./cpu-generator.ts";
import { fillExponential } from "./continuous.ts";
import { type DrawArray, type FloatDType, roundingOf, storeValues } from "./element.ts";

export interface MultinomialShape {
  readonly rows: number;
  readonly categories: number;
  readonly samples: number;
  readonly replacement: boolean;
  /** The weights lie column by column, and so does what is drawn for the race. */
  readonly byColumns?: boolean;
}

const usesRace = ({ samples, replacement }: MultinomialShape): boolean => !replacement || samples === 1;

export function multinomialWordCount(shape: MultinomialShape): number {
  return 2 * shape.rows * (usesRace(shape) ? shape.categories : shape.samples);
}

/** @throws ValueError when that many cannot be drawn. */
export function checkMultinomial({ categories, samples, replacement }: MultinomialShape): void {
  const refused = (problem: string): ValueError =>
    new ValueError("multinomial/samples", `multinomial: ${problem}, got ${samples} of ${categories} categories.`);
  if (!Number.isInteger(samples)) throw refused("num_samples must be an int");
  if (samples <= 0) throw refused("cannot sample n_sample <= 0 samples");
  if (!replacement && samples > categories)
    throw refused("cannot sample n_sample > prob_dist.size(-1) samples without replacement");
}

/**
 * Fills `out` (rows x samples) with category numbers.
 * @param weights rows x categories; float16 and bfloat16 widened to float32, with their dtype in `dtype`.
 * @throws ValueError for weights that are negative, not finite, or all zero in a row.
 */
export function fillMultinomial(
  out: DrawArray,
  generator: CpuGenerator,
  weights: Float32Array | Float64Array,
  shape: MultinomialShape,
  dtype: FloatDType = weights instanceof Float64Array ? "float64" : "float32",
): void {
  const { rows, samples } = shape;
  checkMultinomial(shape);
  checkWeights(weights, shape);
  const chosen = new Float64Array(rows * samples);
  if (usesRace(shape)) race(chosen, generator, weights, shape, dtype);
  else invert(chosen, generator, weights, shape, dtype);
  storeValues(out, "int64", 0, chosen, chosen.length);
}

function checkWeights(weights: Float32Array | Float64Array, shape: MultinomialShape): void {
  const { rows, categories } = shape;
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * categories; i < (row + 1) * categories; i++) {
      const weight = weights[i]!;
      if (!(weight >= 0 && weight < Infinity)) throw badWeights(`${wrongWeight(weight, shape)}, got ${weight} at ${i}`);
      sum += weight;
    }
    if (!(sum > 0))
      throw badWeights(`invalid multinomial distribution (sum of probabilities <= 0), got ${sum} in row ${row}`);
  }
}

const badWeights = (problem: string): ValueError => new ValueError("multinomial/weights", `multinomial: ${problem}.`);

function wrongWeight(weight: number, shape: MultinomialShape): string {
  if (usesRace(shape)) return "probability tensor contains either `inf`, `nan` or element < 0";
  return `invalid multinomial distribution (encountering probability entry ${weight < 0 ? "< 0" : "= infinity or NaN"})`;
}

function race(
  chosen: Float64Array,
  generator: CpuGenerator,
  weights: Float32Array | Float64Array,
  { rows, categories, samples, byColumns = false }: MultinomialShape,
  dtype: FloatDType,
): void {
  const round = roundingOf[dtype];
  const times = new Float64Array(rows * categories);
  fillExponential(times, generator, 1);
  const scores = times.map((_, i) => {
    const drawn = byColumns ? (i % categories) * rows + Math.floor(i / categories) : i;
    const score = round(weights[i]! / round(times[drawn]!));
    // 0 / 0, a zero weight whose q underflowed: PyTorch's topk and argmax rank NaN above all.
    return Number.isNaN(score) ? Infinity : score;
  });
  const order = Array.from({ length: categories }, (_, category) => category);
  for (let row = 0; row < rows; row++) {
    const scoresOfRow = scores.subarray(row * categories, (row + 1) * categories);
    if (samples === 1) {
      chosen[row] = largestIndex(scoresOfRow);
      continue;
    }
    // Ties (zero weights; also float16 and bfloat16 scores) go to the lower category; PyTorch leaves their order open.
    const ranked = order.toSorted(
      (a, b) => Number(scoresOfRow[b]! > scoresOfRow[a]!) - Number(scoresOfRow[b]! < scoresOfRow[a]!),
    );
    for (let i = 0; i < samples; i++) chosen[row * samples + i] = ranked[i]!;
  }
}

function largestIndex(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

function invert(
  chosen: Float64Array,
  generator: CpuGenerator,
  weights: Float32Array | Float64Array,
  { rows, categories, samples }: MultinomialShape,
  dtype: FloatDType,
): void {
  const round = dtype === "float64" ? roundingOf.float64 : Math.fround;
  const shares = new Float64Array(categories);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = 0; i < categories; i++) {
      sum = round(sum + weights[row * categories + i]!);
      shares[i] = sum;
    }
    for (let i = 0; i < categories; i++) shares[i] = round(shares[i]! / sum);
    // Rounding must not leave a gap at the top.
    shares[categories - 1] = 1;
    for (let i = 0; i < samples; i++) chosen[row * samples + i] = firstAtLeast(shares, generator.uniform());
  }
}

/** Index of the first of ascending `values` that is not below `wanted`. */
function firstAtLeast(values: Float64Array, wanted: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
