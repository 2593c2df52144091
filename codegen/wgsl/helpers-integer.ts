/** 32-bit integer operations that WGSL lacks or leaves undefined. */
import type { Helper } from "./helper.ts";

export const integerHelpers = {
  // x / 0 = 0 and MIN / -1 = MIN: dividing by 1 instead gives the second.
  div_i32: {
    source: ({ I, suffix }) => `fn div_i32${suffix}(a: ${I}, b: ${I}) -> ${I} {
  let by_zero = b == ${I}(0);
  let overflows = (a == ${I}(-2147483648)) & (b == ${I}(-1));
  return select(a / select(b, ${I}(1), by_zero | overflows), ${I}(0), by_zero);
}`,
  },
  // x % 0 = 0 and MIN % -1 = 0: both are x % 1.
  rem_i32: {
    source: ({ I, suffix }) => `fn rem_i32${suffix}(a: ${I}, b: ${I}) -> ${I} {
  let trivial = (b == ${I}(0)) | ((a == ${I}(-2147483648)) & (b == ${I}(-1)));
  return a % select(b, ${I}(1), trivial);
}`,
  },
} satisfies Record<string, Helper>;
