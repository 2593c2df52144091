/** sum of coefficients[n] T_n(t) for t in [-1, 1], by Clenshaw's recurrence. */
export function chebyshev(coefficients: readonly number[], t: number): number {
  let next = 0;
  let afterNext = 0;
  for (let index = coefficients.length - 1; index > 0; index--) {
    const current = 2 * t * next - afterNext + coefficients[index]!;
    afterNext = next;
    next = current;
  }
  return t * next - afterNext + (coefficients[0] ?? 0);
}
