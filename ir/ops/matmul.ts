/** Products of vectors, matrices and batches of matrices. */
import { nameSteps, rank } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { conjugate } from "../complex/parts.ts";
import { cName, scalarName } from "../dtype.ts";
import { DTypeError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { elementCount, type Shape } from "../shape.ts";
import { checkBroadcast, describe, promoted, range } from "./support.ts";
import { matmulsType, anyCastable, productsType, resultsType, vectorsType } from "./out-types.ts";

/** Operands of a product have one type: nothing is promoted. */
export function requireSameType(name: string, a: Node, b: Node): void {
  if (a.dtype === b.dtype) return;
  const expected =
    name === "dot" || name === "vdot"
      ? `dot : expected both vectors to have same dtype, but found ${scalarName(a.dtype)} and ${scalarName(b.dtype)}`
      : `expected m1 and m2 to have the same dtype, but got: ${cName(a.dtype)} != ${cName(b.dtype)}`;
  throw new DTypeError(
    `${name}/dtype`,
    `${name}: ${expected}: ${describe(a)} and ${describe(b)}.`,
    `Convert one, for example other.to(torch.${a.dtype}).`,
  );
}

const dims = (shape: Shape): string => shape.slice(-2).join("x");

const inconsistentSize = (a: Node, b: Node): string =>
  `inconsistent tensor size, expected tensor [${a.shape[0]}] and src [${b.shape[0]}] to have the same number of elements, but got ${a.shape[0]} and ${b.shape[0]} elements respectively`;
const sizeMismatch = (rows: number, columns: number, count: number): string =>
  `size mismatch, got input (${rows}), mat (${rows}x${columns}), vec (${count})`;

/** The phrase of PyTorch's that people search for: it folds the batches of the left into rows beside one matrix. */
function inPyTorchsWords(a: Node, b: Node): string | null {
  const [rows, inner] = [elementCount(a.shape.slice(0, -1)), a.shape.at(-1)!];
  if (b.shape.length === 1)
    return a.shape.length === 1 ? inconsistentSize(a, b) : sizeMismatch(rows, inner, b.shape[0]!);
  if (b.shape.length > 2) {
    if (a.shape.length === 1 && elementCount(b.shape) === 0)
      return sizeMismatch(elementCount(b.shape.with(-2, 1)), b.shape.at(-2)!, inner);
    const batch = elementCount(checkBroadcast("matmul", a, b, a.shape.slice(0, -2), b.shape.slice(0, -2)));
    // Of two batches the sizes that are told already say the same.
    if (a.shape.length > 2) return null;
    return `Expected size for first two dimensions of batch2 tensor to be: [${batch}, ${inner}] but got: [${batch}, ${b.shape.at(-2)}]`;
  }
  return `mat1 and mat2 shapes cannot be multiplied (${rows}x${inner} and ${dims(b.shape)})`;
}

function innerMismatch(a: Node, b: Node): ShapeError {
  const words = inPyTorchsWords(a, b);
  const [inner, other] = [a.shape.at(-1)!, b.shape.at(-2) ?? b.shape[0]!];
  const which = b.shape.length === 1 ? "size" : "second-to-last";
  const cure = b.shape.length > 1 && b.shape.at(-1) === inner ? " other.transpose(-2, -1) would fit." : "";
  return new ShapeError(
    "matmul/inner-dims",
    `matmul: inner sizes differ: input ${describe(a)} @ other ${describe(b)}${words === null ? "" : `: ${words}`}.`,
    `The last size of input (${inner}) must equal the ${which} of other (${other}).${cure}`,
  );
}

/** a @ b by PyTorch's rules of rank; batch dimensions broadcast without copies. */
export function matmulOf(g: GraphBuilder, a: Node, b: Node): Node {
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  if (rankA === 0 || rankB === 0)
    throw new ShapeError(
      "matmul/0-d",
      `matmul: both arguments to matmul need to be at least 1D, but they are ${rankA}D and ${rankB}D.`,
      "mul() multiplies by a scalar.",
    );
  requireSameType("matmul", a, b);
  const innerB = Math.max(0, rankB - 2);
  if (a.shape[rankA - 1] !== b.shape[innerB]) throw innerMismatch(a, b);
  // One matrix or vector on the right: the rows of all batches of the left are rows of one product.
  if (rankB <= 2) return g.dot(a, b, [[rankA - 1], [innerB]]);
  if (rankA === 1) return g.dot(b, a, [[innerB], [0]]);
  const batch = checkBroadcast("matmul", a, b, a.shape.slice(0, -2), b.shape.slice(0, -2));
  const left = g.expandTo(a, [...batch, ...a.shape.slice(-2)]);
  const right = g.expandTo(b, [...batch, ...b.shape.slice(-2)]);
  const lead = range(batch.length);
  return g.dot(left, right, [[batch.length + 1], [batch.length]], [lead, lead]);
}

export const matmul = defineOp({
  name: "matmul",
  aliases: ["__matmul__"],
  signature: "matmul(Tensor input, Tensor other) -> Tensor",
  places: ["torch", "Tensor", "linalg"],
  out: matmulsType,
  doc: {
    summary: "Matrix product: vectors as rows or columns, dimensions before the last two as batches, which broadcast.",
    shape: "[*, m, k] and [*, k, n] -> [*, m, n]",
    source: "torch.matmul",
  },
  gradient: "through decomposition",
  record: (g, { input, other }) => matmulOf(g, input, other),
});

function requireRanks(
  name: string,
  a: Node,
  b: Node,
  ranks: readonly [number, number],
  names: readonly [string, string],
): void {
  const given = [a.shape.length, b.shape.length];
  const wrong = given.findIndex((rank, i) => rank !== ranks[i]);
  if (wrong < 0) return;
  const what = ranks[0] === 3 ? "a 3D tensor" : "a matrix";
  // PyTorch calls a product's first matrix by its place in the sum that it is.
  const which = name === "mm" && wrong === 0 ? "self" : names[wrong]!;
  const words =
    ranks[1] === 1
      ? `vector + matrix @ vector expected, got 1, ${given.join(", ")}`
      : `${which} must be ${what}, got ${given[wrong]}-D tensor`;
  throw new ShapeError(`${name}/rank`, `${name}: ${words}: ${describe(a)} and ${describe(b)}.`);
}

/** @throws ShapeError when the ranks or the inner sizes do not fit */
function checkProduct(
  name: string,
  a: Node,
  b: Node,
  ranks: readonly [number, number],
  names: readonly [string, string],
): void {
  requireRanks(name, a, b, ranks, names);
  requireSameType(name, a, b);
  const [inner, other] = [a.shape.at(-1), b.shape[Math.max(0, ranks[1] - 2)]];
  const batches = ranks[0] === 3 && a.shape[0] !== b.shape[0];
  if (inner === other && !batches) return;
  if (batches)
    throw new ShapeError(
      `${name}/batch`,
      `${name}: Expected size for first two dimensions of ${names[1]} tensor to be: [${a.shape[0]}, ${inner}] but got: [${b.shape[0]}, ${other}].`,
    );
  const words =
    ranks[1] === 1
      ? sizeMismatch(a.shape[0]!, a.shape[1]!, b.shape[0]!)
      : `${names[0]} and ${names[1]} shapes cannot be multiplied (${dims(a.shape)} and ${dims(b.shape)})`;
  throw new ShapeError(
    `${name}/inner-dims`,
    `${name}: ${words}: ${describe(a)} and ${describe(b)}.`,
    `The last size of ${names[0]} (${inner}) must equal the first of ${names[1]} (${other}).`,
  );
}

export const mm = (g: GraphBuilder, name: string, a: Node, b: Node, names: readonly [string, string]): Node => (
  checkProduct(name, a, b, [2, 2], names),
  g.dot(a, b, [[1], [0]])
);
export const bmm = (g: GraphBuilder, name: string, a: Node, b: Node, names: readonly [string, string]): Node => (
  checkProduct(name, a, b, [3, 3], names),
  g.dot(a, b, [[2], [1]], [[0], [0]])
);
export const mv = (g: GraphBuilder, name: string, a: Node, b: Node, names: readonly [string, string]): Node => (
  checkProduct(name, a, b, [2, 1], names),
  g.dot(a, b, [[1], [0]])
);
/** Sum over the batches too. */
export const summedBmm = (g: GraphBuilder, name: string, a: Node, b: Node, names: readonly [string, string]): Node => (
  checkProduct(name, a, b, [3, 3], names),
  g.dot(a, b, [
    [0, 2],
    [0, 1],
  ])
);

export const times = (g: GraphBuilder, a: Node, b: Node): Node => (a.dtype === "bool" ? g.and(a, b) : g.mul(a, b));

export function outerOf(
  g: GraphBuilder,
  name: string,
  a: Node,
  b: Node,
  names: readonly [string, string] = ["self", "vec2"],
): Node {
  for (const [i, x] of [a, b].entries())
    if (x.shape.length !== 1)
      throw new ShapeError(
        `${name}/rank`,
        `${name}: Expected 1-D argument ${names[i]}, but got ${x.shape.length}-D: ${describe(x)}.`,
      );
  const [x, y] = promoted(g, a, b);
  return times(g, g.reshape(x, [x.shape[0]!, 1]), g.reshape(y, [1, y.shape[0]!]));
}

function dotOf(g: GraphBuilder, name: string, a: Node, b: Node): Node {
  if (a.shape.length !== 1 || b.shape.length !== 1)
    throw new ShapeError(
      `${name}/rank`,
      `${name}: 1D tensors expected, but got ${a.shape.length}D and ${b.shape.length}D tensors: ${describe(a)} and ${describe(b)}.`,
    );
  requireSameType(name, a, b);
  if (a.shape[0] !== b.shape[0]) throw new ShapeError(`${name}/size`, `${name}: ${inconsistentSize(a, b)}.`);
  return g.dot(a, b, [[0], [0]]);
}

for (const [name, second, summary, shape, product] of [
  ["mm", "mat2", "Product of two matrices; does not broadcast.", "[m, k] and [k, n] -> [m, n]", mm],
  ["bmm", "mat2", "Products of matrices, batch by batch.", "[b, m, k] and [b, k, n] -> [b, m, n]", bmm],
  ["mv", "vec", "Product of a matrix and a vector.", "[m, k] and [k] -> [m]", mv],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, Tensor ${second}) -> Tensor` as "mm(Tensor input, Tensor second) -> Tensor",
    places: ["torch", "Tensor"],
    out: name === "mv" ? vectorsType : resultsType,
    doc: { summary, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    record(g, args) {
      const [a, b] = Object.values(args) as [Node, Node];
      return product(
        g,
        name,
        a,
        b,
        name === "mm" ? ["mat1", "mat2"] : name === "bmm" ? ["batch1", "batch2"] : ["input", second],
      );
    },
  });
}

for (const [name, second, summary] of [
  ["dot", "tensor", "Sum of the products of two vectors' elements."],
  ["vdot", "other", "Sum of the products of two vectors' elements, those of the first conjugated."],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, Tensor ${second}) -> Tensor` as "dot(Tensor input, Tensor second) -> Tensor",
    places: ["torch", "Tensor"],
    out: productsType,
    doc: {
      summary,
      shape: "[n] and [n] -> []",
      source: `torch.${name}`,
    },
    gradient: "through decomposition",
    record(g, args) {
      const [a, b] = Object.values(args) as [Node, Node];
      return dotOf(g, name, name === "vdot" ? conjugate(g, a) : a, b);
    },
  });
}

defineOp({
  name: "outer",
  aliases: ["ger"],
  signature: "outer(Tensor input, Tensor vec2) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  doc: {
    summary: "Every element of one vector times every element of the other.",
    shape: "[m] and [n] -> [m, n]",
    source: "torch.outer",
  },
  gradient: "through decomposition",
  record: (g, { input, vec2 }) => outerOf(g, "outer", input, vec2),
});

/** By the ranks of both; of other ranks what a batched product is reshaped to. */
const products: Readonly<Record<string, string>> = { "1, 1": "dot", "2, 1": "mv", "2, 2": "mm" };

nameSteps(
  { outer: "mul" },
  {
    matmul: ({ input, other }) => products[`${rank(input)}, ${rank(other)}`] ?? "unsafe_view",
  },
);
