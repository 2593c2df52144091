/** int64 on two u32 words (x: low, y: high): two's complement, wrapping. */
import type { Helper } from "./helper.ts";

const W = "vec2<u32>";
const helper = (source: string, ...uses: string[]): Helper => ({ source: () => source, uses });

export const int64Helpers = {
  add_i64: helper(`fn add_i64(a: ${W}, b: ${W}) -> ${W} {
  let low = a.x + b.x;
  return ${W}(low, a.y + b.y + select(0u, 1u, low < a.x));
}`),
  sub_i64: helper(`fn sub_i64(a: ${W}, b: ${W}) -> ${W} {
  return ${W}(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}`),
  neg_i64: helper(`fn neg_i64(a: ${W}) -> ${W} {
  return ${W}(~a.x + 1u, ~a.y + select(0u, 1u, a.x == 0u));
}`),
  abs_i64: helper(`fn abs_i64(a: ${W}) -> ${W} { return select(a, neg_i64(a), (a.y >> 31u) == 1u); }`, "neg_i64"),
  /** The full product of two words, from products of halves. */
  mul_u32_wide: helper(`fn mul_u32_wide(a: u32, b: u32) -> ${W} {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let cross = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return ${W}((cross << 16u) | (low & 0xffffu), (a >> 16u) * (b >> 16u) + (middle >> 16u) + (cross >> 16u));
}`),
  mul_i64: helper(
    `fn mul_i64(a: ${W}, b: ${W}) -> ${W} {
  let wide = mul_u32_wide(a.x, b.x);
  return ${W}(wide.x, wide.y + a.x * b.y + a.y * b.x);
}`,
    "mul_u32_wide",
  ),
  lt_u64: helper(`fn lt_u64(a: ${W}, b: ${W}) -> bool { return a.y < b.y || (a.y == b.y && a.x < b.x); }`),
  lt_i64: helper(`fn lt_i64(a: ${W}, b: ${W}) -> bool {
  return bitcast<i32>(a.y) < bitcast<i32>(b.y) || (a.y == b.y && a.x < b.x);
}`),
  min_i64: helper(`fn min_i64(a: ${W}, b: ${W}) -> ${W} { return select(a, b, lt_i64(b, a)); }`, "lt_i64"),
  max_i64: helper(`fn max_i64(a: ${W}, b: ${W}) -> ${W} { return select(a, b, lt_i64(a, b)); }`, "lt_i64"),
  shl_i64: helper(`fn shl_i64(a: ${W}, by: ${W}) -> ${W} {
  let count = by.x & 63u;
  if (count == 0u) { return a; }
  if (count >= 32u) { return ${W}(0u, a.x << (count - 32u)); }
  return ${W}(a.x << count, (a.y << count) | (a.x >> (32u - count)));
}`),
  shr_i64: helper(`fn shr_i64(a: ${W}, by: ${W}) -> ${W} {
  let count = by.x & 63u;
  let high = bitcast<i32>(a.y);
  if (count == 0u) { return a; }
  if (count >= 32u) { return ${W}(bitcast<u32>(high >> (count - 32u)), bitcast<u32>(high >> 31u)); }
  return ${W}((a.x >> count) | (a.y << (32u - count)), bitcast<u32>(high >> count));
}`),
  ushr_i64: helper(`fn ushr_i64(a: ${W}, by: ${W}) -> ${W} {
  let count = by.x & 63u;
  if (count == 0u) { return a; }
  if (count >= 32u) { return ${W}(a.y >> (count - 32u), 0u); }
  return ${W}((a.x >> count) | (a.y << (32u - count)), a.y >> count);
}`),
  clz_u64: helper(`fn clz_u64(a: ${W}) -> u32 {
  return select(countLeadingZeros(a.y), 32u + countLeadingZeros(a.x), a.y == 0u);
}`),
  /** Quotient (xy) and remainder (zw) of unsigned words, b != 0: schoolbook, one bit of the quotient a turn. */
  divide_u64: helper(
    `fn divide_u64(a: ${W}, b: ${W}) -> vec4<u32> {
  if (a.y == 0u && b.y == 0u) { return vec4<u32>(a.x / b.x, 0u, a.x % b.x, 0u); }
  if (lt_u64(a, b)) { return vec4<u32>(0u, 0u, a); }
  var quotient = ${W}(0u, 0u);
  var rest = a;
  var count = i32(clz_u64(b) - clz_u64(a));
  var divisor = shl_i64(b, ${W}(u32(count), 0u));
  while (count >= 0) {
    quotient = shl_i64(quotient, ${W}(1u, 0u));
    if (!lt_u64(rest, divisor)) {
      rest = sub_i64(rest, divisor);
      quotient.x |= 1u;
    }
    divisor = ushr_i64(divisor, ${W}(1u, 0u));
    count -= 1;
  }
  return vec4<u32>(quotient, rest);
}`,
    "lt_u64",
    "clz_u64",
    "shl_i64",
    "ushr_i64",
    "sub_i64",
  ),
  div_i64: helper(
    `fn div_i64(a: ${W}, b: ${W}) -> ${W} {
  if (all(b == ${W}(0u, 0u))) { return ${W}(0u, 0u); }
  let size = divide_u64(abs_i64(a), abs_i64(b)).xy;
  return select(size, neg_i64(size), ((a.y ^ b.y) >> 31u) == 1u);
}`,
    "divide_u64",
    "abs_i64",
    "neg_i64",
  ),
  rem_i64: helper(
    `fn rem_i64(a: ${W}, b: ${W}) -> ${W} {
  if (all(b == ${W}(0u, 0u))) { return ${W}(0u, 0u); }
  let size = divide_u64(abs_i64(a), abs_i64(b)).zw;
  return select(size, neg_i64(size), (a.y >> 31u) == 1u);
}`,
    "divide_u64",
    "abs_i64",
    "neg_i64",
  ),
  i32_to_i64: helper(`fn i32_to_i64(a: i32) -> ${W} { return ${W}(bitcast<u32>(a), bitcast<u32>(a >> 31u)); }`),
  /** Truncates and saturates; NaN gives 0. */
  f32_to_i64: helper(
    `fn f32_to_i64(a: f32) -> ${W} {
  if (is_nan(a)) { return ${W}(0u, 0u); }
  let size = abs(a);
  let negative = a < 0.0;
  if (size >= 9223372036854775808.0) {
    return select(${W}(0xffffffffu, 0x7fffffffu), ${W}(0u, 0x80000000u), negative);
  }
  let whole = trunc(size);
  let high = floor(whole * ${2 ** -32}f);
  let words = ${W}(u32(whole - high * 4294967296.0), u32(high));
  return select(words, neg_i64(words), negative);
}`,
    "is_nan",
    "neg_i64",
  ),
  /** To the nearest, ties to even: at most 24 bits are given to the hardware, so that it has nothing to round. */
  i64_to_f32: helper(
    `fn i64_to_f32(a: ${W}) -> f32 {
  let size = abs_i64(a);
  let negative = (a.y >> 31u) == 1u;
  let length = 64u - clz_u64(size);
  if (length <= 24u) { return select(f32(size.x), -f32(size.x), negative); }
  let dropped = ${W}(length - 24u, 0u);
  var kept = ushr_i64(size, dropped).x;
  let rest = sub_i64(size, shl_i64(${W}(kept, 0u), dropped));
  let half = shl_i64(${W}(1u, 0u), ${W}(length - 25u, 0u));
  if (lt_u64(half, rest) || (all(half == rest) && (kept & 1u) == 1u)) { kept += 1u; }
  // kept is at most 2^24, and 2^dropped is a power of two in range.
  let value = f32(kept) * bitcast<f32>((127u + length - 24u) << 23u);
  return select(value, -value, negative);
}`,
    "abs_i64",
    "clz_u64",
    "ushr_i64",
    "shl_i64",
    "sub_i64",
    "lt_u64",
  ),
} satisfies Record<string, Helper>;
