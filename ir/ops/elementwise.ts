/** Functions of one operand, element by element. */
import { nameSteps, when } from "../step-names.ts";
import { isComplex, isFloat, isIntegral } from "../dtype.ts";
import { DTypeError, ArgumentError } from "../errors.ts";
import { isNode, type GraphBuilder } from "../builder.ts";
import type { Node, UnaryPrimitive } from "../graph.ts";
import { signOf } from "../gradients.ts";
import { defineOp } from "../operator.ts";
import { fitting } from "./fitting.ts";
import { checkBroadcast, describe, operand, refuseComplex, resultType, toFloat, requireFloat } from "./support.ts";
import { unsupported } from "../unsupported.ts";
import { absoluteType, anyCastable, boolOnly, operandsType } from "./out-types.ts";

const shape = "[*] -> [*]";

/** [name, summary, what it is made of, aliases] */
type UnaryRow = readonly [
  name: string,
  summary: string,
  make: (g: GraphBuilder, x: Node) => Node,
  ...aliases: string[],
];

const primitive =
  (op: UnaryPrimitive) =>
  (g: GraphBuilder, x: Node): Node =>
    g.unary(op, x);

/** Integers become floats first. */
const floatFunctions: readonly UnaryRow[] = [
  ["exp", "e ** input.", primitive("exp")],
  ["exp2", "2 ** input.", primitive("exp2")],
  ["expm1", "e ** input - 1, exact for small input.", primitive("expm1")],
  ["log", "Natural logarithm.", primitive("log")],
  ["log2", "Logarithm to base 2.", primitive("log2")],
  ["log10", "Logarithm to base 10.", primitive("log10")],
  ["log1p", "log(1 + input), exact for small input.", primitive("log1p")],
  ["sqrt", "Square root; NaN below zero.", primitive("sqrt")],
  ["rsqrt", "1 / sqrt(input).", (g, x) => g.div(1, g.sqrt(x))],
  ["sin", "Sine of an angle in radians.", primitive("sin")],
  ["cos", "Cosine of an angle in radians.", primitive("cos")],
  ["tan", "Tangent of an angle in radians.", primitive("tan")],
  ["asin", "Inverse sine, in radians.", primitive("asin"), "arcsin"],
  ["acos", "Inverse cosine, in radians.", primitive("acos"), "arccos"],
  ["atan", "Inverse tangent, in radians.", primitive("atan"), "arctan"],
  ["sinh", "Hyperbolic sine.", primitive("sinh")],
  ["cosh", "Hyperbolic cosine.", primitive("cosh")],
  ["tanh", "Hyperbolic tangent.", primitive("tanh")],
  ["asinh", "Inverse hyperbolic sine.", primitive("asinh"), "arcsinh"],
  ["acosh", "Inverse hyperbolic cosine.", primitive("acosh"), "arccosh"],
  ["atanh", "Inverse hyperbolic tangent.", primitive("atanh"), "arctanh"],
  ["sigmoid", "1 / (1 + exp(-input)).", primitive("sigmoid")],
  ["reciprocal", "1 / input.", (g, x) => g.div(1, x)],
  ["deg2rad", "Degrees to radians.", (g, x) => g.mul(refuseComplex("deg2rad", x), Math.PI / 180)],
  ["rad2deg", "Radians to degrees.", (g, x) => g.mul(refuseComplex("rad2deg", x), 180 / Math.PI)],
];

/** Those that torch.special has under the same name. */
const special = new Set(["exp2", "expm1", "log1p"]);

/** What is kept of those whose gradient here reads something else. */
const kept: Readonly<Record<string, readonly string[]>> = {
  rsqrt: ["result"],
  reciprocal: ["result"],
};

for (const [name, summary, make, ...aliases] of floatFunctions) {
  defineOp({
    name,
    aliases,
    signature: `${name}(Tensor input) -> Tensor` as "unary(Tensor input) -> Tensor",
    places: special.has(name) ? ["torch", "Tensor", "special"] : ["torch", "Tensor"],
    out: anyCastable,
    inplace: true,
    doc: { summary, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    ...(name in kept ? { saves: kept[name]! } : {}),
    record: (g, { input }) => make(g, toFloat(g, input)),
  });
}

/** A step function's value, whose gradient is zero rather than missing. */
export const flatValue = (g: GraphBuilder, value: Node, x: Node): Node =>
  x.requiresGrad ? g.withHistory(value, g.mul(x, 0)) : value;

/** Integers are left as they are by the rounding functions. */
const rounding =
  (name: "floor" | "ceil" | "trunc") =>
  (g: GraphBuilder, x: Node): Node => (noBool(name, x), isIntegral(x.dtype) ? x : g.unary(name, x));
const noBool = (name: string, x: Node): void => {
  if (x.dtype === "bool") throw unsupported(name, x, "Use logical_not() for bools.");
};

const signed = (x: Node): Node => {
  if (x.dtype !== "bool") return x;
  throw new DTypeError(
    "positive/bool",
    `positive: The \`+\` operator, on a bool tensor is not supported, got ${describe(x)}.`,
  );
};

const withSign = (x: Node): Node => {
  if (x.dtype !== "bool") return x;
  throw new DTypeError(
    "neg/bool",
    `neg: Negation, the \`-\` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the \`~\` or \`logical_not()\` operator instead: input ${describe(x)}.`,
  );
};

const sameTypeFunctions: readonly UnaryRow[] = [
  ["neg", "-input.", (g, x) => g.neg(withSign(x)), "negative"],
  ["abs", "Absolute value.", (g, x) => (noBool("abs", x), g.abs(x)), "absolute"],
  ["floor", "Largest whole number not above input.", rounding("floor")],
  ["ceil", "Smallest whole number not below input.", rounding("ceil")],
  ["trunc", "Whole part.", rounding("trunc"), "fix"],
  [
    "sign",
    "-1, 0 or 1.",
    (g, x) =>
      x.dtype === "bool"
        ? x
        : isFloat(x.dtype)
          ? flatValue(g, signOf(g, x), x)
          : g.sub(g.cast(g.gt(x, 0), x.dtype), g.cast(g.lt(x, 0), x.dtype)),
  ],
  ["square", "input * input.", (g, x) => (x.dtype === "bool" ? g.cast(x, "int64") : g.mul(x, x))],
  [
    "frac",
    "input - trunc(input).",
    (g, input) => {
      const x = requireFloat("frac", input);
      return g.sub(x, g.unary("trunc", x));
    },
  ],
  ["positive", "input itself.", (_g, x) => signed(x)],
  [
    "bitwise_not",
    "Every bit inverted (bool: not).",
    (g, x) => {
      if (!isIntegral(x.dtype)) throw unsupported("bitwise_not", x, "It takes integers and bools.");
      return g.not(x);
    },
  ],
];

for (const [name, summary, make, ...aliases] of sameTypeFunctions) {
  defineOp({
    name,
    aliases,
    signature: `${name}(Tensor input) -> Tensor` as "unary(Tensor input) -> Tensor",
    places: ["torch", "Tensor"],
    out: name === "square" ? anyCastable : name === "abs" ? absoluteType : operandsType,
    inplace: name !== "positive",
    view: name === "positive",
    viewTraits: { isItself: true },
    keepsLayout: true,
    doc: { summary, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    record: (g, { input }) => make(g, input),
  });
}

/** A property of floats, which some or every part of a complex number has; integers are finite. */
function ofFloats(g: GraphBuilder, x: Node, which: "some" | "every", test: (part: Node) => Node): Node {
  if (isComplex(x.dtype)) {
    const [re, im] = [test(g.real(x)), test(g.imag(x))];
    return which === "some" ? g.or(re, im) : g.and(re, im);
  }
  return isFloat(x.dtype) ? test(x) : g.full(x.shape, which === "every", "bool");
}

const tests: readonly UnaryRow[] = [
  [
    "isnan",
    "Whether NaN; of a complex number whether a part is.",
    (g, x) => ofFloats(g, x, "some", (part) => g.isNaN(part)),
  ],
  [
    "isinf",
    "Whether an infinity; of a complex number whether a part is.",
    (g, x) => ofFloats(g, x, "some", (part) => g.eq(g.abs(part), Infinity)),
  ],
  [
    "isfinite",
    "Whether neither NaN nor an infinity; of a complex number whether both parts are so.",
    (g, x) => ofFloats(g, x, "every", (part) => g.lt(g.abs(part), Infinity)),
  ],
  [
    "isposinf",
    "Whether +infinity.",
    (g, x) => ofFloats(g, refuseComplex("isposinf", x), "some", (part) => g.eq(part, Infinity)),
  ],
  [
    "isneginf",
    "Whether -infinity.",
    (g, x) => ofFloats(g, refuseComplex("isneginf", x), "some", (part) => g.eq(part, -Infinity)),
  ],
  ["logical_not", "Whether zero.", (g, x) => (x.dtype === "bool" ? g.not(x) : g.eq(x, 0))],
  [
    "signbit",
    "Whether the sign bit is set.",
    (g, x) =>
      isFloat(x.dtype)
        ? g.lt(g.binary("copysign", g.full(x.shape, 1, x.dtype), x), 0)
        : x.dtype === "bool"
          ? g.full(x.shape, false, "bool")
          : g.lt(x, 0),
  ],
];
for (const [name, summary, make] of tests) {
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "unary(Tensor input) -> Tensor",
    places: ["torch", "Tensor"],
    out: name === "logical_not" ? anyCastable : boolOnly(name),
    inplace: name === "logical_not",
    keepsLayout: true,
    doc: { summary, shape: "[*] -> bool[*]", source: `torch.${name}` },
    gradient: "none",
    record: (g, { input }) => make(g, input),
  });
}

export const round = defineOp({
  name: "round",
  signature: "round(Tensor input, *, int decimals=0) -> Tensor",
  places: ["torch", "Tensor", "special"],
  out: operandsType,
  inplace: true,
  keepsLayout: true,
  doc: {
    summary: "Nearest whole number, halves to even; to `decimals` places when given.",
    shape,
    source: "torch.round",
  },
  gradient: "through decomposition",
  record(g, { input, decimals }) {
    noBool("round", input);
    if (isIntegral(input.dtype) && decimals !== 0) throw unsupported("round", input, "Whole numbers have no decimals.");
    if (isIntegral(input.dtype)) return input;
    if (decimals === 0) return g.unary("nearest", input);
    const scale = 10 ** Math.abs(decimals);
    return decimals > 0
      ? g.div(g.unary("nearest", g.mul(input, scale)), scale)
      : g.mul(g.unary("nearest", g.div(input, scale)), scale);
  },
});

export const clamp = defineOp({
  name: "clamp",
  aliases: ["clip"],
  signature: "clamp(Tensor input, Tensor|Scalar? min=None, Tensor|Scalar? max=None) -> Tensor",
  places: ["torch", "Tensor"],
  inplace: true,
  out: (types, args) => (isNode(args["min"]) || isNode(args["max"]) ? anyCastable : operandsType)(types, args),
  doc: { summary: "Limits to [min, max]; max wins where min > max.", shape, source: "torch.clamp" },
  gradient: "through decomposition",
  record(g, { input, min, max }) {
    if (min === null && max === null)
      throw new ArgumentError("clamp/bounds", "torch.clamp: At least one of 'min' or 'max' must not be None.");
    const bounds = [min, max].filter((bound) => bound !== null);
    const dtype = resultType(g, [input, ...bounds]);
    if (dtype === "bool" && bounds.length === 2)
      throw unsupported("clamp", input, "Use logical_and() and logical_or().");
    const x = operand(g, input, dtype);
    const [low, high] = [min, max].map((bound) => (bound === null ? null : fitting(g, "clamp", bound, dtype)));
    let value = x;
    if (low) {
      checkBroadcast("clamp", value, low);
      value = g.max(value, low);
    }
    if (high) {
      checkBroadcast("clamp", value, high);
      value = g.min(value, high);
    }
    return value.requiresGrad ? g.withHistory(g.detach(value), limitedBy(g, x, low ?? null, high ?? null)) : value;
  },
});

/**
 * What the gradient of limits goes to: the input where it is within them, ends included, else the bound that it is
 * beyond; a lower bound above the upper one has none.
 */
function limitedBy(g: GraphBuilder, x: Node, low: Node | null, high: Node | null): Node {
  const beyond: [Node, Node][] = [];
  let inside: Node | null = null;
  if (low !== null) {
    inside = g.ge(x, low);
    const below = g.lt(x, low);
    if (low.requiresGrad) beyond.push([high === null ? below : g.and(below, g.lt(low, high)), low]);
  }
  if (high !== null) {
    const kept = g.le(x, high);
    inside = inside === null ? kept : g.and(inside, kept);
    const above = g.gt(x, high);
    if (high.requiresGrad) beyond.push([low === null ? above : g.or(above, g.lt(high, low)), high]);
  }
  const none = g.full([], 0, x.dtype);
  const bounds = beyond.reduce((rest, [reached, bound]) => g.where(reached, bound, rest), none);
  return x.requiresGrad ? g.where(inside!, x, bounds) : bounds;
}

nameSteps(
  { square: "pow" },
  {
    clamp: when((args) => !isNode(args["min"]) && !isNode(args["max"]), 1),
    round: when((args) => Boolean(args["decimals"]), 1),
  },
);
