/** Activation functions made of straight pieces, and the shrinkage functions. */
import { nameSteps } from "../../step-names.ts";
import { ArgumentError, DTypeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import type { ScalarArgument } from "../../signature.ts";
import { noKernel } from "../../unsupported.ts";
import { describe, requireFloat, toFloat } from "../support.ts";
import { filler, largestOf } from "../fitting.ts";
import { inWide } from "./support.ts";
import { isComplex, isFloat, scalarName } from "../../dtype.ts";
import { operandsType } from "../out-types.ts";

const shape = "[*] -> [*]";
const page = (name: string): string => `torch.nn.functional.${name}`;
const places = ["nn.functional"] as const;

export const threshold = defineOp({
  name: "threshold",
  signature: "threshold(Tensor input, Scalar threshold, Scalar value, bool inplace=False) -> Tensor",
  places: ["torch", "nn.functional"],
  inplace: true,
  doc: { summary: "input where above threshold, else value.", shape, source: page("threshold") },
  gradient: "through decomposition",
  record(g, { input, threshold: limit, value }) {
    const slot = (scalar: ScalarArgument): Node => filler(g, "threshold", scalar, input.dtype);
    return g.piecesOf(input, g.le(input, slot(limit)), slot(value), input);
  },
});

export const hardsigmoid = defineOp({
  name: "hardsigmoid",
  signature: "hardsigmoid(Tensor input, bool inplace=False) -> Tensor",
  places,
  inplace: true,
  doc: { summary: "0 below -3, 1 above 3, input / 6 + 1/2 between.", shape, source: page("hardsigmoid") },
  gradient: "through decomposition",
  record: (g, { input }) =>
    inWide(g, "hardsigmoid", input, (x) => {
      // NaN stays NaN, but no gradient passes.
      const outside = g.where(g.le(x, -3), 0, g.where(g.ge(x, 3), 1, g.detach(x)));
      return g.piecesOf(x, g.and(g.gt(x, -3), g.lt(x, 3)), g.div(g.add(x, 3), 6), outside);
    }),
});

export const hardswish = defineOp({
  name: "hardswish",
  signature: "hardswish(Tensor input, bool inplace=False) -> Tensor",
  places,
  inplace: true,
  doc: { summary: "0 below -3, input above 3, input * (input + 3) / 6 between.", shape, source: page("hardswish") },
  gradient: "through decomposition",
  record: (g, { input }) =>
    inWide(g, "hardswish", input, (x) => {
      const inside = g.and(g.gt(x, -3), g.lt(x, 3));
      // What is infinite or NaN has a slope all the same.
      const curved = g.where(inside, x, 0);
      return g.where(inside, g.div(g.mul(curved, g.add(curved, 3)), 6), g.where(g.le(x, -3), 0, x));
    }),
});

export const softsign = defineOp({
  name: "softsign",
  signature: "softsign(Tensor input) -> Tensor",
  places,
  doc: { summary: "input / (1 + |input|).", shape, source: page("softsign") },
  gradient: "through decomposition",
  record(g, { input }) {
    if (input.dtype === "bool") throw noKernel("softsign", "abs_cpu", input);
    if (isFloat(input.dtype) || isComplex(input.dtype))
      return inWide(g, "softsign", input, (wide) => g.div(wide, g.cast(g.add(g.abs(wide), 1), wide.dtype)));
    // 1 + |input| is a whole number of that type, modulo its range.
    return g.div(toFloat(g, input), toFloat(g, g.add(g.abs(input), 1)));
  },
});

export const tanhshrink = defineOp({
  name: "tanhshrink",
  signature: "tanhshrink(Tensor input) -> Tensor",
  places,
  doc: { summary: "input - tanh(input).", shape, source: page("tanhshrink") },
  saves: [],
  gradient: "through decomposition",
  record(g, { input }) {
    if (input.dtype === "bool")
      throw new DTypeError(
        "tanhshrink/bool",
        `tanhshrink: Subtraction, the \`-\` operator, with a bool tensor is not supported, got ${describe(input)}.`,
        "Convert it with input.float().",
      );
    return inWide(g, "tanhshrink", toFloat(g, input), (wide) => g.sub(wide, g.tanh(wide)));
  },
});

export const softshrink = defineOp({
  name: "softshrink",
  out: operandsType,
  signature: "softshrink(Tensor input, Scalar lambd=0.5) -> Tensor",
  places,
  doc: { summary: "Moves input towards zero by lambd; zero within it.", shape, source: page("softshrink") },
  gradient: "through decomposition",
  record(g, { input, lambd }) {
    if (!(Number(lambd.value) >= 0))
      throw new ArgumentError(
        "softshrink/lambd",
        `softshrink: lambda must be in range [0, ${Number(largestOf(input.dtype).toPrecision(6))}] for input dtype ${scalarName(input.dtype)}, but found ${String(lambd.value)}.`,
      );
    return inWide(g, "softshrink", input, (x) => {
      const limit = g.scalar(lambd, x.dtype);
      const inside = g.and(g.le(x, limit), g.ge(x, g.neg(limit)));
      return g.piecesOf(x, inside, 0, g.where(g.gt(x, 0), g.sub(x, limit), g.add(x, limit)));
    });
  },
});

export const hardshrink = defineOp({
  name: "hardshrink",
  signature: "hardshrink(Tensor input, Scalar lambd=0.5) -> Tensor",
  places: ["torch", "Tensor", "nn.functional"],
  out: operandsType,
  doc: { summary: "Zero within lambd of zero, else input.", shape, source: page("hardshrink") },
  gradient: "through decomposition",
  record(g, { input, lambd }) {
    requireFloat("hardshrink", input);
    const limit = g.scalar(lambd, input.dtype);
    return g.piecesOf(input, g.and(g.le(input, limit), g.ge(input, g.neg(limit))), 0, input);
  },
});

nameSteps({ softsign: "div", tanhshrink: "sub" });
