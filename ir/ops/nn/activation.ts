/** Activation functions of one tensor. Those with a kink or an overflow are written so that gradients stay finite. */
import type { GraphBuilder } from "../../builder.ts";
import { DTypeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { describe } from "../support.ts";

const shape = "[*] -> [*]";
const page = (name: string): string => `torch.nn.functional.${name}`;

export const numeric = (name: string, x: Node): Node => {
  if (x.dtype === "bool")
    throw new DTypeError(
      `${name}/bool`,
      `${name}: ${name === "relu" ? "Boolean inputs not supported for relu" : "Bool inputs not supported for hardtanh"}, got ${describe(x)}.`,
      "Convert it with input.float().",
    );
  return x;
};

/** Zero gradient at zero; NaN stays NaN. */
export const reluOf = (g: GraphBuilder, x: Node): Node => g.piecesOf(x, g.le(x, 0), 0, x);

export const relu = defineOp({
  name: "relu",
  signature: "relu(Tensor input, bool inplace=False) -> Tensor",
  places: ["torch", "Tensor", "nn.functional"],
  inplace: true,
  doc: { summary: "max(input, 0).", shape, source: page("relu") },
  gradient: "through decomposition",
  saves: ["result"],
  record: (g, { input }) => reluOf(g, numeric("relu", input)),
});
