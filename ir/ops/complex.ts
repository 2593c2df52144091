/** Complex numbers and their parts. Of real tensors most of these are the tensor itself. */
import "../complex/primitives.ts";
import type { GraphBuilder } from "../builder.ts";
import { conjugate } from "../complex/parts.ts";
import { isComplex, isFloat, isIntegral, scalarName } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import { isNode, type Node } from "../graph.ts";
import { defineOp, operator, recordOperator } from "../operator.ts";
import { checkBroadcast, describe } from "./support.ts";
import { anyCastable, operandsType, partsType } from "./out-types.ts";

const shape = "[*] -> [*]";
const pairs = "[*] and [*], broadcast together -> [*]";

function requireComplex(name: string, z: Node): Node {
  if (isComplex(z.dtype)) return z;
  throw new DTypeError(
    `${name}/not-complex`,
    name === "view_as_real"
      ? `${name} is only supported for complex tensors, got ${describe(z)}.`
      : `${name} is not implemented for tensors with non-complex dtypes, got ${describe(z)}.`,
    "Convert it with input.to(torch.complex64).",
  );
}

/** Two real tensors of one type, broadcast together. */
function realPair(name: string, a: Node, b: Node): void {
  const fits = a.dtype === b.dtype && (a.dtype === "float32" || a.dtype === "float64");
  if (!fits)
    throw new DTypeError(
      `${name}/dtype`,
      `${name}: ${isFloat(a.dtype) && isFloat(b.dtype) ? `Expected object of scalar type ${scalarName(a.dtype)} but got scalar type ${scalarName(b.dtype)} for second argument` : `Expected both inputs to be Half, Float or Double tensors but got ${scalarName(a.dtype)} and ${scalarName(b.dtype)}`}: ${describe(a)} and ${describe(b)}.`,
      "Convert them with float() or double().",
    );
  checkBroadcast(name, a, b);
}

for (const [name, summary] of [
  ["real", "Real parts, sharing memory; a real tensor itself."],
  ["conj", "Complex conjugate, sharing memory; a real tensor itself."],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "same(Tensor input) -> Tensor",
    // The real part is an attribute of tensors, as in PyTorch.
    places: name === "real" ? ["torch"] : ["torch", "Tensor"],
    view: true,
    viewTraits: { isItself: true, ofParts: true },
    doc: { summary, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    record: (g, { input }) => (name === "real" ? g.real(input) : conjugate(g, input)),
  });
}

defineOp({
  name: "imag",
  signature: "imag(Tensor input) -> Tensor",
  places: ["torch"],
  view: true,
  viewTraits: { ofParts: true },
  doc: { summary: "Imaginary parts, sharing memory.", shape, source: "torch.imag" },
  gradient: "through decomposition",
  record: (g, { input }) => g.imag(requireComplex("imag", input)),
});

defineOp({
  name: "view_as_real",
  signature: "view_as_real(Tensor input) -> Tensor",
  places: ["torch"],
  view: true,
  viewTraits: { ofParts: true },
  doc: {
    summary: "Real and imaginary parts side by side, sharing memory.",
    shape: "[*] -> [*, 2]",
    source: "torch.view_as_real",
  },
  gradient: "through decomposition",
  record: (g, { input }) => g.asReal(requireComplex("view_as_real", input)),
});

defineOp({
  name: "view_as_complex",
  signature: "view_as_complex(Tensor input) -> Tensor",
  places: ["torch"],
  view: true,
  viewTraits: { ofParts: true },
  doc: {
    summary: "Complex numbers whose parts lie side by side, sharing memory.",
    shape: "[*, 2] -> [*]",
    source: "torch.view_as_complex",
  },
  gradient: "through decomposition",
  record(g, { input }) {
    if (input.dtype !== "float32" && input.dtype !== "float64")
      throw new DTypeError(
        "view_as_complex/dtype",
        `view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: ${scalarName(input.dtype)}, ${describe(input)}.`,
        "Convert it with input.float().",
      );
    if (input.shape.length === 0)
      throw new ShapeError("view_as_complex/rank", "view_as_complex: Input tensor must have one or more dimensions.");
    if (input.shape.at(-1) !== 2)
      throw new ShapeError(
        "view_as_complex/last",
        `view_as_complex: Tensor must have a last dimension of size 2, got ${describe(input)}.`,
      );
    return g.asComplex(input);
  },
});

defineOp({
  name: "conj_physical",
  signature: "conj_physical(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  out: operandsType,
  inplace: true,
  view: ({ input }) => !isComplex(input.dtype),
  viewTraits: { isItself: true },
  doc: { summary: "Complex conjugate as a copy; a real tensor itself.", shape, source: "torch.conj_physical" },
  gradient: "through decomposition",
  record: (g, { input }) => conjugate(g, input),
});

defineOp({
  name: "complex",
  signature: "complex(Tensor real, Tensor imag) -> Tensor",
  places: ["torch"],
  out: partsType,
  doc: { summary: "Complex numbers with these real and imaginary parts.", shape: pairs, source: "torch.complex" },
  saves: [
    { name: "real", for: ["real"] },
    { name: "imag", for: ["imag"] },
  ],
  gradient: "through decomposition",
  record(g, { real, imag }) {
    realPair("complex", real, imag);
    return g.complex(real, imag);
  },
});

defineOp({
  name: "polar",
  signature: "polar(Tensor abs, Tensor angle) -> Tensor",
  places: ["torch"],
  out: partsType,
  doc: { summary: "Complex numbers with these absolute values and angles.", shape: pairs, source: "torch.polar" },
  saves: ["result"],
  gradient: "through decomposition",
  record(g, { abs, angle }) {
    realPair("polar", abs, angle);
    return g.complex(g.mul(abs, g.unary("cos", angle)), g.mul(abs, g.unary("sin", angle)));
  },
});

defineOp({
  name: "angle",
  signature: "angle(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  keepsLayout: true,
  doc: {
    summary: "Angle in the complex plane; of real numbers 0 for those not below zero, pi for the others, NaN for NaN.",
    shape,
    source: "torch.angle",
  },
  saves: ["input"],
  gradient: "through decomposition",
  record(g, { input }) {
    if (isComplex(input.dtype)) return complexAngle(g, input);
    const x = isIntegral(input.dtype) ? g.cast(input, g.defaultFloat) : input;
    const value = g.where(g.isNaN(x), x, g.where(g.lt(x, 0), Math.PI, g.full([], 0, x.dtype)));
    return x.requiresGrad ? g.withHistory(g.detach(value), g.mul(x, 0)) : value;
  },
});

/** At zero no gradient: there every angle is as good. */
function complexAngle(g: GraphBuilder, z: Node): Node {
  const [x, y] = [g.real(z), g.imag(z)];
  const value = g.binary("atan2", y, x);
  if (!z.requiresGrad) return value;
  const zero = g.and(g.eq(x, 0), g.eq(y, 0));
  const slope = g.binary("atan2", g.where(zero, 0, y), g.where(zero, 1, x));
  return g.where(zero, g.detach(value), slope);
}

defineOp({
  name: "sgn",
  signature: "sgn(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  out: operandsType,
  inplace: true,
  keepsLayout: true,
  doc: { summary: "input / |input|, and 0 for 0; of real numbers the sign.", shape, source: "torch.sgn" },
  saves: ["input", "result"],
  gradient: "through decomposition",
  record(g, { input }) {
    if (!isComplex(input.dtype)) return recordOperator(g, operator("sign"), { input }, isNode) as Node;
    const size = g.abs(input);
    const zero = g.eq(size, 0);
    const safe = g.where(zero, 1, size);
    return g.complex(g.where(zero, 0, g.div(g.real(input), safe)), g.where(zero, 0, g.div(g.imag(input), safe)));
  },
});

defineOp({
  name: "isreal",
  signature: "isreal(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  doc: { summary: "Whether the imaginary part is zero.", shape: "[*] -> bool[*]", source: "torch.isreal" },
  gradient: "none",
  record: (g, { input }) => (isComplex(input.dtype) ? g.eq(g.imag(input), 0) : g.full(input.shape, true, "bool")),
});
