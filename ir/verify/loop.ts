/**
 * Verifies a kernel. Checks that
 *  - buffers, numbers and variables have names of their own, each bound once in the kernel and used where it is bound;
 *  - only variables that `var` declared are assigned, with values of their type;
 *  - operands are as many as the operation takes and agree with its type rule; vectors have 128 bits;
 *  - loads and stores name a buffer with that access, move its register type, and index it by an i32;
 *  - an index whose bounds follow from constants and loops stays inside its buffer;
 *  - loops count upwards by a whole positive step between i32 bounds; a lane loop stands in a parallel one;
 *  - barriers stand in a parallel loop and under no condition;
 *  - sizes of buffers are whole; scratch and workgroup buffers can be read and written.
 * Cost: O(size of the kernel).
 */
import type { BufferParam, Expr, LoopKernel, Operation, Stmt, Type } from "../loop.ts";
import { elementType, impliedType, sameType, typeRules, typeText } from "../text/loop-types.ts";
import { LoopPrinter } from "../text/loop-printer.ts";
import { besideOf, intervalOf, type Interval } from "./interval.ts";
import { check } from "./report.ts";

interface Variable {
  readonly type: Type;
  readonly assignable: boolean;
}
/** What surrounds a statement. */
interface Surroundings {
  readonly parallel: boolean;
  readonly conditional: boolean;
}

const words = (text: string): string[] => text.split(" ");
const unary = words(
  "neg abs sqrt floor ceil trunc nearest not exp exp_nonpositive exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh " +
    "tanh asinh acosh atanh sigmoid erf erfc erfinv lgamma digamma cast bitcast narrow splat ramp extract reduce_add " +
    "reduce_mul reduce_max reduce_min",
);
const operandCounts = new Map<string, number>([
  ...unary.map((op) => [op, 1] as const),
  ["select", 3],
  ["madd", 3],
  ["local_index", 0],
]);
const operandCount = (op: Operation, { lanes }: Type): number => (op === "join" ? lanes : (operandCounts.get(op) ?? 2));

const bits = new Set<string>(words("and or xor not shl shr ushr"));
const floatOnly = new Set<string>(
  words(
    "sqrt copysign exp exp_nonpositive exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh " +
      "atanh sigmoid erf erfc erfinv lgamma digamma pow",
  ),
);

/** Kernels found well formed. None is ever changed, and each is seen after several passes and in several programs. */
const verified = new WeakSet<LoopKernel>();

/** @throws IrError naming the kernel, the statement and the broken rule */
export function verifyKernel(kernel: LoopKernel): void {
  if (verified.has(kernel)) return;
  new KernelVerifier(kernel).run();
  verified.add(kernel);
}

class KernelVerifier {
  private readonly kernel: LoopKernel;
  private readonly printer: LoopPrinter;
  private readonly buffers = new Map<string, BufferParam>();
  /** Every name that was ever bound. */
  private readonly bound = new Set<string>();
  private readonly variables = new Map<string, Variable>();
  private readonly intervals = new Map<string, Interval | null>();
  /** Memory of the kernel's own that some statement so far has written. */
  private readonly filled = new Set<string>();
  private statement = "its parameters";

  constructor(kernel: LoopKernel) {
    this.kernel = kernel;
    this.printer = new LoopPrinter(kernel);
  }

  private check(condition: boolean, rule: string): asserts condition {
    check(condition, () => `${this.kernel.name}, at ${this.statement}`, rule);
  }

  run(): void {
    const { buffers, numbers, body, workgroupSize } = this.kernel;
    for (const buffer of buffers) {
      this.bind(buffer.name);
      this.buffers.set(buffer.name, buffer);
      this.check(
        Number.isInteger(buffer.elements) && buffer.elements >= 0,
        `${buffer.name} has a whole number of elements`,
      );
      this.check(
        buffer.scope === "argument" || buffer.access === "readwrite",
        `${buffer.name} can be read and written`,
      );
    }
    for (const { name, kind } of numbers) {
      this.bind(name);
      this.variables.set(name, { type: { kind, lanes: 1 }, assignable: false });
    }
    this.check(Number.isInteger(workgroupSize) && workgroupSize > 0, "a workgroup has a size");
    this.block(body, { parallel: false, conditional: false });
  }

  private bind(name: string): void {
    this.check(!this.bound.has(name), `${name} is bound once`);
    this.bound.add(name);
  }

  /** A block's variables are forgotten at its end. */
  private block(body: readonly Stmt[], around: Surroundings): void {
    const added: string[] = [];
    for (const statement of body) {
      if ("name" in statement && statement.kind !== "assign" && statement.kind !== "for") added.push(statement.name);
      this.visit(statement, around);
    }
    for (const name of added) this.variables.delete(name);
  }

  private visit(s: Stmt, around: Surroundings): void {
    this.statement = describe(s, this.printer);
    switch (s.kind) {
      case "let":
      case "declare": {
        const type = this.expression(s.value);
        this.bind(s.name);
        this.variables.set(s.name, { type, assignable: s.kind === "declare" });
        this.intervals.set(s.name, s.kind === "let" ? intervalOf(s.value, this.intervals) : null);
        return;
      }
      case "assign": {
        const variable = this.variables.get(s.name);
        this.check(variable?.assignable === true, `${s.name} is declared`);
        this.check(sameType(this.expression(s.value), variable.type), `${s.name} keeps its type`);
        return;
      }
      case "store": {
        const buffer = this.buffer(s.buffer, "write");
        const type = this.expression(s.value);
        this.check(type.kind === elementType(buffer).kind, `${s.buffer} holds ${buffer.dtype}`);
        this.index(s.index, buffer, type.lanes);
        this.filled.add(s.buffer);
        return;
      }
      case "for":
        return this.loop(s, around);
      case "while":
        this.condition(s.condition);
        return this.block(s.body, { ...around, conditional: true });
      case "if":
        this.condition(s.condition);
        this.block(s.then, { ...around, conditional: true });
        return this.block(s.else, { ...around, conditional: true });
      case "fence":
        this.check(sameType(this.expression(s.counter), i32), "a fence counts in i32");
        return;
      case "barrier":
        this.check(around.parallel && !around.conditional, "all invocations meet at a barrier");
    }
  }

  private loop(s: Extract<Stmt, { kind: "for" }>, around: Surroundings): void {
    this.check(sameType(this.expression(s.start), i32) && sameType(this.expression(s.end), i32), "loop bounds are i32");
    this.check(Number.isInteger(s.step) && s.step > 0, "a loop's step is whole and positive");
    this.check(s.mode !== "lane" || around.parallel, "a lane loop stands in a parallel one");
    this.bind(s.name);
    const [start, end] = [intervalOf(s.start, this.intervals), intervalOf(s.end, this.intervals)];
    if (start && end && end.max <= start.min) return; // never runs
    this.variables.set(s.name, { type: i32, assignable: false });
    this.intervals.set(s.name, start && end ? { ...iterations(start, end, s.step), ...besideOf(s.end) } : null);
    this.block(s.body, { ...around, parallel: around.parallel || s.mode === "parallel" });
    this.variables.delete(s.name);
  }

  private condition(expr: Expr): void {
    this.check(sameType(this.expression(expr), { kind: "bool", lanes: 1 }), "a condition is a truth value");
  }

  private buffer(name: string, access: "read" | "write"): BufferParam {
    const buffer = this.buffers.get(name);
    this.check(buffer !== undefined, `${name} is a buffer`);
    this.check(
      buffer.access === "readwrite" || buffer.access === access,
      `${name} may be ${access === "read" ? "read" : "written"}`,
    );
    return buffer;
  }

  private index(index: Expr, buffer: BufferParam, lanes: number): void {
    this.check(sameType(this.expression(index), i32), "an index is one i32");
    const interval = intervalOf(index, this.intervals);
    const inside = interval === null || (interval.min >= 0 && interval.max + lanes <= buffer.elements);
    this.check(
      inside,
      `indices ${interval?.min} to ${interval?.max} (x${lanes}) lie in the ${buffer.elements} elements of ${buffer.name}`,
    );
  }

  private expression(expr: Expr): Type {
    const { type } = expr;
    const wide = type.kind === "f64" || type.kind === "i64" ? 2 : 4;
    const isMask = type.kind === "bool" && type.lanes === 2;
    this.check(type.lanes === 1 || type.lanes === wide || isMask, `${typeText(type)} is a register`);
    switch (expr.op) {
      case "const":
        this.check(
          (typeof expr.value === "bigint") === (type.kind === "i64"),
          "an i64 literal is a bigint, others are not",
        );
        return type;
      case "var":
      case "param": {
        const variable = this.variables.get(expr.name);
        this.check(variable !== undefined, `${expr.name} is bound before it is used`);
        this.check(sameType(variable.type, type), `${expr.name} is ${typeText(variable.type)}`);
        return type;
      }
      case "load": {
        const buffer = this.buffer(expr.buffer, "read");
        this.check(elementType(buffer).kind === type.kind, `${expr.buffer} holds ${buffer.dtype}`);
        this.check(buffer.scope === "argument" || this.filled.has(expr.buffer), `${expr.buffer} is written before`);
        this.index(expr.index, buffer, type.lanes);
        return type;
      }
      default:
        return this.operation(expr);
    }
  }

  private operation(expr: Extract<Expr, { args: readonly Expr[] }>): Type {
    const { op, type } = expr;
    const args = expr.args.map((arg) => this.expression(arg));
    const count = operandCount(op, type);
    this.check(args.length === count, `${op} takes ${count} operands`);
    const implied = impliedType(op, args);
    if (implied !== null) this.check(sameType(implied, type), `${op} gives ${typeText(implied)}`);
    const [a, b, c] = args;
    switch (typeRules[op]) {
      case "same":
      case "comparison":
        this.check(
          args.every((arg) => sameType(arg, a!)),
          `operands of ${op} have one type`,
        );
        break;
      case "choice":
        this.check(
          a!.kind === "bool" && a!.lanes === b!.lanes && sameType(b!, c!),
          "select chooses between two of one type",
        );
        break;
      case "lane":
        this.check(a!.lanes > 1, `${op} takes a vector`);
        break;
      case "stated":
        this.check(
          op === "splat" || op === "ramp" || op === "join"
            ? a!.lanes === 1 && a!.kind === type.kind
            : a!.lanes === type.lanes,
          `${op} keeps its operand's form`,
        );
        break;
      case "index":
        break;
    }
    this.check(!bits.has(op) || !isFloat(type), `${op} works on bits`);
    this.check(!floatOnly.has(op) || isFloat(type), `${op} works on floats`);
    this.check((op === "narrow") === (expr.memory !== undefined), "narrow, and nothing else, names a memory type");
    this.check(op !== "extract" || (expr.lane !== undefined && expr.lane < a!.lanes), "extract names a lane");
    return type;
  }
}

/** The values of a loop's variable. */
function iterations(start: Interval, end: Interval, step: number): Interval {
  const stride = start.min === start.max ? step : commonDivisor(step, start.stride ?? 1);
  return { min: start.min, max: end.max - 1 - ((end.max - 1 - start.min) % stride), stride };
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

const i32: Type = { kind: "i32", lanes: 1 };
const isFloat = ({ kind }: Type): boolean => kind === "f32" || kind === "f64";

/** The first line of a statement. */
function describe(statement: Stmt, printer: LoopPrinter): string {
  const alone = statement.kind === "for" || statement.kind === "while" ? { ...statement, body: [] } : statement;
  return printer.statement(alone.kind === "if" ? { ...alone, then: [], else: [] } : alone);
}
