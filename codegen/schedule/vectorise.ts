/**
 * Turns a serial or parallel loop over neighbouring elements into 128-bit vector operations, with a scalar loop for the
 * rest. A loop qualifies when every load and store moves by one element (or not at all) with the loop, every value type
 * has four lanes, and every accumulator is a plain reduction, which then gets a vector of partial results.
 *
 * in:  a kernel of scalar loops
 * out: the same kernel; loops that do not qualify are left as they were
 */
import {
  mathFunctions,
  type BufferParam,
  type Expr,
  type LoopKernel,
  type Operation,
  type Stmt,
  type Type,
} from "../../ir/loop.ts";
import { identityOf } from "../lower/reductions.ts";

const lanes = 4;

/** Operations that exist on f32x4, i32x4 and masks. */
const vectorOperations = new Set<Operation>([
  ...mathFunctions,
  "add",
  "sub",
  "mul",
  "div",
  "neg",
  "abs",
  "sqrt",
  "floor",
  "ceil",
  "trunc",
  "nearest",
  "min",
  "max",
  "madd",
  "copysign",
  "and",
  "or",
  "xor",
  "not",
  "shl",
  "shr",
  "ushr",
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
  "select",
  "cast",
  "bitcast",
]);
const vectorMemory = new Set<string>(["float32", "int32", "bool"]);
const reductionOperations: Partial<Record<Operation, Operation>> = {
  add: "reduce_add",
  mul: "reduce_mul",
  max: "reduce_max",
  min: "reduce_min",
};

class NotVectorisable extends Error {}

export function vectorise(kernel: LoopKernel): LoopKernel {
  const buffers = new Map(kernel.buffers.map((buffer) => [buffer.name, buffer]));
  return { ...kernel, body: vectoriseBody(kernel.body, buffers) };
}

function vectoriseBody(body: readonly Stmt[], buffers: ReadonlyMap<string, BufferParam>): Stmt[] {
  return body.flatMap((statement): Stmt[] => {
    if (statement.kind === "if")
      return [
        { ...statement, then: vectoriseBody(statement.then, buffers), else: vectoriseBody(statement.else, buffers) },
      ];
    if (statement.kind === "while") return [{ ...statement, body: vectoriseBody(statement.body, buffers) }];
    if (statement.kind !== "for") return [statement];
    if (statement.step !== 1 || statement.mode === "lane")
      return [{ ...statement, body: vectoriseBody(statement.body, buffers) }];
    // The innermost loop that qualifies: try the loops inside first.
    const inner = vectoriseBody(statement.body, buffers);
    const changed = inner.length !== statement.body.length || inner.some((s, i) => s !== statement.body[i]);
    if (changed && containsVector(inner)) return [{ ...statement, body: inner }];
    try {
      return new Widening(buffers, statement).run();
    } catch (error) {
      if (error instanceof NotVectorisable) return [statement];
      throw error;
    }
  });
}

/** Whether a loop inside has been turned into vectors already. */
const containsVector = (body: readonly Stmt[]): boolean =>
  body.some((statement) => {
    switch (statement.kind) {
      case "let":
      case "declare":
      case "assign":
      case "store":
        return statement.value.type.lanes > 1;
      case "for":
      case "while":
        return containsVector(statement.body);
      case "if":
        return containsVector(statement.then) || containsVector(statement.else);
      default:
        return false;
    }
  });

type ForStmt = Extract<Stmt, { kind: "for" }>;
/** How a value varies over the lanes: not at all, by a step an element, or freely (then it is a vector). */
type Variation =
  { readonly kind: "uniform" } | { readonly kind: "step"; readonly by: number } | { readonly kind: "vector" };
const uniform: Variation = { kind: "uniform" };
const free: Variation = { kind: "vector" };

interface Reduction {
  readonly name: string;
  readonly operation: Operation;
  readonly kind: Type["kind"];
}

class Widening {
  private readonly variation = new Map<string, Variation>();
  private readonly reductions: Reduction[] = [];
  private readonly inside = new Set<string>();
  /** Variables from outside that the loop assigns: only their own reduction may read them. */
  private readonly carried = new Set<string>();
  private readonly buffers: ReadonlyMap<string, BufferParam>;
  private readonly loop: ForStmt;
  private suffix = "";
  private stores = 0;

  constructor(buffers: ReadonlyMap<string, BufferParam>, loop: ForStmt) {
    this.buffers = buffers;
    this.loop = loop;
  }

  run(): Stmt[] {
    const { loop } = this;
    this.variation.set(loop.name, { kind: "step", by: 1 });
    for (const name of assignedFromOutside(loop.body)) this.carried.add(name);
    const first = this.block(loop.body);
    if (this.stores === 0 && this.reductions.length === 0) throw new NotVectorisable();
    const { start, end } = loop;
    // A reduction alone keeps few values in flight: several independent partial sums hide its latency.
    const unroll =
      this.reductions.length > 0 && this.reductions.length <= 2 && !first.some((s) => s.kind === "for") ? 4 : 1;
    const reductions = [...this.reductions];
    const bodies = [first];
    for (let u = 1; u < unroll; u++) {
      this.suffix = `_${u}`;
      this.reductions.length = 0;
      bodies.push(this.block(loop.body));
    }
    const width = lanes * unroll;
    const span: Expr = start.op === "const" && start.value === 0 ? end : i32("sub", end, start);
    const aligned: Expr = i32("and", span, { op: "const", type: { kind: "i32", lanes: 1 }, value: -width });
    const middle = span === end ? aligned : i32("add", start, aligned);
    const before: Stmt[] = [];
    const after: Stmt[] = [];
    for (const { name, operation, kind } of reductions) {
      const identity =
        kind === "bool"
          ? ({
              op: "const",
              type: { kind, lanes: 1 },
              value: operation === "and" || operation === "min" ? 1 : 0,
            } as Expr)
          : identityOf(operation, kind);
      const type: Type = { kind, lanes };
      for (let u = 0; u < unroll; u++)
        before.push({
          kind: "declare",
          name: vectorName(name, u === 0 ? "" : `_${u}`),
          value: { op: "splat", type, args: [identity] },
        });
      let total: Expr = { op: "var", type, name: vectorName(name, "") };
      for (let u = 1; u < unroll; u++)
        total = { op: operation, type, args: [total, { op: "var", type, name: vectorName(name, `_${u}`) }] };
      const scalar: Type = { kind, lanes: 1 };
      const joined: Expr = { op: reductionOperations[operation]!, type: scalar, args: [total] };
      after.push({
        kind: "assign",
        name,
        value: { op: operation, type: scalar, args: [{ op: "var", type: scalar, name }, joined] },
      });
    }
    const shifted = bodies.flatMap((body, u) => {
      if (u === 0) return body;
      const offset: Expr = i32(
        "add",
        { op: "var", type: { kind: "i32", lanes: 1 }, name: loop.name },
        { op: "const", type: { kind: "i32", lanes: 1 }, value: u * lanes },
      );
      return body.map((statement) => replaceVariable(statement, loop.name, offset));
    });
    return [
      ...before,
      { ...loop, end: middle, step: width, body: shifted },
      ...after,
      {
        ...loop,
        name: `${loop.name}_rest`,
        start: middle,
        mode: "serial",
        body: renameLoop(loop.body, loop.name, `${loop.name}_rest`),
      },
    ];
  }

  private block(body: readonly Stmt[]): Stmt[] {
    return body.map((statement) => this.statement(statement));
  }

  private name(name: string): string {
    return this.inside.has(name) && this.suffix !== "" ? name + this.suffix : name;
  }

  private statement(statement: Stmt): Stmt {
    switch (statement.kind) {
      case "let":
      case "declare": {
        this.inside.add(statement.name);
        const how = this.vary(statement.value);
        // An accumulator of this iteration is a vector, whatever it starts from.
        const variation = statement.kind === "declare" ? free : how;
        this.variation.set(statement.name, variation);
        const value = variation.kind === "vector" ? this.vector(statement.value) : this.scalar(statement.value);
        return { ...statement, name: this.name(statement.name), value };
      }
      case "assign": {
        if (this.inside.has(statement.name))
          return { ...statement, name: this.name(statement.name), value: this.vector(statement.value) };
        return this.reduction(statement.name, statement.value);
      }
      case "store": {
        const step = this.vary(statement.index);
        const buffer = this.buffers.get(statement.buffer)!;
        if (step.kind !== "step" || step.by !== 1 || !vectorMemory.has(buffer.dtype)) throw new NotVectorisable();
        this.stores++;
        return { ...statement, index: this.scalar(statement.index), value: this.vector(statement.value) };
      }
      case "for": {
        if (
          this.vary(statement.start).kind !== "uniform" ||
          this.vary(statement.end).kind !== "uniform" ||
          statement.mode === "lane"
        )
          throw new NotVectorisable();
        this.variation.set(statement.name, uniform);
        return {
          ...statement,
          start: this.scalar(statement.start),
          end: this.scalar(statement.end),
          body: this.block(statement.body),
        };
      }
      default:
        throw new NotVectorisable();
    }
  }

  private reduction(name: string, value: Expr): Stmt {
    if (!("args" in value) || value.args.length !== 2) throw new NotVectorisable();
    const [a, b] = value.args as [Expr, Expr];
    if (!(a.op === "var" && a.name === name) || mentions(b, name)) throw new NotVectorisable();
    const operation = value.op;
    if (reductionOperations[operation] === undefined || value.type.kind === "bool") throw new NotVectorisable();
    if (this.reductions.some((r) => r.name === name)) throw new NotVectorisable();
    this.reductions.push({ name, operation, kind: value.type.kind });
    const type = this.widen(value.type);
    const total = vectorName(name, this.suffix);
    return {
      kind: "assign",
      name: total,
      value: { op: operation, type, args: [{ op: "var", type, name: total }, this.vector(b)] },
    };
  }

  private widen(type: Type): Type {
    if (type.lanes !== 1 || type.kind === "f64" || type.kind === "i64") throw new NotVectorisable();
    return { kind: type.kind, lanes };
  }

  private vary(expr: Expr): Variation {
    switch (expr.op) {
      case "const":
      case "param":
        return uniform;
      case "var":
        if (this.carried.has(expr.name)) throw new NotVectorisable(); // a running value, such as a scan's
        return this.variation.get(expr.name) ?? uniform;
      case "load": {
        const step = this.vary(expr.index);
        return step.kind === "uniform" ? uniform : free;
      }
      default: {
        const parts = expr.args.map((arg) => this.vary(arg));
        if (parts.every((part) => part.kind === "uniform")) return uniform;
        if (expr.type.kind !== "i32" || parts.some((part) => part.kind === "vector")) return free;
        const by = (i: number): number => (parts[i]!.kind === "step" ? (parts[i] as { by: number }).by : 0);
        if (expr.op === "add") return { kind: "step", by: by(0) + by(1) };
        if (expr.op === "sub") return { kind: "step", by: by(0) - by(1) };
        if (expr.op === "mul") {
          const [a, b] = expr.args as [Expr, Expr];
          if (b.op === "const") return { kind: "step", by: by(0) * Number(b.value) };
          if (a.op === "const") return { kind: "step", by: by(1) * Number(a.value) };
        }
        return free;
      }
    }
  }

  /** The expression for lane 0 (all lanes when uniform). */
  private scalar(expr: Expr): Expr {
    switch (expr.op) {
      case "const":
      case "param":
        return expr;
      case "var":
        return { ...expr, name: this.name(expr.name) };
      case "load":
        return { ...expr, index: this.scalar(expr.index) };
      default:
        return { ...expr, args: expr.args.map((arg) => this.scalar(arg)) };
    }
  }

  private vector(expr: Expr): Expr {
    const how = this.vary(expr);
    const type = this.widen(expr.type);
    if (how.kind === "uniform") return { op: "splat", type, args: [this.scalar(expr)] };
    if (how.kind === "step") {
      if (how.by === 1) return { op: "ramp", type, args: [this.scalar(expr)] };
      const zero: Expr = { op: "const", type: { kind: "i32", lanes: 1 }, value: 0 };
      const step: Expr = { op: "const", type: { kind: "i32", lanes: 1 }, value: how.by };
      const offsets: Expr = {
        op: "mul",
        type,
        args: [
          { op: "ramp", type, args: [zero] },
          { op: "splat", type, args: [step] },
        ],
      };
      return { op: "add", type, args: [{ op: "splat", type, args: [this.scalar(expr)] }, offsets] };
    }
    switch (expr.op) {
      case "var":
        return { ...expr, type, name: this.name(expr.name) };
      case "load": {
        const step = this.vary(expr.index);
        const buffer = this.buffers.get(expr.buffer)!;
        if (step.kind !== "step" || step.by !== 1 || !vectorMemory.has(buffer.dtype)) throw new NotVectorisable();
        return { ...expr, type, index: this.scalar(expr.index) };
      }
      case "const":
      case "param":
        return { op: "splat", type, args: [expr] };
      default: {
        if (!vectorOperations.has(expr.op)) throw new NotVectorisable();
        if (expr.type.kind === "i32" && expr.op === "div") throw new NotVectorisable();
        if (expr.op === "shl" || expr.op === "shr" || expr.op === "ushr") {
          const [value, count] = expr.args as [Expr, Expr];
          if (this.vary(count).kind !== "uniform") throw new NotVectorisable();
          return { ...expr, type, args: [this.vector(value), this.vector(count)] };
        }
        return { ...expr, type, args: expr.args.map((arg) => this.vector(arg)) };
      }
    }
  }
}

function assignedFromOutside(body: readonly Stmt[]): Set<string> {
  const bound = new Set<string>();
  const assigned = new Set<string>();
  const stack = [...body];
  while (stack.length > 0) {
    const statement = stack.pop()!;
    if (statement.kind === "let" || statement.kind === "declare") bound.add(statement.name);
    if (statement.kind === "assign") assigned.add(statement.name);
    if (statement.kind === "for" || statement.kind === "while") stack.push(...statement.body);
    if (statement.kind === "if") stack.push(...statement.then, ...statement.else);
  }
  return new Set([...assigned].filter((name) => !bound.has(name)));
}

const vectorName = (name: string, suffix: string): string => `${name}_v${suffix}`;
const i32 = (op: Operation, ...args: Expr[]): Expr => ({ op, type: { kind: "i32", lanes: 1 }, args });

function mentions(expr: Expr, name: string): boolean {
  if (expr.op === "var") return expr.name === name;
  if (expr.op === "load") return mentions(expr.index, name);
  return "args" in expr && expr.args.some((arg) => mentions(arg, name));
}

/** Replaces a variable everywhere. */
function replaceVariable(statement: Stmt, name: string, by: Expr): Stmt {
  const inExpr = (expr: Expr): Expr => {
    if (expr.op === "var") return expr.name === name ? by : expr;
    if (expr.op === "load") return { ...expr, index: inExpr(expr.index) };
    return "args" in expr ? { ...expr, args: expr.args.map(inExpr) } : expr;
  };
  switch (statement.kind) {
    case "let":
    case "declare":
    case "assign":
      return { ...statement, value: inExpr(statement.value) };
    case "store":
      return { ...statement, index: inExpr(statement.index), value: inExpr(statement.value) };
    case "for":
      return {
        ...statement,
        start: inExpr(statement.start),
        end: inExpr(statement.end),
        body: statement.body.map((s) => replaceVariable(s, name, by)),
      };
    case "if":
      return {
        ...statement,
        condition: inExpr(statement.condition),
        then: statement.then.map((s) => replaceVariable(s, name, by)),
        else: statement.else.map((s) => replaceVariable(s, name, by)),
      };
    case "while":
      return {
        ...statement,
        condition: inExpr(statement.condition),
        body: statement.body.map((s) => replaceVariable(s, name, by)),
      };
    case "fence":
      return { ...statement, counter: inExpr(statement.counter) };
    case "barrier":
      return statement;
  }
}

/** A copy of a loop body with another loop variable and fresh names for all that it binds. */
function renameLoop(body: readonly Stmt[], from: string, to: string): Stmt[] {
  const names = new Map([[from, to]]);
  const collect = (statement: Stmt): void => {
    if (statement.kind === "let" || statement.kind === "declare" || statement.kind === "for")
      names.set(statement.name, `${statement.name}_rest`);
    if (statement.kind === "for" || statement.kind === "while") statement.body.forEach(collect);
    if (statement.kind === "if") [...statement.then, ...statement.else].forEach(collect);
  };
  body.forEach(collect);
  const rename = (name: string): string => names.get(name) ?? name;
  const inExpr = (expr: Expr): Expr => {
    if (expr.op === "var") return { ...expr, name: rename(expr.name) };
    if (expr.op === "load") return { ...expr, index: inExpr(expr.index) };
    return "args" in expr ? { ...expr, args: expr.args.map(inExpr) } : expr;
  };
  const inStmt = (s: Stmt): Stmt => {
    switch (s.kind) {
      case "let":
      case "declare":
      case "assign":
        return { ...s, name: rename(s.name), value: inExpr(s.value) };
      case "store":
        return { ...s, index: inExpr(s.index), value: inExpr(s.value) };
      case "for":
        return { ...s, name: rename(s.name), start: inExpr(s.start), end: inExpr(s.end), body: s.body.map(inStmt) };
      case "if":
        return { ...s, condition: inExpr(s.condition), then: s.then.map(inStmt), else: s.else.map(inStmt) };
      case "while":
        return { ...s, condition: inExpr(s.condition), body: s.body.map(inStmt) };
      case "fence":
        return { ...s, counter: inExpr(s.counter) };
      case "barrier":
        return s;
    }
  };
  return body.map(inStmt);
}
