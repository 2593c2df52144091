/**
 * What the primitives mean of complex numbers, stated in real ones: the builder asks here whenever an operand is complex,
 * so that neither passes nor back ends know of them. Where the real formulas are differentiated badly (quotients, roots),
 * they stand behind a composite with a rule of its own: the conjugate of the real rule, since the function is analytic.
 */
import type { GraphBuilder } from "../builder.ts";
import { isComplex, realOf, type DType } from "../dtype.ts";
import { gradients } from "../gradients.ts";
import {
  isNode,
  type BinaryPrimitive,
  type ComparisonPrimitive,
  type Node,
  type Primitive,
  type ScanKind,
  type UnaryPrimitive,
} from "../graph.ts";
import { defineOp, recordOperator, type GradientRule, type Operator } from "../operator.ts";
import { partsFunctions, powerParts } from "./functions.ts";
import { complexUnsupported } from "../unsupported.ts";
import { dividedParts, eachPart, ofParts, partsOf, sizeOf, timesParts, type Parts } from "./parts.ts";
import { installComplexRules } from "./rules.ts";

/** The rule of the primitive of the same name. */
const ruleOf =
  (primitive: (attrs: Readonly<Record<string, unknown>>) => Primitive): GradientRule =>
  (g, { node, inputs, attrs, grads: [grad] }) => {
    const rule = gradients[primitive(attrs)];
    if (!grad || typeof rule !== "function") return inputs.map(() => null);
    return (rule as (g: GraphBuilder, node: Node, grad: Node) => readonly (Node | null)[])(g, node, grad);
  };

const internal = { places: [], composite: true } as const;
const shape = "[*] -> [*]";

const functionOp: Operator = defineOp({
  ...internal,
  name: "complex_function",
  signature: "complex_function(Tensor input, string op) -> Tensor",
  doc: { summary: "An analytic function of complex numbers.", shape, source: "torch" },
  gradient: ruleOf(({ op }) => op as UnaryPrimitive),
  complexGradient: "analytic",
  record: (g, { input, op }) => ofParts(g, partsFunctions[op as UnaryPrimitive]!(g, partsOf(g, input))),
});

const divideOp: Operator = defineOp({
  ...internal,
  name: "complex_div",
  signature: "complex_div(Tensor input, Tensor other) -> Tensor",
  doc: { summary: "A quotient of complex numbers.", shape, source: "torch.div" },
  gradient: ruleOf(() => "div"),
  complexGradient: "analytic",
  record: (g, { input, other }) => ofParts(g, dividedParts(g, partsOf(g, input), partsOf(g, other))),
});

const powerOp: Operator = defineOp({
  ...internal,
  name: "complex_pow",
  signature: "complex_pow(Tensor input, Tensor exponent) -> Tensor",
  doc: { summary: "A power of complex numbers.", shape, source: "torch.pow" },
  complexGradient: "analytic",
  gradient(g, { node, inputs, grads: [grad] }) {
    const [z, w] = inputs as [Node, Node];
    if (!grad) return [null, null];
    const base = g.where(g.eq(w, 0), 0, g.mul(grad, g.mul(w, g.pow(z, g.sub(w, 1)))));
    if (!w.requiresGrad) return [base, null];
    const zero = g.eq(z, 0);
    const still = g.and(zero, g.ge(g.real(w), 0));
    const log = g.log(g.where(zero, 1, z));
    return [base, g.where(still, 0, g.mul(grad, g.mul(node, log)))];
  },
  record: (g, { input, exponent }) => ofParts(g, powerParts(g, partsOf(g, input), partsOf(g, exponent))),
});

const sizeOp: Operator = defineOp({
  ...internal,
  name: "complex_abs",
  signature: "complex_abs(Tensor input) -> Tensor",
  doc: { summary: "The absolute value of complex numbers.", shape, source: "torch.abs" },
  complexGradient: "own",
  // The direction in which |z| grows; none at zero.
  gradient(g, { node, inputs, grads }) {
    const [grad] = grads;
    if (!grad) return [null];
    const zero = g.eq(node, 0);
    const scale = g.where(zero, 0, g.div(grad, g.where(zero, 1, node)));
    return [eachPart(g, inputs[0]!, (part) => g.mul(part, scale))];
  },
  record: (g, { input }) => sizeOf(g, partsOf(g, input)),
});

const apply = (g: GraphBuilder, definition: Operator, args: Readonly<Record<string, unknown>>): Node =>
  recordOperator(g, definition, args, isNode) as Node;

function unary(g: GraphBuilder, op: UnaryPrimitive, z: Node): Node {
  if (op === "neg") return eachPart(g, z, (part) => g.neg(part));
  if (op === "abs") return apply(g, sizeOp, { input: z });
  if (!(op in partsFunctions)) throw complexUnsupported(op, z);
  return apply(g, functionOp, { input: z, op });
}

function binary(g: GraphBuilder, op: BinaryPrimitive, a: Node, b: Node): Node {
  switch (op) {
    case "add":
    case "sub":
      return ofParts(g, [g.binary(op, g.real(a), g.real(b)), g.binary(op, g.imag(a), g.imag(b))]);
    case "mul":
      return ofParts(g, timesParts(g, partsOf(g, a), partsOf(g, b)));
    case "div":
      return apply(g, divideOp, { input: a, other: b });
    case "pow":
      return apply(g, powerOp, { input: a, exponent: b });
    default:
      throw complexUnsupported(op, a);
  }
}

function compare(g: GraphBuilder, op: ComparisonPrimitive, a: Node, b: Node): Node {
  if (op !== "eq" && op !== "ne") throw complexUnsupported(op, a);
  const [re, im] = [g.compare(op, g.real(a), g.real(b)), g.compare(op, g.imag(a), g.imag(b))];
  return op === "eq" ? g.and(re, im) : g.or(re, im);
}

/** To and from complex types. */
function cast(g: GraphBuilder, x: Node, dtype: DType): Node {
  if (!isComplex(dtype))
    return dtype === "bool" ? g.or(g.ne(g.real(x), 0), g.ne(g.imag(x), 0)) : g.cast(g.real(x), dtype);
  if (isComplex(x.dtype)) return eachPart(g, x, (part) => g.cast(part, realOf(dtype)));
  return g.complex(g.cast(x, realOf(dtype)), g.full(x.shape, 0, realOf(dtype)));
}

/** The product along an axis, halves with halves: a line of n takes log n steps. */
function product(g: GraphBuilder, z: Node, axis: number): Node {
  let x = z;
  // Of nothing: one, with a gradient of no elements.
  if (x.shape[axis] === 0) return g.add(g.sum(x, [axis]), 1);
  while (x.shape[axis]! > 1) {
    const half = x.shape[axis]! >> 1;
    const product = g.mul(g.sliceAxis(x, axis, 0, half), g.sliceAxis(x, axis, half, half));
    x = x.shape[axis]! % 2 === 0 ? product : g.concat([product, g.sliceAxis(x, axis, 2 * half, 1)], axis);
  }
  return x;
}

/** Running products: after step k each element holds the product of the last 2 ** k. */
function scan(g: GraphBuilder, kind: ScanKind, z: Node, axis: number, reverse: boolean): Node {
  if (kind === "sum") return eachPart(g, z, (part) => g.scan(kind, part, axis, reverse));
  if (kind !== "prod") throw complexUnsupported(`cum${kind}`, z);
  const size = z.shape[axis]!;
  const only = (n: number): number[] => z.shape.map((_, i) => (i === axis ? n : 0));
  let x = z;
  for (let by = 1; by < size; by *= 2) {
    const kept = g.sliceAxis(x, axis, reverse ? by : 0, size - by);
    const shifted = reverse ? g.pad(kept, only(0), only(by), 1) : g.pad(kept, only(by), only(0), 1);
    x = g.mul(x, shifted);
  }
  return x;
}

function dot(g: GraphBuilder, a: Node, b: Node, of: (x: Node, y: Node) => Node): Node {
  const [[ar, ai], [br, bi]]: readonly [Parts, Parts] = [partsOf(g, a), partsOf(g, b)];
  return g.complex(g.sub(of(ar, br), of(ai, bi)), g.add(of(ar, bi), of(ai, br)));
}

installComplexRules({ unary, binary, compare, cast, product, scan, dot });
