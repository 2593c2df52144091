/** Eigenvalues and eigenvectors of matrices of any kind, by Schur's triangle. */
import type { Expr } from "../../../ir/loop.ts";
import { integer } from "../expressions.ts";
import { add, div, eq, ge, gt, lt, max, mul, ne, neg, sqrt, sub } from "./arithmetic.ts";
import { balance, bringNearOne } from "./balance.ts";
import type { Elements, RoutineCode } from "./code.ts";
import {
  complexField,
  ComplexElements,
  conjugate,
  held,
  minus,
  numberOf,
  plus,
  quotient,
  resultOf,
  scale,
  scratchOf,
  shrunk,
  square,
  sum1,
  sumOf,
  times,
  type Complex,
} from "./complex-elements.ts";
import { realField, setIdentity, type Matrix } from "./fields.ts";
import { epsilonOf } from "./rotations.ts";
import { complexSteps, discriminant, makeTriangular, realSteps, tiniest } from "./shifted-qr.ts";
import { makeHessenberg, smallReflection, turnNeighbours, type Transformed } from "./similarity.ts";

/** Results: values, vectors (both parts each) and `info`. */
const places = { values: 0, vectors: 2, info: 4 } as const;
const wantsVectors = (code: RoutineCode): boolean => code.wants(places.vectors) || code.wants(places.vectors + 1);

/** Pairs of a real matrix stand together, and are each other's conjugates; the one above the real axis comes first. */
export function eig(code: RoutineCode): void {
  const n = code.sizes[0]![0]!;
  const values = resultOf(code, places.values);
  const h = code.copy(0, code.scratch([n, n]));
  const back = bringNearOne(code, realField, h);
  const scales = balance(code, realField, h);
  const basis = wantsVectors(code) ? code.scratch([n, n]) : null;
  if (basis) setIdentity(code, realField, basis);
  const all: Transformed<Expr> = { matrix: h, basis };
  makeHessenberg(code, realField, all);
  code.result(places.info).set(makeTriangular(code, realSteps, all));
  const i = code.variable(integer(0));
  code.while(lt(i, n), () => {
    const isPair = code.variable(integer(0));
    code.if(lt(i, n - 1), () => code.if(ne(h.get(add(i, 1), i), 0), () => code.assign(isPair, 1)));
    code.if(
      eq(isPair, 0),
      () => values.set(i, [h.get(i, i), code.number(0)]),
      () => {
        const { half, square: beyond, next } = discriminant(code, h, i);
        const middle = code.hold(add(h.get(next, next), half));
        const away = code.hold(sqrt(max(neg(beyond), code.number(0))));
        values.set(i, [middle, away]);
        values.set(next, [middle, neg(away)]);
      },
    );
    code.assign(i, add(i, add(isPair, 1)));
  });
  if (basis) {
    const triangle = { matrix: withImaginary(code, h), basis: withImaginary(code, basis) };
    splitPairs(code, triangle, values);
    const vectors = resultOf(code, places.vectors);
    vectorsOf(code, triangle, values, vectors, scales);
    pairVectors(code, values, vectors);
  }
  multiplyBack(code, values, back);
}

export function complexEig(code: RoutineCode): void {
  const n = code.sizes[0]![0]!;
  const values = resultOf(code, places.values);
  const h = complexField.copied(code, 0, scratchOf(code, [n, n]));
  const back = bringNearOne(code, complexField, h);
  const scales = balance(code, complexField, h);
  const basis = wantsVectors(code) ? scratchOf(code, [n, n]) : null;
  if (basis) setIdentity(code, complexField, basis);
  const all: Transformed<Complex> = { matrix: h, basis };
  makeHessenberg(code, complexField, all);
  code.result(places.info).set(makeTriangular(code, complexSteps, all));
  code.for(0, n, (i) => values.set(i, held(code, h.get(i, i))));
  if (basis) vectorsOf(code, { matrix: h, basis }, values, resultOf(code, places.vectors), scales);
  multiplyBack(code, values, back);
}

function multiplyBack(code: RoutineCode, values: Matrix<Complex>, back: Expr): void {
  code.for(0, values.shape[0]!, (i) => values.set(i, scale(held(code, values.get(i)), back)));
}

// ---- pairs of a real matrix

/** A real matrix as a complex one, whose real part is its own memory. */
function withImaginary(code: RoutineCode, a: Elements): ComplexElements {
  const [rows, columns] = a.shape as readonly [number, number];
  const im = code.scratch(a.shape);
  code.for(0, rows, (i) => code.for(0, columns, (j) => im.set(i, j, 0)));
  return new ComplexElements(a, im);
}

/** Makes the 2 x 2 blocks triangular, too, by complex reflections. */
function splitPairs(code: RoutineCode, all: Transformed<Complex>, values: Matrix<Complex>): void {
  const t = all.matrix;
  const n = t.shape[0]!;
  code.for(0, Math.max(0, n - 1), (i) => {
    const value = held(code, values.get(i));
    code.if(gt(value[1], 0), () => {
      const next = code.hold(add(i, 1));
      const [a, b] = [held(code, t.get(i, i)), held(code, t.get(i, next))];
      const [c, d] = [held(code, t.get(next, i)), held(code, t.get(next, next))];
      // The block's eigenvector, by the larger of its two equations.
      const x = [complexField.variable(code), complexField.variable(code)] as const;
      const put = (first: Complex, second: Complex): void => {
        complexField.assign(code, x[0], first);
        complexField.assign(code, x[1], second);
      };
      code.if(
        ge(sum1(b), sum1(c)),
        () => put(b, minus(value, a)),
        () => put(minus(value, d), c),
      );
      const reflection = smallReflection(code, complexField, x);
      turnNeighbours(code, complexField, all, i, reflection, { columns: [i, n], rows: [0, add(i, 2)] });
      t.set(next, i, numberOf(code, 0));
    });
  });
}

/** Real vectors for real eigenvalues; the second vector of a pair is the first one's conjugate. */
function pairVectors(code: RoutineCode, values: Matrix<Complex>, vectors: ComplexElements): void {
  const n = values.shape[0]!;
  code.for(0, n, (k) =>
    code.if(eq(values.get(k)[1], 0), () => {
      // What goes is rounding, but of eigenvalues that are nearly equal more than the last digits.
      const squares = code.sum(0, n, (r) => {
        const re = code.hold(vectors.get(r, k)[0]);
        return mul(re, re);
      });
      const length = code.hold(sqrt(squares));
      code.for(0, n, (r) => vectors.set(r, k, [div(code.hold(vectors.get(r, k)[0]), length), code.number(0)]));
    }),
  );
  code.for(1, n, (k) =>
    code.if(lt(values.get(k)[1], 0), () =>
      code.for(0, n, (r) => vectors.set(r, k, held(code, conjugate(held(code, vectors.get(r, sub(k, 1))))))),
    ),
  );
}

// ---- vectors of a triangle

/** Eigenvectors of length one, in columns: those of the triangle by substitution, in the basis, with their scales. */
function vectorsOf(
  code: RoutineCode,
  { matrix: t, basis }: Transformed<Complex>,
  values: Matrix<Complex>,
  vectors: Matrix<Complex>,
  scales: Elements,
): void {
  const n = t.shape[0]!;
  const [x, y] = [scratchOf(code, [n]), scratchOf(code, [n])];
  code.for(0, n, (k) => {
    substitute(code, t, k, held(code, values.get(k)), x);
    code.for(0, n, (r) => y.set(r, numberOf(code, 0)));
    code.for(0, add(k, 1), (j) => {
      const factor = held(code, x.get(j));
      code.for(0, n, (r) => y.set(r, plus(held(code, y.get(r)), times(factor, held(code, basis!.get(j, r))))));
    });
    code.for(0, n, (r) => y.set(r, scale(held(code, y.get(r)), scales.get(r))));
    const largest = code.placeOfLargest(0, n, (r) => sum1(y.get(r)));
    const unit = code.hold(sum1(y.get(largest)));
    const squares = code.sum(0, n, (r) => square(held(code, shrunk(held(code, y.get(r)), unit))));
    const length = code.hold(sqrt(squares));
    // The largest element becomes real, as in LAPACK.
    const first = held(code, shrunk(held(code, y.get(largest)), unit));
    const size = code.hold(mul(sqrt(square(first)), length));
    const turn = held(code, shrunk(conjugate(first), size));
    code.for(0, n, (r) => vectors.set(r, k, times(held(code, shrunk(held(code, y.get(r)), unit)), turn)));
    const real = code.hold(vectors.get(largest, k)[0]);
    vectors.set(largest, k, [real, code.number(0)]);
  });
}

/** x with (T - value) x = 0 and x[k] = 1, to a factor that keeps it in range. */
function substitute(code: RoutineCode, t: Matrix<Complex>, k: Expr, value: Complex, x: Matrix<Complex>): void {
  const epsilon = epsilonOf(code.dtype);
  // Equal eigenvalues count as neighbours, at the distance of rounding.
  const nearest = code.hold(max(mul(sum1(value), epsilon), code.number(tiniest[code.dtype as keyof typeof tiniest])));
  x.set(k, numberOf(code, 1));
  const i = code.variable(sub(k, 1));
  code.while(ge(i, 0), () => {
    const known = held(
      code,
      sumOf(code, add(i, 1), add(k, 1), (j) => times(held(code, t.get(i, j)), held(code, x.get(j)))),
    );
    const difference = minus(value, t.get(i, i));
    const divisor = [code.variable(difference[0]), code.variable(difference[1])] as const;
    code.if(lt(sum1(divisor), nearest), () => complexField.assign(code, divisor, [nearest, code.number(0)]));
    const element = held(code, quotient(code, known, divisor));
    x.set(i, element);
    const size = code.hold(sum1(element));
    code.if(gt(size, 1 / epsilon), () => code.for(i, add(k, 1), (j) => x.set(j, shrunk(held(code, x.get(j)), size))));
    code.assign(i, sub(i, 1));
  });
}
