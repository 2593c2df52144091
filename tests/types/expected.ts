/**
 * What the files of this folder state types with. They are never run: `npm run typecheck` compiles them over the source,
 * and tests/scripts/consumer.test.ts over the built declarations. `@ts-expect-error` stands over what must not compile.
 */

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** `is<Tensor>()(value)` compiles where the value's type is Tensor and no other. */
export declare function is<Expected>(): <Actual>(
  value: Actual,
  ...other: Same<Expected, Actual> extends true ? [] : [expected: Expected, butGot: Actual]
) => void;
