/**
 * Minimum and maximum of vectors without the cost of `f32x4.max`, which takes about eight instructions in a row on x64
 * because it keeps NaN and orders zeros. `pmax(a, b)` is one: `a < b ? b : a`, so a NaN in `a` stays, one in `b` is
 * lost, and of two zeros `a` is taken.
 *
 * Against a constant that is enough. An accumulator that a loop only folds values into is folded with `pmax`. A mask
 * beside it remembers which lanes have seen NaN, and another vector the signs: if the maximum is zero, it is -0 exactly
 * when all values have the sign, and a minimum of zero when any has. After the loop both are applied.
 */
import type { Expr, Operation, Stmt } from "../../ir/loop.ts";
import type { KernelContext } from "./context.ts";
import type { Opcode } from "./opcodes.ts";
import { readsOf, readsOfEach, visitStmts } from "../schedule/statements.ts";
import { argument, type Form, formOf, isOperation, type OperationExpr } from "./types.ts";

type Extreme = "min" | "max";
type FloatVector = "f32x4" | "f64x2";

const isFloatVector = (form: Form): form is FloatVector => form === "f32x4" || form === "f64x2";
const isExtreme = (operation: Operation): operation is Extreme => operation === "min" || operation === "max";

/** Emits `min` or `max` with a constant operand; false when that needs the full instruction. */
export function emitAgainstConstant(context: KernelContext, expr: OperationExpr): boolean {
  const form = formOf(expr.type);
  if (!isFloatVector(form) || !isExtreme(expr.op)) return false;
  const [first, second] = [argument(expr, 0), argument(expr, 1)];
  const [value, bound] = constantOf(second) === null ? [second, first] : [first, second];
  const constant = constantOf(bound);
  if (constant === null || Number.isNaN(constant)) return false;
  const negativeZero = Object.is(constant, -0);
  if (expr.op === "min" && negativeZero) return false;
  context.emit(value);
  context.emit(bound);
  context.code.op(`${form}.p${expr.op}`);
  if (expr.op === "max" && constant === 0 && !negativeZero) {
    // max(-0, 0) is 0, and adding 0 changes nothing else.
    context.emit(bound);
    context.code.op(`${form}.add`);
  }
  return true;
}

function constantOf(expr: Expr): number | null {
  if (expr.op === "const") return Number(expr.value);
  return isOperation(expr) && expr.op === "splat" ? constantOf(argument(expr, 0)) : null;
}

/** The accumulators that are folded by `pmin` or `pmax` now. */
interface Accumulator {
  readonly extreme: Extreme;
  readonly form: FloatVector;
  readonly local: number;
  /** Lanes that have seen a NaN. */
  readonly nan: number;
  /** The bits of all values, joined by and (max) or by or (min): of interest are the signs. */
  readonly bits: number;
}

export type Extremes = Map<string, Accumulator>;

const joinsBits: Readonly<Record<Extreme, Opcode>> = { max: "v128.and", min: "v128.or" };

function filled(form: FloatVector, value: number): ArrayBufferView<ArrayBuffer> {
  return form === "f32x4" ? new Float32Array(4).fill(value) : new Float64Array(2).fill(value);
}

/**
 * Sets up the accumulators that `body`, a loop's or what follows a declaration, only folds into. Returns what finishes
 * them after it.
 */
export function beginExtremes(context: KernelContext, body: readonly Stmt[]): () => void {
  const begun: string[] = [];
  for (const [name, extreme] of foldedIn(body)) {
    if (context.extremes.has(name) || !context.isBound(name)) continue;
    const { type, local } = context.variable(name);
    const form = formOf(type);
    if (!isFloatVector(form)) continue;
    const [nan, bits] = [context.fn.local("v128"), context.fn.local("v128")];
    context.code
      .get(context.fn.vectorConstant(new Int32Array(4)))
      .set(nan)
      .get(local)
      .set(bits);
    context.extremes.set(name, { extreme, form, local, nan, bits });
    begun.push(name);
  }
  return () => {
    for (const name of begun) finish(context, context.extremes.get(name)!);
    for (const name of begun) context.extremes.delete(name);
  };
}

/** Emits `name = max(name, value)` if the accumulator is folded by `pmax` now. */
export function emitFold(context: KernelContext, name: string, value: Expr): boolean {
  const accumulator = context.extremes.get(name);
  if (accumulator === undefined || !isOperation(value)) return false;
  const { extreme, form, local, nan, bits } = accumulator;
  const { code } = context;
  const [first, second] = [argument(value, 0), argument(value, 1)];
  const next = first.op === "var" && first.name === name ? second : first;
  context.emit(next);
  context.withTemporary("v128", (x) => {
    code.set(x);
    code.get(local).get(x).op(`${form}.p${extreme}`).set(local);
    code.get(nan).get(x).get(x).op(`${form}.ne`).op("v128.or").set(nan);
    code.get(bits).get(x).op(joinsBits[extreme]).set(bits);
  });
  return true;
}

function finish({ code, fn }: KernelContext, { form, local, nan, bits }: Accumulator): void {
  code.get(fn.vectorConstant(filled(form, Number.NaN)));
  code
    .get(bits)
    .get(fn.vectorConstant(filled(form, -0)))
    .op("v128.and")
    .get(local);
  code
    .get(local)
    .get(fn.vectorConstant(filled(form, 0)))
    .op(`${form}.eq`)
    .op("v128.bitselect");
  code.get(nan).op("v128.bitselect").set(local);
}

/** Fewer folds one after the other are not worth what finishing them takes. */
const leastFolds = 4;

/** Where the last of the folds is that follow the declaration of a vector before anything else reads it; -1 for few. */
export function lastFold(statements: readonly Stmt[], declaration: number): number {
  const declared = statements[declaration]!;
  if (declared.kind !== "declare" || !isFloatVector(formOf(declared.value.type))) return -1;
  const { name } = declared;
  // Most vectors are folded into by nothing here: what a loop does with them need not be looked through.
  const folds = statements.filter((s) => s.kind === "assign" && s.name === name).length;
  if (folds < leastFolds) return -1;
  let [last, count] = [-1, 0];
  for (let i = declaration + 1; i < statements.length; i++) {
    const statement = statements[i]!;
    if (statement.kind === "assign" && statement.name === name) {
      if (!isFold(name, statement.value) || readsOf([statement], name) > 1) break;
      [last, count] = [i, count + 1];
    } else if (readsOf([statement], name) > 0) break;
  }
  return count < leastFolds ? -1 : last;
}

/** Variables that the statements use in `x = min(x, ...)` or `x = max(x, ...)` and nowhere else. */
function foldedIn(body: readonly Stmt[]): Map<string, Extreme> {
  const folds = new Map<string, { extreme: Extreme; count: number }>();
  const spoiled = new Set<string>();
  visitStmts(body, (statement) => {
    if (statement.kind !== "assign") return;
    const { name, value } = statement;
    const known = folds.get(name);
    if (!isFold(name, value) || (known !== undefined && known.extreme !== value.op)) spoiled.add(name);
    else folds.set(name, { extreme: value.op, count: (known?.count ?? 0) + 1 });
  });
  const result = new Map<string, Extreme>();
  const reads = readsOfEach(body, folds.keys());
  for (const [name, { extreme, count }] of folds) {
    if (!spoiled.has(name) && reads.get(name) === count) result.set(name, extreme);
  }
  return result;
}

function isFold(name: string, value: Expr): value is OperationExpr & { readonly op: Extreme } {
  return (
    isOperation(value) &&
    isExtreme(value.op) &&
    value.type.lanes > 1 &&
    value.args.some((arg) => arg.op === "var" && arg.name === name)
  );
}
