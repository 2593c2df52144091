/** Variance and standard deviation. */
import type { GraphBuilder } from "../builder.ts";
import { squaredSize } from "../complex/parts.ts";
import { isIntegral } from "../dtype.ts";
import { DTypeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { countOf, meanOf } from "./reduction.ts";
import { axesOf, describe, inFloat32, keepOrDrop } from "./support.ts";
import { anyCastable } from "./out-types.ts";

const shape = "[*] -> [*] without dim (of size 1 with keepdim)";

/** Variance over axes, kept; `correction` is subtracted from the count. */
export function varianceOf(g: GraphBuilder, x: Node, axes: readonly number[], correction: number): Node {
  const count = countOf(x, axes);
  const centred = g.sub(x, meanOf(g, x, axes));
  return g.div(g.sum(squaredSize(g, centred), axes), Math.max(0, count - correction));
}

/** The root of a variance. Where nothing varies it has a gradient of zero. */
function rootOf(g: GraphBuilder, variance: Node): Node {
  if (!variance.requiresGrad) return g.sqrt(variance);
  const isFlat = g.eq(variance, 0);
  return g.where(isFlat, 0, g.sqrt(g.where(isFlat, 1, variance)));
}

function notIntegral(name: string, input: Node, subject = "std and var"): Node {
  if (!isIntegral(input.dtype)) return input;
  throw new DTypeError(
    `${name}/not-float`,
    `${name}: ${subject} only support floating point and complex dtypes, got ${describe(input)}.`,
    "Convert it with input.float().",
  );
}

for (const [name, root] of [
  ["var", false],
  ["std", true],
] as const) {
  const both = `${name}_mean`;
  const compute = (
    g: GraphBuilder,
    input: Node,
    dim: readonly number[] | null,
    unbiased: boolean | null,
    correction: number | null,
    keepdim: boolean,
  ): [Node, Node] => {
    const axes = axesOf(name, dim, input.shape.length);
    const value = inFloat32(g, [input], (x) => {
      const variance = varianceOf(g, x, axes, correction ?? (unbiased === false ? 0 : 1));
      return root ? rootOf(g, variance) : variance;
    });
    return [keepOrDrop(g, value, axes, keepdim), keepOrDrop(g, meanOf(g, input, axes), axes, keepdim)];
  };
  defineOp({
    name,
    signature:
      `${name}(Tensor input, int[]? dim=None, bool? unbiased=None, bool keepdim=False, *, number? correction=None) -> Tensor` as "var(Tensor input, int[]? dim=None, bool? unbiased=None, bool keepdim=False, *, number? correction=None) -> Tensor",
    places: ["torch", "Tensor"],
    out: anyCastable,
    doc: { summary: root ? "Standard deviation." : "Variance.", shape, source: `torch.${name}` },
    gradient: "through decomposition",
    ...(root ? { saves: ["input", "result"] } : {}),
    record: (g, { input, dim, unbiased, keepdim, correction }) =>
      compute(g, notIntegral(name, input), dim, unbiased, correction, keepdim)[0],
  });
  defineOp({
    name: `${name}.unbiased`,
    signature: `${name}(Tensor input, bool unbiased) -> Tensor` as "var(Tensor input, bool unbiased) -> Tensor",
    places: ["torch", "Tensor"],
    out: anyCastable,
    doc: {
      summary: root ? "Standard deviation of all elements." : "Variance of all elements.",
      shape: "[*] -> []",
      source: `torch.${name}`,
    },
    gradient: "through decomposition",
    ...(root ? { saves: ["input", "result"] } : {}),
    record: (g, { input, unbiased }) => compute(g, notIntegral(name, input), null, unbiased, null, false)[0],
  });
  defineOp({
    name: both,
    signature:
      `${both}(Tensor input, int[]? dim=None, bool? unbiased=None, bool keepdim=False, *, number? correction=None) -> Tensor[2]` as "var_mean(Tensor input, int[]? dim=None, bool? unbiased=None, bool keepdim=False, *, number? correction=None) -> Tensor[2]",
    places: ["torch"],
    doc: { summary: `${root ? "Standard deviation" : "Variance"} and mean.`, shape, source: `torch.${both}` },
    gradient: "through decomposition",
    ...(root ? { saves: ["input", "result"] } : {}),
    record: (g, { input, dim, unbiased, keepdim, correction }) =>
      compute(g, notIntegral(both, input, both), dim, unbiased, correction, keepdim),
  });
  defineOp({
    name: `${both}.unbiased`,
    signature:
      `${both}(Tensor input, bool unbiased) -> Tensor[2]` as "var_mean(Tensor input, bool unbiased) -> Tensor[2]",
    places: ["torch"],
    doc: {
      summary: `${root ? "Standard deviation" : "Variance"} and mean of all elements.`,
      shape: "[*] -> [] and []",
      source: `torch.${both}`,
    },
    gradient: "through decomposition",
    ...(root ? { saves: ["input", "result"] } : {}),
    record: (g, { input, unbiased }) => compute(g, notIntegral(both, input, both), null, unbiased, null, false),
  });
}
