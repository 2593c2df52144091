/** Types that the generated declarations of operators are written with. */
import type { Complex } from "./complex-number.ts";
import type { NamedResults } from "./named-results.ts";
import type { Tensor } from "./tensor.ts";

/** A number given by the user: numbers are of the default float type, bigints int64, booleans bool. */
export type Scalar = number | bigint | boolean | Complex;

/** What arithmetic takes on either side. */
export type Operand = Tensor | Scalar;

/** Options whose type decides the result's: those that `Known` has not are refused, which inference would let through. */
export type Exact<O, Known> = O & { readonly [K in Exclude<keyof O, keyof Known>]: never };

/**
 * Several results, by position and by name: `const [values, indices] = x.max(1)`, `const { values, indices } = x.max(1)`.
 * A result named as a method of arrays (`values`) has that method's type besides, or it were no tuple.
 */
export type NamedTensors<Names extends readonly string[]> = { readonly [Position in keyof Names]: Tensor } & {
  readonly [Name in Names[number]]: Tensor;
} & Pick<NamedResults, "print" | "reprAsync">;
