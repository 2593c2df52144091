/** `torch.gradient`: derivatives estimated from samples. */
import { nameSteps } from "../step-names.ts";
import type { GraphBuilder } from "../builder.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { formatShape } from "../shape.ts";
import { axisOf, describe, range, toFloat } from "./support.ts";

/** Distances between samples along an axis: one for all, or one for each pair of neighbours. */
type Spacing = number | Node;

/** sum of weight * sample, with the samples at `places` from the start (or end) of an axis. */
function combined(
  g: GraphBuilder,
  x: Node,
  axis: number,
  terms: readonly (readonly [place: number, weight: Node | number])[],
): Node {
  let sum: Node | null = null;
  for (const [place, weight] of terms) {
    const term = g.mul(g.sliceAxis(x, axis, place, 1), weight);
    sum = sum === null ? term : g.add(sum, term);
  }
  return sum!;
}

function derivative(g: GraphBuilder, x: Node, axis: number, spacing: Spacing, edgeOrder: number): Node {
  const size = x.shape[axis]!;
  const piece = (source: Node, start: number, count: number): Node => g.sliceAxis(source, axis, start, count);
  if (typeof spacing === "number") {
    const inner = g.div(g.sub(piece(x, 2, size - 2), piece(x, 0, size - 2)), 2 * spacing);
    const first =
      edgeOrder === 1
        ? ([
            [0, -1 / spacing],
            [1, 1 / spacing],
          ] as const)
        : ([
            [0, -1.5 / spacing],
            [1, 2 / spacing],
            [2, -0.5 / spacing],
          ] as const);
    const last =
      edgeOrder === 1
        ? ([
            [size - 2, -1 / spacing],
            [size - 1, 1 / spacing],
          ] as const)
        : ([
            [size - 3, 0.5 / spacing],
            [size - 2, -2 / spacing],
            [size - 1, 1.5 / spacing],
          ] as const);
    return g.concat([combined(g, x, axis, first), inner, combined(g, x, axis, last)], axis);
  }
  // Unequal distances: the parabola through three neighbours.
  const [before, after] = [piece(spacing, 0, size - 2), piece(spacing, 1, size - 2)];
  const both = g.add(before, after);
  const a = g.neg(g.div(after, g.mul(before, both)));
  const b = g.div(g.sub(after, before), g.mul(before, after));
  const c = g.div(before, g.mul(after, both));
  const inner = g.add(
    g.add(g.mul(a, piece(x, 0, size - 2)), g.mul(b, piece(x, 1, size - 2))),
    g.mul(c, piece(x, 2, size - 2)),
  );
  const at = (place: number): Node => piece(spacing, place, 1);
  if (edgeOrder === 1) {
    const first = g.div(g.sub(piece(x, 1, 1), piece(x, 0, 1)), at(0));
    const last = g.div(g.sub(piece(x, size - 1, 1), piece(x, size - 2, 1)), at(size - 2));
    return g.concat([first, inner, last], axis);
  }
  const edge = (near: Node, far: Node, sign: 1 | -1): readonly [Node, Node, Node] => {
    const sum = g.add(near, far);
    const outer = g.div(g.mul(g.add(g.mul(near, 2), far), -sign), g.mul(near, sum));
    return [outer, g.div(g.mul(sum, sign), g.mul(near, far)), g.div(g.mul(near, -sign), g.mul(far, sum))];
  };
  const [f0, f1, f2] = edge(at(0), at(1), 1);
  const [l0, l1, l2] = edge(at(size - 2), at(size - 3), -1);
  const first = combined(g, x, axis, [
    [0, f0],
    [1, f1],
    [2, f2],
  ]);
  const last = combined(g, x, axis, [
    [size - 1, l0],
    [size - 2, l1],
    [size - 3, l2],
  ]);
  return g.concat([first, inner, last], axis);
}

/** Distances between coordinates, along the axis that they belong to. */
function distances(g: GraphBuilder, x: Node, axis: number, coordinates: Node): Node {
  if (coordinates.shape.length !== 1 || coordinates.shape[0] !== x.shape[axis])
    throw new ShapeError(
      "gradient/coordinates",
      `torch.gradient expected each element of spacing to have as many coordinates as input along its dim, but got ${describe(coordinates)} for ${describe(x)} and dim ${axis}.`,
    );
  const size = x.shape[axis]!;
  const steps = g.sub(g.sliceAxis(coordinates, 0, 1, size - 1), g.sliceAxis(coordinates, 0, 0, size - 1));
  return g.reshape(
    g.cast(steps, x.dtype),
    x.shape.map((_, i) => (i === axis ? size - 1 : 1)),
  );
}

function gradientsOf(
  g: GraphBuilder,
  input: Node,
  spacing: readonly (number | Node)[],
  shared: boolean,
  dim: readonly number[] | null,
  edgeOrder: number,
): Node[] {
  if (edgeOrder !== 1 && edgeOrder !== 2)
    throw new ArgumentError(
      "gradient/edge-order",
      `torch.gradient only supports edge_order=1 and edge_order=2, got ${edgeOrder}.`,
    );
  if (input.dtype === "uint8")
    throw new DTypeError("gradient/dtype", `torch.gradient does not support uint8 input, got ${describe(input)}.`);
  if (input.dtype === "bool")
    throw new DTypeError(
      "gradient/dtype",
      `gradient: Subtraction, the \`-\` operator, with two bool tensors is not supported, got ${describe(input)}.`,
      "Convert it with input.float().",
    );
  const x = toFloat(g, input);
  const axes = dim === null ? range(input.shape.length) : dim.map((d) => axisOf("gradient", d, input.shape.length));
  if (!(shared && spacing.length === 1) && spacing.length !== axes.length)
    throw new ArgumentError(
      "gradient/spacing",
      dim === null
        ? `torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to 'self.dim() = ${axes.length}', since dim argument was not given, but got a list of length ${spacing.length}.`
        : `torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the same length, but got a spacing argument of length ${spacing.length} and a dim argument of length ${axes.length}.`,
    );
  if (new Set(axes).size !== axes.length)
    throw new ArgumentError(
      "gradient/dim-twice",
      `torch.gradient: dim ${axes.find((axis, i) => axes.indexOf(axis) !== i)} appears multiple times in the list of dims.`,
    );
  return axes.map((axis, i) => {
    if (input.shape[axis]! < edgeOrder + 1)
      throw new ShapeError(
        "gradient/size",
        `torch.gradient expected each dimension size to be at least edge_order+1, got ${formatShape(input.shape)}.`,
      );
    const own = spacing[shared ? 0 : i]!;
    return derivative(g, x, axis, typeof own === "number" ? own : distances(g, x, axis, own), edgeOrder);
  });
}

for (const [name, parameter] of [
  ["gradient", "number? spacing=None"],
  ["gradient.coordinates", "Tensor[] spacing"],
  ["gradient.distances", "number[] spacing"],
] as const) {
  defineOp({
    name,
    signature:
      `gradient(Tensor input, *, ${parameter}, int[]? dim=None, int edge_order=1) -> Tensor[]` as "gradient(Tensor input, *, Tensor[] spacing, int[]? dim=None, int edge_order=1) -> Tensor[]",
    places: ["torch"],
    doc: {
      summary:
        "Derivatives along each dimension by central differences; spacing is a distance, one for each dim, or coordinates.",
      shape: "[*] -> list of [*]",
      source: "torch.gradient",
    },
    saves: [],
    gradient: "through decomposition",
    record(g, { input, spacing, dim, edge_order }) {
      const given = spacing as number | null | readonly (number | Node)[];
      const isShared = given === null || typeof given === "number";
      return gradientsOf(g, input, isShared ? [given ?? 1] : given, isShared, dim, edge_order);
    },
  });
}

nameSteps({ gradient: "cat" });
