/**
 * The routines: computations over whole matrices or lines that no nest of loops over elements states, each run on every
 * matrix or line of a batch by itself. What each takes and gives is in `ir/routines/index.ts`.
 */
import type { PolynomialFamily } from "./polynomials.ts";

type None = Readonly<Record<never, never>>;

export interface RoutineParameters {
  /**
   * A [n, n] -> L [n, n], info []: lower triangular with L Lᵀ = A, of which the lower triangle is read. `info` is 0, or
   * the order of the first leading minor that is not positive; L is then of no use.
   */
  cholesky: None;
  /** A [n, n], B [n, k] -> X [n, k]: A X = B, reading one triangle of A; `unit`: its diagonal counts as ones. */
  solve_triangular: { readonly upper: boolean; readonly unit: boolean };
  /**
   * A [m, n] -> LU [m, n], pivots [min(m, n)], info []: unit lower and upper triangle in one matrix, of the rows of A in
   * another order: row i was exchanged with row pivots[i] - 1, for i = 0, 1, ... `pivot` false: never. `info` is 0, or
   * the number (from 1) of the first zero pivot.
   */
  lu: { readonly pivot: boolean };
  /** pivots [k] -> order [rows]: the row of A that stands at each place after the exchanges of `lu`. */
  permutation: { readonly rows: number };
  /**
   * A [m, n] -> packed [m, n], tau [min(m, n)]: R in and above the diagonal; below it, column i holds the vector v of the
   * reflection I - tau[i] v vᵀ, whose first element is 1 and stands at row i.
   */
  reflect: None;
  /** packed [m, n], tau [k] -> Q [m, columns]: the first columns of the product of the reflections. */
  reflections: { readonly columns: number };
  /** A [n, n] -> values [n], ascending, and vectors [n, n], in columns: of the lower triangle of a symmetric matrix. */
  eigh: None;
  /** A [m, n] with m >= n -> U [m, n], S [n], descending, and V [n, n]: A = U diag(S) Vᵀ, columns orthonormal. */
  svd: None;
  /**
   * A [n, n] -> values [n] and vectors [n, n], in columns of length one, each as its real part and its imaginary part, and
   * info []: 0, or how many eigenvalues could not be found.
   */
  eig: None;
  /**
   * A [n, n] -> LD [n, n], pivots [n], info []: the factors of a symmetric matrix, of which the lower triangle is read, as
   * LAPACK's sytrf leaves them: D on the diagonal, beside it where two pivots in a row are one negative number, and below
   * D the columns of L. Before step i row i (the second of a block) was exchanged with row |pivots[i]| - 1. `info` is 0, or
   * the number (from 1) of the first block of zero.
   */
  ldl: None;
  /** LD [n, n] and pivots [n] of `ldl`, B [n, k] -> X [n, k]: A X = B. */
  ldl_solve: None;
  /**
   * The same of complex matrices, each as its real part and its imaginary part: `complex_lu` takes the pivot with the
   * largest sum of |re| and |im|, reflections are I - tau v v^H with a complex tau, A of `complex_eigh` is Hermitian, and
   * `complex_svd` gives A = U diag(S) V^H. Results are those of the real routines, each complex one as two; those of
   * `eig` were two already.
   */
  complex_lu: { readonly pivot: boolean };
  complex_reflect: None;
  complex_reflections: { readonly columns: number };
  complex_eigh: None;
  complex_svd: None;
  complex_eig: None;
  /** `hermitian`: A is L D L^H, else L D Lᵀ. */
  complex_ldl: { readonly hermitian: boolean };
  complex_ldl_solve: { readonly hermitian: boolean };
  /** A [n, n] -> E [n, n]: the sum of Aᵏ / k!. */
  exponential: None;
  /**
   * Real and imaginary part [n], cosines and sines [n] of 2 pi k / n -> both parts of the discrete Fourier transform,
   * sum over j of x[j] exp(-2 pi i j k / n). Of lengths without prime factors above `largestRadix`.
   */
  fft: None;
  /** x [], degree [] -> value []: of the polynomial of this degree; 0 for a negative one. */
  polynomial: { readonly family: PolynomialFamily };
  /**
   * a [], x [] -> []: the sum of x^k / ((a + 1) ... (a + k)), or, `upper`, the continued fraction
   * 1 / (x + 1 - a + 1 (a - 1) / (x + 3 - a + 2 (a - 2) / ...)), for x >= a.
   */
  gamma_sum: { readonly upper: boolean };
}

export type RoutineName = keyof RoutineParameters;
/** A routine's name and its parameters: the attributes of a `routine` node. */
export type RoutineCall<N extends RoutineName = RoutineName> = {
  [K in N]: { readonly name: K } & RoutineParameters[K];
}[N];
