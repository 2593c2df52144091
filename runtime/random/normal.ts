/**
 * `normal_(mean, std)` and `randn`. The size decides the method:
 *
 * 16 or more elements (box-muller.ts): one uniform of the dtype for each element, in order (uniform.ts: one word, two
 * for float64), transformed in blocks of 16. If the size is no multiple of 16, the last 16 elements are then drawn
 * anew, with 16 further uniforms, and replace what stood there. float16 and bfloat16 are float32's normals, rounded at
 * the end, but for the elements past the last whole block, which are drawn only with the last 16. The generator's
 * cached normals are neither read nor changed.
 *
 * Fewer: float64 whatever the dtype, four words for each pair of elements (CpuGenerator.normal): the second of a pair
 * waits in the generator's cache, across calls too.
 */
import type { CpuGenerator } from "./cpu-generator.ts";
import { blockSize, transformFloat32, transformFloat64 } from "./box-muller.ts";
import { fillWith, type FloatArray, type FloatDType, floatDTypeOf, storeValues } from "./element.ts";
import { badParameter } from "./errors.ts";
import { fillUniform, uniformWordsPerElement } from "./uniform.ts";

/** From this size on the block method draws. */
export const normalBlockThreshold = blockSize;

/** Words that `fillNormal` takes for `count` elements; `cached` says whether a float64 normal waits in the generator. */
export function normalWordCount(count: number, dtype: FloatDType, cached = false): number {
  if (count < blockSize) return 4 * Math.ceil(Math.max(0, count - (cached ? 1 : 0)) / 2);
  const rest = count % blockSize;
  const first = dtype === "float16" || dtype === "bfloat16" ? count - rest : count;
  return (first + (rest === 0 ? 0 : blockSize)) * uniformWordsPerElement(dtype);
}

/**
 * Which uniforms make element `index` of `count` >= 16, so that a kernel can apply the arithmetic itself: the numbers
 * of the uniforms for the radius and the angle, and whether the sine (or the cosine) is taken.
 */
export function normalUniformsOf(
  index: number,
  count: number,
): { readonly radius: number; readonly angle: number; readonly sine: boolean } {
  const redrawn = count % blockSize !== 0 && index >= count - blockSize;
  const position = redrawn ? index + blockSize : index;
  const lane = redrawn ? index - (count - blockSize) : index % blockSize;
  const sine = lane >= blockSize / 2;
  const radius = sine ? position - blockSize / 2 : position;
  return { radius, angle: radius + blockSize / 2, sine };
}

/** Fills `out` with normal values. Words consumed: `normalWordCount`. */
export function fillNormal(
  out: FloatArray,
  generator: CpuGenerator,
  mean = 0,
  std = 1,
  dtype: FloatDType = floatDTypeOf(out),
): void {
  if (!(std >= 0)) throw badParameter("normal", "std >= 0.0", `std ${std}`, "found");
  if (out.length < blockSize) fillNormalSingly(out, generator, mean, std, dtype);
  else if (out instanceof Float32Array)
    fillBlocks(out, generator, Math.fround(mean), Math.fround(std), transformFloat32);
  else if (out instanceof Float64Array) fillBlocks(out, generator, mean, std, transformFloat64);
  else fillHalfBlocks(out, generator, mean, std, dtype);
}

/** As fewer than 16 are drawn, whatever the size: `normal_` of a tensor that does not lie row by row. */
export function fillNormalSingly(
  out: FloatArray,
  generator: CpuGenerator,
  mean: number,
  std: number,
  dtype: FloatDType,
): void {
  if (!(std >= 0)) throw badParameter("normal", "std >= 0.0", `std ${std}`, "found");
  fillWith(out, dtype, () => generator.normal() * std + mean);
}

function fillBlocks<T extends Float32Array | Float64Array>(
  out: T,
  generator: CpuGenerator,
  mean: number,
  std: number,
  transform: (data: T, at: number, mean: number, std: number) => void,
): void {
  const count = out.length;
  fillUniform(out, generator);
  const whole = count - (count % blockSize);
  for (let at = 0; at < whole; at += blockSize) transform(out, at, mean, std);
  if (whole === count) return;
  fillUniform(out.subarray(count - blockSize), generator);
  transform(out, count - blockSize, mean, std);
}

/** Worked on in float32; unlike there, the elements of a last incomplete block are drawn once. */
function fillHalfBlocks(out: Uint16Array, generator: CpuGenerator, mean: number, std: number, dtype: FloatDType): void {
  const count = out.length;
  const values = new Float32Array(count);
  const blocks = (part: Float32Array): void =>
    fillBlocks(part, generator, Math.fround(mean), Math.fround(std), transformFloat32);
  const whole = count - (count % blockSize);
  blocks(values.subarray(0, whole));
  if (whole !== count) blocks(values.subarray(count - blockSize));
  storeValues(out, dtype, 0, values, count);
}
