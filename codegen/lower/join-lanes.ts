/** Sums that the invocations of a workgroup share. */
import type { Node } from "../../ir/graph.ts";
import type { Expr } from "../../ir/loop.ts";
import { apply, integer, kindOf, load, typeOf } from "./expressions.ts";
import type { KernelBuilder } from "./kernel-builder.ts";
import { type Accumulator, betterThan, combine } from "./reductions.ts";

/** Combines the invocations' partial results by a tree in workgroup memory; all of them get the total. */
export function joinLanes(builder: KernelBuilder, sum: Accumulator, node: Node): void {
  const size = builder.workgroupSize;
  const local: Expr = { op: "local_index", type: typeOf("i32"), args: [] };
  const dtypes = sum.parts.map((_, i) => (i === 0 ? node.inputs[0]!.dtype : "int32"));
  const shared = dtypes.map((dtype) => builder.scratch(dtype, size, "workgroup"));
  const at = (i: number, index: Expr): Expr => load(shared[i]!, sum.parts[i]!.type, index);
  sum.parts.forEach((part, i) => builder.emit({ kind: "store", buffer: shared[i]!, index: local, value: part }));
  builder.emit({ kind: "barrier" });
  for (let half = size / 2; half >= 1; half /= 2) {
    builder.if(apply("lt", typeOf("bool"), local, integer(half)), () => {
      const other = apply("add", typeOf("i32"), local, integer(half));
      if (sum.operation !== null) {
        const joined = combine(sum.operation, at(0, local), at(0, other));
        builder.emit({ kind: "store", buffer: shared[0]!, index: local, value: joined });
        return;
      }
      joinArguments(builder, node, shared, at, local, other);
    });
    builder.emit({ kind: "barrier" });
  }
  sum.parts.forEach((part, i) => builder.assign(part, at(i, integer(0))));
  builder.emit({ kind: "barrier" });
}

function joinArguments(
  builder: KernelBuilder,
  node: Node,
  shared: readonly string[],
  at: (i: number, index: Expr) => Expr,
  local: Expr,
  other: Expr,
): void {
  const bool = typeOf("bool");
  const kind = kindOf(node.inputs[0]!.dtype);
  const [a, b] = [builder.let(at(0, local)), builder.let(at(0, other))];
  const [i, j] = [builder.let(at(1, local)), builder.let(at(1, other))];
  const largest = node.op === "argmax";
  // The other wins when it is better, or as good and earlier.
  const noWorse = apply("not", bool, betterThan(kind, largest, a, b));
  const earlier = apply("and", bool, noWorse, apply("lt", bool, j, i));
  const wins = builder.let(apply("or", bool, betterThan(kind, largest, b, a), earlier));
  builder.if(wins, () => {
    builder.emit({ kind: "store", buffer: shared[0]!, index: local, value: b });
    builder.emit({ kind: "store", buffer: shared[1]!, index: local, value: j });
  });
}
