/** Operands that are computed as they are read (ir/computed-operands.ts), an element or a vector at a time. */
import type { Node } from "../../../ir/graph.ts";
import type { Expr, Operation } from "../../../ir/loop.ts";
import { isSingle, operandParts, singleSource } from "../../../ir/computed-operands.ts";
import { apply, constant, convert, integer, kindOf, load, narrowed, typeOf } from "../expressions.ts";
import type { KernelBuilder } from "../kernel-builder.ts";
import type { Stored } from "./lowering.ts";

/** The elements of `base` at a position in its row-major order, so many in a register. */
export function computed(builder: KernelBuilder, base: Node, stored: Stored, lanes: number, index: Expr): Expr {
  const values = new Map<Node, Expr>();
  const wide = (value: Expr): Expr => (lanes === 1 ? value : apply("splat", typeOf(value.type.kind, lanes), value));
  for (const node of operandParts(base, stored)) {
    const args = node.inputs.map((input) => values.get(input)!);
    const type = typeOf(kindOf(node.dtype), lanes);
    const value = (): Expr => {
      if (isSingle(node)) return wide(singleValue(builder, singleSource(node)));
      if (stored(node)) return load(builder.buffer(node, "read"), type, index);
      if (node.op === "cast") return convert(args[0]!, node.inputs[0]!.dtype, node.dtype);
      return narrowed(apply(node.op as Operation, type, ...args), node.dtype);
    };
    values.set(node, builder.let(value()));
  }
  return values.get(base)!;
}

function singleValue(builder: KernelBuilder, source: Node): Expr {
  const kind = kindOf(source.dtype);
  if (source.op === "scalar") return builder.scalar(source);
  if (source.op === "constant") return constant(kind, Number(source.attrs.value));
  return load(builder.buffer(source, "read"), typeOf(kind), integer(0));
}
