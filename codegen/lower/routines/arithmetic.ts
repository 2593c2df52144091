/** Loop IR expressions written as arithmetic; a plain number takes the type of the other operand. */
import type { Expr, Operation } from "../../../ir/loop.ts";
import { apply, constant, typeOf } from "../expressions.ts";

export type Operand = Expr | number;

const bool = typeOf("bool");
const like = (value: Operand, other: Operand): Expr =>
  typeof value === "number" ? constant(typeof other === "number" ? "i32" : other.type.kind, value) : value;

const arithmetic =
  (op: Operation) =>
  (a: Operand, b: Operand): Expr => {
    const [x, y] = [like(a, b), like(b, a)];
    // Positions in matrices of known size are mostly plain numbers.
    if (x.op === "const" && y.op === "const" && x.type.kind === "i32" && op in folded)
      return constant("i32", folded[op as keyof typeof folded](Number(x.value), Number(y.value)));
    if (y.op === "const" && y.value === 0 && x.type.kind === "i32" && (op === "add" || op === "sub")) return x;
    return apply(op, x.type, x, y);
  };
const folded = {
  add: (a: number, b: number) => a + b,
  sub: (a: number, b: number) => a - b,
  mul: (a: number, b: number) => a * b,
};
const comparison =
  (op: Operation) =>
  (a: Operand, b: Operand): Expr =>
    apply(op, bool, like(a, b), like(b, a));
const function1 =
  (op: Operation) =>
  (a: Expr): Expr =>
    apply(op, a.type, a);

export const add = arithmetic("add");
export const sub = arithmetic("sub");
export const mul = arithmetic("mul");
export const div = arithmetic("div");
export const min = arithmetic("min");
export const max = arithmetic("max");
export const neg = function1("neg");
export const abs = function1("abs");
export const sqrt = function1("sqrt");
export const copysign = arithmetic("copysign");
export const lt = comparison("lt");
export const le = comparison("le");
export const gt = comparison("gt");
export const ge = comparison("ge");
export const eq = comparison("eq");
export const ne = comparison("ne");
export const and = (a: Expr, b: Expr): Expr => apply("and", bool, a, b);
export const or = (a: Expr, b: Expr): Expr => apply("or", bool, a, b);
export const not = (a: Expr): Expr => apply("not", bool, a);
export const choose = (condition: Expr, a: Operand, b: Operand): Expr => {
  const [x, y] = [like(a, b), like(b, a)];
  return apply("select", x.type, condition, x, y);
};
