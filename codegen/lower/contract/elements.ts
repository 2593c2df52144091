/** A contraction one element at a time: any type, any stride, and operands that are computed as they are read. */
import type { Node } from "../../../ir/graph.ts";
import { Index, unravel } from "../../../ir/index.ts";
import { elementCount } from "../../../ir/shape.ts";
import { evaluate } from "../evaluate.ts";
import { apply, cast, constant, kindOf, narrowed } from "../expressions.ts";
import { isWidened } from "../reductions.ts";
import type { ContractLowering } from "./lowering.ts";

export function lowerElements(lowering: ContractLowering): void {
  const { builder, dot, operands } = lowering;
  const [a, b] = dot.inputs as [Node, Node];
  const { batch, contract } = dot.attrs;
  const kind = kindOf(dot.dtype);
  const count = elementCount(dot.shape);
  const depth = contract[0].map((axis) => a.shape[axis]!);
  builder.loop("o", count, "parallel", () => {
    const at = unravel(Index.variable("o", count - 1), dot.shape);
    const wide = isWidened(builder.target, kind) ? "f64" : kind;
    const total = builder.declare(constant(wide, 0), "acc");
    const inner = elementCount(depth);
    builder.loop("k", inner, "serial", () => {
      const k = unravel(Index.variable("k", inner - 1), depth);
      const coordinates = (node: Node, side: 0 | 1, firstFree: number): Index[] => {
        let free = firstFree;
        return node.shape.map((_, axis) => {
          const inBatch = batch[side].indexOf(axis);
          if (inBatch >= 0) return at[inBatch]!;
          const inDepth = contract[side].indexOf(axis);
          return inDepth >= 0 ? k[inDepth]! : at[free++]!;
        });
      };
      const freeA = a.shape.length - batch[0].length - depth.length;
      const x = evaluate(operands, a, coordinates(a, 0, batch[0].length));
      const y = evaluate(operands, b, coordinates(b, 1, batch[0].length + freeA));
      const product =
        kind === "f32" || kind === "f64"
          ? apply("madd", total.type, cast(x, wide), cast(y, wide), total)
          : apply("add", total.type, total, apply("mul", total.type, x, y));
      builder.assign(total, product);
    });
    lowering.epilogue(at, narrowed(cast(total, kind), dot.dtype));
  });
}
