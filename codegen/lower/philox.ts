/** One 32-bit word of Philox 4x32-10 for an element, as loop IR. */
import type { Expr } from "../../ir/loop.ts";
import { apply, constant, integer, select, typeOf } from "./expressions.ts";
import type { KernelBuilder } from "./kernel-builder.ts";

const i32 = typeOf("i32");
const i64 = typeOf("i64");

/**
 * Word `element mod 4` of the block with counter [offset low, offset high, element div 4, 0] under the key; `words` are seed low and
 * high, offset low and high.
 */
export function philoxWord(builder: KernelBuilder, element: Expr, words: readonly Expr[]): Expr {
  const [seedLow, seedHigh, offsetLow, offsetHigh] = words as [Expr, Expr, Expr, Expr];
  const xor = (a: Expr, b: Expr): Expr => apply("xor", i32, a, b);
  const product = (a: Expr, factor: number): [Expr, Expr] => {
    // 32 x 32 -> 64 bits, both halves
    const wide = builder.let(
      apply(
        "mul",
        i64,
        apply("and", i64, apply("cast", i64, a), constant("i64", 0xffffffffn)),
        constant("i64", BigInt(factor)),
      ),
    );
    return [
      builder.let(apply("cast", i32, wide)),
      builder.let(apply("cast", i32, apply("ushr", i64, wide, constant("i64", 32n)))),
    ];
  };
  const block = builder.let(apply("ushr", i32, element, integer(2)));
  let c0: Expr = offsetLow;
  let c1: Expr = offsetHigh;
  let c2: Expr = block;
  let c3: Expr = integer(0);
  let k0 = seedLow;
  let k1 = seedHigh;
  for (let round = 0; round < 10; round++) {
    const [lo0, hi0] = product(c0, 0xd2511f53);
    const [lo1, hi1] = product(c2, 0xcd9e8d57);
    const next0 = builder.let(xor(xor(hi1, c1), k0));
    const next2 = builder.let(xor(xor(hi0, c3), k1));
    [c0, c1, c2, c3] = [next0, lo1, next2, lo0];
    k0 = builder.let(apply("add", i32, k0, integer(0x9e3779b9 | 0)));
    k1 = builder.let(apply("add", i32, k1, integer(0xbb67ae85 | 0)));
  }
  const lane = builder.let(apply("and", i32, element, integer(3)));
  const is = (n: number): Expr => apply("eq", typeOf("bool"), lane, integer(n));
  return select(is(0), c0, select(is(1), c1, select(is(2), c2, c3)));
}
