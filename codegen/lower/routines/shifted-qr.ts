/**
 * From a Hessenberg matrix to Schur's triangle by steps of the shifted QR method: with the two shifts of the last 2 x 2
 * block at once where numbers are real, so that they stay so, and Wilkinson's shift where they are complex. Pairs of
 * complex eigenvalues of a real matrix remain as 2 x 2 blocks.
 */
import type { Expr } from "../../../ir/loop.ts";
import { integer } from "../expressions.ts";
import {
  abs,
  add,
  and,
  choose,
  copysign,
  div,
  eq,
  ge,
  gt,
  le,
  lt,
  max,
  min,
  mul,
  ne,
  sqrt,
  sub,
} from "./arithmetic.ts";
import type { RoutineCode } from "./code.ts";
import {
  complexField,
  held,
  minus,
  plus,
  quotient,
  rootOf,
  scale,
  sum1,
  times,
  type Complex,
} from "./complex-elements.ts";
import { realField, type Field, type Matrix } from "./fields.ts";
import { epsilonOf } from "./rotations.ts";
import { smallReflection, turnNeighbours, type Reach, type Transformed } from "./similarity.ts";

/** Steps without an eigenvalue found after which a shift of another kind is taken. */
const patience = 10;
/** What counts as zero in a matrix whose largest element is about one. */
export const tiniest = { float32: 2 ** -80, float64: 2 ** -900 } as const;

/** The method's steps for one kind of numbers. */
interface Steps<T> {
  readonly field: Field<T>;
  /** The size of the blocks that may remain. */
  readonly largestBlock: 1 | 2;
  /** The head of the first column of the shifted matrix between `low` and `high`. */
  begin(code: RoutineCode, h: Matrix<T>, low: Expr, high: Expr, exceptional: Expr): readonly T[];
  /** Makes a last 2 x 2 block triangular where that is possible. */
  split(code: RoutineCode, all: Transformed<T>, low: Expr): void;
}

/** The triangle, in place; gives 0, or how many eigenvalues could not be found. */
export function makeTriangular<T>(code: RoutineCode, steps: Steps<T>, all: Transformed<T>): Expr {
  const { field, largestBlock } = steps;
  const h = all.matrix;
  const n = h.shape[0]!;
  const zero = field.of(code.number(0));
  const [epsilon, least] = [epsilonOf(code.dtype), tiniest[code.dtype as keyof typeof tiniest]];
  const [high, stalled] = [code.variable(integer(n - 1)), code.variable(integer(0))];
  const left = code.variable(integer(30 * Math.max(10, n)));
  code.while(and(gt(high, 0), gt(left, 0)), () => {
    const low = code.variable(integer(0));
    code.for(1, add(high, 1), (i) => {
      const before = code.hold(sub(i, 1));
      const around = add(field.sum1(h.get(before, before)), field.sum1(h.get(i, i)));
      const small = le(field.sum1(h.get(i, before)), max(mul(around, epsilon), code.number(least)));
      code.if(small, () => code.assign(low, i));
    });
    code.if(gt(low, 0), () => h.set(low, sub(low, 1), zero));
    code.if(
      ge(low, sub(high, largestBlock - 1)),
      () => {
        if (largestBlock > 1) code.if(lt(low, high), () => steps.split(code, all, low));
        code.assign(high, sub(low, 1));
        code.assign(stalled, 0);
      },
      () => {
        code.assign(left, sub(left, 1));
        code.assign(stalled, add(stalled, 1));
        const exceptional = code.hold(eq(stalled, patience));
        code.if(exceptional, () => code.assign(stalled, 0));
        const head = steps.begin(code, h, low, high, exceptional);
        chase(code, field, all, code.hold(low), code.hold(high), head);
      },
    );
  });
  return code.hold(choose(gt(high, 0), add(high, 1), 0));
}

/** The part of the matrix that a turn of `width` rows from k on changes: all of it where its triangle is wanted. */
function reachOf<T>({ matrix, basis }: Transformed<T>, low: Expr, high: Expr, k: Expr, width: number): Reach {
  const end = add(high, 1);
  return {
    columns: [k, basis ? matrix.shape[1]! : end],
    rows: [basis ? 0 : low, min(add(k, width + 1), end)],
  };
}

/** One step: a reflection for the head of the first column, and others that take what it left to the lower end. */
function chase<T>(
  code: RoutineCode,
  field: Field<T>,
  all: Transformed<T>,
  low: Expr,
  high: Expr,
  head: readonly T[],
): void {
  const h = all.matrix;
  const zero = field.of(code.number(0));
  const clear = (k: Expr, end: Expr, width: number): void => {
    const column = code.hold(sub(k, 1));
    h.set(k, column, field.of(end));
    for (let c = 1; c < width; c++) h.set(add(k, c), column, zero);
  };
  const width = head.length;
  code.for(low, add(sub(high, width), 2), (k) => {
    const x = head.map((value) => {
      const part = field.variable(code);
      field.assign(code, part, value);
      return part;
    });
    const later = code.hold(gt(k, low));
    code.if(later, () => x.forEach((part, c) => field.assign(code, part, h.get(add(k, c), sub(k, 1)))));
    const reflection = smallReflection(code, field, x);
    code.if(later, () => clear(k, reflection.end, width));
    turnNeighbours(code, field, all, k, reflection, reachOf(all, low, high, k, width));
  });
  if (width === 2) return;
  const k = code.hold(sub(high, 1));
  const x = [k, high].map((place) => field.held(code, h.get(place, sub(k, 1))));
  const reflection = smallReflection(code, field, x);
  clear(k, reflection.end, 2);
  turnNeighbours(code, field, all, k, reflection, reachOf(all, low, high, k, 2));
}

// ---- real numbers

export const realSteps: Steps<Expr> = {
  field: realField,
  largestBlock: 2,
  begin(code, h, low, high, exceptional) {
    const [before, next] = [code.hold(sub(high, 1)), code.hold(add(low, 1))];
    const [a, b] = [code.variable(h.get(before, before)), code.variable(h.get(before, high))];
    const [c, d] = [code.variable(h.get(high, before)), code.variable(h.get(high, high))];
    code.if(exceptional, () => {
      const size = code.hold(add(abs(c), abs(h.get(before, sub(high, 2)))));
      code.assign(a, add(d, mul(size, 0.75)));
      code.assign(d, a);
      code.assign(b, mul(size, -0.4375));
      code.assign(c, size);
    });
    const first = code.hold(h.get(low, low));
    const [fromA, fromD] = [code.hold(sub(a, first)), code.hold(sub(d, first))];
    const product = sub(mul(fromA, fromD), mul(b, c));
    return [
      code.hold(add(div(product, h.get(next, low)), h.get(low, next))),
      code.hold(sub(sub(sub(h.get(next, next), first), fromA), fromD)),
      code.hold(h.get(add(low, 2), next)),
    ];
  },
  split(code, all, low) {
    const h = all.matrix;
    const { half, square, next } = discriminant(code, h, low);
    code.if(ge(square, 0), () => {
      const [b, c, d] = [code.hold(h.get(low, next)), code.hold(h.get(next, low)), code.hold(h.get(next, next))];
      const away = code.hold(add(half, copysign(sqrt(square), half)));
      const other = code.hold(choose(eq(away, 0), 0, div(mul(b, c), away)));
      const reflection = smallReflection(code, realField, [away, c]);
      turnNeighbours(code, realField, all, low, reflection, reachOf(all, low, next, low, 2));
      h.set(low, low, add(d, away));
      h.set(next, next, sub(d, other));
      h.set(next, low, code.number(0));
    });
  },
};

/** Of the 2 x 2 block [[a, b], [c, d]] at `low`: (a - d) / 2, and its square plus b c. */
export function discriminant(
  code: RoutineCode,
  h: Matrix<Expr>,
  low: Expr,
): { readonly half: Expr; readonly square: Expr; readonly next: Expr } {
  const next = code.hold(add(low, 1));
  const half = code.hold(mul(sub(h.get(low, low), h.get(next, next)), 0.5));
  return { half, square: code.hold(add(mul(half, half), mul(h.get(low, next), h.get(next, low)))), next };
}

// ---- complex numbers

export const complexSteps: Steps<Complex> = {
  field: complexField,
  largestBlock: 1,
  begin(code, h, low, high, exceptional) {
    const before = code.hold(sub(high, 1));
    const [a, b] = [held(code, h.get(before, before)), held(code, h.get(before, high))];
    const [c, d] = [held(code, h.get(high, before)), held(code, h.get(high, high))];
    const shift = [code.variable(d[0]), code.variable(d[1])] as const;
    code.if(
      exceptional,
      () => code.assign(shift[0], add(d[0], mul(sum1(c), 0.75))),
      () => {
        const half = held(code, scale(minus(a, d), 0.5));
        const product = held(code, times(b, c));
        const root = rootOf(code, held(code, plus(times(half, half), product)));
        // The root that leads away from half: its divisor is the larger one.
        const along = code.hold(add(mul(half[0], root[0]), mul(half[1], root[1])));
        const away = held(code, plus(half, scale(root, choose(lt(along, 0), code.number(-1), code.number(1)))));
        code.if(ne(sum1(away), 0), () => complexField.assign(code, shift, minus(d, quotient(code, product, away))));
      },
    );
    return [held(code, minus(h.get(low, low), shift)), held(code, h.get(add(low, 1), low))];
  },
  split() {},
};
