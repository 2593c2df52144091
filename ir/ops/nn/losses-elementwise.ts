/** Losses of the distance between input and target, element by element. */
import { nameSteps, reducedStep } from "../../step-names.ts";
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { pairOf, reducedTo, wantedReduction } from "./losses-support.ts";
import { reduced } from "./support.ts";
import { refuseBoolDifference } from "../arithmetic.ts";

const shape = "[*], [*] -> [] ([*] with reduction 'none')";
const page = (name: string): string => `torch.nn.functional.${name}`;
const places = ["nn.functional"] as const;

export function weighted(
  g: GraphBuilder,
  loss: Node,
  weight: Node | null,
  reduction: "none" | "mean" | "sum",
  like: Node,
): Node {
  if (weight === null) return reducedTo(g, loss, reduction, like);
  const total = g.mul(loss, g.cast(weight, loss.dtype));
  // The mean is over the weights.
  if (reduction !== "mean") return reducedTo(g, total, reduction, like);
  const norm = reduced(g, g.expandTo(g.cast(weight, loss.dtype), total.shape), "sum");
  return g.cast(g.div(reduced(g, total, "sum"), norm), like.dtype);
}

export const mseLoss = defineOp({
  name: "mse_loss",
  signature:
    "mse_loss(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean', Tensor? weight=None) -> Tensor",
  places,
  doc: { summary: "(input - target) ** 2.", shape, source: page("mse_loss") },
  gradient: "through decomposition",
  record(g, args) {
    const { x, y, like } = pairOf(g, "mse_loss", args.input, args.target);
    const difference = g.sub(x, y);
    return weighted(g, g.mul(difference, difference), args.weight, wantedReduction("mse_loss", args), like);
  },
});

export const l1Loss = defineOp({
  name: "l1_loss",
  signature:
    "l1_loss(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean', Tensor? weight=None) -> Tensor",
  places,
  doc: { summary: "|input - target|.", shape, source: page("l1_loss") },
  saves: [{ name: "weight", for: ["input", "target"] }],
  gradient: "through decomposition",
  record(g, args) {
    if (args.input.dtype === "bool") refuseBoolDifference("l1_loss", args.input, args.target);
    const { x, y, like } = pairOf(g, "l1_loss", args.input, args.target);
    return weighted(g, g.abs(g.sub(x, y)), args.weight, wantedReduction("l1_loss", args), like);
  },
});

nameSteps(
  {},
  {
    l1_loss: reducedStep("abs"),
  },
);
