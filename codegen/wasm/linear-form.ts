/** Index arithmetic as sums of products, in 32-bit wrapping integers; and what is known of its range. */
import type { Expr } from "../../ir/loop.ts";
import { type KernelContext, isIndexArithmetic } from "./context.ts";
import { isOperation } from "./types.ts";

/** `coefficient` times the product of `factors`, none of which is a constant. */
export interface Term {
  readonly key: string;
  readonly coefficient: number;
  readonly factors: readonly Expr[];
}

/** The sum of the terms and the constant. Terms have different keys and coefficients other than zero. */
export interface LinearForm {
  readonly constant: number;
  readonly terms: readonly Term[];
}

/** Beyond this many terms an expression is left as it is. */
const termLimit = 12;
/** Nor are products of more factors than this written out. */
const degreeLimit = 4;

const degree = (form: LinearForm): number => form.terms.reduce((most, term) => Math.max(most, term.factors.length), 0);

export function linearise(context: KernelContext, expr: Expr): LinearForm {
  const known = context.forms.get(expr);
  if (known !== undefined) return known;
  const made = formOfIndex(context, expr);
  const form = made.terms.length > termLimit ? atom(context, expr) : made;
  context.forms.set(expr, form);
  return form;
}

function formOfIndex(context: KernelContext, expr: Expr): LinearForm {
  if (expr.op === "const") return { constant: Number(expr.value) | 0, terms: [] };
  if (expr.op === "var") {
    const { value } = context.variable(expr.name);
    if (value !== undefined && isIndexArithmetic(context, value)) return linearise(context, value);
    return atom(context, expr);
  }
  if (!isOperation(expr)) return atom(context, expr);
  const [a, b] = expr.args;
  if (a === undefined) return atom(context, expr);
  if (expr.op === "neg") return scale(linearise(context, a), -1);
  if (b === undefined) return atom(context, expr);
  switch (expr.op) {
    case "add":
      return add(linearise(context, a), linearise(context, b));
    case "sub":
      return add(linearise(context, a), scale(linearise(context, b), -1));
    case "shl":
      return b.op === "const" ? scale(linearise(context, a), 1 << Number(b.value)) : atom(context, expr);
    case "mul": {
      const left = linearise(context, a);
      const right = linearise(context, b);
      if ((left.terms.length + 1) * (right.terms.length + 1) > termLimit) return atom(context, expr);
      // Repeated squaring doubles the factors each time.
      if (degree(left) + degree(right) > degreeLimit) return atom(context, expr);
      return multiply(context, left, right);
    }
    default:
      return atom(context, expr);
  }
}

function term(context: KernelContext, coefficient: number, factors: readonly Expr[]): Term {
  if (factors.length === 1) return { key: String(context.idOf(factors[0]!)), coefficient, factors };
  const sorted = [...factors].sort((x, y) => context.idOf(x) - context.idOf(y));
  return { key: sorted.map((factor) => context.idOf(factor)).join("*"), coefficient, factors: sorted };
}

const atom = (context: KernelContext, expr: Expr): LinearForm => ({ constant: 0, terms: [term(context, 1, [expr])] });

/** Lists are short: looking through them is quicker than a table. */
function collect(constant: number, terms: readonly Term[]): LinearForm {
  const collected: Term[] = [];
  for (const next of terms) {
    const same = collected.findIndex(({ key }) => key === next.key);
    if (same < 0) collected.push(next);
    else collected[same] = { ...next, coefficient: (collected[same]!.coefficient + next.coefficient) | 0 };
  }
  return { constant: constant | 0, terms: collected.filter(({ coefficient }) => coefficient !== 0) };
}

function add(a: LinearForm, b: LinearForm): LinearForm {
  const constant = (a.constant + b.constant) | 0;
  if (a.terms.length === 0) return { constant, terms: b.terms };
  if (b.terms.length === 0) return { constant, terms: a.terms };
  return collect(constant, [...a.terms, ...b.terms]);
}

function scale({ constant, terms }: LinearForm, by: number): LinearForm {
  const scaled: Term[] = [];
  for (const { key, coefficient, factors } of terms) {
    const product = Math.imul(coefficient, by);
    if (product !== 0) scaled.push({ key, coefficient: product, factors });
  }
  return { constant: Math.imul(constant, by), terms: scaled };
}

function multiply(context: KernelContext, a: LinearForm, b: LinearForm): LinearForm {
  if (b.terms.length === 0) return scale(a, b.constant);
  if (a.terms.length === 0) return scale(b, a.constant);
  const terms: Term[] = [...scale(b, a.constant).terms, ...scale({ constant: 0, terms: a.terms }, b.constant).terms];
  for (const x of a.terms) {
    for (const y of b.terms) {
      terms.push(term(context, Math.imul(x.coefficient, y.coefficient), [...x.factors, ...y.factors]));
    }
  }
  return collect(Math.imul(a.constant, b.constant), terms);
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** The values that an i32 expression can take, or null when nothing is known (it may have wrapped). */
export function rangeOf(context: KernelContext, expr: Expr): Range | null {
  if (expr.type.kind !== "i32" || expr.type.lanes !== 1) return null;
  const known = context.ranges.get(expr);
  if (known !== undefined) return known;
  const range = computeRange(context, expr);
  context.ranges.set(expr, range);
  return range;
}

function computeRange(context: KernelContext, expr: Expr): Range | null {
  if (expr.op === "const") return { low: Number(expr.value), high: Number(expr.value) };
  if (expr.op === "var") {
    const { loop, value, level } = context.variable(expr.name);
    if (level === Number.POSITIVE_INFINITY) return null;
    if (value !== undefined) return rangeOf(context, value);
    if (loop === undefined) return null;
    const start = rangeOf(context, loop.start);
    if (start === null) return null;
    const end = rangeOf(context, loop.end);
    return { low: start.low, high: end === null ? 0x7fffffff : Math.max(start.low, end.high - 1) };
  }
  if (expr.op === "param") return context.paramRanges.get(expr.name) ?? null;
  if (!isOperation(expr)) return null;
  const [first, second] = expr.args;
  const a = first && rangeOf(context, first);
  const b = second && rangeOf(context, second);
  if (!a || !b) return null;
  switch (expr.op) {
    case "add":
      return inWord(a.low + b.low, a.high + b.high);
    case "sub":
      return inWord(a.low - b.high, a.high - b.low);
    case "mul": {
      const corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
      return inWord(Math.min(...corners), Math.max(...corners));
    }
    case "div":
      return a.low >= 0 && b.low > 0 ? { low: 0, high: Math.floor(a.high / b.low) } : null;
    case "rem":
      return a.low >= 0 && b.low > 0 ? { low: 0, high: Math.min(a.high, b.high - 1) } : null;
    case "min":
      return { low: Math.min(a.low, b.low), high: Math.min(a.high, b.high) };
    case "max":
      return { low: Math.max(a.low, b.low), high: Math.max(a.high, b.high) };
    default:
      return null;
  }
}

const inWord = (low: number, high: number): Range | null =>
  low >= -0x80000000 && high <= 0x7fffffff ? { low, high } : null;
