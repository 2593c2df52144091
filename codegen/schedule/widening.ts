/**
 * The body of a loop on four or two neighbouring iterations at once: values that differ between them become vectors,
 * positions and values that do not stay scalars.
 */
import { mathFunctions, type BufferParam, type Expr, type Operation, type Stmt, type Type } from "../../ir/loop.ts";
import { addI, integer, mulI } from "../lower/expressions.ts";
import { choicesOf, partialName, type Choice } from "./choices.ts";
import { countOf } from "./columns.ts";
import { isWideSum } from "./narrow-sums.ts";
import { assignedFromOutside, mentions, visitExprs, visitStmts, type ForStmt } from "./statements.ts";

/** Elements that fill a vector: of 32 bits, or of 64. */
export type Lanes = 4 | 2;

/** Operations that exist on vectors and masks of either width; mathematical functions on f32x4 alone. */
const vectorOperations = new Set<Operation>([
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
  "narrow",
]);
const functionsOfFloats = new Set<Operation>([...mathFunctions, "exp_nonpositive"]);
const vectorMemory = new Set<string>(["float32", "int32", "bool"]);
/** What has no lanes of its own on a GPU, and is converted as it is loaded and stored elsewhere. */
const narrowMemory = new Set<string>(["float16", "bfloat16", "int16", "int8", "uint8"]);
/** What fills a vector by two. */
const wideMemory = new Set<string>(["float64", "int64"]);
const isWide = (kind: Type["kind"]): boolean => kind === "f64" || kind === "i64";

/** What vectors may be loaded from and stored to. */
export interface VectorMemory {
  readonly buffers: ReadonlyMap<string, BufferParam>;
  /** Elements that are narrower or wider than 32 bits, too. */
  readonly everyWidth: boolean;
  /** Elements this far apart are taken one by one; farther apart that costs more than the vectors save. */
  readonly farthest: number;
  /** Iterations may have scratch memory of their own. */
  readonly ownScratch: boolean;
}
const strided = new Set<string>(["float32", "int32", ...wideMemory]);
export const reductionOperations: Partial<Record<Operation, Operation>> = {
  add: "reduce_add",
  mul: "reduce_mul",
  max: "reduce_max",
  min: "reduce_min",
};

export class NotVectorisable extends Error {}
/** In vectors of four. */
export class TooWide extends NotVectorisable {}
// Made once: their stacks, which nobody reads, take longer to make than what they answer.
export const notVectorisable = new NotVectorisable();
const tooWide = new TooWide();

/** How a value varies over the lanes: not at all, by a step an element, or freely (then it is a vector). */
type Variation =
  { readonly kind: "uniform" } | { readonly kind: "step"; readonly by: number } | { readonly kind: "vector" };
const uniform: Variation = { kind: "uniform" };
const free: Variation = { kind: "vector" };

/** A variable from outside that takes a value of each iteration: it gets a vector of partial results. */
export interface Reduction {
  readonly name: string;
  readonly operation: Operation;
  /** Of the values taken. */
  readonly kind: Type["kind"];
  /** Of the variable. */
  readonly total: Type["kind"];
}

/** Whole numbers are divided by constants alone, by way of a product. */
const isByConstant = (divisor: Expr): boolean => divisor.op === "const" && Number(divisor.value) > 1;

/** Shorter sums of products are not worth the joining of a vector. */
const leastProducts = 16;

/** float64 of a float32 value. */
const isWidened = (value: Expr): value is Extract<Expr, { readonly args: readonly Expr[] }> =>
  value.op === "cast" && value.type.kind === "f64" && value.args[0]!.type.kind === "f32";

export class Widening {
  private readonly variation = new Map<string, Variation>();
  readonly reductions: Reduction[] = [];
  readonly choices: readonly Choice[];
  stores = 0;
  private readonly inside = new Set<string>();
  /** Variables from outside that the loop assigns: only their own reduction may read them. */
  private readonly carried: ReadonlySet<string>;
  /** Those of choices, which are vectors. */
  private readonly chosen: ReadonlySet<string>;
  private readonly loaded = new Set<string>();
  /** Scratch memory that each iteration has for itself: for so many iterations there is as often as much. */
  private readonly own = new Set<string>();
  readonly scratch: BufferParam[] = [];
  /** float64 names of what is a vector of float32. */
  private readonly widened = new Set<string>();
  private readonly memory: VectorMemory;
  private readonly loop: ForStmt;
  private readonly suffix: string;
  readonly lanes: Lanes;

  /** `suffix` tells the names of several copies of one loop apart. */
  constructor(memory: VectorMemory, loop: ForStmt, lanes: Lanes, suffix: string) {
    this.lanes = lanes;
    this.memory = memory;
    this.loop = loop;
    this.suffix = suffix;
    this.variation.set(loop.name, { kind: "step", by: 1 });
    this.carried = assignedFromOutside(loop.body);
    this.choices = choicesOf(loop.body, this.carried);
    this.chosen = new Set(this.choices.flatMap(({ best, where }) => [best.name, where.name]));
    visitExprs(loop.body, (expr) => {
      if (expr.op === "load") this.loaded.add(expr.buffer);
    });
    if (!memory.ownScratch) return;
    visitStmts(loop.body, (s) => {
      if (s.kind !== "store" || this.own.has(s.buffer) || mentions(s.index, loop.name)) return;
      const buffer = memory.buffers.get(s.buffer)!;
      if (buffer.scope !== "scratch" || !this.hasVectors(buffer)) return;
      this.own.add(s.buffer);
      this.scratch.push({ ...buffer, name: this.ownName(s.buffer), elements: buffer.elements * lanes });
    });
  }

  private isNear(by: number): boolean {
    return by > 1 && by <= this.memory.farthest;
  }

  private ownName(buffer: string): string {
    return `${buffer}_lanes${this.suffix}`;
  }

  /** The vector in place of an element of scratch memory that an iteration has for itself. */
  private ownPlace(buffer: string, index: Expr): { readonly buffer: string; readonly index: Expr } {
    return { buffer: this.ownName(buffer), index: mulI(this.scalar(index), integer(this.lanes)) };
  }

  private isOwn(buffer: string, index: Expr): boolean {
    if (!this.own.has(buffer)) return false;
    if (this.vary(index).kind !== "uniform") throw notVectorisable;
    return true;
  }

  /** @throws NotVectorisable */
  run(): Stmt[] {
    return this.block(this.loop.body);
  }

  private hasVectors({ dtype }: BufferParam): boolean {
    if (this.lanes === 2) return dtype === "bool" || wideMemory.has(dtype);
    if (wideMemory.has(dtype)) throw tooWide;
    return vectorMemory.has(dtype) || (this.memory.everyWidth && narrowMemory.has(dtype));
  }

  /** The body on neighbouring iterations. */
  private block(body: readonly Stmt[]): Stmt[] {
    return body.flatMap((statement) => this.statement(statement));
  }

  /** Stores to every second element or so: only where nothing reads what they write. */
  private stridedStore(statement: Extract<Stmt, { kind: "store" }>, by: number): Stmt[] {
    const { dtype, access, scope } = this.memory.buffers.get(statement.buffer)!;
    const isUnread = scope === "scratch" ? !this.loaded.has(statement.buffer) : access === "write" && this.isNear(by);
    if (!isUnread || !strided.has(dtype)) throw notVectorisable;
    const value = this.vector(statement.value);
    const name = `${this.loop.name}_apart${this.stores++}${this.suffix}`;
    const vector: Expr = { op: "var", type: value.type, name };
    const type: Type = { kind: value.type.kind, lanes: 1 };
    return [
      { kind: "let", name, value },
      ...Array.from({ length: this.lanes }, (_, lane): Stmt => ({
        ...statement,
        index: addI(this.scalar(statement.index), integer(lane * by)),
        value: { op: "extract", type, args: [vector], lane },
      })),
    ];
  }

  private name(name: string): string {
    if (this.chosen.has(name)) return partialName(name, this.suffix);
    return this.inside.has(name) && this.suffix !== "" ? name + this.suffix : name;
  }

  private statement(statement: Stmt): Stmt | Stmt[] {
    switch (statement.kind) {
      case "let":
      case "declare": {
        this.inside.add(statement.name);
        const how = this.vary(statement.value);
        if (statement.kind === "let" && how.kind === "vector" && this.lanes === 4 && isWidened(statement.value)) {
          this.widened.add(statement.name);
          this.variation.set(statement.name, free);
          return { ...statement, name: this.name(statement.name), value: this.vector(statement.value.args[0]!) };
        }
        // An accumulator of this iteration is a vector, whatever it starts from.
        const variation = statement.kind === "declare" ? free : how;
        this.variation.set(statement.name, variation);
        const value = variation.kind === "vector" ? this.vector(statement.value) : this.scalar(statement.value);
        return { ...statement, name: this.name(statement.name), value };
      }
      case "assign": {
        if (this.inside.has(statement.name) || this.chosen.has(statement.name))
          return { ...statement, name: this.name(statement.name), value: this.vector(statement.value) };
        return this.reduction(statement.name, statement.value);
      }
      case "store": {
        if (this.isOwn(statement.buffer, statement.index)) {
          this.stores++;
          return {
            ...statement,
            ...this.ownPlace(statement.buffer, statement.index),
            value: this.vector(statement.value),
          };
        }
        const step = this.vary(statement.index);
        const buffer = this.memory.buffers.get(statement.buffer)!;
        if (step.kind !== "step") throw notVectorisable;
        if (step.by !== 1) return this.stridedStore(statement, step.by);
        if (!this.hasVectors(buffer)) throw notVectorisable;
        this.stores++;
        return { ...statement, index: this.scalar(statement.index), value: this.vector(statement.value) };
      }
      case "for": {
        if (
          this.vary(statement.start).kind !== "uniform" ||
          this.vary(statement.end).kind !== "uniform" ||
          statement.mode === "lane"
        )
          throw notVectorisable;
        this.variation.set(statement.name, uniform);
        return {
          ...statement,
          start: this.scalar(statement.start),
          end: this.scalar(statement.end),
          body: this.block(statement.body),
        };
      }
      default:
        throw notVectorisable;
    }
  }

  private reduction(name: string, value: Expr): Stmt {
    if (!("args" in value)) throw notVectorisable;
    if (value.op === "madd") return this.sumOfProducts(name, value.args);
    if (value.args.length !== 2) throw notVectorisable;
    const [a, b] = value.args as [Expr, Expr];
    if (!(a.op === "var" && a.name === name) || mentions(b, name)) throw notVectorisable;
    const operation = value.op;
    if (reductionOperations[operation] === undefined || value.type.kind === "bool") throw notVectorisable;
    if (this.reductions.some((r) => r.name === name)) throw notVectorisable;
    const taken = isWideSum(value, name) && b.op === "cast" ? b.args[0]! : b;
    const type = this.widen(taken.type);
    this.reductions.push({ name, operation, kind: type.kind, total: value.type.kind });
    const partial = partialName(name, this.suffix);
    return {
      kind: "assign",
      name: partial,
      value: { op: operation, type, args: [{ op: "var", type, name: partial }, this.vector(taken)] },
    };
  }

  /** A float64 sum of products of float32 values: of float32 vectors, as other wide sums are. */
  private sumOfProducts(name: string, args: readonly Expr[]): Stmt {
    const [a, b, sum] = args as [Expr, Expr, Expr];
    const isSum = sum.op === "var" && sum.name === name && sum.type.kind === "f64";
    const isLong = (countOf(this.loop) ?? 0) >= leastProducts;
    if (this.lanes !== 4 || !isSum || !isLong || this.reductions.some((r) => r.name === name)) throw notVectorisable;
    const type: Type = { kind: "f32", lanes: 4 };
    const narrow = (factor: Expr): Expr => {
      if (isWidened(factor)) return this.vector(factor.args[0]!);
      if (factor.op !== "var" || !this.widened.has(factor.name)) throw notVectorisable;
      return { op: "var", type, name: this.name(factor.name) };
    };
    this.reductions.push({ name, operation: "add", kind: "f32", total: "f64" });
    const partial = partialName(name, this.suffix);
    const value: Expr = { op: "madd", type, args: [narrow(a), narrow(b), { op: "var", type, name: partial }] };
    return { kind: "assign", name: partial, value };
  }

  private widen(type: Type): Type {
    const { lanes } = this;
    if (type.lanes !== 1) throw notVectorisable;
    if (type.kind !== "bool" && isWide(type.kind) !== (lanes === 2)) throw lanes === 4 ? tooWide : notVectorisable;
    return { kind: type.kind, lanes };
  }

  private hasInstructions({ op, type: { kind }, args }: Extract<Expr, { readonly args: readonly Expr[] }>): boolean {
    if (functionsOfFloats.has(op)) return kind === "f32";
    if (kind === "i32" && (op === "div" || op === "rem")) return isByConstant(args[1]!);
    // What processors have no instruction for takes longer in vectors.
    if (kind === "i64" && (op === "mul" || op === "div")) return false;
    return vectorOperations.has(op);
  }

  private vary(expr: Expr): Variation {
    switch (expr.op) {
      case "const":
      case "param":
        return uniform;
      case "var":
        if (this.chosen.has(expr.name)) return free;
        if (this.carried.has(expr.name)) throw notVectorisable; // a running value, such as a scan's
        return this.variation.get(expr.name) ?? uniform;
      case "load": {
        const step = this.vary(expr.index);
        return step.kind === "uniform" && !this.own.has(expr.buffer) ? uniform : free;
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
        if (this.isOwn(expr.buffer, expr.index)) return { ...expr, type, ...this.ownPlace(expr.buffer, expr.index) };
        const step = this.vary(expr.index);
        const buffer = this.memory.buffers.get(expr.buffer)!;
        if (step.kind !== "step") throw notVectorisable;
        const index = this.scalar(expr.index);
        if (step.by !== 1 && buffer.access === "read" && this.isNear(step.by) && strided.has(buffer.dtype)) {
          const apart = (lane: number): Expr => ({ ...expr, index: addI(index, integer(lane * step.by)) });
          return { op: "join", type, args: Array.from({ length: this.lanes }, (_, lane) => apart(lane)) };
        }
        if (step.by !== 1 || !this.hasVectors(buffer)) throw notVectorisable;
        return { ...expr, type, index };
      }
      case "const":
      case "param":
        return { op: "splat", type, args: [expr] };
      default: {
        if (!this.hasInstructions(expr)) throw notVectorisable;
        if (expr.op === "shl" || expr.op === "shr" || expr.op === "ushr") {
          const [value, count] = expr.args as [Expr, Expr];
          if (this.vary(count).kind !== "uniform") throw notVectorisable;
          return { ...expr, type, args: [this.vector(value), this.vector(count)] };
        }
        return { ...expr, type, args: expr.args.map((arg) => this.vector(arg)) };
      }
    }
  }
}
