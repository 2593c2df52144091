/**
 * Evaluates a graph of primitives directly: no fusion, no buffers, one array a node, each operation in float64 (integers
 * exactly) with one rounding to the element type.
 */
import { isFloat, type DType } from "../../ir/dtype.ts";
import { IrError } from "../../ir/errors.ts";
import { topologicalOrder } from "../../ir/walks.ts";
import {
  type BinaryPrimitive,
  type Body,
  type ComparisonPrimitive,
  type Node,
  type NodeOf,
  type Primitive,
  type UnaryPrimitive,
} from "../../ir/graph.ts";
import { roundToDType, type Element } from "../../ir/rounding.ts";
import { philoxGroup } from "../random/philox.ts";
import type { TypedArray } from "../typed-array.ts";
import { gather, scatter, sort } from "./indexing.ts";
import { cond, loop, whileTrue } from "./regions.ts";
import { concat, expand, pad, permute, reshape, slice, window } from "./movement.ts";
import { argReduce, dot, reduce, scan, type Finish, type Total } from "./reductions.ts";
import { routine } from "./routines/index.ts";
import { applyBinary, applyUnary, binaryRules, comparisons, convert, unaryRules } from "./scalar-functions.ts";
import { build, decode, encode, fromBits, toBits, type Values } from "./values.ts";

export interface Bindings {
  /** The contents of an `input` leaf (half types as bit patterns). */
  readonly input: (leaf: Node) => TypedArray;
  /** The number in a `scalar` slot. */
  readonly scalar: (leaf: Node) => number | bigint;
  /**
   * Changes the results that back ends may round differently (mathematical functions and float sums), to find out how
   * much that matters: gets a value before its rounding.
   */
  readonly disturb?: (value: number, total: Total, dtype: DType, terms: number) => number;
  /** Subnormal float32 values are zero everywhere, as a GPU may have it. */
  readonly flush?: boolean;
}

type Rule<P extends Primitive> = (
  node: NodeOf<P>,
  inputs: readonly Values[],
  context: Context,
) => Values | readonly Values[];
type Scalar = UnaryPrimitive | BinaryPrimitive | ComparisonPrimitive;

interface Context {
  /** The values of a body's results, given those of its parameters. */
  readonly run: (body: Body, inputs: readonly Values[]) => Values[];
  readonly bindings: Bindings;
  readonly disturb: (total: Total, dtype: DType, terms: number) => Element;
  readonly finish: Finish;
}

const exactly: Finish = ({ value }, dtype) => roundToDType(value, dtype);
const first: Rule<Primitive> = (_node, [x]) => x!;

const rules: { readonly [P in Exclude<Primitive, Scalar>]: Rule<P> } = {
  input: (node, _inputs, { bindings }) => decode(node.dtype, node.shape, bindings.input(node)),
  scalar: (node, _inputs, { bindings }) => {
    return { dtype: node.dtype, shape: [], data: [roundToDType(bindings.scalar(node), node.dtype)] };
  },
  constant: (node) => ({ dtype: node.dtype, shape: [], data: [literal(node.attrs.value, node.dtype)] }),
  iota: (node) => build(node.dtype, node.shape, ([i]) => roundToDType(i!, node.dtype)),
  philox: (node, inputs) => {
    const [seedLow, seedHigh, offsetLow, offsetHigh] = inputs.map((x) => BigInt.asUintN(32, BigInt(x.data[0]!)));
    const seed = seedLow! | (seedHigh! << 32n);
    const offset = offsetLow! | (offsetHigh! << 32n);
    return build("int32", node.shape, ([i]) => philoxGroup(seed, offset, BigInt(i! >> 2))[i! & 3]! | 0);
  },
  where: (node, [condition, a, b]) => ({
    dtype: node.dtype,
    shape: node.shape,
    data: condition!.data.map((c, i) => (c === 0 ? b! : a!).data[i]!),
  }),
  cast: (node, [x]) => map(node, x!, (value) => roundToDType(convert(value, x!.dtype, node.dtype), node.dtype)),
  bitcast: (node, [x]) => map(node, x!, (value) => fromBits(toBits(value, x!.dtype), node.dtype)),

  // Complex values are their parts in turns, as in memory.
  complex: (node, [re, im]) => ({
    dtype: node.dtype,
    shape: node.shape,
    data: re!.data.flatMap((value, i) => [value, im!.data[i]!]),
  }),
  real: (node, [z]) => ({ dtype: node.dtype, shape: node.shape, data: z!.data.filter((_, i) => i % 2 === 0) }),
  imag: (node, [z]) => ({ dtype: node.dtype, shape: node.shape, data: z!.data.filter((_, i) => i % 2 === 1) }),
  as_complex: (node, [memory]) => ({ dtype: node.dtype, shape: node.shape, data: memory!.data }),

  reduce_sum: (node, inputs, { finish }) => reduce("sum", node, inputs, finish),
  reduce_prod: (node, inputs, { finish }) => reduce("prod", node, inputs, finish),
  reduce_max: (node, inputs) => reduce("max", node, inputs, exactly),
  reduce_min: (node, inputs) => reduce("min", node, inputs, exactly),
  argmax: argReduce,
  argmin: argReduce,
  scan: (node, inputs, { finish }) => {
    const exact = node.attrs.kind === "max" || node.attrs.kind === "min";
    return scan(node, inputs, exact ? exactly : finish);
  },
  dot: (node, inputs, { finish }) => dot(node, inputs, finish),

  reshape,
  permute,
  expand,
  slice,
  pad,
  concat,
  window,
  gather,
  scatter,
  sort,
  routine,

  loop: (node, inputs, { run }) => loop(node, inputs, run),
  while: (node, inputs, { run }) => whileTrue(node, inputs, run),
  cond: (node, inputs, { run }) => cond(node, inputs, run),

  // Results are picked by the caller of the rules.
  pick: first,
  detach: first,
  leaf: first,
  with_history: first,
  barrier: first,
  call: (node) => {
    throw new IrError("interpreter/call", `${node.attrs.name} has to be decomposed before it can be interpreted`);
  },
};

function literal(value: number | bigint | boolean, dtype: DType): Element {
  return roundToDType(typeof value === "boolean" ? Number(value) : value, dtype);
}

const map = (
  node: { readonly dtype: DType; readonly shape: readonly number[] },
  x: Values,
  f: (value: Element, i: number) => Element,
): Values => ({
  dtype: node.dtype,
  shape: node.shape,
  data: x.data.map(f),
});

const alone = (value: Element): Total => ({ value, scale: Math.abs(Number(value)), range: Math.abs(Number(value)) });

function scalarOperation(node: Node, inputs: readonly Values[], { disturb }: Context): Values | null {
  const [x, y] = inputs as [Values, Values];
  const { op, dtype } = node;
  if (Object.hasOwn(unaryRules, op)) {
    const name = op as UnaryPrimitive;
    const inexact = unaryRules[name].inexact === true;
    return map(node, x, (value) => {
      const result = applyUnary(name, dtype, value);
      return roundToDType(inexact ? disturb(alone(result), dtype, 1) : result, dtype);
    });
  }
  if (Object.hasOwn(binaryRules, op)) {
    const name = op as BinaryPrimitive;
    const inexact = binaryRules[name].inexact === true;
    return map(node, x, (value, i) => {
      const result = applyBinary(name, dtype, value, y.data[i]!);
      return roundToDType(inexact ? disturb(alone(result), dtype, 1) : result, dtype);
    });
  }
  if (Object.hasOwn(comparisons, op)) {
    return {
      dtype: "bool",
      shape: node.shape,
      data: x.data.map((value, i) => Number(comparisons[op as ComparisonPrimitive](value, y.data[i]!))),
    };
  }
  return null;
}

function flushed(result: Values | readonly Values[]): Values | readonly Values[] {
  if (!("data" in result)) return result.map((values) => flushed(values) as Values);
  if (result.dtype !== "float32" && result.dtype !== "bfloat16") return result;
  return {
    ...result,
    data: result.data.map((x) => (Math.abs(Number(x)) < 2 ** -126 ? (Object.is(x, -0) || Number(x) < 0 ? -0 : 0) : x)),
  };
}

/**
 * in:  roots of a graph of primitives (composites already decomposed), and what its leaves hold
 * out: the roots' values, row-major
 */
export function interpret(roots: readonly Node[], bindings: Bindings): TypedArray[] {
  const disturb: Context["disturb"] = (total, dtype, terms) => {
    const { value } = total;
    if (bindings.disturb === undefined || typeof value !== "number" || !isFloat(dtype)) return value;
    return bindings.disturb(value, total, dtype, terms);
  };
  const finish: Finish = (total, dtype, terms) => roundToDType(disturb(total, dtype, terms), dtype);
  const run: Context["run"] = ({ parameters, results }, inputs) =>
    evaluate(results, new Map(parameters.map((parameter, i) => [parameter, inputs[i]!])), context);
  const context: Context = { bindings, disturb, finish, run };
  return evaluate(roots, new Map(), context).map(encode);
}

function evaluate(roots: readonly Node[], given: ReadonlyMap<Node, Values>, context: Context): Values[] {
  const known = new Map<Node, Values | readonly Values[]>(given);
  const valuesOf = (node: Node): Values => {
    const result = known.get(node)!;
    return "data" in result ? result : result[0]!;
  };
  for (const node of topologicalOrder(roots, (leaf) => given.has(leaf))) {
    if (given.has(node)) continue;
    const several = node.op === "pick" ? known.get(node.inputs[0]!)! : null;
    if (several !== null && node.op === "pick" && !("data" in several)) {
      known.set(node, several[node.attrs.index]!);
      continue;
    }
    const inputs = node.inputs.map(valuesOf);
    const rule = rules[node.op as Exclude<Primitive, Scalar>] as Rule<Primitive> | undefined;
    const result = scalarOperation(node, inputs, context) ?? rule!(node, inputs, context);
    known.set(node, context.bindings.flush ? flushed(result) : result);
  }
  return roots.map(valuesOf);
}
