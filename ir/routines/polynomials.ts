/** Families of polynomials by their recurrences: what the interpreter and the lowering of `polynomial` both follow. */

/** c[0] + c[1] k */
export type Linear = readonly [constant: number, slope: number];

/**
 * p[0] = 1, p[1] = first[0] + first[1] x, and from then on
 * p[k + 1] = ((constant(k) + factor(k) x) p[k] - previous(k) p[k - 1]) / divisor(k).
 */
export interface Recurrence {
  readonly first: Linear;
  readonly constant: Linear;
  readonly factor: Linear;
  readonly previous: Linear;
  readonly divisor: Linear;
}

const chebyshev = { constant: [0, 0], factor: [2, 0], previous: [1, 0], divisor: [1, 0] } as const;

export const recurrences = {
  chebyshev_t: { ...chebyshev, first: [0, 1] },
  chebyshev_u: { ...chebyshev, first: [0, 2] },
  chebyshev_v: { ...chebyshev, first: [-1, 2] },
  chebyshev_w: { ...chebyshev, first: [1, 2] },
  hermite_h: { first: [0, 2], constant: [0, 0], factor: [2, 0], previous: [0, 2], divisor: [1, 0] },
  hermite_he: { first: [0, 1], constant: [0, 0], factor: [1, 0], previous: [0, 1], divisor: [1, 0] },
  laguerre_l: { first: [1, -1], constant: [1, 2], factor: [-1, 0], previous: [0, 1], divisor: [1, 1] },
  legendre_p: { first: [0, 1], constant: [0, 0], factor: [1, 2], previous: [0, 1], divisor: [1, 1] },
} as const satisfies Record<string, Recurrence>;

export type PolynomialFamily = keyof typeof recurrences;
