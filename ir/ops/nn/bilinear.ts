/** Bilinear maps. */
import { ShapeError } from "../../errors.ts";
import { defineOp } from "../../operator.ts";
import { describe } from "../support.ts";
import { requireSameType } from "./linear.ts";
import { axesBetween } from "./support.ts";

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
