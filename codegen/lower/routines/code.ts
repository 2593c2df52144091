/**
 * What routines are written with: the arrays of one run (inputs copied to where they are worked on, results, scratch)
 * and structured code over them.
 *
 * Loops of a routine must hold when four neighbouring iterations run at once (codegen/schedule/vectorise.ts): a loop
 * that stores into an array reads of it either what it stores or rows that it does not store into, and what all its
 * iterations read is held before it.
 */
import type { DType } from "../../../ir/dtype.ts";
import type { Node, NodeOf } from "../../../ir/graph.ts";
import { unravel, type Index } from "../../../ir/index.ts";
import type { Expr, Kind } from "../../../ir/loop.ts";
import { routineBatch } from "../../../ir/routines/index.ts";
import { elementCount, type Shape } from "../../../ir/shape.ts";
import { evaluate } from "../evaluate.ts";
import { constant, indexExpr, integer, kindOf, load, typeOf, variable } from "../expressions.ts";
import type { KernelBuilder } from "../kernel-builder.ts";
import { add, lt, mul, sub, type Operand } from "./arithmetic.ts";

const i32 = typeOf("i32");

/** Row-major elements of one run. */
export class Elements {
  readonly shape: Shape;
  private readonly builder: KernelBuilder;
  private readonly buffer: string;
  private readonly kind: Kind;
  private readonly start: Operand;

  constructor(builder: KernelBuilder, buffer: string, dtype: DType, shape: Shape, start: Operand) {
    this.builder = builder;
    this.buffer = buffer;
    this.kind = kindOf(dtype);
    this.shape = shape;
    this.start = start;
  }

  private place(at: readonly Operand[]): Expr {
    let place: Operand = 0;
    at.forEach((index, axis) => (place = add(mul(place, this.shape[axis]!), index)));
    const all = add(this.start, place);
    return typeof all === "number" ? integer(all) : all;
  }
  get(...at: Operand[]): Expr {
    return load(this.buffer, typeOf(this.kind), this.place(at));
  }
  set(...args: [...at: Operand[], value: Operand]): void {
    const value = args.at(-1)!;
    this.builder.emit({
      kind: "store",
      buffer: this.buffer,
      index: this.place(args.slice(0, -1)),
      value: typeof value === "number" ? constant(this.kind, value) : value,
    });
  }
}

export class RoutineCode {
  /** The element type of inputs and results. */
  readonly dtype: DType;
  /** The trailing sizes of each input. */
  readonly sizes: readonly Shape[];
  private readonly builder: KernelBuilder;
  private readonly node: NodeOf<"routine">;
  private readonly stores: readonly Node[];
  private readonly stored: (node: Node) => boolean;
  private readonly batch: readonly Index[];
  private readonly run: Expr;

  constructor(
    builder: KernelBuilder,
    node: NodeOf<"routine">,
    stores: readonly Node[],
    stored: (node: Node) => boolean,
    run: Index,
  ) {
    const batch = routineBatch(node.attrs, node.inputs);
    this.builder = builder;
    this.node = node;
    this.stores = stores;
    this.stored = stored;
    this.batch = unravel(run, batch);
    this.run = batch.length === 0 ? integer(0) : variable("run", i32);
    this.dtype = node.inputs[0]!.dtype;
    this.sizes = node.inputs.map((input) => input.shape.slice(batch.length));
  }

  // ---- arrays

  scratch(shape: Shape, dtype: DType = this.dtype): Elements {
    const buffer = this.builder.scratch(dtype, Math.max(1, elementCount(shape)));
    return new Elements(this.builder, buffer, dtype, shape, 0);
  }

  private asked(which: number): Node | undefined {
    return this.stores.find((store) => store.op === "pick" && store.attrs.index === which);
  }
  /** Whether anybody asked for result number `which`. */
  wants(which: number): boolean {
    return this.asked(which) !== undefined;
  }
  /** Where result number `which` goes: to memory, or to scratch when nobody asked for it. */
  result(which: number): Elements {
    const output = this.node.outputs![which]!;
    const shape = output.shape.slice(this.batch.length);
    const asked = this.asked(which);
    if (asked === undefined) return this.scratch(shape, output.dtype);
    this.builder.buffer(asked, "read");
    const buffer = this.builder.buffer(asked, "write");
    return new Elements(this.builder, buffer, output.dtype, shape, this.hold(mul(this.run, elementCount(shape))));
  }

  /** Input number `which` at the coordinates of loops around. */
  input(which: number, at: readonly Index[]): Expr {
    return evaluate({ builder: this.builder, stored: this.stored }, this.node.inputs[which]!, [...this.batch, ...at]);
  }

  /** Copies an input, element by element; `as` gives what to store. */
  copy(which: number, to: Elements, as: (value: Expr, at: readonly Expr[]) => Expr = (value) => value): Elements {
    const shape = this.sizes[which]!;
    const fill = (at: readonly Index[]): void => {
      if (at.length < shape.length) {
        const name = this.builder.fresh("at");
        const count = shape[at.length]!;
        this.builder.loop(name, count, "serial", () => fill([...at, this.builder.position(name, count)]));
        return;
      }
      const places = at.map(indexExpr);
      to.set(...places, as(this.input(which, at), places));
    };
    if (elementCount(shape) > 0) fill([]);
    return to;
  }

  // ---- code

  hold(value: Expr): Expr {
    return this.builder.let(value);
  }
  /** A variable, of the elements' type when it starts from a plain number. */
  variable(value: Operand): Expr {
    return this.builder.declare(typeof value === "number" ? this.number(value) : value);
  }
  number(value: number): Expr {
    return constant(kindOf(this.dtype), value);
  }
  assign(target: Expr, value: Operand): void {
    this.builder.assign(target, typeof value === "number" ? constant(target.type.kind, value) : value);
  }

  for(from: Operand, to: Operand, body: (i: Expr) => void): void {
    const name = this.builder.fresh("i");
    const bound = (value: Operand): Expr => (typeof value === "number" ? integer(value) : value);
    this.builder.range(name, bound(from), bound(to), 1, "serial", () => body(variable(name, i32)));
  }
  /** From `to` - 1 down to `from`. */
  forDown(from: Operand, to: Operand, body: (i: Expr) => void): void {
    this.for(from, to, (i) => body(this.hold(sub(add(from, sub(to, 1)), i))));
  }
  while(condition: Expr, body: () => void): void {
    const statements = this.builder.inScope(body);
    this.builder.emit({ kind: "while", condition, body: statements });
  }
  if(condition: Expr, then: () => void, otherwise?: () => void): void {
    this.builder.if(condition, then, otherwise);
  }

  /** The sum of what the iterations give. */
  sum(from: Operand, to: Operand, term: (i: Expr) => Expr): Expr {
    const total = this.variable(0);
    this.for(from, to, (i) => this.assign(total, add(total, term(i))));
    return total;
  }
  /** The place of the greatest of what the iterations give, the first of equals; `from` when there is none. */
  placeOfLargest(from: Operand, to: Operand, value: (i: Expr) => Expr): Expr {
    const best = this.variable(-Infinity);
    const place = this.builder.declare(typeof from === "number" ? integer(from) : from);
    this.for(from, to, (i) => {
      const candidate = this.hold(value(i));
      this.if(lt(best, candidate), () => {
        this.assign(best, candidate);
        this.assign(place, i);
      });
    });
    return place;
  }
  largest(from: Operand, to: Operand, value: (i: Expr) => Expr): Expr {
    const best = this.variable(0);
    this.for(from, to, (i) => {
      const candidate = this.hold(value(i));
      this.if(lt(best, candidate), () => this.assign(best, candidate));
    });
    return best;
  }
}
