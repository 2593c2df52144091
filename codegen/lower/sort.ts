/** Lowers the regions that put rows in order. */
import type { Node, NodeOf } from "../../ir/graph.ts";
import { Index, linear } from "../../ir/index.ts";
import type { Expr, Kind } from "../../ir/loop.ts";
import { contiguousStrides } from "../../ir/shape.ts";
import { apply, convert, indexExpr, integer, kindOf, load, select, typeOf, variable } from "./expressions.ts";
import { evaluate } from "./evaluate.ts";
import { KernelBuilder, type LoweredKernel, type Target } from "./kernel-builder.ts";
import { overRows } from "./order.ts";
import { betterThan } from "./reductions.ts";
import { isByBytes, RadixSort } from "./radix-sort.ts";
import { isSelection, Selection } from "./selection.ts";

const i32 = typeOf("i32");
const bool = typeOf("bool");
const less = (a: Expr, b: Expr): Expr => apply("lt", bool, a, b);
const plus = (a: Expr, b: Expr): Expr => apply("add", i32, a, b);

/** Each row in order, or the first of it. */
export function lowerSort(
  node: NodeOf<"sort">,
  stores: readonly Node[],
  name: string,
  target: Target,
  stored: (node: Node) => boolean,
): LoweredKernel {
  const builder = new KernelBuilder(target);
  const { axis, count } = node.attrs;
  const source = node.inputs[0]!;
  const rows: RowOrder = isSelection(node)
    ? new Selection(builder, node)
    : isByBytes(node, target)
      ? new RadixSort(builder, node)
      : new MergeSort(builder, node);
  overRows(builder, source.shape, axis, (at) => {
    rows.take((place) => evaluate({ builder, stored }, source, at(place)));
    builder.loop("m", count, "serial", () => {
      const m = builder.position("m", count);
      const index = indexExpr(linear(at(m), contiguousStrides(node.shape)));
      for (const result of stores) {
        const isPlace = result.op === "pick" && result.attrs.index === 1;
        const value = isPlace ? convert(rows.place(indexExpr(m)), "int32", "int64") : rows.value(indexExpr(m));
        builder.emit({ kind: "store", buffer: builder.buffer(result, "write"), index, value });
      }
    });
  });
  return builder.finish(name);
}

/** Puts rows in order. */
interface RowOrder {
  take(valueAt: (place: Index) => Expr): void;
  /** What is m-th of the row that was taken last, and where it came from. */
  value(m: Expr): Expr;
  place(m: Expr): Expr;
}

/** Bottom-up, in two pairs of scratch arrays. */
class MergeSort implements RowOrder {
  private readonly values: string;
  private readonly places: string;
  private readonly merged: { readonly values: string; readonly places: string };
  private readonly builder: KernelBuilder;
  private readonly length: number;
  private readonly kind: Kind;
  private readonly descending: boolean;

  constructor(builder: KernelBuilder, { attrs, inputs }: NodeOf<"sort">) {
    const { dtype, shape } = inputs[0]!;
    this.builder = builder;
    this.length = shape[attrs.axis]!;
    this.kind = kindOf(dtype);
    this.descending = attrs.descending;
    this.values = builder.scratch(dtype, this.length);
    this.places = builder.scratch("int32", this.length);
    this.merged = { values: builder.scratch(dtype, this.length), places: builder.scratch("int32", this.length) };
  }

  value(m: Expr): Expr {
    return load(this.values, typeOf(this.kind), m);
  }
  place(m: Expr): Expr {
    return load(this.places, i32, m);
  }

  take(valueAt: (place: Index) => Expr): void {
    const { builder, length, values, places, merged } = this;
    builder.loop("k", length, "serial", () => {
      this.set(values, variable("k", i32), valueAt(Index.variable("k", length - 1)));
      this.set(places, variable("k", i32), variable("k", i32));
    });
    const width = builder.declare(integer(1), "width");
    this.while(less(width, integer(length)), () => {
      const start = builder.declare(integer(0), "start");
      this.while(less(start, integer(length)), () => {
        const middle = builder.let(apply("min", i32, plus(start, width), integer(length)));
        const end = builder.let(apply("min", i32, plus(middle, width), integer(length)));
        this.merge(start, middle, end);
        builder.assign(start, end);
      });
      const counter = builder.fresh("c");
      builder.loop(counter, length, "serial", () => {
        const index = variable(counter, i32);
        this.set(values, index, load(merged.values, typeOf(this.kind), index));
        this.set(places, index, load(merged.places, i32, index));
      });
      builder.assign(width, plus(width, width));
    });
  }

  private set(buffer: string, index: Expr, value: Expr): void {
    this.builder.emit({ kind: "store", buffer, index, value });
  }

  private while(condition: Expr, body: () => void): void {
    this.builder.emit({ kind: "while", condition, body: this.builder.inScope(body) });
  }

  private merge(start: Expr, middle: Expr, end: Expr): void {
    const { builder, length, kind, values, places, merged } = this;
    const left = builder.declare(start, "left");
    const right = builder.declare(middle, "right");
    const out = builder.declare(start, "out");
    this.while(less(out, end), () => {
      const leftGone = builder.let(apply("ge", bool, left, middle));
      const rightGone = builder.let(apply("ge", bool, right, end));
      const a = builder.let(load(values, typeOf(kind), apply("min", i32, left, integer(length - 1))));
      const b = builder.let(load(values, typeOf(kind), apply("min", i32, right, integer(length - 1))));
      // Ascending: NaN counts as largest, so the right one goes first when the left is "more extreme".
      const rightFirst = this.descending ? betterThan(kind, true, b, a) : betterThan(kind, true, a, b);
      const takeRight = builder.let(
        apply("or", bool, leftGone, apply("and", bool, apply("not", bool, rightGone), rightFirst)),
      );
      this.set(merged.values, out, select(takeRight, b, a));
      const from = builder.let(select(takeRight, right, left));
      this.set(merged.places, out, load(places, i32, from));
      const step = builder.let(apply("cast", i32, takeRight));
      builder.assign(right, plus(right, step));
      builder.assign(left, plus(left, apply("sub", i32, integer(1), step)));
      builder.assign(out, plus(out, integer(1)));
    });
  }
}
