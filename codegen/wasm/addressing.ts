/**
 * Addresses of elements. The constant part of an index goes into the instruction's offset; what changes with the
 * innermost loop's counter becomes a pointer that is advanced after each iteration; what does not change in that loop
 * is computed in front of it.
 */
import { dtypeBytes } from "../../ir/dtype.ts";
import type { Expr } from "../../ir/loop.ts";
import type { BufferBinding, KernelContext, Loop } from "./context.ts";
import { linearise, type LinearForm, type Term } from "./linear-form.ts";

/**
 * Every buffer lies at or above this address. The variable part of an address, address minus offset, is then never
 * negative for offsets up to this number, so that such offsets can always go into the instruction.
 */
export const lowestAddress = 1 << 20;

/** Negative constants are made of an offset below this and a multiple of it that is added to the pointer. */
const offsetGrain = 1 << 16;

/** Puts the variable part of the address of `buffer[index]` on the stack and returns the offset for the instruction. */
export function emitAddress(context: KernelContext, buffer: BufferBinding, index: Expr): number {
  const size = dtypeBytes(buffer.param.dtype);
  const form = linearise(context, index);
  const constant = form.constant * size;
  const folds = constant >= 0 && constant <= lowestAddress;
  const base = folds ? 0 : Math.floor(constant / offsetGrain) * offsetGrain;
  emitPointer(context, buffer, { constant: base, terms: form.terms }, true);
  return constant - base;
}

/** Puts the address of `buffer`, plus `form.constant` bytes, plus the terms (in elements), on the stack. */
function emitPointer(context: KernelContext, buffer: BufferBinding, form: LinearForm, mayAdvance: boolean): void {
  const { code, depth } = context;
  if (form.terms.length === 0 && form.constant === 0) {
    code.get(buffer.local);
    return;
  }
  const level = Math.max(0, ...form.terms.map((term) => levelOfTerm(context, term)));
  if (level < depth) {
    const local = context.hoist(keyOf(context, buffer, form), level, "i32", () =>
      emitPointer(context, buffer, form, false),
    );
    code.get(local);
    return;
  }
  const own = form.terms.filter((term) => levelOfTerm(context, term) >= depth);
  const rest = { constant: form.constant, terms: form.terms.filter((term) => levelOfTerm(context, term) < depth) };
  const loop = context.loops[depth - 1];
  if (mayAdvance && loop !== undefined && own.every((term) => advancesWith(context, term, loop))) {
    code.get(advancingPointer(context, buffer, form, own, loop));
    return;
  }
  if (depth > 0) emitPointer(context, buffer, rest, false);
  else {
    code.get(buffer.local);
    if (rest.constant !== 0) code.i32(rest.constant).op("i32.add");
  }
  const size = dtypeBytes(buffer.param.dtype);
  for (const term of own) {
    emitProduct(context, term.factors, term.coefficient * size);
    code.op("i32.add");
  }
}

/** A local that holds the address throughout each iteration of `loop`, the current one. */
function advancingPointer(
  context: KernelContext,
  buffer: BufferBinding,
  form: LinearForm,
  own: readonly Term[],
  loop: Loop,
): number {
  const key = `advancing ${keyOf(context, buffer, form)}`;
  const known = loop.hoisted.get(key);
  if (known !== undefined) return known;
  const local = context.fn.local("i32");
  const size = dtypeBytes(buffer.param.dtype);
  const outerDepth = context.depth - 1;
  context.inPreheader(loop, outerDepth, () => {
    const outer = { constant: form.constant, terms: form.terms.filter((term) => !own.includes(term)) };
    emitPointer(context, buffer, outer, false);
    for (const term of own) {
      // The counter holds its first value here.
      emitProduct(context, term.factors, term.coefficient * size);
      context.code.op("i32.add");
    }
    context.code.set(local);
  });
  loop.hoisted.set(key, local);
  for (const term of own) {
    const others = term.factors.filter((factor) => !isCounterOf(factor, loop));
    const bytes = term.coefficient * size * loop.step;
    loop.advance.get(local);
    if (others.length === 0) loop.advance.i32(bytes);
    else {
      const strideKey = `stride ${bytes} ${others.map((factor) => context.idOf(factor)).join("*")}`;
      let stride = loop.hoisted.get(strideKey);
      if (stride === undefined) {
        const made = (stride = context.fn.local("i32"));
        context.inPreheader(loop, outerDepth, () => {
          emitProduct(context, others, bytes);
          context.code.set(made);
        });
        loop.hoisted.set(strideKey, stride);
      }
      loop.advance.get(stride);
    }
    loop.advance.op("i32.add").set(local);
  }
  return local;
}

const isCounterOf = (factor: Expr, loop: Loop): boolean => factor.op === "var" && factor.name === loop.counter;

/** Whether a term is the loop's counter times values that do not change in the loop. */
function advancesWith(context: KernelContext, term: Term, loop: Loop): boolean {
  if (loop.counter === undefined) return false;
  const others = term.factors.filter((factor) => !isCounterOf(factor, loop));
  return others.length === term.factors.length - 1 && others.every((factor) => context.levelOf(factor) < context.depth);
}

const levelOfTerm = (context: KernelContext, term: Term): number =>
  Math.max(...term.factors.map((factor) => context.levelOf(factor)));

const keyOf = (context: KernelContext, buffer: BufferBinding, { constant, terms }: LinearForm): string =>
  `pointer ${buffer.local} ${constant} ${textOfTerms(context, terms)}`;

/** Indices that differ in their constants alone have one list of terms. */
function textOfTerms({ termTexts }: KernelContext, terms: readonly Term[]): string {
  let text = termTexts.get(terms);
  if (text === undefined) {
    text = terms
      .map(({ key, coefficient }) => `${coefficient}*${key}`)
      .sort()
      .join("+");
    termTexts.set(terms, text);
  }
  return text;
}

function emitProduct(context: KernelContext, factors: readonly Expr[], scale: number): void {
  const { code } = context;
  factors.forEach((factor, position) => {
    context.emit(factor);
    if (position > 0) code.op("i32.mul");
  });
  const shift = Math.log2(scale);
  if (scale === 1) return;
  if (scale > 0 && Number.isInteger(shift)) code.i32(shift).op("i32.shl");
  else code.i32(scale).op("i32.mul");
}
