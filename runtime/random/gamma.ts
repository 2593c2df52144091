/**
 * `_standard_gamma` and `_sample_dirichlet`, from which Gamma, Chi2, Beta, StudentT, Fisher and Dirichlet are drawn:
 * Marsaglia and Tsang's rejection (2000) from float64 normals (CpuGenerator.normal, cache included) and uniforms. The
 * words consumed depend on the values drawn.
 */
import type { CpuGenerator } from "./cpu-generator.ts";

type Rounding = (value: number) => number;

const exact: Rounding = (value) => value;

/** PyTorch writes these as float32 literals, so they are float32's neighbours of 1/3 and 0.0331. */
const third = Math.fround(1 / 3);
const squeeze = Math.fround(0.0331);

const smallestNormal = { float32: 2 ** -126, float64: 2 ** -1022 };

/** One gamma variate of this shape; `round` is the rounding of the shape's dtype. Shapes below 1 are boosted by one. */
export function drawGamma(generator: CpuGenerator, concentration: number, round: Rounding = exact): number {
  let scale = 1;
  let shape = concentration;
  if (shape < 1) {
    if (shape === 0) return 0;
    scale = Math.pow(1 - generator.uniform(), round(1 / shape));
    shape = round(shape + 1);
  }
  const d = round(shape - third);
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    let z: number;
    let y: number;
    do {
      z = generator.normal();
      y = 1 + c * z;
    } while (y <= 0);
    const v = y * y * y;
    const u = 1 - generator.uniform();
    const square = z * z;
    if (u < 1 - squeeze * square * square || Math.log(u) < 0.5 * square + d * (1 - v + Math.log(v))) {
      return round(scale * d * v);
    }
  }
}

/** `_standard_gamma(concentration)`, element by element; never below the dtype's smallest normal number. */
export function fillStandardGamma(
  out: Float32Array | Float64Array,
  generator: CpuGenerator,
  concentration: Float32Array | Float64Array,
): void {
  const single = out instanceof Float32Array;
  const round = single ? Math.fround : exact;
  const smallest = single ? smallestNormal.float32 : smallestNormal.float64;
  for (let i = 0; i < out.length; i++) out[i] = Math.max(smallest, drawGamma(generator, concentration[i]!, round));
}

/** `_sample_dirichlet(concentration)`: rows of `categories` float64 gammas, each row divided by its sum. */
export function fillDirichlet(
  out: Float32Array | Float64Array,
  generator: CpuGenerator,
  concentration: Float32Array | Float64Array,
  categories: number,
): void {
  const single = out instanceof Float32Array;
  const smallest = single ? smallestNormal.float32 : smallestNormal.float64;
  const largest = single ? 1 - 2 ** -24 : 1 - 2 ** -53;
  const gammas = Float64Array.from(concentration, (shape) =>
    Math.max(smallestNormal.float64, drawGamma(generator, shape)),
  );
  for (let row = 0; row < out.length; row += categories) {
    let sum = 0;
    for (let i = row; i < row + categories; i++) sum += gammas[i]!;
    for (let i = row; i < row + categories; i++) out[i] = Math.min(largest, Math.max(smallest, gammas[i]! / sum));
  }
}
