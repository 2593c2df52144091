/** Random graphs of primitives. */
import "../../ir/ops/index.ts";
import { GraphBuilder, isNode } from "../../ir/builder.ts";
import { isFloat, isIntegral, type DType } from "../../ir/dtype.ts";
import {
  leafNode,
  topologicalOrder,
  type ComparisonPrimitive,
  type Node,
  type ScatterMode,
  type UnaryPrimitive,
} from "../../ir/graph.ts";
import { operator, recordOperator } from "../../ir/operator.ts";
import { broadcastShapes, elementCount, sameShape, type Shape } from "../../ir/shape.ts";
import { Choices } from "./choices.ts";

export interface GraphOptions {
  readonly dtypes: readonly DType[];
}
export const cpuDTypes: readonly DType[] = [
  "float32",
  "int32",
  "bool",
  "float64",
  "int64",
  "float16",
  "bfloat16",
  "uint8",
  "int8",
  "int16",
];
export const gpuDTypes: readonly DType[] = cpuDTypes.filter((dtype) => dtype !== "float64");

/** Around the widths of vectors and tiles. */
const sizes = [2, 1, 3, 4, 5, 15, 16, 17, 33, 6, 8, 4, 5, 16, 7, 2, 3, 0];
const maximumElements = 1500;
const maximumRank = 4;

const exactFloatUnary: readonly UnaryPrimitive[] = ["neg", "abs", "floor", "ceil", "trunc", "nearest", "sqrt"];
const functions: readonly UnaryPrimitive[] = [
  "exp",
  "tanh",
  "sigmoid",
  "log",
  "sin",
  "cos",
  "exp2",
  "expm1",
  "log2",
  "log10",
  "log1p",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "asinh",
  "acosh",
  "atanh",
  "erf",
  "erfc",
  "erfinv",
  "lgamma",
  "digamma",
];
const comparisons: readonly ComparisonPrimitive[] = ["lt", "eq", "ne", "le", "gt", "ge"];

const inexactOps = new Set<string>(["dot", "reduce_sum", "reduce_prod", "scan", "pow", "atan2", "call", ...functions]);
/** Whether IEEE arithmetic fixes every bit of a value. */
const isExact = (node: Node): boolean => !topologicalOrder([node]).some((other) => inexactOps.has(other.op));

export class RandomGraph {
  readonly pool: Node[] = [];
  readonly inputs: Node[] = [];
  private readonly g = new GraphBuilder();
  private readonly dtypes: readonly DType[];
  private c = new Choices([]);

  constructor(program: readonly (readonly number[])[], options: GraphOptions) {
    this.dtypes = options.dtypes;
    this.g.gradEnabled = false;
    this.input("float32", [3, 17]);
    for (const instruction of program) {
      this.c = new Choices(instruction);
      const made = this.c.pick(this.rules)();
      for (const node of made) if (node !== null && elementCount(node.shape) <= maximumElements) this.pool.push(node);
    }
  }

  /** The last value, and every value that nothing uses. */
  get roots(): Node[] {
    const used = new Set(this.pool.flatMap((node) => node.inputs));
    const ends = this.pool.filter((node) => !used.has(node) && node.op !== "input" && node.op !== "scalar");
    return ends.length > 0 ? ends.slice(-6) : [this.g.neg(this.pool[0]!)];
  }

  private readonly rules: readonly (() => readonly (Node | null)[])[] = [
    () => [this.binary(this.any())],
    () => [this.unary(this.any())],
    () => [this.reduce(this.any())],
    () => [this.input(this.c.pick(this.dtypes), this.randomShape())],
    () => [this.permute(this.any())],
    () => [this.slice(this.slice(this.any()))],
    () => [this.expand(this.any())],
    () => [this.reshape(this.any())],
    () => [this.compare(this.any())],
    () => [this.where(this.any())],
    () => [this.cast(this.any())],
    () => [this.mathematical(this.float())],
    () => [this.pad(this.any())],
    () => [this.concat(this.any())],
    () => [this.dot(this.any())],
    () => [this.gather(this.any())],
    () => [this.scatter(this.any())],
    () => this.sort(this.any()),
    () => [this.scan(this.any())],
    () => [this.argReduce(this.any())],
    () => [this.window(this.any())],
    () => [this.residual(this.float())],
    () => [this.residual(this.float())],
    () => [this.twisted(this.any())],
    () => this.siblings(this.any()),
    () => this.siblings(this.any()),
    () => [this.composite(this.float())],
    () => [this.bitcast(this.any())],
    () => [this.bits(this.any())],
    () => [this.positions()],
    () => [this.words()],
    () => [this.binary(this.any())],
    () => [this.linear(this.float())],
    () => [this.slice(this.any())],
    () => [this.permute(this.any())],
    () => [this.reduce(this.any())],
    () => [this.mathematical(this.float())],
    () => [this.pad(this.any())],
  ];

  // ---- operands

  /** A recent value more often than an old one. */
  private any(): Node {
    const back = this.c.below(this.pool.length);
    return this.pool[this.pool.length - 1 - (this.c.oneIn(3) ? back : Math.min(back, this.c.below(4)))]!;
  }
  private float(): Node {
    const x = this.any();
    return isFloat(x.dtype) ? x : this.g.cast(x, "float32");
  }
  private axis(x: Node): number {
    return this.c.below(x.shape.length);
  }
  private axes(x: Node): number[] {
    const mask = this.c.below(2 ** x.shape.length);
    return x.shape.map((_, i) => i).filter((i) => (mask >> i) & 1);
  }
  private randomShape(): number[] {
    const shape: number[] = [];
    const rank = this.c.pick([2, 1, 3, 2, 0, 4, 2, 3]);
    for (let i = 0; i < rank; i++) {
      const size = this.c.pick(sizes);
      shape.push(elementCount([...shape, size]) > maximumElements ? 1 : size);
    }
    return shape;
  }
  private input(dtype: DType, shape: Shape): Node {
    const node = leafNode("input", dtype, shape, null);
    this.inputs.push(node);
    return this.pool.length === 0 ? (this.pool.push(node), node) : node;
  }
  private scalar(dtype: DType): Node {
    return leafNode("scalar", dtype, [], null);
  }
  private literal(dtype: DType): number | bigint | boolean {
    const whole = this.c.pick([1, 0, 2, 3, 7, 5]) * (dtype === "uint8" || this.c.below(2) === 0 ? 1 : -1);
    if (dtype === "bool") return whole > 1;
    if (dtype === "int64") return BigInt(whole);
    return isFloat(dtype) ? this.c.pick([whole, 0.5, -1.25, 0.1, -0, 100, Infinity, NaN]) : whole;
  }
  /** A value of x's type that broadcasts with it. */
  private partner(x: Node): Node {
    const { g } = this;
    switch (this.c.below(6)) {
      case 0:
      case 1: {
        const y = g.cast(this.any(), x.dtype);
        const shape = broadcastShapes(x.shape, y.shape);
        return shape !== null && elementCount(shape) <= maximumElements ? y : x;
      }
      case 2:
        return this.scalar(x.dtype);
      case 3:
        return g.constant(this.literal(x.dtype), x.dtype);
      case 4: {
        const shape = x.shape.map((size) => (this.c.below(2) === 0 ? size : 1)).slice(this.c.below(x.shape.length + 1));
        return this.fresh(x.dtype, shape);
      }
      default:
        return this.fresh(x.dtype, x.shape);
    }
  }
  private fresh(dtype: DType, shape: Shape): Node {
    const node = this.input(dtype, shape);
    if (!this.pool.includes(node)) this.pool.push(node);
    return node;
  }
  /** Indices mostly inside [0, size). */
  private index(size: number, shape: Shape): Node {
    const { g } = this;
    const dtype = this.c.pick(["int64", "int32"] as const);
    const raw = this.fresh(dtype, shape);
    if (this.c.oneIn(6)) return raw;
    return g.binary("rem", g.abs(raw), Math.max(1, size));
  }

  // ---- elementwise

  private unary(x: Node): Node {
    if (isFloat(x.dtype)) return this.g.unary(this.c.pick(exactFloatUnary), x);
    if (x.dtype === "bool") return this.g.not(x);
    return this.g.unary(this.c.pick(["neg", "abs", "not"] as const), x);
  }
  /** Functions where they are well conditioned. */
  private mathematical(x: Node): Node {
    const { g } = this;
    const op = this.c.pick(functions);
    const inside = g.min(g.max(x, -8), 8);
    if (op === "lgamma" || op === "digamma") return g.unary(op, g.add(g.abs(inside), 2.5));
    return g.unary(op, this.c.oneIn(4) ? x : inside);
  }
  private binary(x: Node): Node {
    const y = this.partner(x);
    const swapped = this.c.oneIn(3);
    const [a, b] = swapped ? [y, x] : [x, y];
    if (x.dtype === "bool") return this.g.binary(this.c.pick(["and", "or", "xor"] as const), a, b);
    if (isFloat(x.dtype) && this.c.oneIn(7)) {
      const op = this.c.pick(["pow", "atan2", "copysign", "rem"] as const);
      // The sign of a NaN is nobody's business.
      return this.g.binary(op, a, op === "copysign" ? this.g.where(this.g.isNaN(b), 1, b) : b);
    }
    const ops = ["mul", "add", "mul", "sub", "min", "max", "div", "rem"] as const;
    return this.g.binary(this.c.pick(isFloat(x.dtype) ? ops.slice(0, 7) : ops), a, b);
  }
  private bits(x: Node): Node {
    if (!isIntegral(x.dtype)) return this.unary(x);
    if (x.dtype === "bool") return this.g.binary("xor", x, this.partner(x));
    if (this.c.oneIn(3)) {
      const count = this.c.below(8);
      return this.g.binary(this.c.pick(["shl", "shr"] as const), x, x.dtype === "int64" ? BigInt(count) : count);
    }
    return this.g.binary(this.c.pick(["and", "or", "xor"] as const), x, this.partner(x));
  }
  private compare(x: Node): Node {
    return this.g.compare(this.c.pick(comparisons), x, this.partner(x));
  }
  private where(x: Node): Node {
    const y = this.partner(x);
    const shape = broadcastShapes(x.shape, y.shape)!;
    const other = this.any();
    const condition =
      other.dtype === "bool" && broadcastShapes(other.shape, shape) !== null ? other : this.g.compare("lt", x, y);
    const fits = broadcastShapes(condition.shape, shape)!;
    return this.g.where(elementCount(fits) <= maximumElements ? condition : this.g.compare("ne", x, y), x, y);
  }
  private cast(x: Node): Node {
    return this.g.cast(x, this.c.pick(this.dtypes));
  }
  private bitcast(x: Node): Node {
    const groups: readonly (readonly DType[])[] = [
      ["float32", "int32"],
      ["float64", "int64"],
      ["int8", "uint8"],
      ["float16", "bfloat16", "int16"],
    ];
    const group = groups.find((dtypes) => dtypes.includes(x.dtype));
    // The last bits of an inexact value are nobody's business, and become the first ones here.
    if (group === undefined || !isExact(x)) return this.unary(x);
    const to = this.c.pick(group.filter((dtype) => dtype !== x.dtype && this.dtypes.includes(dtype)));
    if (to === undefined) return this.unary(x);
    // A NaN's payload is nobody's business.
    return this.g.bitcast(isFloat(x.dtype) ? this.g.where(this.g.isNaN(x), 0, x) : x, to);
  }

  // ---- reductions and contractions

  private reduce(x: Node): Node {
    const axes = this.axes(x).filter((axis) => x.shape[axis] !== 0 || isFloat(x.dtype));
    const ops =
      x.dtype === "bool"
        ? (["reduce_max", "reduce_min"] as const)
        : (["reduce_sum", "reduce_max", "reduce_min", "reduce_prod"] as const);
    const reduced = this.g.reduce(this.c.pick(ops), x, axes);
    return this.c.oneIn(3) ? this.g.expandTo(reduced, x.shape) : reduced;
  }
  private argReduce(x: Node): Node | null {
    if (x.shape.length === 0 || x.shape.includes(0)) return null;
    return this.g.argReduce(this.c.pick(["argmax", "argmin"] as const), x, this.axis(x));
  }
  private scan(x: Node): Node | null {
    if (x.shape.length === 0) return null;
    const kinds = x.dtype === "bool" ? (["max", "min"] as const) : (["sum", "max", "min", "prod"] as const);
    return this.g.scan(this.c.pick(kinds), x, this.axis(x), this.c.below(2) === 1);
  }
  /** An operator that stays one node until it is decomposed. */
  private composite(x: Node): Node {
    const name = this.c.pick(["softmax", "log_softmax", "gelu", "log1p_exp", "hypot"] as const);
    const axis = x.shape.length === 0 ? 0 : this.axis(x);
    const args = {
      softmax: { input: x, dim: axis, dtype: null },
      log_softmax: { input: x, dim: axis, dtype: null },
      gelu: { input: x, approximate: this.c.pick(["none", "tanh"]) },
      log1p_exp: { input: x },
      hypot: { input: x, other: this.fresh(x.dtype, x.shape) },
    }[name];
    return recordOperator(this.g, operator(name), args, isNode) as Node;
  }
  /** Sometimes with the value that it started from, read once more at the end. */
  private residual(x: Node): Node {
    const result = this.c.below(2) === 0 ? this.softmax(x) : this.normalised(x);
    return this.c.below(2) === 0 ? result : this.g.add(result, x);
  }
  private normalised(x: Node): Node {
    const { g } = this;
    const axes = this.axes(x);
    const count = elementCount(axes.map((axis) => x.shape[axis]!));
    const mean = g.div(g.sum(x, axes), Math.max(1, count));
    const centred = g.sub(x, mean);
    if (this.c.below(2) === 0) return centred;
    const variance = g.div(g.sum(g.mul(centred, centred), axes), Math.max(1, count));
    return g.div(centred, g.sqrt(g.add(variance, 1)));
  }
  private softmax(x: Node): Node {
    const { g } = this;
    const axes = this.axes(x);
    const e = g.exp(g.sub(x, g.reduce("reduce_max", x, axes)));
    return g.div(e, g.sum(e, axes));
  }
  /** Contracts random axes of x with another value made to fit. */
  private dot(x: Node): Node | null {
    if (x.dtype === "bool") return null;
    const role = x.shape.map(() => this.c.pick(["free", "contract", "batch"] as const));
    const contract = x.shape.map((_, i) => i).filter((i) => role[i] === "contract");
    const batch = x.shape.map((_, i) => i).filter((i) => role[i] === "batch");
    const free = Array.from({ length: this.c.below(3) }, () => this.c.pick(sizes));
    const shape = [...batch.map((i) => x.shape[i]!), ...contract.map((i) => x.shape[i]!), ...free];
    const result = [...x.shape.filter((_, i) => role[i] !== "contract"), ...free];
    if (elementCount(shape) > maximumElements || elementCount(result) > maximumElements || shape.length > 5)
      return null;
    // Axes of the other operand in a random order.
    const order = shape.map((_, i) => i);
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.c.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    const y = this.fresh(
      x.dtype,
      order.map((i) => shape[i]!),
    );
    const place = (i: number): number => order.indexOf(i);
    const pairs = [contract, contract.map((_, i) => place(batch.length + i))] as const;
    const batches = [batch, batch.map((_, i) => place(i))] as const;
    if (this.c.below(2) === 0) return this.g.dot(x, y, pairs, batches);
    return this.g.dot(y, x, [pairs[1], pairs[0]], [batches[1], batches[0]]);
  }
  /** Sometimes with a bias and an activation. */
  private linear(x: Node): Node | null {
    const { g } = this;
    if (x.shape.length === 0 || x.shape.length > 3) return null;
    const width = this.c.pick([4, 1, 8, 17, 33, 5]);
    const depth = x.shape.at(-1)!;
    if ((elementCount(x.shape) / Math.max(1, depth)) * width > maximumElements || depth * width > maximumElements)
      return null;
    const weight = this.fresh(x.dtype, [width, depth]);
    const product = g.dot(x, weight, [[x.shape.length - 1], [1]]);
    return this.c.below(2) === 0 ? g.max(g.add(product, this.fresh(x.dtype, [width])), 0) : product;
  }

  /** The same operation on one value, with other attributes. */
  private siblings(x: Node): (Node | null)[] {
    const make = this.c.pick([
      () => this.scan(x),
      () => this.permute(x),
      () => this.slice(this.slice(x)),
      () => this.reduce(x),
      () => this.argReduce(x),
      () => this.pad(x),
      () => this.sort(x)[0]!,
    ]);
    return [make(), make()];
  }

  // ---- movement

  /** A computed value beside the same value seen in another order. */
  private twisted(x: Node): Node {
    const { g } = this;
    const y = x.dtype === "bool" ? g.not(x) : g.mul(x, x);
    const [a, b] = [this.c.below(4), this.c.below(4)];
    const square = a !== b && x.shape[a] !== undefined && x.shape[a] === x.shape[b];
    const view = square ? g.swap(y, a, b) : g.flip(y, this.axes(y));
    return x.dtype === "bool" ? g.binary("xor", y, view) : g.sub(y, view);
  }
  private permute(x: Node): Node {
    const axes = x.shape.map((_, i) => i);
    for (let i = axes.length - 1; i > 0; i--) {
      const j = this.c.below(i + 1);
      [axes[i], axes[j]] = [axes[j]!, axes[i]!];
    }
    return this.g.permute(x, axes);
  }
  private reshape(x: Node): Node {
    const count = elementCount(x.shape);
    if (count === 0 || this.c.oneIn(3)) {
      const at = this.c.below(x.shape.length + 1);
      return x.shape.length < maximumRank ? this.g.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]) : x;
    }
    const shape: number[] = [];
    let rest = count;
    while (rest > 1 && shape.length < maximumRank - 1) {
      const divisors = [rest, 2, 3, 4, 5, 7, 11].filter((d) => rest % d === 0);
      const divisor = this.c.pick(divisors);
      shape.push(divisor);
      rest /= divisor;
    }
    if (rest > 1 || this.c.oneIn(4)) shape.push(rest);
    return this.g.reshape(x, shape);
  }
  private expand(x: Node): Node | null {
    const shape = x.shape.map((size) => (size === 1 ? this.c.pick(sizes) : size));
    if (shape.length < maximumRank && this.c.below(2) === 0) shape.unshift(this.c.pick([3, 2, 1, 5, 0]));
    return elementCount(shape) > maximumElements ? null : this.g.expandTo(x, shape);
  }
  private slice(x: Node): Node {
    const start: number[] = [];
    const step: number[] = [];
    const size: number[] = [];
    for (const full of x.shape) {
      if (full === 0 || this.c.below(3) === 0) {
        start.push(0);
        step.push(1);
        size.push(full);
        continue;
      }
      const stride = this.c.pick([1, 2, 3, -1, -2]);
      const from = this.c.below(full);
      const most = stride > 0 ? Math.ceil((full - from) / stride) : Math.floor(from / -stride) + 1;
      start.push(from);
      step.push(stride);
      size.push(this.c.oneIn(12) ? 0 : most - this.c.below(Math.min(most, 3)));
    }
    return this.g.slice(x, start, size, step);
  }
  private pad(x: Node): Node {
    const amounts = (limit: number): number[] => x.shape.map(() => (this.c.below(2) === 0 ? 0 : this.c.below(limit)));
    const [low, high, interior] = [amounts(4), amounts(4), this.c.oneIn(3) ? amounts(3) : x.shape.map(() => 0)];
    // Cropping, where elements remain to be cropped.
    x.shape.forEach((size, i) => {
      if (size >= 4 && this.c.oneIn(5)) low[i] = -1;
      if (size >= 4 && this.c.oneIn(5)) high[i] = -1;
    });
    const filler = this.c.oneIn(4) ? this.scalar(x.dtype) : this.g.constant(this.literal(x.dtype), x.dtype);
    return this.g.pad(x, low, high, filler, interior);
  }
  private concat(x: Node): Node | null {
    if (x.shape.length === 0) return null;
    const axis = this.axis(x);
    const fits = (y: Node): boolean =>
      y.dtype === x.dtype &&
      y.shape.length === x.shape.length &&
      sameShape(y.shape.with(axis, 0), x.shape.with(axis, 0));
    const parts = [x, ...this.pool.filter(fits).slice(-this.c.below(3))];
    if (parts.length === 1) parts.push(this.fresh(x.dtype, x.shape.with(axis, this.c.pick([1, 2, 0, 5]))));
    if (this.c.oneIn(3)) parts.push(this.slice(x.shape[axis] === 0 ? x : this.g.sliceAxis(x, axis, 0, 1)));
    return parts.every(fits) ? this.g.concat(parts, axis) : null;
  }
  private window(x: Node): Node | null {
    const count = Math.min(x.shape.length, 1 + this.c.below(2));
    if (count === 0 || x.shape.length + count > 5) return null;
    const trailing = x.shape.slice(x.shape.length - count);
    const size = trailing.map((full) => Math.min(full, this.c.pick([2, 3, 1])));
    const stride = trailing.map(() => this.c.pick([1, 2, 3]));
    const dilation = trailing.map((full, i) => ((size[i]! - 1) * 2 < full && this.c.oneIn(3) ? 2 : 1));
    if (trailing.includes(0)) return null;
    return this.g.window(x, size, stride, dilation);
  }

  // ---- indexing and order

  private gather(x: Node): Node | null {
    if (x.shape.length === 0 || x.shape.includes(0)) return null;
    if (this.c.oneIn(3)) {
      const axis = this.axis(x);
      const shape = x.shape.map((size, i) => (i === axis ? this.c.pick([2, 1, 5, 17]) : size));
      return elementCount(shape) > maximumElements
        ? null
        : this.g.takeAlong(x, axis, this.index(x.shape[axis]!, shape));
    }
    const axes = this.axes(x);
    if (axes.length === 0) return null;
    const shape = this.c.pick([[3], [], [2, 2], [1], [17], [0]]);
    const result = [...shape, ...x.shape.filter((_, i) => !axes.includes(i))];
    if (elementCount(result) > maximumElements || result.length > 5) return null;
    return this.g.gather(
      x,
      axes,
      axes.map((axis) => this.index(x.shape[axis]!, shape)),
    );
  }
  private scatter(x: Node): Node | null {
    if (x.shape.length === 0 || x.shape.includes(0) || x.dtype === "bool") return null;
    const mode: ScatterMode = this.c.pick(["set", "add", "max", "min", "mul"]);
    if (this.c.oneIn(3)) {
      const axis = this.axis(x);
      const shape = x.shape.map((size, i) => (i === axis ? this.c.pick([2, 1, 5]) : size));
      return this.g.scatterAlong(mode, x, this.fresh(x.dtype, shape), axis, this.index(x.shape[axis]!, shape));
    }
    const axes = this.axes(x);
    if (axes.length === 0) return null;
    const shape = this.c.pick([[3], [], [2, 2], [1], [17], [0]]);
    const updateShape = [...shape, ...x.shape.filter((_, i) => !axes.includes(i))];
    if (elementCount(updateShape) > maximumElements) return null;
    const indices = axes.map((axis) => this.index(x.shape[axis]!, shape));
    return this.g.scatter(mode, x, this.fresh(x.dtype, updateShape), axes, indices);
  }
  private sort(x: Node): (Node | null)[] {
    if (x.shape.length === 0) return [null];
    const [values, positions] = this.g.sort(x, this.axis(x), this.c.below(2) === 1);
    return this.c.pick([[values, positions], [values], [positions]]);
  }

  // ---- leaves

  private positions(): Node {
    const dtype = this.c.pick(this.dtypes.filter((d) => d !== "bool" && d !== "int8"));
    const shape = this.randomShape();
    if (shape.length === 0) return this.g.iota(this.c.pick(sizes), dtype);
    return this.g.iotaAlong(shape, this.c.below(shape.length), dtype);
  }
  private words(): Node {
    const word = (): Node =>
      this.c.below(2) === 0 ? this.scalar("int32") : this.g.constant(this.c.below(1000), "int32");
    return this.g.philox(this.c.pick(sizes), [word(), word()], [word(), word()]);
  }
}
