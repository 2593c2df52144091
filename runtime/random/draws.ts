/**
 * Every draw of a CPU device: functions that fill a typed array from a `CpuGenerator` exactly as PyTorch's CPU kernels
 * (without MKL) do, bit for bit where no transcendental function is involved and to an ulp or two where one is.
 *
 * in:  an output array (its dtype follows from its class; a Uint16Array's, and "bool", must be passed), the generator,
 *      the parameters as JavaScript numbers
 * out: the array filled, the generator moved on by exactly the words that PyTorch would take
 *
 * Beside a `fill…` function stand, where a kernel could apply the arithmetic itself, the words it needs (`…WordCount`,
 * `…WordsPerElement`) and the formula from words to values, in the header of its file. Elements are drawn in order of
 * the output's memory. A complex tensor is drawn as its real view, with std / sqrt(2).
 */
export { CpuGenerator, type Seed } from "./cpu-generator.ts";
export { generatorStateBytes } from "./generator-state.ts";
export type { DrawArray, DrawDType, FloatArray, FloatDType } from "./element.ts";
export {
  fillSlopes,
  fillUniform,
  uniformWordCount,
  uniformWordsPerElement,
  unitFloat32,
  unitFloat64,
} from "./uniform.ts";
export { fillNormal, fillNormalSingly, normalBlockThreshold, normalUniformsOf, normalWordCount } from "./normal.ts";
export {
  fillRandint,
  fillRandom,
  fillRandomFullRange,
  type IntegerRange,
  integerRangeOf,
  randintWordsPerElement,
  randomWordsPerElement,
} from "./integers.ts";
export { fillRandperm, randperm, randpermWordCount } from "./permutation.ts";
export {
  bernoulliTensorWordsPerElement,
  bernoulliWordsPerElement,
  dropoutScale,
  fillBernoulli,
  fillBernoulliFrom,
  fillDropoutMask,
} from "./bernoulli.ts";
export { fillCauchy, fillExponential, fillGeometric, fillLogNormal } from "./continuous.ts";
export { drawBinomial, drawPoisson, fillBinomial, fillPoisson } from "./counts.ts";
export { fusedMultiplyAdd } from "./fused.ts";
export { drawGamma, fillDirichlet, fillStandardGamma } from "./gamma.ts";
export { checkMultinomial, fillMultinomial, multinomialWordCount } from "./multinomial.ts";
