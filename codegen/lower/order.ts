/** Lowers the regions whose elements depend on each other's order: scan, sort and scatter. */
import type { Node, NodeOf } from "../../ir/graph.ts";
import { Index, linear, unravel } from "../../ir/index.ts";
import type { Expr, Kind } from "../../ir/loop.ts";
import { contiguousStrides, elementCount } from "../../ir/shape.ts";
import {
  apply,
  cast,
  constant,
  convert,
  indexExpr,
  integer,
  kindOf,
  load,
  narrowed,
  select,
  typeOf,
  variable,
} from "./expressions.ts";
import { dynamicIndex, evaluate, positionOf } from "./evaluate.ts";
import { KernelBuilder, type LoweredKernel, type Target } from "./kernel-builder.ts";
import { betterThan, combine, identityOf, isWidened } from "./reductions.ts";
import { isByBytes, RadixSort } from "./radix-sort.ts";
import { isSelection, Selection } from "./selection.ts";

type Stored = (node: Node) => boolean;
const i32 = typeOf("i32");
const bool = typeOf("bool");
const less = (a: Expr, b: Expr): Expr => apply("lt", bool, a, b);
const plus = (a: Expr, b: Expr): Expr => apply("add", i32, a, b);
const combiners = { sum: "add", prod: "mul", max: "max", min: "min" } as const;

/**
 * log(exp(a) + exp(b)), counted from the larger; equal ones, infinities included, are ln 2 apart from it. What is added
 * to the larger is small, and computed in the width of the values.
 */
function logAddExp(builder: KernelBuilder, a: Expr, b: Expr, values: Kind): Expr {
  const { type } = a;
  const larger = builder.let(apply("max", type, a, b));
  const difference = builder.let(apply("sub", type, apply("min", type, a, b), larger));
  const own = typeOf(values);
  const added = apply("log1p", own, apply("exp_nonpositive", own, cast(difference, values)));
  const curved = apply("add", type, larger, cast(added, type.kind));
  return select(apply("eq", bool, a, b), apply("add", type, a, constant(type.kind, Math.LN2)), curved);
}

/** One parallel loop over all axes but one; `body` gets the coordinates with a hole at `axis`. */
function overRows(
  builder: KernelBuilder,
  shape: readonly number[],
  axis: number,
  body: (at: (along: Index) => Index[]) => void,
): void {
  const others = shape.map((_, i) => i).filter((i) => i !== axis);
  const sizes = others.map((i) => shape[i]!);
  const count = elementCount(sizes);
  builder.loop("row", count, "parallel", () => {
    const parts = unravel(Index.variable("row", count - 1), sizes);
    body((along) => shape.map((_, i) => (i === axis ? along : parts[others.indexOf(i)]!)));
  });
}

export function lowerScan(node: NodeOf<"scan">, name: string, target: Target, stored: Stored): LoweredKernel {
  const builder = new KernelBuilder(target);
  const { axis, kind, reverse } = node.attrs;
  const source = node.inputs[0]!;
  const length = node.shape[axis]!;
  const operation = kind === "logaddexp" ? null : combiners[kind];
  const own = kindOf(source.dtype);
  // Running values are wide where the device has float64, as PyTorch's are on the CPU.
  const isRunning = operation === null || operation === "add" || operation === "mul";
  const wide = isRunning && isWidened(target, own) ? "f64" : own;
  // Elsewhere they restart after each block, so that long ones lose fewer digits.
  const inBlocks = (operation === null || operation === "add") && wide === "f32";
  const blockLength = target.dynamic ? 1024 : Math.max(256, Math.ceil(Math.sqrt(length)));
  const start = identityOf(operation ?? "max", wide);
  const join = (a: Expr, b: Expr): Expr =>
    operation === null ? logAddExp(builder, a, b, own) : combine(operation, a, b);
  overRows(builder, node.shape, axis, (at) => {
    const total = builder.declare(start, "acc");
    const step = (k: Index, running: Expr, before: Expr | null): void => {
      const position = at(reverse ? k.scale(-1).add(length - 1) : k);
      const value = cast(evaluate({ builder, stored }, source, position), wide);
      builder.assign(running, join(running, value));
      const result = before === null ? running : join(before, running);
      const index = indexExpr(linear(position, contiguousStrides(node.shape)));
      const buffer = builder.buffer(node, "write");
      builder.emit({ kind: "store", buffer, index, value: narrowed(cast(result, own), node.dtype) });
    };
    const k = Index.variable("k", length - 1);
    if (!inBlocks) {
      builder.loop("k", length, "serial", () => step(k, total, null));
      return;
    }
    builder.range("block", integer(0), integer(length), blockLength, "serial", () => {
      const part = builder.declare(start, "part");
      const block = variable("block", i32);
      const stop = builder.let(apply("min", i32, integer(length), apply("add", i32, block, integer(blockLength))));
      builder.range("k", block, stop, 1, "serial", () => step(k, part, total));
      builder.assign(total, join(total, part));
    });
  });
  return builder.finish(name);
}

/** Each row in order, or the first of it. */
export function lowerSort(
  node: NodeOf<"sort">,
  stores: readonly Node[],
  name: string,
  target: Target,
  stored: Stored,
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

/** Two kernels: the base copied out, then the updates applied to the copy. */
export function lowerScatter(node: NodeOf<"scatter">, name: string, target: Target, stored: Stored): LoweredKernel[] {
  const [base, updates] = node.inputs as [Node, Node];
  const indices = node.inputs.slice(2);
  const { axes, mode } = node.attrs;
  const strides = contiguousStrides(node.shape);
  const copy = new KernelBuilder(target);
  const count = elementCount(node.shape);
  copy.loop("i", count, "parallel", () => {
    const at = unravel(Index.variable("i", count - 1), node.shape);
    const value = evaluate({ builder: copy, stored }, base, at);
    copy.emit({ kind: "store", buffer: copy.buffer(node, "write"), index: variable("i", i32), value });
  });
  const copied = copy.finish(`${name}_base`);
  if (elementCount(updates.shape) === 0) return [copied];

  const builder = new KernelBuilder(target);
  const lead = indices[0]!.shape;
  const rest = updates.shape.slice(lead.length);
  // An axis indexed by a lead dimension's own position keeps that dimension's iterations apart.
  const leadAt = lead.map((size, d) => Index.variable(`l${d}`, Math.max(0, size - 1)));
  const positions = indices.map((index) => positionOf(index, leadAt));
  const isParallel = lead.map((size, d) => size > 1 && positions.some((p) => p !== null && p.key === leadAt[d]!.key));
  const parallel = [...lead.map((_, d) => d).filter((d) => isParallel[d]), ...rest.map((_, r) => lead.length + r)];
  const serial = lead.map((_, d) => d).filter((d) => !isParallel[d]);
  const sizes = parallel.map((d) => updates.shape[d]!);
  const total = elementCount(sizes);
  builder.loop("p", total, "parallel", () => {
    const parts = unravel(Index.variable("p", total - 1), sizes);
    const at = new Array<Index>(updates.shape.length);
    parallel.forEach((d, i) => (at[d] = parts[i]!));
    const descend = (depth: number): void => {
      const d = serial[depth];
      if (d !== undefined) {
        at[d] = Index.variable(`u${d}`, Math.max(0, lead[d]! - 1));
        builder.loop(`u${d}`, lead[d]!, "serial", () => descend(depth + 1));
        return;
      }
      const context = { builder, stored };
      const where = at.slice(0, lead.length);
      let free = lead.length;
      const coordinates = node.shape.map((size, axis) => {
        const which = axes.indexOf(axis);
        if (which < 0) return at[free++]!;
        const known = positionOf(indices[which]!, where);
        if (known !== null && known.min >= 0 && known.max < size) return known;
        return dynamicIndex(builder, evaluate(context, indices[which]!, where), indices[which]!, size);
      });
      const update = evaluate(context, updates, at);
      const position = builder.let(indexExpr(linear(coordinates, strides)));
      builder.buffer(node, "read");
      const buffer = builder.buffer(node, "write");
      const old = load(buffer, typeOf(kindOf(node.dtype)), position);
      const value =
        mode === "set"
          ? update
          : narrowed(combine(mode === "add" ? "add" : mode === "mul" ? "mul" : mode, old, update), node.dtype);
      builder.emit({ kind: "store", buffer, index: position, value });
    };
    descend(0);
  });
  return [copied, builder.finish(name)];
}
