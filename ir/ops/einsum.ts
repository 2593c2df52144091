/** Contractions written by naming dimensions: einsum, tensordot, kron. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { isIntegral } from "../dtype.ts";
import { ArgumentError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { formatShape } from "../shape.ts";
import { diagonalOf } from "./diagonal.ts";
import { requireSameType } from "./matmul.ts";
import { axisOf, describe, promoted, range } from "./support.ts";
import { anyCastable, tensordotsType } from "./out-types.ts";

/** A tensor whose dimensions have names. */
interface Labelled {
  readonly node: Node;
  readonly labels: readonly string[];
}

const refuse = (message: string): never => {
  throw new ArgumentError("einsum/equation", `einsum(): ${message}`);
};

/** @throws ArgumentError for what is no letter, and none of the signs of an equation */
function requireLetters(equation: string): void {
  const arrow = equation.indexOf("->");
  const wrong = [...equation].findIndex((sign, i) => !/[A-Za-z., ]/.test(sign) && i !== arrow && i !== arrow + 1);
  if (wrong >= 0)
    refuse(
      `invalid subscript given at index ${wrong} in the equation string, subscripts must be in [a-zA-Z], got ${equation[wrong]}`,
    );
}

/** The labels of one term; dimensions under the ellipsis are named by their distance from its end. */
function labelsOf(term: string, rank: number, operand: number): string[] {
  const parts = term.split("...");
  if (parts.length > 2) refuse("found '.' for an operand for which an ellipsis was already found");
  const [left, right] = [[...parts[0]!], [...(parts[1] ?? "")]];
  const hidden = rank - left.length - right.length;
  if (hidden < 0 || (parts.length === 1 && hidden !== 0))
    refuse(
      `the number of subscripts in the equation (${left.length + right.length}) does not match the number of dimensions (${rank}) for operand ${operand}${parts.length === 1 ? " and no ellipsis was given" : ""}`,
    );
  return [...left, ...range(hidden).map((i) => `.${hidden - i}`), ...right];
}

/** A label that occurs twice in one operand names its diagonal. */
function withoutRepeats(g: GraphBuilder, { node, labels }: Labelled): Labelled {
  for (let i = 0; i < labels.length; i++) {
    const j = labels.indexOf(labels[i]!, i + 1);
    if (j < 0) continue;
    const size = node.shape[i]!;
    if (size !== node.shape[j])
      refuse(`dimensions with one subscript ${labels[i]} of an operand must be of one size, got ${describe(node)}`);
    const diagonal = diagonalOf(g, node, { a: i, b: j, row: 0, column: 0, length: size });
    return withoutRepeats(g, { node: diagonal, labels: [...labels.filter((_, k) => k !== i && k !== j), labels[i]!] });
  }
  return { node, labels };
}

function summed(g: GraphBuilder, { node, labels }: Labelled, keep: (label: string) => boolean): Labelled {
  const axes = range(labels.length).filter((axis) => !keep(labels[axis]!));
  if (axes.length === 0) return { node, labels };
  const kept = labels.filter(keep);
  const wide = isIntegral(node.dtype) ? g.cast(node, "int64") : node;
  return {
    node: g.reshape(
      g.sum(wide, axes),
      node.shape.filter((_, axis) => !axes.includes(axis)),
    ),
    labels: kept,
  };
}

const arranged = (g: GraphBuilder, { node, labels }: Labelled, order: readonly string[]): Node =>
  g.permute(
    node,
    order.map((label) => labels.indexOf(label)),
  );

/** The product of two operands, summed over what nothing else names. */
function contracted(g: GraphBuilder, a: Labelled, b: Labelled, isNeeded: (label: string) => boolean): Labelled {
  const left = summed(g, a, (label) => isNeeded(label) || b.labels.includes(label));
  const right = summed(g, b, (label) => isNeeded(label) || a.labels.includes(label));
  const common = left.labels.filter((label) => right.labels.includes(label));
  const batch = common.filter(isNeeded);
  const inner = common.filter((label) => !isNeeded(label));
  const freeLeft = left.labels.filter((label) => !common.includes(label));
  const freeRight = right.labels.filter((label) => !common.includes(label));
  const labels = [...batch, ...freeLeft, ...freeRight];
  if (inner.length > 0) {
    requireSameType("einsum", a.node, b.node);
    const [x, y] = promoted(g, left.node, right.node);
    const axes = (side: Labelled, names: readonly string[]): number[] =>
      names.map((label) => side.labels.indexOf(label));
    const node = g.dot(x, y, [axes(left, inner), axes(right, inner)], [axes(left, batch), axes(right, batch)]);
    return { node, labels };
  }
  const x = arranged(g, left, [...batch, ...freeLeft]);
  const y = arranged(g, right, [...batch, ...freeRight]);
  const [p, q] = promoted(
    g,
    g.reshape(x, [...x.shape, ...freeRight.map(() => 1)]),
    g.reshape(y, [...y.shape.slice(0, batch.length), ...freeLeft.map(() => 1), ...y.shape.slice(batch.length)]),
  );
  return { node: p.dtype === "bool" ? g.and(p, q) : g.mul(p, q), labels };
}

/** Whether one tensor's dimensions are all named by the result: nothing is multiplied or summed. */
function isMovement(equation: string, operands: readonly Node[]): boolean {
  requireLetters(equation);
  const [term, output] = equation.replaceAll(" ", "").split("->") as [string, string | undefined];
  if (operands.length !== 1 || term.includes(",")) return false;
  const { shape } = operands[0]!;
  const sizes = new Map(labelsOf(term, shape.length, 0).map((label, axis) => [label, shape[axis]!]));
  const wanted = outputLabels(term, output, sizes);
  return [...sizes.keys()].every((label) => wanted.includes(label));
}

defineOp({
  name: "einsum",
  signature: "einsum(string equation, Tensor... operands) -> Tensor",
  places: ["torch"],
  view: ({ equation, operands }) => isMovement(equation, operands),
  doc: {
    summary:
      "Sum of products by Einstein's convention: dimensions with one name are multiplied element by element, those that the result does not name are summed.",
    shape: "list of [*] -> [*]",
    source: "torch.einsum",
  },
  gradient: "through decomposition",
  record(g, { equation, operands }) {
    const text = equation.replaceAll(" ", "");
    const [inputs, output] = text.split("->") as [string, string | undefined];
    const terms = inputs.split(",");
    if (operands.length === 0) refuse("must provide at least one operand");
    if (terms.length !== operands.length)
      refuse(
        `${terms.length > operands.length ? "fewer" : "more"} operands were provided than specified in the equation (${terms.length} terms, ${operands.length} operands)`,
      );
    const named = operands.map((node, i) =>
      withoutRepeats(g, { node, labels: labelsOf(terms[i]!, node.shape.length, i) }),
    );
    const sizes = new Map<string, number>();
    for (const [i, { node, labels }] of named.entries()) {
      labels.forEach((label, axis) => {
        const [known, size] = [sizes.get(label) ?? 1, node.shape[axis]!];
        if (known !== size && known !== 1 && size !== 1)
          refuse(
            `subscript ${label.startsWith(".") ? "..." : label} has size ${size} for operand ${i} which does not broadcast with previously seen size ${known}`,
          );
        sizes.set(label, known === 1 ? size : known);
      });
    }
    const wanted = outputLabels(inputs, output, sizes);
    const stretched = named.map(({ node, labels }): Labelled => ({
      node: g.expandTo(
        node,
        labels.map((label) => sizes.get(label)!),
      ),
      labels,
    }));
    let result = stretched[0]!;
    for (let i = 1; i < stretched.length; i++) {
      const later = new Set([...wanted, ...stretched.slice(i + 1).flatMap(({ labels }) => labels)]);
      result = contracted(g, result, stretched[i]!, (label) => later.has(label));
    }
    return arranged(
      g,
      summed(g, result, (label) => wanted.includes(label)),
      wanted,
    );
  },
});

/** Labels of the result: as written, or the ellipsis and then those that occur once, in alphabetical order. */
function outputLabels(inputs: string, output: string | undefined, sizes: ReadonlyMap<string, number>): string[] {
  const hidden = [...sizes.keys()]
    .filter((label) => label.startsWith("."))
    .sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)));
  if (output === undefined) {
    const letters = [...inputs].filter((letter) => /[A-Za-z]/.test(letter));
    return [...hidden, ...letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort()];
  }
  const parts = output.split("...");
  if (parts.length > 2) refuse("found '.' for output but an ellipsis was already found");
  const [left, right] = [[...parts[0]!], [...(parts[1] ?? "")]];
  const labels = [...left, ...(parts.length === 2 ? hidden : []), ...right];
  labels.forEach((label, i) => {
    if (!sizes.has(label)) refuse(`output subscript ${label} does not appear in the equation for any input operand`);
    if (labels.indexOf(label) !== i) refuse(`output subscript ${label} appears more than once in the output`);
  });
  return labels;
}

function tensordotOf(g: GraphBuilder, a: Node, b: Node, dimsA: readonly number[], dimsB: readonly number[]): Node {
  if (dimsA.length !== dimsB.length)
    throw new ShapeError(
      "tensordot/dims",
      `tensordot: both dimension lists should have same length, got ${formatShape(dimsA)} and ${formatShape(dimsB)}.`,
    );
  requireSameType("tensordot", a, b);
  const axesA = dimsA.map((dim) => axisOf("tensordot", dim, a.shape.length));
  const axesB = dimsB.map((dim) => axisOf("tensordot", dim, b.shape.length));
  let [left, right] = [a, b];
  axesA.forEach((axis, i) => {
    const [m, n] = [a.shape[axis]!, b.shape[axesB[i]!]!];
    if (m === n) return;
    // A size of 1 broadcasts: the other side is summed.
    if (n === 1) left = g.sum(left, [axis]);
    else if (m === 1) right = g.sum(right, [axesB[i]!]);
    else
      throw new ShapeError(
        "tensordot/sizes",
        `tensordot: contracted dimensions need to match, but first has size ${m} in dim ${dimsA[i]} and second has size ${n} in dim ${dimsB[i]}: ${describe(a)} and ${describe(b)}.`,
      );
  });
  return g.dot(left, right, [axesA, axesB]);
}

defineOp({
  name: "tensordot",
  signature: "tensordot(Tensor a, Tensor b, int dims=2) -> Tensor",
  places: ["torch"],
  out: tensordotsType,
  doc: {
    summary: "Sum of products over the last `dims` dimensions of a and the first of b.",
    shape: "[*, c..] and [c.., #] -> [*, #]",
    source: "torch.tensordot",
  },
  gradient: "through decomposition",
  record(g, { a, b, dims }) {
    if (dims < 0 || dims > Math.min(a.shape.length, b.shape.length))
      throw new ArgumentError(
        "tensordot/dims",
        `tensordot expects dims >= 0 and at most both ranks, but got dims=${dims} for ${describe(a)} and ${describe(b)}.`,
      );
    return tensordotOf(
      g,
      a,
      b,
      range(dims).map((i) => i - dims),
      range(dims),
    );
  },
});

defineOp({
  name: "tensordot.lists",
  signature: "tensordot(Tensor a, Tensor b, int[][] dims) -> Tensor",
  places: ["torch"],
  out: tensordotsType,
  doc: {
    summary: "Sum of products over the dimensions that two lists name.",
    shape: "[*] and [#] -> [free dimensions of a, free dimensions of b]",
    source: "torch.tensordot",
  },
  // An operand is summed first over a dimension that the other one has once.
  saves({ a, b, dims }) {
    const pairs = (dims[0] ?? []).map((dim, i) => [a.shape.at(dim), b.shape.at(dims[1]?.[i] ?? 0)] as const);
    return [
      ...(pairs.some(([own, other]) => own !== 1 && other === 1) ? [] : [{ name: "a", for: ["b"] }]),
      ...(pairs.some(([other, own]) => own !== 1 && other === 1) ? [] : [{ name: "b", for: ["a"] }]),
    ];
  },
  gradient: "through decomposition",
  record(g, { a, b, dims }) {
    const [first, second, ...rest] = dims;
    if (first === undefined || second === undefined || rest.length > 0)
      throw new ArgumentError(
        "tensordot/dims",
        "tensordot: dims must be a number or a list of two lists of dimensions.",
      );
    return tensordotOf(g, a, b, first, second);
  },
});

defineOp({
  name: "kron",
  signature: "kron(Tensor input, Tensor other) -> Tensor",
  places: ["torch", "Tensor"],
  out: anyCastable,
  movesElements: true,
  doc: {
    summary: "Kronecker product: blocks of other, each times an element of input.",
    shape: "[a_i] and [b_i] -> [a_i * b_i]",
    source: "torch.kron",
  },
  saves: [],
  gradient: "through decomposition",
  record(g, { input, other }) {
    const rank = Math.max(input.shape.length, other.shape.length);
    const sized = (x: Node): number[] => [...range(rank - x.shape.length).map(() => 1), ...x.shape];
    const [a, b] = [sized(input), sized(other)];
    const [x, y] = promoted(
      g,
      g.reshape(
        input,
        a.flatMap((size) => [size, 1]),
      ),
      g.reshape(
        other,
        b.flatMap((size) => [1, size]),
      ),
    );
    return g.reshape(
      x.dtype === "bool" ? g.and(x, y) : g.mul(x, y),
      a.map((size, i) => size * b[i]!),
    );
  },
});

nameSteps({ kron: "unsafe_view", tensordot: "view" });
