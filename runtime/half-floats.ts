/** Half types, which JavaScript has no numbers of: numbers rounded to them, and their bits. */
const float32Cell = new Float32Array(1);
const bitsCell = new Uint32Array(float32Cell.buffer);
/** Adding and subtracting it rounds a float64 of smaller magnitude than 2^51 to a whole number, ties to even. */
const roundToWhole = 1.5 * 2 ** 52;

/**
 * The spacing of a narrow dtype's values, by the exponent field of the float32 to be rounded: with `bits` of
 * significand, and subnormals below the exponent `smallest`.
 */
const spacings = (bits: number, smallest: number): Float64Array =>
  Float64Array.from({ length: 256 }, (_, field) => 2 ** (Math.max(field - 127, smallest) - (bits - 1)));
const float16Spacings = spacings(11, -14);
const bfloat16Spacings = spacings(8, -126);

/** Rounds to a multiple of the spacing, ties to even; zeros keep their sign, infinities and NaN pass. */
function roundNarrow(value: number, spacingOf: Float64Array): number {
  float32Cell[0] = value;
  const bits = bitsCell[0]!;
  const field = (bits >>> 23) & 0xff;
  if (field === 255) return float32Cell[0];
  const spacing = spacingOf[field]!;
  const magnitude = (Math.abs(float32Cell[0]) / spacing + roundToWhole - roundToWhole) * spacing;
  return bits >>> 31 === 0 ? magnitude : -magnitude;
}

/** The nearest float16, from float32 as PyTorch converts (a float64 is rounded twice). */
export function roundFloat16(value: number): number {
  const rounded = roundNarrow(value, float16Spacings);
  return Math.abs(rounded) > 65504 ? Math.sign(rounded) * Infinity : rounded;
}

export function roundBfloat16(value: number): number {
  // Past the largest bfloat16 the spacing leads to 2^128, which is infinity in float32.
  return Math.fround(roundNarrow(value, bfloat16Spacings));
}

/** The bits of the float16 nearest to a number (half to even). */
export function float16Bits(value: number): number {
  const rounded = roundFloat16(value);
  float32Cell[0] = rounded;
  const bits = bitsCell[0]!;
  const sign = (bits >>> 16) & 0x8000;
  if (Number.isNaN(rounded)) return sign | 0x7e00;
  const magnitude = Math.abs(rounded);
  if (magnitude === Infinity) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  return sign | (((bits & 0x7fffffff) >>> 13) - ((127 - 15) << 10));
}

/** The bits of the bfloat16 nearest to a number (half to even). */
export function bfloat16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  float32Cell[0] = roundBfloat16(value);
  return bitsCell[0]! >>> 16;
}

export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
export function bfloat16Value(bits: number): number {
  bitsCell[0] = bits << 16;
  return float32Cell[0]!;
}
