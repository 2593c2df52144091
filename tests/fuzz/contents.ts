/** What random graphs are given: numbers without pattern for inputs and scalars, with the awkward ones among them. */
import type { DType } from "../../ir/dtype.ts";
import type { Node } from "../../ir/graph.ts";
import { roundToDType, type Element } from "../../ir/rounding.ts";
import { elementCount } from "../../ir/shape.ts";
import { encode } from "../../runtime/interpreter/values.ts";
import type { TypedArray } from "../../runtime/typed-array.ts";
import { randomStream } from "./choices.ts";

const awkwardFloats = [0, -0, 1, -1, 0.5, NaN, Infinity, -Infinity, 1e30, -3.5, 2.5, 1e-30];

/** A number that a user may give beside such a type, which need not hold it. */
function randomNumber(dtype: DType, next: () => number, awkward: number): Element {
  const special = next() < awkward;
  switch (dtype) {
    case "bool":
      return next() < 0.5 ? 0 : 1;
    case "int64":
      if (special)
        return BigInt.asIntN(64, BigInt(Math.floor(next() * 2 ** 32)) * BigInt(Math.floor(next() * 2 ** 32)));
      return BigInt(Math.floor(next() * 41) - 20);
    case "int32":
      return special ? Math.floor(next() * 2 ** 32) | 0 : Math.floor(next() * 41) - 20;
    case "int16":
    case "int8":
    case "uint8":
      return special ? Math.floor(next() * 2 ** 16) : Math.floor(next() * 41) - 20;
    default: {
      if (special) return awkwardFloats[Math.floor(next() * awkwardFloats.length)]!;
      return next() < 0.3 ? Math.floor(next() * 9) - 4 : next() * 4 - 2;
    }
  }
}

/** Contents for a leaf: the same for the same seed and place. */
export function contentsOf(leaf: Node, place: number, seed: number): TypedArray {
  const next = randomStream(seed * 1000 + place);
  // Most arrays are tame, so that sums stay meaningful.
  const awkward = next() < 0.25 ? 0.1 : 0;
  const data = Array.from({ length: elementCount(leaf.shape) }, () =>
    roundToDType(randomNumber(leaf.dtype, next, awkward), leaf.dtype),
  );
  return encode({ dtype: leaf.dtype, shape: leaf.shape, data });
}

export function scalarOf(leaf: Node, place: number, seed: number): number | bigint {
  return randomNumber(leaf.dtype, randomStream(seed * 1000 + 500 + place), 0.05);
}
