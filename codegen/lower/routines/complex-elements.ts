/** Complex arithmetic in routines: two expressions a number, two arrays a matrix. */
import type { Expr } from "../../../ir/loop.ts";
import type { Shape } from "../../../ir/shape.ts";
import { constant } from "../expressions.ts";
import { abs, add, choose, copysign, div, eq, lt, max, mul, ne, neg, sqrt, sub, type Operand } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";
import type { Field } from "./fields.ts";

/** Real and imaginary part. */
export type Complex = readonly [re: Expr, im: Expr];

export const plus = (a: Complex, b: Complex): Complex => [add(a[0], b[0]), add(a[1], b[1])];
export const minus = (a: Complex, b: Complex): Complex => [sub(a[0], b[0]), sub(a[1], b[1])];
export const times = (a: Complex, b: Complex): Complex => [
  sub(mul(a[0], b[0]), mul(a[1], b[1])),
  add(mul(a[0], b[1]), mul(a[1], b[0])),
];
export const conjugate = ([re, im]: Complex): Complex => [re, neg(im)];
export const scale = ([re, im]: Complex, by: Operand): Complex => [mul(re, by), mul(im, by)];
export const shrunk = ([re, im]: Complex, by: Operand): Complex => [div(re, by), div(im, by)];
/** |re| + |im|, which LAPACK compares pivots by. */
export const sum1 = ([re, im]: Complex): Expr => add(abs(re), abs(im));
export const square = ([re, im]: Complex): Expr => add(mul(re, re), mul(im, im));

export class ComplexElements {
  readonly shape: Shape;
  private readonly re: Elements;
  private readonly im: Elements;
  constructor(re: Elements, im: Elements) {
    this.shape = re.shape;
    this.re = re;
    this.im = im;
  }
  get(...at: Operand[]): Complex {
    return [this.re.get(...at), this.im.get(...at)];
  }
  set(...args: [...at: Operand[], value: Complex]): void {
    const at = args.slice(0, -1) as Operand[];
    const [re, im] = args.at(-1) as unknown as Complex;
    this.re.set(...at, re);
    this.im.set(...at, im);
  }
}

/** What is computed once and used often. */
export const held = (code: RoutineCode, [re, im]: Complex): Complex => [code.hold(re), code.hold(im)];
export const numberOf = (code: RoutineCode, re: number, im = 0): Complex => [code.number(re), code.number(im)];
export const scratchOf = (code: RoutineCode, shape: Shape): ComplexElements =>
  new ComplexElements(code.scratch(shape), code.scratch(shape));
/** Results `first` and the next. */
export const resultOf = (code: RoutineCode, first: number): ComplexElements =>
  new ComplexElements(code.result(first), code.result(first + 1));

/** Inputs `first` and the next, element by element. */
export function copied(code: RoutineCode, first: number, to: ComplexElements): ComplexElements {
  const [re, im] = [code.scratch(to.shape), code.scratch(to.shape)];
  code.copy(first, re);
  code.copy(first + 1, im);
  const [rows, columns] = to.shape as readonly [number, number | undefined];
  code.for(0, rows, (i) => {
    if (columns === undefined) to.set(i, [re.get(i), im.get(i)]);
    else code.for(0, columns, (j) => to.set(i, j, [re.get(i, j), im.get(i, j)]));
  });
  return to;
}

export function sumOf(code: RoutineCode, from: Operand, to: Operand, term: (i: Expr) => Complex): Complex {
  const total = [code.variable(0), code.variable(0)] as const;
  code.for(from, to, (i) => {
    const [re, im] = held(code, term(i));
    code.assign(total[0], add(total[0], re));
    code.assign(total[1], add(total[1], im));
  });
  return total;
}

/** a / b, by the size of b's larger part. */
export function quotient(code: RoutineCode, a: Complex, b: Complex): Complex {
  const unit = code.hold(max(abs(b[0]), abs(b[1])));
  const small = held(code, shrunk(b, unit));
  const size = code.hold(square(small));
  return shrunk(shrunk(times(a, conjugate(small)), size), unit);
}

/** Numbers below this have fewer digits. */
const leastOfAllDigits = { float32: 2 ** -126, float64: 2 ** -1022 } as const;

/** |z| without its square, which may be out of range, and z by it; of zero zero, and no phase. */
function polar(code: RoutineCode, z: Complex): { readonly size: Expr; readonly phase: Complex } {
  const least = leastOfAllDigits[code.dtype as keyof typeof leastOfAllDigits];
  const unit = code.hold(max(max(abs(z[0]), abs(z[1])), code.number(least)));
  const small = held(code, shrunk(z, unit));
  const length = code.hold(sqrt(square(small)));
  // Not divided by the size: the phase has all digits where that has few.
  return { size: code.hold(mul(unit, length)), phase: shrunk(small, length) };
}

/** The principal root. */
export function rootOf(code: RoutineCode, z: Complex): Complex {
  const { size } = polar(code, z);
  const larger = code.hold(sqrt(mul(add(size, abs(z[0])), 0.5)));
  const smaller = code.hold(choose(eq(larger, 0), 0, div(mul(abs(z[1]), 0.5), larger)));
  const left = code.hold(lt(z[0], 0));
  return [code.hold(choose(left, smaller, larger)), code.hold(copysign(choose(left, larger, smaller), z[1]))];
}

export const complexField: Field<Complex> = {
  parts: 2,
  of: (re) => [re, constant(re.type.kind, 0)],
  real: ([re]) => re,
  plus,
  minus,
  times,
  conjugate,
  scale,
  shrunk,
  sum1,
  square,
  turned: ([, im]) => ne(im, 0),
  polar(code, x) {
    const { size, phase } = polar(code, x);
    return { signed: size, size, phase };
  },
  quotient,
  held,
  variable: (code) => [code.variable(0), code.variable(0)],
  assign(code, target, [re, im]) {
    const both = held(code, [re, im]);
    code.assign(target[0], both[0]);
    code.assign(target[1], both[1]);
  },
  sum: sumOf,
  scratch: scratchOf,
  result: resultOf,
  copied: (code, first, to) => copied(code, first, to as ComplexElements),
};
