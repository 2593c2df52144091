/** Affine and bilinear maps. */
import { DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { describe } from "../support.ts";
import { axesBetween } from "./support.ts";

function requireSameType(name: string, input: Node, ...others: (Node | null)[]): void {
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

export const bilinear = defineOp({
  name: "bilinear",
  signature: "bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor",
  places: ["torch", "nn.functional"],
  doc: {
    summary: "input1 @ weight[o] @ input2 for each output o, plus bias.",
    shape: "[*, in1], [*, in2], [out, in1, in2] -> [*, out]",
    source: "torch.nn.functional.bilinear",
  },
  gradient: "through decomposition",
  record(g, { input1, input2, weight, bias }) {
    requireSameType("bilinear", input1, input2, weight, bias);
    const lead = input1.shape.length - 1;
    const fits =
      lead >= 0 &&
      lead === input2.shape.length - 1 &&
      weight.shape.length === 3 &&
      axesBetween(0, lead).every((axis) => input1.shape[axis] === input2.shape[axis]) &&
      weight.shape[1] === input1.shape[lead] &&
      weight.shape[2] === input2.shape[lead];
    if (!fits)
      throw new ShapeError(
        "bilinear/sizes",
        `bilinear: sizes do not fit: input1 ${describe(input1)}, input2 ${describe(input2)}, weight ${describe(weight)}.`,
        "weight is [out, last of input1, last of input2]; the other sizes of the inputs are equal.",
      );
    // [*, out, in2], then the product with input2 for each place.
    const half = g.dot(input1, weight, [[lead], [1]]);
    const places = axesBetween(0, lead);
    const product = g.dot(half, input2, [[lead + 1], [lead]], [places, places]);
    return bias === null ? product : g.add(product, bias);
  },
});
