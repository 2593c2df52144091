/**
 * Numbers as Python writes them. JavaScript's toFixed and toExponential round exact ties away from zero, Python to even
 * (0.03125 with four digits is 0.0312), so ties and everything toFixed refuses are done on the exact binary value.
 */

const bits = new DataView(new ArrayBuffer(8));

/** abs(x) = mantissa * 2 ** exponent, exactly; x is finite. */
function exactBinary(x: number): { mantissa: bigint; exponent: number } {
  bits.setFloat64(0, x);
  const word = bits.getBigUint64(0);
  const biased = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xfffffffffffffn;
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | 0x10000000000000n, exponent: biased - 1075 };
}

function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twiceRemainder = 2n * (numerator - quotient * denominator);
  const roundUp = twiceRemainder > denominator || (twiceRemainder === denominator && quotient % 2n === 1n);
  return roundUp ? quotient + 1n : quotient;
}

/** abs(x) * 10 ** power, rounded half to even. */
function scaleByTen(x: number, power: number): bigint {
  const { mantissa, exponent } = exactBinary(x);
  let numerator = mantissa;
  let denominator = 1n;
  if (power >= 0) numerator *= 10n ** BigInt(power);
  else denominator *= 10n ** BigInt(-power);
  if (exponent >= 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  return divideHalfEven(numerator, denominator);
}

const signOf = (x: number): string => (x < 0 || Object.is(x, -0) ? "-" : "");

function nonFinite(x: number): string {
  if (Number.isNaN(x)) return "nan";
  return x > 0 ? "inf" : "-inf";
}

const withPoint = (digits: string, fractionDigits: number): string =>
  fractionDigits === 0 ? digits : `${digits.slice(0, -fractionDigits)}.${digits.slice(-fractionDigits)}`;

/** Python's `f"{x:.{digits}f}"`. */
export function formatFixed(x: number, digits: number): string {
  if (!Number.isFinite(x)) return nonFinite(x);
  const size = Math.abs(x);
  // A tie has exactly digits + 1 binary digits after the point.
  const mayTie = Number.isInteger(size * 2 ** (digits + 1)) && !Number.isInteger(size);
  if (!mayTie && size < 1e21 && digits <= 100) return signOf(x) + size.toFixed(digits);
  return (
    signOf(x) +
    withPoint(
      scaleByTen(x, digits)
        .toString()
        .padStart(digits + 1, "0"),
      digits,
    )
  );
}

/** Python's `f"{x:.{digits}e}"`: an exponent of at least two digits. */
export function formatScientific(x: number, digits: number): string {
  if (!Number.isFinite(x)) return nonFinite(x);
  let exponent = 0;
  let significand = 0n;
  if (x !== 0) {
    // The shortest form may have rounded up to the next power of ten, and so may the significand: try again if so.
    exponent = Number(x.toExponential().split("e")[1]);
    significand = scaleByTen(x, digits - exponent);
    if (significand < 10n ** BigInt(digits)) significand = scaleByTen(x, digits - --exponent);
    if (significand >= 10n ** BigInt(digits + 1)) significand = scaleByTen(x, digits - ++exponent);
  }
  const text = withPoint(significand.toString().padStart(digits + 1, "0"), digits);
  const exponentText = Math.abs(exponent).toString().padStart(2, "0");
  return `${signOf(x)}${text}e${exponent < 0 ? "-" : "+"}${exponentText}`;
}

/** Python's `repr(x)` of a float: the shortest text that reads back as x, always with a point or an exponent. */
export function reprFloat(x: number): string {
  if (!Number.isFinite(x)) return nonFinite(x);
  if (x === 0) return `${signOf(x)}0.0`;
  const [digits = "", exponentText] = Math.abs(x).toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const padded = Math.abs(exponent).toString().padStart(2, "0");
    return `${signOf(x)}${digits}e${exponent < 0 ? "-" : "+"}${padded}`;
  }
  const significant = digits.replace(".", "");
  if (exponent < 0) return `${signOf(x)}0.${"0".repeat(-exponent - 1)}${significant}`;
  const whole = significant.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${signOf(x)}${whole}.${significant.slice(exponent + 1) || "0"}`;
}
