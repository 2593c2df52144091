/** How a length is cut for the Fourier transform. */

export const largestRadix = 13;

/** Factors whose product is n, fours before twos; null when a larger prime remains. */
export function radicesOf(n: number): number[] | null {
  const radices: number[] = [];
  let rest = n;
  for (const radix of [4, 2, 3, 5, 7, 11, largestRadix]) {
    for (; rest > 1 && rest % radix === 0; rest /= radix) radices.push(radix);
  }
  return rest === 1 ? radices : null;
}
