/**
 * The adjoint of every primitive: given the gradients of its results (null: none arrives), the gradients of its
 * inputs. Rules build ordinary nodes, so they can be differentiated again.
 */
import { pieceOf, type GraphBuilder } from "./builder.ts";
import { isComplex, isFloat } from "./dtype.ts";
import { IrError } from "./errors.ts";
import type { Node, NodeOf, Primitive } from "./graph.ts";
import { Provided } from "./provided.ts";

type InputGradients = readonly (Node | null)[];
export type GradientRule<P extends Primitive> = (g: GraphBuilder, node: NodeOf<P>, grad: Node) => InputGradients;
/** `engine`: handled by the differentiation pass itself. `none`: no gradient passes. */
type Entry<P extends Primitive> = GradientRule<P> | "none" | "engine";

const zeros = (g: GraphBuilder, like: Node): Node => g.full(like.shape, 0, like.dtype);
const square = (g: GraphBuilder, x: Node): Node => g.mul(x, x);
const in0 = (node: { readonly inputs: readonly Node[] }): Node => node.inputs[0]!;
const in1 = (node: { readonly inputs: readonly Node[] }): Node => node.inputs[1]!;
/** -1, 0 or 1; 0 for NaN. */
export const signOf = (g: GraphBuilder, x: Node): Node =>
  g.sub(g.cast(g.gt(x, 0), x.dtype), g.cast(g.lt(x, 0), x.dtype));
const flat: GradientRule<Primitive> = (g, node) => [zeros(g, in0(node))];

/** One for the extremes, shared equally among ties. */
const extreme = (g: GraphBuilder, node: Node, axes: readonly number[], grad: Node): InputGradients => {
  const x = in0(node);
  // NaN extremes: every NaN is one of them.
  const hit = g.or(g.eq(x, node), g.and(g.isNaN(x), g.isNaN(node)));
  const share = g.cast(hit, x.dtype);
  return [g.mul(share, g.div(grad, g.sum(share, axes)))];
};

/** The gradient goes to whichever operand did not lose; `firstLost`, `secondLost` say which did. */
const larger = (g: GraphBuilder, node: Node, grad: Node, firstLost: Node, secondLost: Node): InputGradients => {
  // Ties give half to each; NaN neither loses nor wins, so both operands get the gradient, as in PyTorch.
  const half = g.mul(grad, 0.5);
  const tie = g.eq(in0(node), in1(node));
  return [g.where(tie, half, g.where(firstLost, 0, grad)), g.where(tie, half, g.where(secondLost, 0, grad))];
};

const exclusiveProduct = (g: GraphBuilder, x: Node, axis: number, reverse: boolean): Node => {
  const size = x.shape[axis]!;
  const at = (n: number): number[] => x.shape.map((_, i) => (i === axis ? n : 0));
  const none = at(0);
  const kept = g.sliceAxis(x, axis, reverse ? 1 : 0, size - 1);
  return g.scan("prod", g.pad(kept, reverse ? none : at(1), reverse ? at(1) : none, 1), axis, reverse);
};

/** The adjoint of a window over one axis: each offset's slice goes back to where it came from. */
const foldAxis = (
  g: GraphBuilder,
  grad: Node,
  axis: number,
  offsets: number,
  length: number,
  stride: number,
  dilation: number,
): Node => {
  const count = grad.shape[axis]!;
  const span = (count - 1) * stride + 1;
  let sum: Node | null = null;
  for (let k = 0; k < grad.shape[offsets]!; k++) {
    const part = g.sliceAxis(grad, offsets, k, 1);
    const only = (n: number): number[] => part.shape.map((_, i) => (i === axis ? n : 0));
    const placed = g.pad(part, only(k * dilation), only(length - span - k * dilation), 0, only(stride - 1));
    sum = sum === null ? placed : g.add(sum, placed);
  }
  return sum!;
};

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const inverse = (axes: readonly number[]): number[] => {
  const result = new Array<number>(axes.length);
  axes.forEach((axis, i) => (result[axis] = i));
  return result;
};

/**
 * The gradient of a running product, written so that it can be differentiated again around zeros, too: for each factor
 * the running products without it. Takes as much memory as there are pairs of positions.
 */
const scannedProductGradient = (g: GraphBuilder, x: Node, grad: Node, axis: number, reverse: boolean): Node => {
  const size = x.shape[axis]!;
  if (size === 0) return zeros(g, x);
  const pairs = [size, ...x.shape];
  const [left, at] = [g.iotaAlong(pairs, 0, "int64"), g.iotaAlong(pairs, axis + 1, "int64")];
  const without = g.scan("prod", g.where(g.eq(left, at), 1, g.expandTo(x, pairs)), axis + 1, reverse);
  const later = reverse ? g.le(at, left) : g.ge(at, left);
  const summed = g.sum(g.where(later, g.mul(g.expandTo(grad, pairs), without), 0), [axis + 1]);
  const order = range(x.shape.length).map((i) => (i < axis ? i + 1 : i === axis ? 0 : i + 1));
  return g.reshape(g.permute(summed, [...order, axis + 1]), x.shape);
};

/** Those of special functions (ir/special-gradients.ts). */
type Special = "erf" | "erfc" | "erfinv" | "lgamma" | "digamma";
export type SpecialGradients = { readonly [P in Special]: GradientRule<P> };
export const specialGradients = new Provided<SpecialGradients>("special-functions");
const special =
  <P extends Special>(op: P): GradientRule<P> =>
  (g, node, grad) =>
    specialGradients.value[op](g, node, grad);

export const gradients: { readonly [P in Primitive]: Entry<P> } = {
  input: "none",
  scalar: "none",
  constant: "none",
  iota: "none",
  philox: "none",
  argmax: "none",
  argmin: "none",
  eq: "none",
  ne: "none",
  lt: "none",
  le: "none",
  gt: "none",
  ge: "none",
  and: "none",
  or: "none",
  xor: "none",
  shl: "none",
  shr: "none",
  not: "none",
  bitcast: "none",
  detach: "none",
  leaf: "none",
  pick: "engine",
  loop: "engine",
  while: "engine",
  cond: "engine",
  call: "engine",
  routine: (_g, node) => {
    throw new IrError("ir/routine-gradient", `${node.attrs.name}: the operators that use a routine state its gradient`);
  },

  neg: (g, _, grad) => [g.neg(grad)],
  abs: (g, node, grad) => [g.mul(grad, g.restingOn(signOf(g, in0(node)), in0(node)))],
  sqrt: (g, node, grad) => [g.div(grad, g.mul(node, 2))],
  floor: flat,
  ceil: flat,
  trunc: flat,
  nearest: flat,
  exp: (g, node, grad) => [g.mul(grad, node)],
  exp2: (g, node, grad) => [g.mul(grad, g.mul(node, Math.LN2))],
  expm1: (g, node, grad) => [g.mul(grad, g.add(node, 1))],
  log: (g, node, grad) => [g.div(grad, in0(node))],
  log2: (g, node, grad) => [g.div(grad, g.mul(in0(node), Math.LN2))],
  log10: (g, node, grad) => [g.div(grad, g.mul(in0(node), Math.LN10))],
  log1p: (g, node, grad) => [g.div(grad, g.add(in0(node), 1))],
  sin: (g, node, grad) => [g.mul(grad, g.unary("cos", in0(node)))],
  cos: (g, node, grad) => [g.neg(g.mul(grad, g.unary("sin", in0(node))))],
  tan: (g, node, grad) => [g.mul(grad, g.add(square(g, node), 1))],
  asin: (g, node, grad) => [g.div(grad, g.sqrt(g.sub(1, square(g, in0(node)))))],
  acos: (g, node, grad) => [g.neg(g.div(grad, g.sqrt(g.sub(1, square(g, in0(node))))))],
  atan: (g, node, grad) => [g.div(grad, g.add(square(g, in0(node)), 1))],
  sinh: (g, node, grad) => [g.mul(grad, g.unary("cosh", in0(node)))],
  cosh: (g, node, grad) => [g.mul(grad, g.unary("sinh", in0(node)))],
  tanh: (g, node, grad) => [g.mul(grad, g.sub(1, square(g, node)))],
  asinh: (g, node, grad) => [g.div(grad, g.sqrt(g.add(square(g, in0(node)), 1)))],
  // Of complex numbers by two roots: the root of the product has another branch in the left half plane.
  acosh: (g, node, grad) => [
    g.div(
      grad,
      isComplex(node.dtype)
        ? g.mul(g.sqrt(g.sub(in0(node), 1)), g.sqrt(g.add(in0(node), 1)))
        : g.sqrt(g.sub(square(g, in0(node)), 1)),
    ),
  ],
  atanh: (g, node, grad) => [g.div(grad, g.sub(1, square(g, in0(node))))],
  sigmoid: (g, node, grad) => [g.mul(grad, g.mul(g.sub(1, node), node))],
  erf: special("erf"),
  erfc: special("erfc"),
  erfinv: special("erfinv"),
  lgamma: special("lgamma"),
  digamma: special("digamma"),

  add: (_g, _node, grad) => [grad, grad],
  sub: (g, _, grad) => [grad, g.neg(grad)],
  mul: (g, node, grad) => [g.mul(grad, in1(node)), g.mul(grad, in0(node))],
  div: (g, node, grad) => [
    g.div(grad, in1(node)),
    in1(node).requiresGrad ? g.neg(g.mul(grad, g.div(g.div(in0(node), in1(node)), in1(node)))) : null,
  ],
  rem: (g, node, grad) => [grad, g.neg(g.mul(grad, g.unary("trunc", g.div(in0(node), in1(node)))))],
  min: (g, node, grad) => larger(g, node, grad, g.gt(in0(node), in1(node)), g.lt(in0(node), in1(node))),
  max: (g, node, grad) => larger(g, node, grad, g.lt(in0(node), in1(node)), g.gt(in0(node), in1(node))),
  pow: (g, node, grad) => {
    const [x, y] = [in0(node), in1(node)];
    const base = g.where(g.eq(y, 0), 0, g.mul(grad, g.mul(y, g.pow(x, g.sub(y, 1)))));
    if (!y.requiresGrad) return [base, null];
    const still = g.and(g.eq(x, 0), g.ge(y, 0));
    return [base, g.mul(grad, g.where(still, 0, g.mul(node, g.log(x))))];
  },
  atan2: (g, node, grad) => {
    const [y, x] = [in0(node), in1(node)];
    const size = g.add(square(g, y), square(g, x));
    // None at the origin.
    const scale = g.div(grad, g.where(g.eq(size, 0), Infinity, size));
    return [g.mul(scale, x), g.neg(g.mul(scale, y))];
  },
  copysign: (g, node, grad) => {
    const x = in0(node);
    return [g.where(g.eq(x, 0), 0, g.mul(grad, g.div(node, x))), zeros(g, in1(node))];
  },
  where: (g, node, grad) => {
    const x = pieceOf.get(node);
    const passed = x === undefined ? grad : g.restingOn(grad, x);
    return [null, g.where(in0(node), passed, 0), g.where(in0(node), 0, passed)];
  },
  cast: (g, node, grad) => [isFloat(in0(node).dtype) ? g.cast(grad, in0(node).dtype) : null],

  // dL/dRe + i dL/dIm, as PyTorch has it: what flows through a part is that part of the gradient.
  complex: (g, _, grad) => [g.real(grad), g.imag(grad)],
  real: (g, _, grad) => [g.complex(grad, zeros(g, grad))],
  imag: (g, _, grad) => [g.complex(zeros(g, grad), grad)],
  as_complex: (g, _, grad) => [g.asReal(grad)],

  reduce_sum: (g, node, grad) => [g.expandTo(grad, in0(node).shape)],
  reduce_prod: (g, node, grad) => {
    const x = in0(node);
    const { axes } = node.attrs;
    // Products of all the others, without dividing: right even where x is zero.
    const kept = range(x.shape.length).filter((i) => !axes.includes(i));
    const order = [...kept, ...axes];
    const lead = kept.map((i) => x.shape[i]!);
    const moved = g.permute(x, order);
    const line = g.reshape(moved, [...lead, axes.reduce((n, i) => n * x.shape[i]!, 1)]);
    if (line.shape[lead.length] === 0) return [zeros(g, x)];
    const others = g.mul(exclusiveProduct(g, line, lead.length, false), exclusiveProduct(g, line, lead.length, true));
    const back = g.permute(g.reshape(others, moved.shape), inverse(order));
    return [g.mul(back, grad)];
  },
  reduce_max: (g, node, grad) => extreme(g, node, node.attrs.axes, grad),
  reduce_min: (g, node, grad) => extreme(g, node, node.attrs.axes, grad),
  scan: (g, node, grad) => {
    const { kind, axis, reverse } = node.attrs;
    const x = in0(node);
    if (kind === "sum") return [g.scan("sum", grad, axis, !reverse)];
    if (kind === "logaddexp") {
      // sum over later positions of grad * exp(x - out), in logarithms: exp(-out) alone may overflow.
      const part = (sign: 1 | -1): Node => {
        const signed = g.mul(grad, sign);
        const positive = g.gt(signed, 0);
        const size = g.where(positive, g.sub(g.log(g.where(positive, signed, 1)), node), -Infinity);
        return g.exp(g.add(g.scan("logaddexp", size, axis, !reverse), x));
      };
      return [g.sub(part(1), part(-1))];
    }
    if (kind === "prod") {
      if (g.gradEnabled) return [scannedProductGradient(g, x, grad, axis, reverse)];
      // sum over later positions of grad * out, divided by x; around zeros, by the product with x replaced by one.
      const size = x.shape[axis]!;
      const zero = g.eq(x, 0);
      const zeroCount = g.scan("sum", g.cast(zero, x.dtype), axis, reverse);
      const plain = g.div(g.scan("sum", g.mul(grad, node), axis, !reverse), g.where(zero, 1, x));
      if (size === 0) return [plain];
      // The first zero at position z: d out_j / d x_z = product of the other factors up to j, while no second zero came.
      const firstZero = g.and(zero, g.eq(zeroCount, 1));
      const without = g.scan("prod", g.where(firstZero, 1, x), axis, reverse);
      const live = g.where(g.eq(zeroCount, 1), g.mul(grad, without), 0);
      const atZero = g.expandTo(g.sum(live, [axis]), x.shape);
      return [g.where(g.eq(zeroCount, 0), plain, g.where(firstZero, atZero, 0))];
    }
    // Extremes: the gradient goes to the position that the running extreme was taken from (the last equal one).
    const line = g.iotaAlong(x.shape, axis, "int32");
    const fresh = g.or(g.eq(x, node), g.isNaN(x));
    const from = reverse
      ? g.scan("min", g.where(fresh, line, x.shape[axis]!), axis, true)
      : g.scan("max", g.where(fresh, line, -1), axis, false);
    return [g.scatterAlong("add", zeros(g, x), grad, axis, from)];
  },

  dot: (g, node, grad) => {
    const [a, b] = [in0(node), in1(node)];
    const { batch, contract } = node.attrs;
    const batchCount = batch[0].length;
    const freeOf = (n: Node, side: 0 | 1): number[] =>
      range(n.shape.length).filter((i) => !batch[side].includes(i) && !contract[side].includes(i));
    const freeA = freeOf(a, 0);
    const freeB = freeOf(b, 1);
    const gradBatch = range(batchCount);
    const gradA = range(freeA.length).map((i) => batchCount + i);
    const gradB = range(freeB.length).map((i) => batchCount + freeA.length + i);
    // An operand's gradient is a product of the other one with `grad`, in the order that gives the operand's own axes.
    const product = (
      side: 0 | 1,
      free: readonly number[],
      summed: readonly number[],
      mine: readonly number[],
    ): Node => {
      const other = node.inputs[1 - side]!;
      const contracted = contract[1 - side]!;
      // What remains of the other operand, in its order, are its contracted axes; named by those of this one.
      const order = [...contracted].sort((x, y) => x - y).map((axis) => contract[side][contracted.indexOf(axis)]!);
      const gradFirst = [...batch[side], ...mine, ...order];
      const otherFirst = [...batch[side], ...order, ...mine];
      const isOwnOrder = (axes: readonly number[]): boolean => axes.every((axis, i) => axis === i);
      return isOwnOrder(gradFirst) || (side === 0 && !isOwnOrder(otherFirst))
        ? g.permute(g.dot(grad, other, [summed, free], [gradBatch, batch[1 - side]!]), inverse(gradFirst))
        : g.permute(g.dot(other, grad, [free, summed], [batch[1 - side]!, gradBatch]), inverse(otherFirst));
    };
    return [
      a.requiresGrad ? product(0, freeB, gradB, freeA) : null,
      b.requiresGrad ? product(1, freeA, gradA, freeB) : null,
    ];
  },

  reshape: (g, node, grad) => [g.reshape(grad, in0(node).shape)],
  permute: (g, node, grad) => [g.permute(grad, inverse(node.attrs.axes))],
  expand: (g, node, grad) => [g.sumTo(grad, in0(node).shape)],
  slice: (g, node, grad) => {
    const x = in0(node);
    const { start, step, size } = node.attrs;
    if (size.includes(0)) return [zeros(g, x)];
    const flipped = range(size.length).filter((i) => step[i]! < 0);
    const forward = g.flip(grad, flipped);
    const low = start.map((s, i) => (step[i]! < 0 ? s + step[i]! * (size[i]! - 1) : s));
    const gap = step.map((s) => Math.abs(s) - 1);
    const high = low.map((l, i) => x.shape[i]! - l - (size[i]! + (size[i]! - 1) * gap[i]!));
    return [g.pad(forward, low, high, 0, gap)];
  },
  pad: (g, node, grad) => {
    const x = in0(node);
    const { low, high, interior } = node.attrs;
    // Negative padding crops: give it back as zeros.
    const cropLow = low.map((n) => Math.max(0, -n));
    const cropHigh = high.map((n) => Math.max(0, -n));
    const from = low.map((n) => Math.max(0, n));
    const step = interior.map((n) => n + 1);
    if (cropLow.some((n) => n > 0) || cropHigh.some((n) => n > 0)) {
      const wide = g.pad(grad, cropLow, cropHigh, 0);
      return [g.slice(wide, from, x.shape, step), fillerGradient(g, node, grad)];
    }
    return [g.slice(grad, from, x.shape, step), fillerGradient(g, node, grad)];
  },
  concat: (g, node, grad) => {
    let start = 0;
    return node.inputs.map((part) => {
      const size = part.shape[node.attrs.axis]!;
      const piece = part.requiresGrad ? g.sliceAxis(grad, node.attrs.axis, start, size) : null;
      start += size;
      return piece;
    });
  },
  window: (g, node, grad) => {
    const x = in0(node);
    const { size, stride, dilation } = node.attrs;
    const lead = x.shape.length - size.length;
    let folded = grad;
    size.forEach((_, i) => {
      folded = foldAxis(g, folded, lead + i, lead + size.length + i, x.shape[lead + i]!, stride[i]!, dilation[i]!);
    });
    return [g.reshape(folded, x.shape)];
  },

  /** Of the values; positions have none. */
  sort: (g, node, grad) => [g.scatterAlong("add", zeros(g, in0(node)), grad, node.attrs.axis, g.pick(node, 1))],
  gather: (g, node, grad) => {
    const x = in0(node);
    return [
      g.scatter("add", zeros(g, x), grad, node.attrs.axes, node.inputs.slice(1)),
      ...node.inputs.slice(1).map(() => null),
    ];
  },
  scatter: (g, node, grad) => {
    const [base, updates] = [in0(node), in1(node)];
    const { axes, mode } = node.attrs;
    const indices = node.inputs.slice(2);
    const rest = indices.map(() => null);
    if (mode === "add") return [grad, g.gather(grad, axes, indices), ...rest];
    if (mode === "set")
      return [g.scatter("set", grad, zeros(g, updates), axes, indices), g.gather(grad, axes, indices), ...rest];
    if (mode === "mul") {
      const factor = g.scatter("mul", g.full(base.shape, 1, base.dtype), updates, axes, indices);
      // An update that is the only zero at its place gets the product of all the others; elsewhere divide it out.
      const zero = g.eq(updates, 0);
      const zeroCount = g.scatter("add", zeros(g, base), g.cast(zero, base.dtype), axes, indices);
      const single = g.and(zero, g.eq(g.gather(zeroCount, axes, indices), 1));
      const others = g.scatter("mul", base, g.where(single, 1, updates), axes, indices);
      const divided = g.div(g.gather(g.mul(grad, node), axes, indices), g.where(zero, 1, updates));
      return [g.mul(grad, factor), g.where(single, g.gather(g.mul(grad, others), axes, indices), divided), ...rest];
    }
    // Extremes: shared equally among all that equal the result.
    const won = g.cast(g.eq(base, node), base.dtype);
    const wonUpdate = g.cast(g.eq(updates, g.gather(node, axes, indices)), base.dtype);
    const count = g.scatter("add", won, wonUpdate, axes, indices);
    const share = g.div(grad, count);
    return [g.mul(won, share), g.mul(wonUpdate, g.gather(share, axes, indices)), ...rest];
  },

  with_history: (_g, _node, grad) => [null, grad],
  barrier: (_g, _node, grad) => [grad],
};

function fillerGradient(g: GraphBuilder, node: NodeOf<"pad">, grad: Node): Node | null {
  const [x, filler] = [in0(node), in1(node)];
  if (!filler.requiresGrad) return null;
  const axes = range(grad.shape.length);
  const inside = g.pad(g.full(x.shape, 1, grad.dtype), node.attrs.low, node.attrs.high, 0, node.attrs.interior);
  return g.reshape(g.sum(g.mul(grad, g.sub(1, inside)), axes), []);
}
