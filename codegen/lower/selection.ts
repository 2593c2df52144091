/**
 * The first few of a sorted row: a heap keeps the best so far, its worst at the root. Elements are held against the
 * root a block at a time, since few blocks have any that is better; of equal elements the earlier is better, so that
 * the order is a stable sort's.
 */
import type { NodeOf } from "../../ir/graph.ts";
import type { Index } from "../../ir/index.ts";
import type { Expr } from "../../ir/loop.ts";
import { apply, integer, kindOf, load, select, typeOf, variable } from "./expressions.ts";
import type { KernelBuilder } from "./kernel-builder.ts";
import { betterThan, combine, identityOf } from "./reductions.ts";

const i32 = typeOf("i32");
const bool = typeOf("bool");

/** Elements whose best is held against the root. */
const blockLength = 256;
/** A heap of more of the row than this is slower than sorting it. */
const mostOfRow = 1 / 4;

export const isSelection = ({ attrs, inputs }: NodeOf<"sort">): boolean =>
  attrs.count <= mostOfRow * inputs[0]!.shape[attrs.axis]!;

interface Entry {
  readonly value: Expr;
  readonly place: Expr;
}

const plus = (a: Expr, b: Expr): Expr => apply("add", i32, a, b);
const minus = (a: Expr, b: Expr): Expr => apply("sub", i32, a, b);

export class Selection {
  /** Values and positions, best first when the row has been taken. */
  private readonly values: string;
  private readonly places: string;
  private readonly builder: KernelBuilder;
  private readonly count: number;
  private readonly length: number;
  private readonly largest: boolean;
  private readonly dtype: NodeOf<"sort">["dtype"];

  constructor(builder: KernelBuilder, node: NodeOf<"sort">) {
    const { axis, descending, count } = node.attrs;
    const source = node.inputs[0]!;
    this.builder = builder;
    this.count = count;
    this.length = source.shape[axis]!;
    this.largest = descending;
    this.dtype = source.dtype;
    this.values = builder.scratch(source.dtype, count);
    this.places = builder.scratch("int32", count);
  }

  value(m: Expr): Expr {
    return load(this.values, typeOf(this.kind), m);
  }
  place(m: Expr): Expr {
    return load(this.places, i32, m);
  }

  /** Takes a row, whose elements `valueAt` gives. */
  take(valueAt: (place: Index) => Expr): void {
    const { builder, count, length } = this;
    this.over(count, (at, index) => this.set(index, { value: valueAt(at), place: index }));
    this.over(count >> 1, (_, index) => {
      const root = builder.let(minus(integer((count >> 1) - 1), index));
      this.sift(root, integer(count), this.get(root));
    });
    const block = builder.fresh("block");
    builder.range(block, integer(count), integer(length), blockLength, "serial", () => {
      const start = variable(block, i32);
      const stop = builder.let(apply("min", i32, integer(length), plus(start, integer(blockLength))));
      builder.if(this.mayEnter(this.bestOf(start, stop, valueAt)), () =>
        this.within(start, stop, (at, index) => {
          const value = builder.let(valueAt(at));
          builder.if(this.isBetter(value, this.get(integer(0)).value), () =>
            this.sift(integer(0), integer(count), { value, place: index }),
          );
        }),
      );
    });
    this.sortHeap();
  }

  private get kind(): Expr["type"]["kind"] {
    return kindOf(this.dtype);
  }

  private get(index: Expr): Entry {
    const { builder } = this;
    const value = builder.let(load(this.values, typeOf(this.kind), index));
    return { value, place: builder.let(load(this.places, i32, index)) };
  }

  private set(index: Expr, { value, place }: Entry): void {
    this.builder.emit({ kind: "store", buffer: this.values, index, value });
    this.builder.emit({ kind: "store", buffer: this.places, index, value: place });
  }

  private over(count: number, body: (at: Index, index: Expr) => void): void {
    this.within(integer(0), integer(count), body);
  }

  private within(start: Expr, stop: Expr, body: (at: Index, index: Expr) => void): void {
    const name = this.builder.fresh("k");
    const at = this.builder.position(name, this.length);
    this.builder.range(name, start, stop, 1, "serial", () => body(at, variable(name, i32)));
  }

  private bestOf(start: Expr, stop: Expr, valueAt: (place: Index) => Expr): Expr {
    const { builder } = this;
    const operation = this.largest ? "max" : "min";
    const best = builder.declare(identityOf(operation, this.kind), "best");
    this.within(start, stop, (at) => builder.assign(best, combine(operation, best, valueAt(at))));
    return builder.name(best);
  }

  /** Whether a block with this minimum or maximum can have an element for the heap. A NaN hides what is smallest. */
  private mayEnter(best: Expr): Expr {
    const isBetter = this.isBetter(best, this.get(integer(0)).value);
    const isFloat = this.kind === "f32" || this.kind === "f64";
    return this.largest || !isFloat ? isBetter : apply("or", bool, isBetter, apply("ne", bool, best, best));
  }

  /** NaN counts as largest. */
  private isBetter(a: Expr, b: Expr): Expr {
    return this.largest ? betterThan(this.kind, true, a, b) : betterThan(this.kind, true, b, a);
  }

  private isWorse(a: Entry, b: Entry): Expr {
    const { builder } = this;
    const equal = apply("not", bool, this.isBetter(a.value, b.value));
    const later = apply("and", bool, equal, apply("gt", bool, a.place, b.place));
    return builder.let(apply("or", bool, this.isBetter(b.value, a.value), later));
  }

  /** Puts an entry where the root of a heap was: down among the worse ones below. */
  private sift(root: Expr, size: Expr, entry: Entry): void {
    const { builder } = this;
    const hole = builder.declare(root, "hole");
    const child = builder.declare(plus(plus(root, root), integer(1)), "child");
    const body = builder.inScope(() => {
      const left = builder.name(child);
      const right = builder.let(apply("min", i32, plus(left, integer(1)), minus(size, integer(1))));
      const [a, b] = [this.get(left), this.get(right)];
      const takesRight = this.isWorse(b, a);
      const worst: Entry = {
        value: builder.let(select(takesRight, b.value, a.value)),
        place: builder.let(select(takesRight, b.place, a.place)),
      };
      builder.if(
        this.isWorse(worst, entry),
        () => {
          this.set(hole, worst);
          builder.assign(hole, select(takesRight, right, left));
          builder.assign(child, plus(plus(hole, hole), integer(1)));
        },
        () => builder.assign(child, size),
      );
    });
    builder.emit({ kind: "while", condition: apply("lt", bool, child, size), body });
    this.set(hole, entry);
  }

  /** Takes the worst out again and again, to the end of what is left. */
  private sortHeap(): void {
    const { builder, count } = this;
    this.over(count - 1, (_, index) => {
      const last = builder.let(minus(integer(count - 1), index));
      const [worst, moved] = [this.get(integer(0)), this.get(last)];
      this.set(last, worst);
      this.sift(integer(0), last, moved);
    });
  }
}
