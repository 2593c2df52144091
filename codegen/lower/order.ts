/** Lowers the regions whose elements depend on each other's order, but for sorts (sort.ts): scan and scatter. */
import type { Node, NodeOf } from "../../ir/graph.ts";
import { Index, linear, unravel } from "../../ir/index.ts";
import type { Expr, Kind } from "../../ir/loop.ts";
import { contiguousStrides, elementCount } from "../../ir/shape.ts";
import {
  apply,
  cast,
  constant,
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
import { combine, identityOf, isWidened } from "./reductions.ts";

type Stored = (node: Node) => boolean;
const i32 = typeOf("i32");
const bool = typeOf("bool");
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
export function overRows(
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
