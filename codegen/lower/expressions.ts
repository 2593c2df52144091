/** Short constructors for loop IR expressions, with the folding that keeps index arithmetic readable. */
import { registerKind, type Expr, type Kind, type Operation, type Type } from "../../ir/loop.ts";
import type { DType } from "../../ir/dtype.ts";
import type { Index } from "../../ir/index.ts";
import { IrError } from "../../ir/errors.ts";

export const typeOf = (kind: Kind, lanes = 1): Type => ({ kind, lanes });
const i32 = typeOf("i32");

export const constant = (kind: Kind, value: number | bigint): Expr => ({
  op: "const",
  type: typeOf(kind),
  value: kind === "i64" ? BigInt(value) : Number(value),
});
export const integer = (value: number): Expr => ({ op: "const", type: i32, value });
export const variable = (name: string, type: Type): Expr => ({ op: "var", type, name });
export const apply = (op: Operation, type: Type, ...args: Expr[]): Expr => ({ op, type, args });
export const load = (buffer: string, type: Type, index: Expr): Expr => ({ op: "load", type, buffer, index });
export const select = (condition: Expr, a: Expr, b: Expr): Expr => apply("select", a.type, condition, a, b);

/** The value in another kind of register, which holds it. */
export const cast = (value: Expr, kind: Kind): Expr =>
  value.type.kind === kind ? value : apply("cast", typeOf(kind, value.type.lanes), value);

const isInteger = (e: Expr, value: number): boolean => e.op === "const" && e.value === value;
export function addI(a: Expr, b: Expr): Expr {
  if (isInteger(a, 0)) return b;
  if (isInteger(b, 0)) return a;
  if (a.op === "const" && b.op === "const") return integer(Number(a.value) + Number(b.value));
  return apply("add", i32, a, b);
}
export function mulI(a: Expr, b: Expr): Expr {
  if (isInteger(a, 1)) return b;
  if (isInteger(b, 1)) return a;
  if (isInteger(a, 0) || isInteger(b, 0)) return integer(0);
  if (a.op === "const" && b.op === "const") return integer(Number(a.value) * Number(b.value));
  return apply("mul", i32, a, b);
}

const limit = 2 ** 31;
/** An index expression as i32 arithmetic; bounds prove that nothing overflows. */
export function indexExpr(index: Index): Expr {
  if (index.min < -limit || index.max >= limit)
    throw new IrError("ir/index", `index ${index.key} does not fit 32 bits`);
  let sum: Expr | null = null;
  for (const { coefficient, atom } of index.terms) {
    const value =
      atom.kind === "variable"
        ? variable(atom.name, i32)
        : apply(atom.kind === "div" ? "div" : "rem", i32, indexExpr(atom.of), integer(atom.by));
    const term = mulI(value, integer(coefficient));
    sum = sum === null ? term : addI(sum, term);
  }
  if (sum === null) return integer(index.constant);
  return index.constant === 0 ? sum : addI(sum, integer(index.constant));
}

export const kindOf = (dtype: DType): Kind => {
  if (dtype === "complex64" || dtype === "complex128")
    throw new IrError("ir/complex", "complex values are split before lowering");
  return registerKind[dtype];
};

/** Conversion between register values of two element types, with the target's rounding or wrapping. */
export function convert(value: Expr, from: DType, to: DType): Expr {
  const source = kindOf(from);
  const target = kindOf(to);
  const lanes = value.type.lanes;
  // An i32 that was widened is itself again.
  if (target === "i32" && value.op === "cast" && value.args[0]!.type.kind === "i32")
    return narrowed(value.args[0]!, to);
  let result = source === target ? value : apply("cast", typeOf(target, lanes), value);
  if ((source === "f32" || source === "f64") && (target === "i32" || target === "i64")) {
    // What does not fit (NaN too) becomes the lowest integer, as the conversion instructions of PyTorch's CPU give.
    const bits = target === "i32" ? 31 : 63;
    const fits = apply("lt", typeOf("bool"), apply("abs", value.type, value), constant(source, 2 ** bits));
    result = select(fits, result, constant(target, target === "i32" ? -(2 ** 31) : -(2n ** 63n)));
  }
  if (to !== from) result = narrowed(result, to);
  return result;
}

/** Rounds or wraps a register value to an element type that is narrower than its register. */
export function narrowed(value: Expr, dtype: DType): Expr {
  const narrow =
    dtype === "float16" || dtype === "bfloat16" || dtype === "int8" || dtype === "int16" || dtype === "uint8";
  return narrow ? { op: "narrow", type: value.type, args: [value], memory: dtype } : value;
}
