/** Comparisons of two operands. */
import type { ComparisonPrimitive } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { checkBroadcast, promoted } from "./support.ts";
import { anyCastable } from "./out-types.ts";

const page = (name: string): string => `torch.${name}`;

for (const [name, op, summary, alias] of [
  ["eq", "eq", "input == other.", null],
  ["ne", "ne", "input != other.", "not_equal"],
  ["lt", "lt", "input < other.", "less"],
  ["le", "le", "input <= other.", "less_equal"],
  ["gt", "gt", "input > other.", "greater"],
  ["ge", "ge", "input >= other.", "greater_equal"],
] as const satisfies readonly (readonly [string, ComparisonPrimitive, string, string | null])[]) {
  defineOp({
    name,
    ...(alias === null ? {} : { aliases: [alias] }),
    signature:
      `${name}(Tensor input, Tensor|Scalar other) -> Tensor` as "compare(Tensor input, Tensor|Scalar other) -> Tensor",
    places: ["torch", "Tensor"],
    out: anyCastable,
    inplace: true,
    doc: { summary, shape: "[*] and [*], broadcast together -> bool[*]", source: page(name) },
    gradient: "none",
    record(g, { input, other }) {
      const [x, y] = promoted(g, input, other);
      checkBroadcast(name, x, y);
      return g.compare(op, x, y);
    },
  });
}
