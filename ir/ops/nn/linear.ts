/** Affine maps. */
import { nameSteps, given, rank } from "../../step-names.ts";
import { DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { describe } from "../support.ts";

export function requireSameType(name: string, input: Node, ...others: (Node | null)[]): void {
  for (const other of others) {
    if (other !== null && other.dtype !== input.dtype) {
      throw new DTypeError(
        `${name}/dtype`,
        `${name}: expected input and weights to have the same dtype, but got ${describe(input)} and ${describe(other)}.`,
        "Convert one with .to(dtype).",
      );
    }
  }
}

export const linear = defineOp({
  name: "linear",
  signature: "linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor",
  places: ["nn.functional"],
  doc: {
    summary: "input @ weight.T + bias.",
    shape: "[*, in], [out, in], [out] -> [*, out]; weight [in] -> [*]",
    source: "torch.nn.functional.linear",
  },
  gradient: "through decomposition",
  record(g, { input, weight, bias }) {
    requireSameType("linear", input, weight, bias);
    const last = input.shape.length - 1;
    const features = weight.shape.length - 1;
    if (last < 0 || features < 0 || features > 1 || input.shape[last] !== weight.shape[features]) {
      throw new ShapeError(
        "linear/features",
        `linear: mat1 and mat2 shapes cannot be multiplied: input ${describe(input)}, weight ${describe(weight)}.`,
        `The last size of input (${input.shape[last] ?? "none"}) must equal the last of weight (${weight.shape[features] ?? "none"}).`,
      );
    }
    const product = g.dot(input, weight, [[last], [features]]);
    if (bias === null) return product;
    const out = weight.shape[0]!;
    if (features === 1 && bias.shape.length > 0 && bias.shape.at(-1) !== out && bias.shape.at(-1) !== 1) {
      throw new ShapeError(
        "linear/bias",
        `linear: bias ${describe(bias)} does not fit weight ${describe(weight)}.`,
        `It must have ${out} elements.`,
      );
    }
    return g.add(product, bias);
  },
});

nameSteps(
  {},
  {
    linear: ({ input, bias }) =>
      rank(input) === 2
        ? given(bias)
          ? "addmm"
          : "mm"
        : given(bias)
          ? "view"
          : rank(input) === 1
            ? "squeeze:4"
            : "unsafe_view",
  },
);
