/**
 * The state of one kernel's emission: variables, enclosing loops, and where instructions go.
 *
 * Every value has a level: the number of loops inside which its youngest variable is bound. A pure expression whose
 * level is below the current depth does not change in the loops between, and is computed once, in front of the
 * outermost of them (`hoist`). Loads and anything that reads an accumulator are never moved.
 */
import { IrError } from "../../ir/errors.ts";
import type { BufferParam, Expr, Type } from "../../ir/loop.ts";
import type { Code, ValueType } from "./code.ts";
import type { Extremes } from "./extremes.ts";
import type { LinearForm, Range } from "./linear-form.ts";
import type { FunctionBuilder, FunctionPool } from "./module-builder.ts";
import type { Sharing } from "./sharing.ts";
import { isOperation, valueTypeOf } from "./types.ts";

export interface EmitOptions {
  /** Use the relaxed multiply-add. The engine must have been probed for it. */
  readonly relaxedSimd: boolean;
  /** Cut kernels of so many instructions or more into parts for threads on one shared memory (team.ts). */
  readonly shared?: { readonly from: number; readonly by: Sharing };
  /** Call the host's `tick` with the number of each leaf step before it runs, in the order of `leafSteps`. */
  readonly ticks?: boolean;
}

export interface Variable {
  readonly type: Type;
  readonly local: number;
  /** Infinity for a variable that is assigned to. */
  readonly level: number;
  /** What a `let` is bound to. */
  readonly value?: Expr;
  /** Of a loop's counter. */
  readonly loop?: { readonly start: Expr; readonly end: Expr };
}

export interface BufferBinding {
  readonly param: BufferParam;
  /** The local that holds its address. */
  readonly local: number;
}

export interface Loop {
  /** The counter's name; absent for `while`. */
  readonly counter?: string;
  readonly step: number;
  /** Runs when the loop is entered, before its first iteration. */
  readonly preheader: Code;
  /** Runs after each iteration. */
  readonly advance: Code;
  /** Label of the block around the loop. */
  readonly exit: number;
  /** Locals set in the preheader, by what they hold. */
  readonly hoisted: Map<string, number>;
}

export class KernelContext {
  readonly kernelName: string;
  readonly pool: FunctionPool;
  readonly fn: FunctionBuilder;
  readonly options: EmitOptions;
  readonly buffers = new Map<string, BufferBinding>();
  readonly params = new Map<string, number>();
  /** What is known of the values of parameters. */
  readonly paramRanges = new Map<string, Range>();
  readonly loops: Loop[] = [];
  readonly extremes: Extremes = new Map();
  /** What is known of integer expressions. */
  readonly forms = new Map<Expr, LinearForm>();
  readonly termTexts = new Map<LinearForm["terms"], string>();
  readonly ranges = new Map<Expr, Range | null>();
  /** Where instructions go now, and how many loops enclose that place. */
  code: Code;
  depth = 0;
  /** Open blocks around the statement being emitted. */
  labels = 0;

  private readonly variables = new Map<string, Variable>();
  private readonly idleTemporaries = new Map<ValueType, number[]>();
  private readonly idsByExpr = new Map<Expr, number>();
  private readonly idsByText = new Map<string, number>();
  private readonly levels = new Map<Expr, number>();
  private temporaryCount = 0;

  private readonly emitter: (context: KernelContext, expr: Expr) => void;

  constructor(
    kernelName: string,
    pool: FunctionPool,
    fn: FunctionBuilder,
    options: EmitOptions,
    emitter: (context: KernelContext, expr: Expr) => void,
  ) {
    this.emitter = emitter;
    this.kernelName = kernelName;
    this.pool = pool;
    this.fn = fn;
    this.options = options;
    this.code = fn.body;
  }

  fail(code: string, message: string): never {
    throw new IrError(`wasm/${code}`, `kernel ${this.kernelName}: ${message}`);
  }

  /** Puts an expression's value on the stack. */
  emit(expr: Expr): void {
    this.emitter(this, expr);
  }

  bind(name: string, variable: Variable): void {
    if (this.variables.has(name)) this.fail("bound-twice", `variable ${name} is bound twice`);
    this.variables.set(name, variable);
  }

  isBound(name: string): boolean {
    return this.variables.has(name);
  }

  variable(name: string): Variable {
    return this.variables.get(name) ?? this.fail("unbound", `variable ${name} is not bound`);
  }

  buffer(name: string): BufferBinding {
    return this.buffers.get(name) ?? this.fail("unknown-buffer", `there is no buffer ${name}`);
  }

  /** A local for the duration of `use`, which gets its number. */
  withTemporary(type: ValueType, use: (local: number) => void): void {
    const idle = this.idleTemporaries.get(type) ?? [];
    this.idleTemporaries.set(type, idle);
    const local = idle.pop() ?? this.fn.local(type);
    use(local);
    idle.push(local);
  }

  /** Takes the value on the stack into a temporary that expressions can name for the duration of `use`. */
  withValue(type: Type, use: (value: Expr) => void): void {
    this.withTemporary(valueTypeOf(type), (local) => {
      this.code.set(local);
      const name = `$${this.temporaryCount++}`;
      this.bind(name, { type, local, level: Number.POSITIVE_INFINITY });
      use({ op: "var", type, name });
    });
  }

  /** A number that two expressions share exactly when they are the same computation. */
  idOf(expr: Expr): number {
    const known = this.idsByExpr.get(expr);
    if (known !== undefined) return known;
    const text = this.textOf(expr);
    let id = this.idsByText.get(text);
    if (id === undefined) this.idsByText.set(text, (id = this.idsByText.size));
    this.idsByExpr.set(expr, id);
    return id;
  }

  levelOf(expr: Expr): number {
    switch (expr.op) {
      case "const":
      case "param":
        return 0;
      case "load":
        return Number.POSITIVE_INFINITY;
      case "var":
        return this.variable(expr.name).level;
      default: {
        const known = this.levels.get(expr);
        if (known !== undefined) return known;
        let level = 0;
        for (const arg of expr.args) level = Math.max(level, this.levelOf(arg));
        this.levels.set(expr, level);
        return level;
      }
    }
  }

  /**
   * The local that holds what `emit` computes from values of `level`, which is below the current depth. The
   * computation is placed in front of the outermost loop in which it does not change.
   */
  hoist(key: string, level: number, type: ValueType, emit: () => void): number {
    const loop = this.loops[level];
    if (loop === undefined || level >= this.depth)
      return this.fail("hoist", `nothing to hoist out of at level ${level}`);
    const known = loop.hoisted.get(key);
    if (known !== undefined) return known;
    const local = this.fn.local(type);
    this.inPreheader(loop, level, () => {
      emit();
      this.code.set(local);
    });
    loop.hoisted.set(key, local);
    return local;
  }

  inPreheader(loop: Loop, level: number, emit: () => void): void {
    const { code, depth } = this;
    this.code = loop.preheader;
    this.depth = level;
    emit();
    this.code = code;
    this.depth = depth;
  }

  private textOf(expr: Expr): string {
    const type = `${expr.type.kind}${expr.type.lanes}`;
    switch (expr.op) {
      case "const":
        return `${type} const ${Object.is(expr.value, -0) ? "-0" : String(expr.value)}`;
      case "var":
      case "param":
        return `${expr.op} ${expr.name}`;
      case "load":
        return `${type} load ${expr.buffer} ${this.idOf(expr.index)}`;
      default: {
        const args = expr.args.map((arg) => this.idOf(arg)).join();
        return `${type} ${expr.op} ${args} ${expr.memory ?? ""} ${expr.lane ?? ""}`;
      }
    }
  }
}

/** Whether an expression is arithmetic on immutable integers, so that it may be computed again elsewhere. */
export function isIndexArithmetic(context: KernelContext, expr: Expr): boolean {
  if (expr.type.kind !== "i32" || expr.type.lanes !== 1) return false;
  if (expr.op === "load") return false;
  if (expr.op === "var") return context.variable(expr.name).level !== Number.POSITIVE_INFINITY;
  return !isOperation(expr) || expr.args.every((arg) => isIndexArithmetic(context, arg));
}
