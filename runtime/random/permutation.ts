/**
 * `randperm(n)`: a Fisher-Yates shuffle of 0 .. n - 1 from the front. Step i swaps element i with element
 * i + word mod (n - i), for i of 0 .. n - 2: n - 1 words.
 *
 * From n = 214748364 (2^32 / 20) on, where the remainder of one word would be skewed, PyTorch shuffles inside out with
 * two words an element: 2 n words.
 */
import { scalarName } from "../../ir/dtype.ts";
import type { CpuGenerator } from "./cpu-generator.ts";
import { chunkSize, type DrawArray, type DrawDType, dtypeOf, significandBits, storeValues } from "./element.ts";
import { badArray } from "./errors.ts";
import { remainder64 } from "./remainder.ts";

const largePermutation = Math.floor((2 ** 32 - 1) / 20);

export function randpermWordCount(n: number): number {
  return n < largePermutation ? Math.max(0, n - 1) : 2 * n;
}

/** The largest n of `randperm(n)` in a dtype: n - 1 fits an integer, n a float (PyTorch allows 2^digits + 1). */
function largestCount(dtype: Exclude<DrawDType, "bool">): number {
  switch (dtype) {
    case "int8":
      return 2 ** 7;
    case "uint8":
      return 2 ** 8;
    case "int16":
      return 2 ** 15;
    case "int32":
      return 2 ** 31;
    case "int64":
      return Infinity;
    case "float16":
    case "bfloat16":
    case "float32":
    case "float64":
      return 2 ** significandBits[dtype] + 1;
  }
}

/** A random permutation of 0 .. n - 1. Consumes `randpermWordCount(n)` words. */
export function randperm(n: number, generator: CpuGenerator): Int32Array {
  const out = new Int32Array(n);
  if (n >= largePermutation) {
    for (let i = 0; i < n; i++) {
      const other = remainder64(generator.random(), generator.random(), i + 1);
      out[i] = out[other]!;
      out[other] = i;
    }
    return out;
  }
  for (let i = 0; i < n; i++) out[i] = i;
  const words = new Int32Array(Math.min(n, chunkSize));
  for (let start = 0; start < n - 1; start += chunkSize) {
    const count = Math.min(chunkSize, n - 1 - start);
    generator.fillWords(words, 0, count);
    for (let k = 0; k < count; k++) {
      const i = start + k;
      // Of unsigned words throughout: else the engine takes remainders of float64.
      const other = i + (((words[k]! >>> 0) % ((n - i) >>> 0)) >>> 0);
      const saved = out[i]!;
      out[i] = out[other]!;
      out[other] = saved;
    }
  }
  return out;
}

/** Fills `out` with a random permutation of 0 .. out.length - 1; every dtype gets the same one. */
export function fillRandperm(out: DrawArray, generator: CpuGenerator, dtype: DrawDType = dtypeOf(out)): void {
  const count = out.length;
  if (dtype === "bool") throw badArray("randperm", "\"randperm\" not implemented for 'Bool'.");
  const limit = largestCount(dtype);
  if (count > limit)
    throw badArray(
      "randperm",
      `n cannot be greater than ${limit} for ${scalarName(dtype)} type, got ${count}: value cannot be converted to type ${dtype}_t without overflow.`,
    );
  const order = randperm(count, generator);
  if (out instanceof Int32Array) {
    out.set(order);
    return;
  }
  const values = new Float64Array(Math.min(count, chunkSize));
  for (let start = 0; start < count; start += chunkSize) {
    const size = Math.min(chunkSize, count - start);
    for (let i = 0; i < size; i++) values[i] = order[start + i]!;
    storeValues(out, dtype, start, values, size);
  }
}
