/** Accumulators: how each reduction starts, takes a value, and ends. */
import { IrError } from "../../ir/errors.ts";
import type { Node } from "../../ir/graph.ts";
import type { Index } from "../../ir/index.ts";
import type { Expr, Kind, Operation } from "../../ir/loop.ts";
import { apply, constant, convert, indexExpr, integer, kindOf, narrowed, select, typeOf } from "./expressions.ts";
import type { KernelBuilder, Target } from "./kernel-builder.ts";

export const combiner: Readonly<Record<string, Operation>> = {
  reduce_sum: "add",
  reduce_prod: "mul",
  reduce_max: "max",
  reduce_min: "min",
};

const lowest: Readonly<Record<Kind, number | bigint>> = {
  f32: -Infinity,
  f64: -Infinity,
  i32: -(2 ** 31),
  i64: -(2n ** 63n),
  bool: 0,
};
const highest: Readonly<Record<Kind, number | bigint>> = {
  f32: Infinity,
  f64: Infinity,
  i32: 2 ** 31 - 1,
  i64: 2n ** 63n - 1n,
  bool: 1,
};

export function identityOf(operation: Operation, kind: Kind): Expr {
  switch (operation) {
    case "add":
      return constant(kind, 0);
    case "mul":
      return constant(kind, 1);
    case "max":
      return constant(kind, lowest[kind]);
    case "min":
      return constant(kind, highest[kind]);
    default:
      throw new IrError("ir/reduce", `${operation} is no reduction`);
  }
}

/** A truth value's sum and maximum are `or`, its product and minimum `and`. */
export const combine = (operation: Operation, a: Expr, b: Expr): Expr => {
  if (a.type.kind === "bool") return apply(operation === "max" || operation === "add" ? "or" : "and", a.type, a, b);
  return apply(operation, a.type, a, b);
};

/** Whether sums are kept wider than their values: where the device has float64, so that long ones lose no digits. */
export const isWidened = (target: Target, kind: Kind): boolean => target.kind === "cpu" && kind === "f32";

export interface Accumulator {
  /** Takes one element's value. */
  add(value: Expr, position: readonly Index[]): void;
  /** The variables with the operation that joins two partial results (null: by `argument`). */
  readonly parts: readonly Expr[];
  readonly operation: Operation | null;
  /** The reduction's value, in the register form of the node's type. */
  finish(): Expr;
}

export function accumulator(builder: KernelBuilder, node: Node): Accumulator {
  const operation = combiner[node.op];
  const source = node.inputs[0]!;
  const kind = kindOf(source.dtype);
  if (operation === "add" && isWidened(builder.target, kind)) {
    const total = builder.declare(constant("f64", 0), "acc");
    return {
      parts: [total],
      operation,
      add: (value) => builder.assign(total, apply("add", total.type, total, apply("cast", total.type, value))),
      finish: () => narrowed(apply("cast", typeOf(kind), total), node.dtype),
    };
  }
  if (operation !== undefined) {
    const total = builder.declare(identityOf(operation, kind), "acc");
    return {
      parts: [total],
      operation,
      add: (value) => builder.assign(total, combine(operation, total, value)),
      finish: () => narrowed(total, node.dtype),
    };
  }
  const largest = node.op === "argmax";
  // The first is as good as what nothing is worse than, so that it is found if nothing is better.
  const best = builder.declare(identityOf(largest ? "max" : "min", kind), "best");
  const where = builder.declare(integer(0), "where");
  const axis = (node.attrs as { axes: readonly number[] }).axes[0]!;
  return {
    parts: [best, where],
    operation: null,
    add: (value, position) => {
      const one = builder.let(value);
      const taken = builder.let(betterThan(kind, largest, one, best));
      builder.assign(best, select(taken, one, best));
      builder.assign(where, select(taken, indexExpr(position[axis]!), where));
    },
    finish: () => convert(where, "int32", "int64"),
  };
}

/** Strictly better, NaN being better than every number (so that the first NaN wins). */
export function betterThan(kind: Kind, largest: boolean, value: Expr, best: Expr): Expr {
  const bool = typeOf("bool");
  if (kind !== "f32" && kind !== "f64") {
    const [a, b] =
      kind === "bool" ? [apply("cast", typeOf("i32"), value), apply("cast", typeOf("i32"), best)] : [value, best];
    return apply(largest ? "gt" : "lt", bool, a, b);
  }
  // Not "no better" holds of NaN, too.
  const noBetter = apply(largest ? "le" : "ge", bool, value, best);
  return apply("and", bool, apply("not", bool, noBetter), apply("eq", bool, best, best));
}
