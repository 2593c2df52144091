/** beta * input + alpha * product, and chains of products. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { isIntegral } from "../dtype.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import type { Shape } from "../shape.ts";
import type { ScalarArgument } from "../signature.ts";
import { bmm, matmulOf, mm, mv, outerOf, requireSameType, summedBmm } from "./matmul.ts";
import { isExactly, range, requireRank, resultType, scalarAs } from "./support.ts";
import { stretched } from "./movement.ts";
import { anyCastable, batchesType, chainsType, resultsType } from "./out-types.ts";

type Product = (g: GraphBuilder, name: string, a: Node, b: Node, names: readonly [string, string]) => Node;

/** x * factor, where a factor of 1 costs nothing. */
function times(g: GraphBuilder, name: string, x: Node, factor: ScalarArgument): Node {
  if (isExactly(factor, 1)) return x;
  if (name === "addr" && isIntegral(x.dtype) && factor.category === "float")
    throw new ArgumentError(
      `${name}/factor`,
      `${name}: For integral input tensors, arguments alpha and beta must not be floating point numbers.`,
    );
  const scale = scalarAs(g, factor, x.dtype);
  return x.dtype === "bool" ? g.and(x, scale) : g.mul(x, scale);
}

for (const [name, first, second, summary, shape, product] of [
  ["addmm", "mat1", "mat2", "beta * input + alpha * (mat1 @ mat2).", "[m, n], [m, k] and [k, n] -> [m, n]", mm],
  ["addmv", "mat", "vec", "beta * input + alpha * (mat @ vec).", "[m], [m, k] and [k] -> [m]", mv],
  ["addr", "vec1", "vec2", "beta * input + alpha * outer(vec1, vec2).", "[m, n], [m] and [n] -> [m, n]", outerOf],
  [
    "addbmm",
    "batch1",
    "batch2",
    "beta * input + alpha * the sum of the batches' products.",
    "[m, n], [b, m, k] and [b, k, n] -> [m, n]",
    summedBmm,
  ],
  [
    "baddbmm",
    "batch1",
    "batch2",
    "beta * input + alpha * (batch1 @ batch2).",
    "[b, m, n], [b, m, k] and [b, k, n] -> [b, m, n]",
    bmm,
  ],
] as const satisfies readonly (readonly [string, string, string, string, string, Product])[]) {
  defineOp({
    name,
    signature:
      `${name}(Tensor input, Tensor ${first}, Tensor ${second}, *, Scalar beta=1, Scalar alpha=1) -> Tensor` as "addmm(Tensor input, Tensor first, Tensor second, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
    places: ["torch", "Tensor"],
    out: name === "addr" ? anyCastable : name === "addbmm" ? batchesType : resultsType,
    inplace: true,
    doc: { summary: `${summary} input broadcasts; with beta 0 it is not read.`, shape, source: `torch.${name}` },
    gradient: "through decomposition",
    record(g, args) {
      const { input, beta, alpha } = args;
      const [, a, b] = Object.values(args) as [Node, Node, Node];
      // PyTorch's order of rounding: an outer product, which promotes, takes the factor before, the others after.
      if (name === "addr") {
        const dtype = resultType(g, [input, a, b]);
        const column = times(g, name, g.cast(a, dtype), alpha);
        return plus(g, name, g.cast(input, dtype), product(g, name, column, g.cast(b, dtype), [first, second]), beta);
      }
      return plus(g, name, input, times(g, name, product(g, name, a, b, [first, second]), alpha), beta);
    },
  });
}

/** beta * input + product. */
function plus(g: GraphBuilder, name: string, input: Node, product: Node, beta: ScalarArgument): Node {
  requireSameType(name, input, product);
  const addend = stretched(g, name, input, product.shape);
  if (isExactly(beta, 0)) {
    if (!input.requiresGrad) return product;
    // Not read, but an argument: its gradient is zero.
    const nothing = g.where(g.full([], false, "bool"), addend, 0);
    return g.withHistory(g.detach(product), g.add(product, nothing));
  }
  const base = times(g, name, input, beta);
  return product.dtype === "bool" ? g.or(base, product) : g.add(base, product);
}

/**
 * The order of multiplication that needs the fewest operations, by dynamic programming over sub-chains. `of` gives what
 * stands for a matrix, `times` for a product.
 */
function inOrder<T>(shapes: readonly Shape[], of: (i: number) => T, times: (first: T, second: T) => T): T {
  const count = shapes.length;
  const size = [shapes[0]![0]!, ...shapes.map((shape) => shape[1]!)];
  const cost = range(count).map(() => new Array<number>(count).fill(0));
  const cut = range(count).map(() => new Array<number>(count).fill(0));
  for (let length = 2; length <= count; length++) {
    for (let i = 0; i + length <= count; i++) {
      const j = i + length - 1;
      cost[i]![j] = Infinity;
      for (let k = i; k < j; k++) {
        const total = cost[i]![k]! + cost[k + 1]![j]! + size[i]! * size[k + 1]! * size[j + 1]!;
        // Of three matrices at one cost the first two, as in PyTorch.
        if (total < cost[i]![j]! || (count === 3 && total === cost[i]![j]!)) {
          cost[i]![j] = total;
          cut[i]![j] = k;
        }
      }
    }
  }
  const product = (i: number, j: number): T =>
    i === j ? of(i) : times(product(i, cut[i]![j]!), product(cut[i]![j]! + 1, j));
  return product(0, count - 1);
}

const chained = (g: GraphBuilder, matrices: readonly Node[]): Node =>
  inOrder(
    matrices.map(({ shape }) => shape),
    (i) => matrices[i]!,
    (a, b) => matmulOf(g, a, b),
  );

/** Of each product in the chain what the other factor's gradient needs, where that is one of the matrices. */
function keptInChain(matrices: readonly Node[]): Node[] {
  const kept = new Set<Node>();
  interface Factor {
    readonly own: Node | null;
    readonly requiresGrad: boolean;
  }
  inOrder<Factor>(
    matrices.map((x, i) => (x.shape.length === 2 ? x.shape : vectorShape(x, i))),
    (i) => ({ own: matrices[i]!, requiresGrad: matrices[i]!.requiresGrad }),
    (a, b) => {
      if (a.requiresGrad && b.own !== null) kept.add(b.own);
      if (b.requiresGrad && a.own !== null) kept.add(a.own);
      return { own: null, requiresGrad: a.requiresGrad || b.requiresGrad };
    },
  );
  return [...kept];
}

/** A vector at the start of a chain is a row, at its end a column. */
const vectorShape = (x: Node, i: number): number[] => (i === 0 ? [1, x.shape[0]!] : [x.shape[0]!, 1]);

defineOp({
  name: "chain_matmul",
  signature: "chain_matmul(Tensor... matrices) -> Tensor",
  places: ["torch"],
  out: chainsType,
  doc: {
    summary: "Product of several matrices, in the cheapest order.",
    shape: "[a, b], [b, c], .. -> [a, z]",
    source: "torch.chain_matmul",
  },
  saves: ({ matrices }) => keptInChain(matrices),
  gradient: "through decomposition",
  record(g, { matrices }) {
    for (const matrix of matrices) requireRank("chain_matmul", matrix, 2, "each matrix");
    if (matrices.length === 0)
      throw new ShapeError("chain_matmul/empty", "chain_matmul: Expected one or more matrices.");
    return chained(g, matrices);
  },
});

defineOp({
  name: "multi_dot",
  signature: "multi_dot(Tensor[] tensors) -> Tensor",
  places: ["linalg"],
  out: chainsType,
  doc: {
    summary: "Product of several matrices, in the cheapest order; the first and last may be vectors.",
    shape: "[a, b], [b, c], .. -> [a, z]",
    source: "torch.linalg.multi_dot",
  },
  saves: ({ tensors }) => keptInChain(tensors),
  gradient: "through decomposition",
  record(g, { tensors }) {
    if (tensors.length < 2)
      throw new ShapeError(
        "multi_dot/count",
        `linalg.multi_dot(): expected at least 2 tensors but got ${tensors.length}.`,
      );
    const [first, last] = [tensors[0]!, tensors.at(-1)!];
    tensors.forEach((x, i) =>
      requireRank("multi_dot", x, i === 0 || i === tensors.length - 1 ? [1, 2] : 2, `tensor ${i}`),
    );
    const matrices = tensors.map((x, i) => (x.shape.length === 2 ? x : g.reshape(x, vectorShape(x, i))));
    const product = chained(g, matrices);
    return g.reshape(product, [
      ...(first.shape.length === 1 ? [] : [product.shape[0]!]),
      ...(last.shape.length === 1 ? [] : [product.shape[1]!]),
    ]);
  },
});

nameSteps({ multi_dot: "view" });
