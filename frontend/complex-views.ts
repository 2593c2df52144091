/**
 * How the parts and the conjugate of a complex tensor, and the other way round, lie in its memory and are written.
 * Imported by whoever uses an operator that makes complex tensors.
 */
import type { GraphBuilder } from "../ir/builder.ts";
import { conjugate } from "../ir/complex/parts.ts";
import { complexOf, isComplex, realOf, type DType } from "../ir/dtype.ts";
import { ArgumentError, ShapeError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { formatShape, sameShape, type Shape } from "../ir/shape.ts";
import { complexViews } from "./complex-memory.ts";
import type { Tensor } from "./tensor.ts";
import { viewLayout } from "./view-layout.ts";
import { bitsStep, movement, type ViewStep } from "./views.ts";

type Layout = NonNullable<ViewStep["layout"]>;
interface Sight {
  readonly apply: ViewStep["apply"];
  readonly write: ViewStep["write"];
  layout(of: Layout, tensor: Tensor): Layout;
}

/** In numbers of half the size: every other one. */
const everyOther = ({ strides, offset }: Layout, first: number): Layout => ({
  strides: strides.map((stride) => 2 * stride),
  offset: 2 * offset + first,
});

const matrixTransposed = (g: GraphBuilder, x: Node): Node => g.swap(x, x.shape.length - 2, x.shape.length - 1);

const sights: Readonly<Record<string, Sight>> = {
  conj: {
    apply: conjugate,
    write: (g, _parent, value) => conjugate(g, value),
    layout: (of) => of,
  },
  adjoint: {
    apply: (g, parent) => conjugate(g, matrixTransposed(g, parent)),
    write: (g, _parent, value) => conjugate(g, matrixTransposed(g, value)),
    layout: ({ strides, offset }) => ({ strides: [...strides.slice(0, -2), ...strides.slice(-2).reverse()], offset }),
  },
  real: {
    apply: (g, parent) => g.real(parent),
    write: (g, parent, value) => g.complex(value, g.imag(parent)),
    layout: (of) => everyOther(of, 0),
  },
  imag: {
    apply: (g, parent) => g.imag(parent),
    write: (g, parent, value) => g.complex(g.real(parent), value),
    layout: (of) => everyOther(of, 1),
  },
  view_as_real: {
    apply: (g, parent) => g.asReal(parent),
    write: (g: GraphBuilder, _parent: Node, value: Node) => g.asComplex(value),
    layout(of, tensor) {
      if (tensor.isConjugate_)
        throw new ArgumentError(
          "view_as_real/conjugate",
          `view_as_real doesn't work on unresolved conjugated tensors, got ${String(tensor)}.`,
          "Call resolve_conj() first; what is written to its parts is then not written to the original.",
        );
      const { strides, offset } = everyOther(of, 0);
      return { strides: [...strides, 1], offset };
    },
  },
  view_as_complex: {
    apply: (g, parent) => g.asComplex(parent),
    write: (g, _parent, value) => g.asReal(value),
    layout({ strides, offset }, tensor) {
      const leads = strides.slice(0, -1);
      const why =
        strides.at(-1) !== 1
          ? "a last dimension with stride 1"
          : leads.some((stride, axis) => stride % 2 !== 0 && tensor.shape[axis]! > 1)
            ? "a stride divisible by 2 for all but last dimension"
            : offset % 2 !== 0
              ? "a storage_offset divisible by 2"
              : null;
      if (why !== null)
        throw new ShapeError(
          "view_as_complex/strides",
          `view_as_complex: Tensor must have ${why}, got ${String(tensor)}, strides ${formatShape(strides)} and offset ${offset}.`,
          "Call contiguous() first.",
        );
      return { strides: leads.map((stride) => stride / 2), offset: offset / 2 };
    },
  },
};

function complexStep(name: string, source: Tensor): ViewStep | null {
  const sight = Object.hasOwn(sights, name) ? sights[name]! : null;
  if (sight === null || isComplex(source.type_) === (name === "view_as_complex")) return null;
  const { apply, write } = sight;
  const dtype =
    name === "view_as_complex"
      ? complexOf(source.type_)
      : name === "conj" || name === "adjoint"
        ? source.type_
        : realOf(source.type_);
  const layout = sight.layout(source.layout_(), source);
  return { name, apply, write, dtype, layout, isComputed: name === "conj" || name === "adjoint" };
}

function viewOfParts(source: Tensor, dtype: DType, shape: Shape): Tensor {
  const whole = source.requires_grad ? source.detach() : source;
  const parts = isComplex(whole.type_) ? partsInRow(whole) : whole.ndim === 0 ? regrouped(whole, [1]) : whole;
  const part = realOf(dtype);
  const bits =
    parts.type_ === part ? parts : parts.viewBy_(bitsStep({ dtype: parts.type_, layout: parts.layout_() }, part));
  if (!isComplex(dtype)) return regrouped(bits, shape);
  const pairs = regrouped(bits, [...shape, 2]);
  return pairs.viewBy_(complexStep("view_as_complex", pairs)!);
}

function partsInRow(source: Tensor): Tensor {
  const pairs = source.viewBy_(complexStep("view_as_real", source)!);
  return regrouped(pairs, source.ndim === 0 ? [2] : [...source.shape.slice(0, -1), 2 * source.shape.at(-1)!]);
}

/** @throws ShapeError where the elements do not lie one after the other */
function regrouped(source: Tensor, shape: Shape): Tensor {
  const step = movement("view", (g, parent) => g.reshape(parent, shape));
  if (viewLayout(step, source.shape, source.layout_()) === null)
    throw new ShapeError(
      "view/last-stride",
      `view: self.stride(-1) must be 1 to view elements of different sizes, got ${String(source)}, strides ${formatShape(source.stride())}.`,
      "Call contiguous() first.",
    );
  return sameShape(source.shape, shape) ? source : source.viewBy_(step);
}

complexViews.provide({ complexStep, viewOfParts });
