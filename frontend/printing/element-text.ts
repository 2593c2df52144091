/** The texts of a tensor's visible elements, all in one notation and padded to one width. */
import type { PrintOptions } from "./print-options.ts";
import { formatFixed, formatScientific } from "./python-number.ts";

export interface ElementTexts {
  /** One text for each element, in the order given. */
  readonly texts: readonly string[];
  /** Columns that one element takes, for counting how many fit on a line. */
  readonly width: number;
}

const pad = (texts: readonly string[], width: number): string[] => texts.map((text) => text.padStart(width));

export function integerTexts(values: readonly (number | bigint)[]): ElementTexts {
  return aligned(values.map(String));
}

export function boolTexts(values: readonly (number | bigint)[]): ElementTexts {
  return aligned(values.map((value) => (Number(value) === 0 ? "False" : "True")));
}

function aligned(texts: readonly string[]): ElementTexts {
  const width = texts.reduce((widest, text) => Math.max(widest, text.length), 1);
  return { texts: pad(texts, width), width };
}

/**
 * PyTorch's three notations for floats: `1.` when every value is whole, `1.0000`, and `1.0000e+00`. Zeros, infinities
 * and NaN have no say in the notation, nor in the width: they stick out when nothing else is there to make room.
 */
export function floatTexts(values: readonly number[], options: PrintOptions): ElementTexts {
  const counts = (value: number): boolean => value !== 0 && Number.isFinite(value);
  let allWhole = true;
  let smallest = Infinity;
  let largest = 0;
  for (const value of values) {
    if (!counts(value)) continue;
    const size = Math.abs(value);
    smallest = Math.min(smallest, size);
    largest = Math.max(largest, size);
    allWhole &&= Number.isInteger(value);
  }
  const anyCounts = largest > 0;
  const wide = largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4;
  const textsIn = (scientific: boolean): string[] =>
    values.map((value) => {
      if (scientific && anyCounts) return formatScientific(value, options.precision);
      if (!allWhole) return formatFixed(value, options.precision);
      return Number.isFinite(value) ? `${formatFixed(value, 0)}.` : formatFixed(value, 0);
    });
  // The values choose the width, sci_mode only the notation: what the oracle recorded. PyTorch since 2.4 chooses both by it.
  const chosen = textsIn(wide);
  const texts = options.sci_mode === null || options.sci_mode === wide ? chosen : textsIn(options.sci_mode);
  const width = chosen.reduce((widest, text, i) => (counts(values[i]!) ? Math.max(widest, text.length) : widest), 1);
  return { texts: pad(texts, width), width };
}

/** `re+imj`: the parts choose their notations apart, and only the real part is padded on the left. */
export function complexTexts(interleaved: readonly number[], options: PrintOptions): ElementTexts {
  const part = (offset: 0 | 1): number[] => interleaved.filter((_, i) => i % 2 === offset);
  const real = floatTexts(part(0), options);
  const imaginary = floatTexts(part(1), options);
  const texts = real.texts.map((realText, i) => {
    const imaginaryText = imaginary.texts[i]!.trimStart();
    return `${realText}${imaginaryText.startsWith("-") ? "" : "+"}${imaginaryText}j`;
  });
  return { texts, width: real.width + imaginary.width + 1 };
}
