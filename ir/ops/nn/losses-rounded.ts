/** Losses of the distance between input and target that are squares near zero and straight beyond. */
import { ArgumentError } from "../../errors.ts";
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { weighted } from "./losses-elementwise.ts";
import { pairOf, wantedReduction } from "./losses-support.ts";
import { reductionOf } from "./support.ts";

const shape = "[*], [*] -> [] ([*] with reduction 'none')";
const page = (name: string): string => `torch.nn.functional.${name}`;
const places = ["nn.functional"] as const;

/** A square within `limit` (and of NaN), a straight line beyond; the square never sees what is beyond. */
function roundedCorner(
  g: GraphBuilder,
  difference: Node,
  limit: Node,
  square: (small: Node) => Node,
  line: (size: Node) => Node,
): Node {
  const size = g.abs(difference);
  const far = g.ge(size, limit);
  return g.where(far, line(size), square(g.where(far, 0, size)));
}

export const smoothL1Loss = defineOp({
  name: "smooth_l1_loss",
  signature:
    "smooth_l1_loss(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, 'none'|'mean'|'sum' reduction='mean', Scalar beta=1) -> Tensor",
  places,
  doc: {
    summary: "d ** 2 / (2 * beta) where d = |input - target| is below beta, else d - beta / 2.",
    shape,
    source: page("smooth_l1_loss"),
  },
  // With a beta of zero it is l1_loss.
  saves: ({ beta }) => (Number(beta.value) === 0 ? [] : ["input", "target"]),
  gradient: "through decomposition",
  record(g, args) {
    if (Number(args.beta.value) < 0)
      throw new ArgumentError("smooth_l1_loss/beta", "smooth_l1_loss does not support negative values for beta.");
    const { x, y, finish } = pairOf(g, "smooth_l1_loss", args.input, args.target);
    const beta = g.scalar(args.beta, x.dtype);
    const loss = roundedCorner(
      g,
      g.sub(x, y),
      beta,
      (small) => g.div(g.mul(g.mul(small, small), 0.5), beta),
      (size) => g.sub(size, g.mul(beta, 0.5)),
    );
    return finish(loss, wantedReduction("smooth_l1_loss", args));
  },
});

export const huberLoss = defineOp({
  name: "huber_loss",
  signature:
    "huber_loss(Tensor input, Tensor target, 'none'|'mean'|'sum' reduction='mean', Scalar delta=1, Tensor? weight=None) -> Tensor",
  places,
  doc: {
    summary: "d ** 2 / 2 where d = |input - target| is below delta, else delta * (d - delta / 2).",
    shape,
    source: page("huber_loss"),
  },
  gradient: "through decomposition",
  record(g, args) {
    if (!(Number(args.delta.value) > 0))
      throw new ArgumentError("huber_loss/delta", "huber_loss does not support non-positive values for delta.");
    const { x, y } = pairOf(g, "huber_loss", args.input, args.target);
    const delta = g.scalar(args.delta, x.dtype);
    const loss = roundedCorner(
      g,
      g.sub(x, y),
      delta,
      (small) => g.mul(g.mul(small, small), 0.5),
      (size) => g.mul(g.sub(size, g.mul(delta, 0.5)), delta),
    );
    return weighted(g, loss, args.weight, reductionOf("huber_loss", args.reduction), args.input);
  },
});
