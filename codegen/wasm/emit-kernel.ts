/**
 * A loop kernel as one WebAssembly function.
 *
 * Parameters: the address of each `argument` buffer in order (i32, at or above `lowestAddress`), then the numbers in
 * order, then, when the kernel has scratch buffers, the address of `scratchBytes` bytes that are the kernel's own
 * while it runs. There is no result.
 */
import { dtypeBytes } from "../../ir/dtype.ts";
import type { BufferParam, Expr, LoopKernel, Stmt } from "../../ir/loop.ts";
import { Code, type ValueType } from "./code.ts";
import { type EmitOptions, isIndexArithmetic, KernelContext, type Loop, type Variable } from "./context.ts";
import { emitExpression } from "./emit-expression.ts";
import { beginExtremes, emitFold, lastFold } from "./extremes.ts";
import { linearise, rangeOf } from "./linear-form.ts";
import { emitStore } from "./memory-access.ts";
import type { FunctionBuilder, FunctionPool } from "./module-builder.ts";
import { shareSubexpressions } from "./share.ts";
import { isOperation, valueTypeOf } from "./types.ts";

/** Scratch buffers start at multiples of this. */
const scratchAlignment = 64;

export interface EmittedKernel {
  readonly fn: FunctionBuilder;
  readonly scratchBytes: number;
}

interface PlacedScratch {
  readonly buffers: readonly { readonly param: BufferParam; readonly start: number }[];
  readonly bytes: number;
}

/** Where a kernel's scratch buffers begin. Those that grow with sizes come last, so that places do not depend on sizes. */
export function placeScratch({ buffers }: LoopKernel): PlacedScratch {
  const bytesOf = ({ elements, dtype }: BufferParam): number => elements * dtypeBytes(dtype);
  let bytes = 0;
  const placed = buffers
    .filter(({ scope }) => scope === "scratch")
    .sort((a, b) => bytesOf(a) - bytesOf(b))
    .map((param) => {
      const start = bytes;
      bytes += Math.ceil(Math.max(1, bytesOf(param)) / scratchAlignment) * scratchAlignment;
      return { param, start };
    });
  return { buffers: placed, bytes };
}

export function emitKernel(kernel: LoopKernel, pool: FunctionPool, options: EmitOptions): EmittedKernel {
  const argumentBuffers = kernel.buffers.filter(({ scope }) => scope === "argument");
  const { buffers: scratchBuffers, bytes: scratchBytes } = placeScratch(kernel);
  const params: ValueType[] = [
    ...argumentBuffers.map(() => "i32" as const),
    ...kernel.numbers.map(({ kind }) => valueTypeOf({ kind, lanes: 1 })),
    ...(scratchBuffers.length > 0 ? ["i32" as const] : []),
  ];
  const fn = pool.createFunction(params, []);
  const context = new KernelContext(kernel.name, pool, fn, options, emitExpression);
  if (argumentBuffers.length + scratchBuffers.length < kernel.buffers.length) {
    context.fail("workgroup", "workgroup buffers exist on WebGPU only");
  }
  argumentBuffers.forEach((param, local) => context.buffers.set(param.name, { param, local }));
  kernel.numbers.forEach(({ name, range }, position) => {
    context.params.set(name, argumentBuffers.length + position);
    if (range !== undefined) context.paramRanges.set(name, { low: range[0], high: range[1] });
  });
  for (const { param, start } of scratchBuffers) {
    const local = fn.local("i32");
    fn.prologue
      .get(params.length - 1)
      .i32(start)
      .op("i32.add")
      .set(local);
    context.buffers.set(param.name, { param, local });
  }
  emitStatements(context, shareSubexpressions(kernel.body));
  return { fn, scratchBytes };
}

function emitStatements(context: KernelContext, statements: readonly Stmt[]): void {
  const finishAfter = new Map<number, () => void>();
  for (let i = 0; i < statements.length; i++) {
    const changes = changesFrom(statements, i);
    if (changes === null) {
      emitStatement(context, statements[i]!);
      const last = lastFold(statements, i);
      if (last >= 0) finishAfter.set(last, beginExtremes(context, statements.slice(i + 1, last + 1)));
    } else {
      emitStatement(context, changes);
      i += changes.then.length - 1;
    }
    finishAfter.get(i)?.();
  }
}

type If = Extract<Stmt, { readonly kind: "if" }>;

/**
 * Numbers that are replaced where one condition holds, and kept elsewhere, as a branch: so the next turn of a loop need
 * not wait for the comparison of this one.
 */
function changesFrom(statements: readonly Stmt[], start: number): If | null {
  let condition: Extract<Expr, { readonly op: "var" }> | null = null;
  const then: Stmt[] = [];
  for (
    let s = statements[start];
    s?.kind === "assign" && s.value.op === "select";
    s = statements[start + then.length]
  ) {
    const [by, value, kept] = s.value.args as [Expr, Expr, Expr];
    if (value.type.lanes > 1 || by.op !== "var" || kept.op !== "var" || kept.name !== s.name) break;
    if (by.name === s.name) break;
    if (condition !== null && condition.name !== by.name) break;
    condition = by;
    then.push({ ...s, value });
  }
  return condition === null ? null : { kind: "if", condition, then, else: [] };
}

function emitStatement(context: KernelContext, statement: Stmt): void {
  const { code } = context;
  switch (statement.kind) {
    case "let":
      emitLet(context, statement.name, statement.value);
      return;
    case "declare": {
      const { type } = statement.value;
      const local = context.fn.local(valueTypeOf(type));
      context.emit(statement.value);
      code.set(local);
      context.bind(statement.name, { type, local, level: Number.POSITIVE_INFINITY });
      return;
    }
    case "assign": {
      const { local, level } = context.variable(statement.name);
      if (level !== Number.POSITIVE_INFINITY) context.fail("assign", `${statement.name} was not declared`);
      if (emitFold(context, statement.name, statement.value)) return;
      context.emit(statement.value);
      code.set(local);
      return;
    }
    case "store":
      emitStore(context, statement);
      return;
    case "if":
      context.emit(statement.condition);
      code.open("if");
      context.labels++;
      emitStatements(context, statement.then);
      if (statement.else.length > 0) {
        code.op("else");
        emitStatements(context, statement.else);
      }
      code.op("end");
      context.labels--;
      return;
    case "for":
      emitFor(context, statement);
      return;
    case "while":
      emitWhile(context, statement);
      return;
    case "fence": {
      const loop = context.loops.at(-1);
      if (loop === undefined) context.fail("fence", "a fence stands outside every loop");
      context.emit(statement.counter);
      code
        .i32(statement.never)
        .op("i32.eq")
        .branch("br_if", context.labels - loop.exit);
      return;
    }
    case "barrier":
      context.fail("workgroup", "barrier exists on WebGPU only");
  }
}

/** A value that does not change in this loop is computed in front of it, and the name stands for that local. */
function emitLet(context: KernelContext, name: string, value: Expr): void {
  const { type } = value;
  const level = context.levelOf(value);
  if (isOperation(value) && level < context.depth) {
    const local = context.hoist(`value ${context.idOf(value)}`, level, valueTypeOf(type), () => context.emit(value));
    bindLet(context, name, { type, local, level, value });
    return;
  }
  const local = context.fn.local(valueTypeOf(type));
  context.emit(value);
  context.code.set(local);
  bindLet(context, name, { type, local, level: context.depth, value });
}

/** What is known of an index is found out now, from that of the names in it: a chain of names must not be followed. */
function bindLet(context: KernelContext, name: string, variable: Variable & { readonly value: Expr }): void {
  const { value } = variable;
  if (isIndexArithmetic(context, value)) {
    linearise(context, value);
    rangeOf(context, value);
  }
  context.bind(name, variable);
}

type ForStatement = Extract<Stmt, { readonly kind: "for" }>;

function emitFor(context: KernelContext, statement: ForStatement): void {
  const { name, start, end, step, mode } = statement;
  if (mode === "lane") context.fail("workgroup", "lane loops exist on WebGPU only");
  if (!(step > 0)) context.fail("loop-step", `loop ${name} has step ${step}`);
  const { code } = context;
  const counter = context.fn.local("i32");
  context.emit(start);
  code.set(counter);
  const emitEnd = endOf(context, end);
  const from = rangeOf(context, start);
  const to = rangeOf(context, end);
  const surelyEntered = from !== null && to !== null && from.high < to.low;

  code.open("block");
  context.labels++;
  const exit = context.labels;
  if (!surelyEntered) {
    code.get(counter);
    emitEnd(code);
    code.op("i32.ge_s").branch("br_if", 0);
  }
  const finishExtremes = beginExtremes(context, statement.body);
  emitLoop(context, { counter: name, step, exit }, (body) => {
    context.bind(name, {
      type: { kind: "i32", lanes: 1 },
      local: counter,
      level: context.depth,
      loop: { start, end },
    });
    emitStatements(context, statement.body);
    return () => {
      body.get(counter).i32(step).op("i32.add").tee(counter);
      emitEnd(body);
      body.op("i32.lt_s").branch("br_if", 0);
    };
  });
  finishExtremes();
  code.op("end");
  context.labels--;
}

/** The end is evaluated once; what is returned puts it on the stack. */
function endOf(context: KernelContext, end: Expr): (code: Code) => void {
  if (end.op === "const") return (code) => void code.i32(Number(end.value));
  const local = context.fn.local("i32");
  context.emit(end);
  context.code.set(local);
  return (code) => void code.get(local);
}

function emitWhile(context: KernelContext, { condition, body }: Extract<Stmt, { readonly kind: "while" }>): void {
  const { code } = context;
  code.open("block");
  context.labels++;
  const exit = context.labels;
  emitLoop(context, { step: 0, exit }, (inner) => {
    context.emit(condition);
    inner.op("i32.eqz").branch("br_if", context.labels - exit);
    emitStatements(context, body);
    return () => void inner.branch("br", 0);
  });
  code.op("end");
  context.labels--;
}

/**
 * Writes preheader and loop. `emitBody` writes an iteration and returns what writes the jump back, which comes after
 * the pointers have advanced.
 */
function emitLoop(
  context: KernelContext,
  head: Pick<Loop, "counter" | "step" | "exit">,
  emitBody: (body: Code) => () => void,
): void {
  const outer = context.code;
  const body = new Code();
  const loop: Loop = { ...head, preheader: new Code(), advance: new Code(), hoisted: new Map() };
  context.loops.push(loop);
  context.depth++;
  context.labels++;
  context.code = body;
  const jumpBack = emitBody(body);
  body.append(loop.advance);
  jumpBack();
  context.code = outer;
  context.labels--;
  context.depth--;
  context.loops.pop();
  outer.append(loop.preheader).open("loop").append(body).op("end");
}
