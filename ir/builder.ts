/**
 * Records primitives: infers types and shapes, checks them, and interns the node. Operators are written in terms of
 * this class. Operands of elementwise methods may be literals (constants of the other operand's type) and broadcast;
 * types must already agree: promotion is the operator's business.
 */
import { complexOf, isFloat, isComplex, realOf, unconvertible, type DType } from "./dtype.ts";
import { DTypeError, IrError } from "./errors.ts";
import { internExisting, internNode, isEarlier } from "./interning.ts";
import {
  describe,
  isNode,
  leafNode,
  type ArgReducePrimitive,
  type BinaryPrimitive,
  type ComparisonPrimitive,
  type Node,
  type Primitive,
  type PrimitiveAttrs,
  type ReducePrimitive,
  type ScanKind,
  type ScatterMode,
  type UnaryPrimitive,
} from "./graph.ts";
import { complexUnsupported } from "./unsupported.ts";
import { eachPart } from "./complex/parts.ts";
import { complexRules } from "./complex/rules.ts";
import { NodeNote } from "./node-notes.ts";
import { roundToDType } from "./rounding.ts";
import type { RoutineCall } from "./routines/parameters.ts";
import type { ScalarArgument } from "./signature.ts";
import { broadcastShapes, elementCount, formatShape, sameShape, type Shape } from "./shape.ts";

export type Literal = number | bigint | boolean;
export type Operand = Node | Literal;

const none = {} as const;

/** Of what a function of straight pieces gave: its operand, on which the slope rests in jumps. */
export const pieceOf = new NodeNote<Node>();

/** How many parts one `concat` joins. */
const widestConcat = 128;

export class GraphBuilder {
  /** Whether new nodes may be differentiated through (off inside `no_grad`). */
  gradEnabled = true;
  /** What integers become where a float is needed, and float literals are. */
  defaultFloat: DType = "float32";

  private make<P extends Primitive>(
    op: P,
    inputs: readonly Node[],
    attrs: PrimitiveAttrs[P],
    dtype: DType,
    shape: Shape,
    outputs?: readonly { readonly dtype: DType; readonly shape: Shape }[],
  ): Node {
    let requiresGrad = false;
    if (this.gradEnabled) for (const input of inputs) requiresGrad ||= input.requiresGrad;
    if (requiresGrad) {
      const differentiable = outputs
        ? outputs.some((output) => isFloat(output.dtype) || isComplex(output.dtype))
        : isFloat(dtype) || isComplex(dtype);
      requiresGrad = differentiable;
    }
    return internNode({ op, inputs, attrs, dtype, shape, requiresGrad, outputs: outputs ?? null });
  }

  /** Who keeps the conditions that a value must meet; nobody inside a compilation. */
  onCheck: ((check: Check) => void) | null = null;

  /**
   * States that every element of `index` must lie in [low, size): an index outside is clamped by the kernels, and the
   * error is raised when what is computed from it is first read, told one that is wrong (null where it is not known).
   * Returns the index to compute with.
   */
  checkIndex(index: Node, size: number, error: (index: number | null) => Error, low = 0): Node {
    if (this.onCheck === null || index.op === "iota" || elementCount(index.shape) === 0) return index;
    const failing = (): Node => {
      // Of all elements first: what is done to each of a million is no more than that.
      const [most, least] = [this.extreme("reduce_max", index), this.extreme("reduce_min", index)];
      const tooLow = this.where(this.lt(least, BigInt(low)), this.max(least, holds + 1n), holds);
      return this.where(this.ge(most, BigInt(size)), most, tooLow);
    };
    return this.refuseWhere(index, failing, error);
  }

  /**
   * States that no element of a tensor is true, or other than `holds`, for whoever reads what is computed from the node
   * that is returned: the subject, told apart from its other uses, which may be right. The error is told the largest.
   */
  refuseWhere(subject: Node, failing: () => Node, error: (told: number | null) => Error): Node {
    if (this.onCheck === null) return subject;
    const enabled = this.gradEnabled;
    this.gradEnabled = false;
    const elements = failing();
    const largest = this.extreme("reduce_max", elements);
    const failed = elements.dtype === "bool" ? this.where(this.ne(largest, 0n), largest, holds) : largest;
    this.gradEnabled = enabled;
    const checked = this.distinct(subject);
    this.onCheck({ subject: checked, failed: this.reshape(failed, [1]), error });
    this.checkedInputs?.set(subject, checked);
    return checked;
  }

  /** Of all elements, an int64. */
  private extreme(op: "reduce_max" | "reduce_min", x: Node): Node {
    const axes = x.shape.map((_, axis) => axis);
    return this.cast(this.reduce(op, x, axes), "int64");
  }

  /** While a composite is recorded: its inputs that were checked, by what they were. */
  private checkedInputs: Map<Node, Node> | null = null;

  /** Records what stands behind a composite, and gives its inputs as they are to be used: those that were checked. */
  withCheckedInputs<T>(inputs: readonly Node[], record: () => T): { readonly result: T; readonly inputs: Node[] } {
    const outer = this.checkedInputs;
    const own = new Map<Node, Node>();
    this.checkedInputs = own;
    try {
      const result = record();
      return { result, inputs: inputs.map((input) => own.get(input) ?? input) };
    } finally {
      this.checkedInputs = outer;
    }
  }

  // ---- leaves

  constant(value: Literal, dtype: DType): Node {
    if (isComplex(dtype)) return this.complex(this.constant(value, realOf(dtype)), this.constant(0, realOf(dtype)));
    return this.make("constant", [], { value: literalOf(value, dtype) }, dtype, []);
  }

  full(shape: Shape, value: Literal, dtype: DType): Node {
    return this.expandTo(this.constant(value, dtype), shape);
  }

  /** A number of the user's as a 0-d slot: its value is no part of the graph. */
  scalar(argument: ScalarArgument, dtype: DType): Node {
    if (isComplex(dtype)) return this.complexScalar(argument, realOf(dtype));
    if (argument.imaginary !== undefined)
      throw new DTypeError(
        "scalar/complex",
        `a complex number: ${unconvertible(dtype)}.`,
        "Convert the tensor with to(torch.complex64).",
      );
    return leafNode("scalar", dtype, [], argument);
  }

  private complexScalar(argument: ScalarArgument, part: DType): Node {
    const { imaginary } = argument;
    const im =
      imaginary === undefined
        ? this.constant(0, part)
        : leafNode("scalar", part, [], { value: imaginary, category: "float", source: null });
    return this.complex(leafNode("scalar", part, [], argument), im);
  }

  /** 0 ... length-1. */
  iota(length: number, dtype: DType): Node {
    if (isComplex(dtype)) return this.cast(this.iota(length, realOf(dtype)), dtype);
    return this.make("iota", [], none, dtype, [length]);
  }

  /** The position along `axis` at each element of `shape`. */
  iotaAlong(shape: Shape, axis: number, dtype: DType): Node {
    const line = shape.map((_, i) => (i === axis ? shape[axis]! : 1));
    return this.expandTo(this.reshape(this.iota(shape[axis]!, dtype), line), shape);
  }

  /**
   * Whether each element of `shape` lies at a position of `axis`. Compared as int32, which every size fits and vectors
   * have: the positions must be known to lie within the axis.
   */
  isAt(shape: Shape, axis: number, position: Node): Node {
    return this.eq(this.iotaAlong(shape, axis, "int32"), this.cast(position, "int32"));
  }

  philox(count: number, seed: readonly [Node, Node], offset: readonly [Node, Node]): Node {
    return this.make("philox", [...seed, ...offset], { count }, "int32", [count]);
  }

  // ---- elementwise

  unary(op: UnaryPrimitive, x: Node): Node {
    if (isComplex(x.dtype)) return complexRules().unary(this, op, x);
    return this.make(op, [x], none, x.dtype, x.shape);
  }

  binary(op: BinaryPrimitive, a: Operand, b: Operand): Node {
    if ((op === "mul" || op === "div") && !(isNode(a) && isNode(b))) {
      const scaled = this.scaled(op, a, b);
      if (scaled !== null) return scaled;
    }
    const [x, y] = this.pair(op, a, b);
    if (isComplex(x.dtype)) return complexRules().binary(this, op, x, y);
    return this.make(op, [x, y], none, x.dtype, x.shape);
  }

  /** A complex number times or by a literal, which is real. */
  private scaled(op: "mul" | "div", a: Operand, b: Operand): Node | null {
    if (isNode(a) && !isNode(b) && isComplex(a.dtype)) return eachPart(this, a, (part) => this.binary(op, part, b));
    if (isNode(b) && !isNode(a) && op === "mul" && isComplex(b.dtype))
      return eachPart(this, b, (part) => this.binary(op, a, part));
    return null;
  }

  compare(op: ComparisonPrimitive, a: Operand, b: Operand): Node {
    const [x, y] = this.pair(op, a, b);
    if (isComplex(x.dtype)) return complexRules().compare(this, op, x, y);
    return this.make(op, [x, y], none, "bool", x.shape);
  }

  private pair(op: string, a: Operand, b: Operand): [Node, Node] {
    if (!isNode(a) && !isNode(b)) throw new IrError("ir/literals", `${op}: two literals`);
    let x = isNode(a) ? a : this.constant(a, (b as Node).dtype);
    let y = isNode(b) ? b : this.constant(b, (a as Node).dtype);
    if (x.dtype !== y.dtype) throw new IrError("ir/dtype", `${op}: ${describe(x)} with ${describe(y)}`);
    if (!sameShape(x.shape, y.shape)) {
      const shape = broadcastShapes(x.shape, y.shape);
      if (shape === null) throw new IrError("ir/shape", `${op}: ${describe(x)} with ${describe(y)}`);
      x = this.expandTo(x, shape);
      y = this.expandTo(y, shape);
    }
    return [x, y];
  }

  /** `value`, which rests on `x` in jumps only: `x` has a gradient of zero of it. */
  restingOn(value: Node, x: Node): Node {
    if (!this.gradEnabled || !x.requiresGrad) return value;
    const part = isComplex(x.dtype) && !isComplex(value.dtype) ? this.real(x) : x;
    const like = sameShape(x.shape, value.shape)
      ? part
      : this.expandTo(this.reshape(this.sum(part, [...x.shape.keys()]), []), value.shape);
    return this.where(this.full(value.shape, true, "bool"), value, this.cast(like, value.dtype));
  }

  /** `where` of straight pieces of `x`: which piece it is rests on `x`, and so does its slope. */
  piecesOf(x: Node, condition: Node, a: Operand, b: Operand): Node {
    const node = this.where(condition, a, b);
    if (node.requiresGrad) pieceOf.set(node, x);
    return node;
  }

  where(condition: Node, a: Operand, b: Operand): Node {
    if (condition.dtype !== "bool") throw new IrError("ir/dtype", `where: condition ${describe(condition)}`);
    let [x, y] = this.pair("where", a, b);
    const shape = broadcastShapes(condition.shape, x.shape);
    if (shape === null) throw new IrError("ir/shape", `where: ${describe(condition)} with ${describe(x)}`);
    x = this.expandTo(x, shape);
    y = this.expandTo(y, shape);
    const chosen = this.expandTo(condition, shape);
    if (isComplex(x.dtype))
      return this.complex(
        this.where(chosen, this.real(x), this.real(y)),
        this.where(chosen, this.imag(x), this.imag(y)),
      );
    return this.make("where", [chosen, x, y], none, x.dtype, shape);
  }

  cast(x: Node, dtype: DType): Node {
    if (x.dtype === dtype) return x;
    if (isComplex(x.dtype) || isComplex(dtype)) return complexRules().cast(this, x, dtype);
    return this.make("cast", [x], none, dtype, x.shape);
  }

  bitcast(x: Node, dtype: DType): Node {
    return x.dtype === dtype ? x : this.make("bitcast", [x], none, dtype, x.shape);
  }

  // ---- complex numbers (the operations above take them apart: see ir/complex)

  complex(re: Node, im: Node): Node {
    const [x, y] = this.pair("complex", re, im);
    return this.make("complex", [x, y], none, complexOf(x.dtype), x.shape);
  }

  /** The real part; a real value itself. */
  real(z: Node): Node {
    if (!isComplex(z.dtype)) return z;
    // Where gradients are taken, they arrive at the whole number.
    if (z.op === "complex" && !z.requiresGrad) return z.inputs[0]!;
    return this.make("real", [z], none, realOf(z.dtype), z.shape);
  }

  /** The imaginary part; of a real value zero. */
  imag(z: Node): Node {
    if (!isComplex(z.dtype)) return this.full(z.shape, 0, z.dtype);
    if (z.op === "complex" && !z.requiresGrad) return z.inputs[1]!;
    return this.make("imag", [z], none, realOf(z.dtype), z.shape);
  }

  /** The complex numbers in memory of their parts: [..., 2] -> [...]. */
  asComplex(memory: Node): Node {
    return this.make("as_complex", [memory], none, complexOf(memory.dtype), memory.shape.slice(0, -1));
  }

  /** The parts side by side, as memory holds them: [...] -> [..., 2]. */
  asReal(z: Node): Node {
    if (z.op === "as_complex" && !z.requiresGrad) return z.inputs[0]!;
    const column = (part: Node): Node => this.reshape(part, [...z.shape, 1]);
    return this.concat([column(this.real(z)), column(this.imag(z))], z.shape.length);
  }

  neg = (x: Node): Node => this.unary("neg", x);
  abs = (x: Node): Node => this.unary("abs", x);
  sqrt = (x: Node): Node => this.unary("sqrt", x);
  exp = (x: Node): Node => this.unary("exp", x);
  log = (x: Node): Node => this.unary("log", x);
  log1p = (x: Node): Node => this.unary("log1p", x);
  tanh = (x: Node): Node => this.unary("tanh", x);
  sigmoid = (x: Node): Node => this.unary("sigmoid", x);
  not = (x: Node): Node => this.unary("not", x);
  add = (a: Operand, b: Operand): Node => this.binary("add", a, b);
  sub = (a: Operand, b: Operand): Node => this.binary("sub", a, b);
  mul = (a: Operand, b: Operand): Node => this.binary("mul", a, b);
  div = (a: Operand, b: Operand): Node => this.binary("div", a, b);
  min = (a: Operand, b: Operand): Node => this.binary("min", a, b);
  max = (a: Operand, b: Operand): Node => this.binary("max", a, b);
  pow = (a: Operand, b: Operand): Node => this.binary("pow", a, b);
  and = (a: Operand, b: Operand): Node => this.binary("and", a, b);
  or = (a: Operand, b: Operand): Node => this.binary("or", a, b);
  eq = (a: Operand, b: Operand): Node => this.compare("eq", a, b);
  ne = (a: Operand, b: Operand): Node => this.compare("ne", a, b);
  lt = (a: Operand, b: Operand): Node => this.compare("lt", a, b);
  le = (a: Operand, b: Operand): Node => this.compare("le", a, b);
  gt = (a: Operand, b: Operand): Node => this.compare("gt", a, b);
  ge = (a: Operand, b: Operand): Node => this.compare("ge", a, b);
  isNaN = (x: Node): Node => this.compare("ne", x, x);

  // ---- reductions (axes are kept as size 1)

  reduce(op: ReducePrimitive, x: Node, axes: readonly number[]): Node {
    const sorted = [...axes].sort((a, b) => a - b);
    if (sorted.length === 0) return x;
    if (isComplex(x.dtype)) return this.complexReduce(op, x, sorted);
    const shape = x.shape.map((size, i) => (sorted.includes(i) ? 1 : size));
    return this.make(op, [x], { axes: sorted }, x.dtype, shape);
  }

  private complexReduce(op: ReducePrimitive, x: Node, axes: readonly number[]): Node {
    if (op === "reduce_sum") return eachPart(this, x, (part) => this.reduce(op, part, axes));
    if (op === "reduce_prod") return axes.reduce((product, axis) => complexRules().product(this, product, axis), x);
    throw complexUnsupported(op.replace("reduce_", ""), x);
  }

  argReduce(op: ArgReducePrimitive, x: Node, axis: number): Node {
    if (isComplex(x.dtype)) throw complexUnsupported(op, x);
    const shape = x.shape.map((size, i) => (i === axis ? 1 : size));
    return this.make(op, [x], { axes: [axis] }, "int64", shape);
  }

  sum = (x: Node, axes: readonly number[]): Node => this.reduce("reduce_sum", x, axes);

  scan(kind: ScanKind, x: Node, axis: number, reverse = false): Node {
    if (isComplex(x.dtype)) return complexRules().scan(this, kind, x, axis, reverse);
    return this.make("scan", [x], { kind, axis, reverse }, x.dtype, x.shape);
  }

  /** Sums away what broadcasting added, so that the result has `shape`: the adjoint of broadcasting. */
  sumTo(x: Node, shape: Shape): Node {
    if (sameShape(x.shape, shape)) return x;
    const lead = x.shape.length - shape.length;
    const axes: number[] = [];
    for (let i = 0; i < x.shape.length; i++) {
      if (i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1)) axes.push(i);
    }
    return this.reshape(this.sum(x, axes), shape);
  }

  // ---- contraction

  dot(
    a: Node,
    b: Node,
    contract: readonly [readonly number[], readonly number[]],
    batch: readonly [readonly number[], readonly number[]] = [[], []],
  ): Node {
    if (a.dtype !== b.dtype) throw new IrError("ir/dtype", `dot: ${describe(a)} with ${describe(b)}`);
    if (a.dtype === "bool")
      throw new DTypeError(
        "dot/bool",
        `"addmm_impl_cpu_" not implemented for 'Bool': a product of ${describe(a)} and ${describe(b)}.`,
        "Convert first, for example with .to(torch.int32).",
      );
    const agree = (pairs: readonly [readonly number[], readonly number[]]): boolean =>
      pairs[0].length === pairs[1].length && pairs[0].every((axis, i) => a.shape[axis] === b.shape[pairs[1][i]!]);
    if (!agree(contract) || !agree(batch)) throw new IrError("ir/shape", `dot: ${describe(a)} with ${describe(b)}`);
    if (isComplex(a.dtype)) return complexRules().dot(this, a, b, (x, y) => this.dot(x, y, contract, batch));
    const free = (node: Node, side: 0 | 1): number[] =>
      node.shape.filter((_, axis) => !contract[side].includes(axis) && !batch[side].includes(axis));
    const shape = [...batch[0].map((axis) => a.shape[axis]!), ...free(a, 0), ...free(b, 1)];
    return this.make("dot", [a, b], { batch, contract }, a.dtype, shape);
  }

  // ---- movement

  reshape(x: Node, shape: Shape): Node {
    if (sameShape(x.shape, shape)) return x;
    if (elementCount(x.shape) !== elementCount(shape))
      throw new IrError("ir/shape", `reshape: ${describe(x)} to ${formatShape(shape)}`);
    if (isComplex(x.dtype)) return eachPart(this, x, (part) => this.reshape(part, shape));
    const isSeenThrough =
      x.op === "reshape" &&
      x.requiresGrad === (this.gradEnabled && x.inputs[0]!.requiresGrad) &&
      // Gradients arrive at what an earlier step gave.
      !(x.requiresGrad && isEarlier(x));
    const source = isSeenThrough ? x.inputs[0]! : x;
    if (sameShape(source.shape, shape)) return source;
    return this.make("reshape", [source], { shape: [...shape] }, x.dtype, [...shape]);
  }

  permute(x: Node, axes: readonly number[]): Node {
    if (axes.every((axis, i) => axis === i)) return x;
    if (isComplex(x.dtype)) return eachPart(this, x, (part) => this.permute(part, axes));
    return this.make(
      "permute",
      [x],
      { axes },
      x.dtype,
      axes.map((axis) => x.shape[axis]!),
    );
  }

  swap(x: Node, a: number, b: number): Node {
    const axes = x.shape.map((_, i) => (i === a ? b : i === b ? a : i));
    return this.permute(x, axes);
  }

  /** Broadcasts to `shape` by PyTorch's rule. */
  expandTo(x: Node, shape: Shape): Node {
    if (sameShape(x.shape, shape)) return x;
    const lead = shape.length - x.shape.length;
    const aligned = lead > 0 ? this.reshape(x, [...new Array<number>(lead).fill(1), ...x.shape]) : x;
    if (sameShape(aligned.shape, shape)) return aligned;
    for (let i = 0; i < aligned.shape.length; i++) {
      if (aligned.shape[i] !== shape[i] && (aligned.shape[i] !== 1 || lead < 0))
        throw new IrError("ir/shape", `expand: ${describe(x)} to ${formatShape(shape)}`);
    }
    if (isComplex(x.dtype)) return eachPart(this, aligned, (part) => this.expandTo(part, shape));
    return this.make("expand", [aligned], { shape: [...shape] }, x.dtype, [...shape]);
  }

  slice(x: Node, start: readonly number[], size: Shape, step?: readonly number[]): Node {
    const steps = step ?? start.map(() => 1);
    if (sameShape(size, x.shape) && steps.every((s) => s === 1)) return x;
    if (isComplex(x.dtype)) return eachPart(this, x, (part) => this.slice(part, start, size, steps));
    return this.make("slice", [x], { start, step: steps, size: [...size] }, x.dtype, [...size]);
  }

  /** A slice along one axis. */
  sliceAxis(x: Node, axis: number, start: number, size: number, step = 1): Node {
    return this.slice(
      x,
      x.shape.map((_, i) => (i === axis ? start : 0)),
      x.shape.map((full, i) => (i === axis ? size : full)),
      x.shape.map((_, i) => (i === axis ? step : 1)),
    );
  }

  flip(x: Node, axes: readonly number[]): Node {
    return this.slice(
      x,
      x.shape.map((size, i) => (axes.includes(i) ? Math.max(0, size - 1) : 0)),
      x.shape,
      x.shape.map((_, i) => (axes.includes(i) ? -1 : 1)),
    );
  }

  pad(x: Node, low: readonly number[], high: readonly number[], value: Operand, interior?: readonly number[]): Node {
    const gaps = interior ?? low.map(() => 0);
    if ([...low, ...high, ...gaps].every((n) => n === 0)) return x;
    const filler = isNode(value) ? value : this.constant(value, x.dtype);
    if (isComplex(x.dtype))
      return this.complex(
        this.pad(this.real(x), low, high, this.real(filler), gaps),
        this.pad(this.imag(x), low, high, this.imag(filler), gaps),
      );
    const shape = x.shape.map((size, i) => low[i]! + high[i]! + size + Math.max(0, size - 1) * gaps[i]!);
    return this.make("pad", [x, filler], { low, high, interior: gaps }, x.dtype, shape);
  }

  concat(parts: readonly Node[], axis: number): Node {
    if (parts.length === 1) return parts[0]!;
    if (isComplex(parts[0]!.dtype))
      return this.complex(
        this.concat(
          parts.map((part) => this.real(part)),
          axis,
        ),
        this.concat(
          parts.map((part) => this.imag(part)),
          axis,
        ),
      );
    if (parts.length > widestConcat) {
      // In groups, so that no kernel reads more buffers than a function has parameters.
      const groups = Array.from({ length: Math.ceil(parts.length / widestConcat) }, (_, i) =>
        this.concat(parts.slice(i * widestConcat, (i + 1) * widestConcat), axis),
      );
      return this.concat(groups, axis);
    }
    const first = parts[0]!;
    const total = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
    return this.make(
      "concat",
      parts,
      { axis },
      first.dtype,
      first.shape.map((size, i) => (i === axis ? total : size)),
    );
  }

  window(x: Node, size: Shape, stride: readonly number[], dilation: readonly number[]): Node {
    if (isComplex(x.dtype)) return eachPart(this, x, (part) => this.window(part, size, stride, dilation));
    const lead = x.shape.length - size.length;
    const out = size.map((k, i) => Math.floor((x.shape[lead + i]! - dilation[i]! * (k - 1) - 1) / stride[i]!) + 1);
    return this.make("window", [x], { size, stride, dilation }, x.dtype, [...x.shape.slice(0, lead), ...out, ...size]);
  }

  // ---- indexing and order

  gather(source: Node, axes: readonly number[], indices: readonly Node[]): Node {
    if (isComplex(source.dtype)) return eachPart(this, source, (part) => this.gather(part, axes, indices));
    const rest = source.shape.filter((_, i) => !axes.includes(i));
    return this.make("gather", [source, ...indices], { axes }, source.dtype, [...indices[0]!.shape, ...rest]);
  }

  scatter(mode: ScatterMode, base: Node, updates: Node, axes: readonly number[], indices: readonly Node[]): Node {
    if (base.dtype !== updates.dtype)
      throw new IrError("ir/dtype", `scatter: ${describe(base)} with ${describe(updates)}`);
    if (isComplex(base.dtype)) {
      if (mode !== "set" && mode !== "add") throw complexUnsupported(`scatter_${mode}`, base);
      return this.complex(
        this.scatter(mode, this.real(base), this.real(updates), axes, indices),
        this.scatter(mode, this.imag(base), this.imag(updates), axes, indices),
      );
    }
    return this.make("scatter", [base, updates, ...indices], { axes, mode }, base.dtype, base.shape);
  }

  /** PyTorch's gather along one axis: result[..., i, ...] = source[..., index[..., i, ...], ...]. */
  takeAlong(source: Node, axis: number, index: Node): Node {
    return this.gather(
      source,
      source.shape.map((_, i) => i),
      this.coordinates(axis, index),
    );
  }

  /** PyTorch's scatter along one axis: the reverse of `takeAlong`. */
  scatterAlong(mode: ScatterMode, base: Node, updates: Node, axis: number, index: Node): Node {
    return this.scatter(
      mode,
      base,
      updates,
      base.shape.map((_, i) => i),
      this.coordinates(axis, index),
    );
  }

  private coordinates(axis: number, index: Node): Node[] {
    return index.shape.map((_, i) => (i === axis ? index : this.iotaAlong(index.shape, i, index.dtype)));
  }

  /** Stable sort along an axis: sorted values, or the first `count` of them, and their positions (int64). */
  sort(x: Node, axis: number, descending: boolean, count = x.shape[axis]!): [Node, Node] {
    if (isComplex(x.dtype)) throw complexUnsupported("sort", x);
    const shape = x.shape.with(axis, count);
    const outputs = [
      { dtype: x.dtype, shape },
      { dtype: "int64" as const, shape },
    ];
    const both = this.make("sort", [x], { axis, descending, count }, x.dtype, shape, outputs);
    return [this.pick(both, 0), this.pick(both, 1)];
  }

  /** All results of a routine, which `recordRoutine` infers. */
  routine(call: RoutineCall, inputs: readonly Node[], outputs: NonNullable<Node["outputs"]>): Node[] {
    const { dtype, shape } = outputs[0]!;
    const all = this.make("routine", inputs, call, dtype, shape, outputs);
    return outputs.map((_, i) => this.pick(all, i));
  }

  // ---- regions (recorded by ir/regions.ts)

  loop(inputs: readonly Node[], attrs: PrimitiveAttrs["loop"]): Node {
    const outputs = attrs.body.results.map(({ dtype, shape }, i) => ({
      dtype,
      shape: i < attrs.carried ? shape : [attrs.count, ...shape],
    }));
    return this.make("loop", inputs, attrs, outputs[0]!.dtype, outputs[0]!.shape, outputs);
  }

  while(inputs: readonly Node[], attrs: PrimitiveAttrs["while"]): Node {
    const outputs = attrs.body.results.map(({ dtype, shape }) => ({ dtype, shape }));
    return this.make("while", inputs, attrs, outputs[0]!.dtype, outputs[0]!.shape, outputs);
  }

  cond(inputs: readonly Node[], attrs: PrimitiveAttrs["cond"]): Node {
    const outputs = attrs.then.results.map(({ dtype, shape }) => ({ dtype, shape }));
    return this.make("cond", inputs, attrs, outputs[0]!.dtype, outputs[0]!.shape, outputs);
  }

  pick(x: Node, index: number): Node {
    const output = x.outputs?.[index];
    if (output === undefined) throw new IrError("ir/pick", `pick: ${x.op} has no result ${index}`);
    return this.make("pick", [x], { index }, output.dtype, output.shape);
  }

  // ---- markers

  detach(x: Node): Node {
    if (!x.requiresGrad) return x;
    const enabled = this.gradEnabled;
    this.gradEnabled = false;
    try {
      return this.make("detach", [x], none, x.dtype, x.shape);
    } finally {
      this.gradEnabled = enabled;
    }
  }

  withHistory(value: Node, history: Node): Node {
    return this.make("with_history", [value, history], none, value.dtype, value.shape);
  }

  private distinctCount = 0;

  /** The same value as a node of its own: identity for who keeps things by node, nothing to the compiler. */
  distinct(x: Node): Node {
    return this.barrier(x, -++this.distinctCount);
  }

  barrier(x: Node, tag: number): Node {
    return this.make("barrier", [x], { tag }, x.dtype, x.shape);
  }

  /** Records a composite; several results are taken with `pick`. */
  call(
    name: string,
    inputs: readonly Node[],
    attrs: Readonly<Record<string, unknown>>,
    outputs: readonly { readonly dtype: DType; readonly shape: Shape }[],
  ): Node {
    const first = outputs[0]!;
    return this.make(
      "call",
      inputs,
      { name, attrs },
      first.dtype,
      first.shape,
      outputs.length > 1 ? outputs : undefined,
    );
  }

  /** The same operation on other inputs: how passes rebuild a graph. */
  rebuild(node: Node, inputs: readonly Node[]): Node {
    let same = true;
    for (let i = 0; i < inputs.length; i++) same &&= inputs[i] === node.inputs[i];
    if (same && !node.requiresGrad) return internExisting(node);
    return this.make(node.op, inputs, node.attrs, node.dtype, node.shape, node.outputs ?? undefined);
  }

  /** The node's operation on inputs of another shape or type. */
  rebuildAs(node: Node, inputs: readonly Node[], shape: Shape, dtype: DType = node.dtype): Node {
    return this.make(node.op, inputs, node.attrs, dtype, shape);
  }
}

/** What a condition that holds tells: the least number, so that the largest of several tells whether all hold. */
export const holds = -(2n ** 63n);

/** A condition on values, known only when they are. */
export interface Check {
  /** The node whose values are checked. */
  readonly subject: Node;
  /** int64[1]: `holds`, or when it fails what the error is told; that is null where nothing is known of it. */
  readonly failed: Node;
  readonly error: (told: number | null) => Error;
}

/** The value that the type holds: a literal is rounded and wrapped as any other number. */
function literalOf(value: Literal, dtype: DType): Literal {
  if (dtype === "bool") return Boolean(value);
  const number = typeof value === "boolean" ? Number(value) : value;
  if (isFloat(dtype) || typeof number === "bigint") return roundToDType(number, dtype);
  return roundToDType(Number.isFinite(number) ? Math.trunc(number) : 0, dtype);
}

export { describe, isNode };
