/**
 * Float operations whose NaN, infinity and zero cases must hold although WGSL lets a compiler assume that NaN and
 * infinity do not occur: these cases are decided on the bits.
 */
import type { Helper } from "./helper.ts";
import { floatBits } from "./types.ts";

const extremum = (name: "min" | "max", order: "<" | ">", ties: "|" | "&"): Helper => ({
  uses: ["is_nan"],
  // Equal operands differ at most in the sign of zero: `or` gives -0, `and` gives +0.
  source: ({ F, U, suffix }) => `fn ${name}_f32${suffix}(a: ${F}, b: ${F}) -> ${F} {
  let tied = bitcast<${F}>(bitcast<${U}>(a) ${ties} bitcast<${U}>(b));
  let chosen = select(select(b, a, a ${order} b), tied, a == b);
  return select(select(chosen, b, is_nan${suffix}(b)), a, is_nan${suffix}(a));
}`,
});

/**
 * C's fmod, exact: the remainder of the mantissas, shifted eight bits at a time through the difference of exponents.
 * `frexp` and `ldexp` are avoided because they are loose at subnormals.
 */
const remScalar = `fn rem_f32(a: f32, b: f32) -> f32 {
  let sign = bitcast<u32>(a) & 0x80000000u;
  let top = bitcast<u32>(a) & 0x7fffffffu;
  let bottom = bitcast<u32>(b) & 0x7fffffffu;
  if (top >= 0x7f800000u || bottom > 0x7f800000u || bottom == 0u) { return bitcast<f32>(0x7fc00000u | P.zero); }
  if (top < bottom) { return a; }
  var top_exponent = max(i32(top >> 23u), 1);
  let bottom_exponent = max(i32(bottom >> 23u), 1);
  var mantissa = (top & 0x7fffffu) | select(0u, 0x800000u, (top >> 23u) > 0u);
  let divisor = (bottom & 0x7fffffu) | select(0u, 0x800000u, (bottom >> 23u) > 0u);
  mantissa = mantissa % divisor;
  while (top_exponent > bottom_exponent && mantissa != 0u) {
    let step = min(8, top_exponent - bottom_exponent);
    mantissa = (mantissa << u32(step)) % divisor;
    top_exponent -= step;
  }
  if (mantissa == 0u) { return bitcast<f32>(sign); }
  var exponent = bottom_exponent;
  let shift = min(i32(countLeadingZeros(mantissa)) - 8, exponent - 1);
  mantissa = mantissa << u32(shift);
  exponent -= shift;
  let normal = (u32(exponent) << 23u) | (mantissa & 0x7fffffu);
  return bitcast<f32>(sign | select(mantissa, normal, mantissa >= 0x800000u));
}`;

export const floatHelpers = {
  is_nan: {
    source: ({ F, U, B, suffix }) =>
      `fn is_nan${suffix}(a: ${F}) -> ${B} { return (bitcast<${U}>(a) & ${U}(0x7fffffffu)) > ${U}(0x7f800000u); }`,
  },
  min_f32: extremum("min", "<", "|"),
  max_f32: extremum("max", ">", "&"),
  rem_f32: { lanewise: 2, source: () => remScalar },
  copysign_f32: {
    source: ({ F, U, suffix }) => `fn copysign_f32${suffix}(a: ${F}, b: ${F}) -> ${F} {
  return bitcast<${F}>((bitcast<${U}>(a) & ${U}(0x7fffffffu)) | (bitcast<${U}>(b) & ${U}(0x80000000u)));
}`,
  },
  /** Truncates and saturates; NaN gives 0. */
  f32_to_i32: {
    uses: ["is_nan"],
    source: ({ F, I, suffix }) => `fn f32_to_i32${suffix}(a: ${F}) -> ${I} {
  let inside = ${I}(clamp(a, ${F}(-2147483648.0), ${F}(2147483520.0)));
  let saturated = select(inside, ${I}(2147483647), a >= ${F}(2147483648.0));
  return select(saturated, ${I}(0), is_nan${suffix}(a));
}`,
  },
  f32_to_bool: {
    source: ({ F, U, B, suffix }) =>
      `fn f32_to_bool${suffix}(a: ${F}) -> ${B} { return (bitcast<${U}>(a) & ${U}(0x7fffffffu)) != ${U}(0u); }`,
  },
  /** Rounds to float16's nearest, ties to even; the result's bits as float16. */
  f32_to_f16_bits: {
    source: ({ F, U, suffix }) => `fn f32_to_f16_bits${suffix}(a: ${F}) -> ${U} {
  let sign = (bitcast<${U}>(a) >> ${U}(16u)) & ${U}(0x8000u);
  let size = bitcast<${U}>(a) & ${U}(0x7fffffffu);
  // Below 2^-14 a float16 counts units of 2^-24.
  let small = ${U}(round(bitcast<${F}>(min(size, ${U}(${floatBits(2 ** -14)}u))) * ${F}(16777216.0)));
  let normal = (size + ${U}(0xfffu) + ((size >> ${U}(13u)) & ${U}(1u)) - ${U}(0x38000000u)) >> ${U}(13u);
  let finite = select(normal, small, size < ${U}(0x38800000u));
  let unbounded = select(finite, ${U}(0x7c00u), size >= ${U}(0x477ff000u));
  return sign | select(unbounded, ${U}(0x7e00u), size > ${U}(0x7f800000u));
}`,
  },
  f16_bits_to_f32: {
    source: ({ F, U, suffix }) => `fn f16_bits_to_f32${suffix}(bits: ${U}) -> ${F} {
  let sign = (bits & ${U}(0x8000u)) << ${U}(16u);
  let size = bits & ${U}(0x7fffu);
  let small = bitcast<${U}>(${F}(size & ${U}(0x3ffu)) * ${F}(${2 ** -24}f));
  let normal = (size << ${U}(13u)) + ${U}(0x38000000u);
  let special = (size << ${U}(13u)) | ${U}(0x7f800000u);
  let finite = select(normal, small, size < ${U}(0x400u));
  return bitcast<${F}>(sign | select(finite, special, size >= ${U}(0x7c00u)));
}`,
  },
  round_f16: {
    uses: ["f32_to_f16_bits", "f16_bits_to_f32"],
    source: ({ F, suffix }) =>
      `fn round_f16${suffix}(a: ${F}) -> ${F} { return f16_bits_to_f32${suffix}(f32_to_f16_bits${suffix}(a)); }`,
  },
  /** Rounds to bfloat16's nearest, ties to even. */
  round_bf16: {
    uses: ["is_nan"],
    source: ({ F, U, suffix }) => `fn round_bf16${suffix}(a: ${F}) -> ${F} {
  let bits = bitcast<${U}>(a);
  let rounded = (bits + ${U}(0x7fffu) + ((bits >> ${U}(16u)) & ${U}(1u))) & ${U}(0xffff0000u);
  return bitcast<${F}>(select(rounded, ${U}(0x7fc00000u), is_nan${suffix}(a)));
}`,
  },
} satisfies Record<string, Helper>;
