/**
 * The numbers that a routine computes with, real or complex: a routine that is written over a field serves matrices of
 * both, and for real ones its code is what it would be if there were no others.
 */
import type { Expr } from "../../../ir/loop.ts";
import type { Shape } from "../../../ir/shape.ts";
import { abs, add, div, mul, sub, type Operand } from "./arithmetic.ts";
import type { Elements, RoutineCode } from "./code.ts";

/** Elements of one run, of numbers of any kind. */
export interface Matrix<T> {
  readonly shape: Shape;
  get(...at: Operand[]): T;
  set(...args: [...at: Operand[], value: T]): void;
}

export interface Field<T> {
  /** Arrays, inputs and results that one matrix takes. */
  readonly parts: 1 | 2;
  of(re: Expr): T;
  /** The real part. */
  real(x: T): Expr;
  plus(x: T, y: T): T;
  minus(x: T, y: T): T;
  times(x: T, y: T): T;
  conjugate(x: T): T;
  /** Times, and divided by, a real number. */
  scale(x: T, by: Operand): T;
  shrunk(x: T, by: Operand): T;
  /** |re| + |im|, which LAPACK compares sizes by. */
  sum1(x: T): Expr;
  /** |x| squared. */
  square(x: T): Expr;
  /** Whether it has an imaginary part; null where it never has. */
  turned(x: T): Expr | null;
  /** x as a number of size one, `phase`, times a real one; null: without the first, since x is real. */
  polar(code: RoutineCode, x: T): { readonly signed: Expr; readonly size: Expr; readonly phase: T | null };
  quotient(code: RoutineCode, x: T, y: T): T;
  /** What is computed once and used often. */
  held(code: RoutineCode, x: T): T;
  variable(code: RoutineCode): T;
  assign(code: RoutineCode, target: T, x: T): void;
  /** The sum of what the iterations give. */
  sum(code: RoutineCode, from: Operand, to: Operand, term: (i: Expr) => T): T;
  scratch(code: RoutineCode, shape: Shape): Matrix<T>;
  /** The result whose first part is number `first`. */
  result(code: RoutineCode, first: number): Matrix<T>;
  /** The input whose first part is number `first`, element by element. */
  copied(code: RoutineCode, first: number, to: Matrix<T>): Matrix<T>;
}

export const realField: Field<Expr> = {
  parts: 1,
  of: (re) => re,
  real: (x) => x,
  plus: add,
  minus: sub,
  times: mul,
  conjugate: (x) => x,
  scale: mul,
  shrunk: div,
  sum1: abs,
  square: (x) => mul(x, x),
  turned: () => null,
  polar: (_code, x) => ({ signed: x, size: abs(x), phase: null }),
  quotient: (_code, x, y) => div(x, y),
  held: (code, x) => code.hold(x),
  variable: (code) => code.variable(0),
  assign: (code, target, x) => code.assign(target, x),
  sum: (code, from, to, term) => code.sum(from, to, term),
  scratch: (code, shape) => code.scratch(shape),
  result: (code, first) => code.result(first),
  copied: (code, first, to) => code.copy(first, to as Elements),
};

export function setIdentity<T>(code: RoutineCode, field: Field<T>, a: Matrix<T>): void {
  const n = a.shape[0]!;
  const [zero, one] = [field.of(code.number(0)), field.of(code.number(1))];
  code.for(0, n, (i) => {
    code.for(0, n, (j) => a.set(i, j, zero));
    a.set(i, i, one);
  });
}
