/**
 * Brings a graph of primitives to a simpler equal one: merges chains of views, folds constants, computes before
 * broadcasting instead of after. Float identities are only those that hold for every IEEE value, NaN, infinities and
 * signed zeros included; each rule carries its identity.
 */
import type { GraphBuilder } from "../ir/builder.ts";
import { isFloat, isInteger, type DType } from "../ir/dtype.ts";
import type { Node } from "../ir/graph.ts";
import { isMap } from "../ir/traits.ts";
import { sameShape } from "../ir/shape.ts";
import { rewrite } from "./rewrite.ts";

export const canonicalise = (g: GraphBuilder, roots: readonly Node[]): Node[] => rewrite(g, roots, simplify);

/** The literal behind a constant or an expanded constant. */
export function literalOf(node: Node): number | bigint | boolean | null {
  let x = node;
  while (x.op === "expand" || x.op === "reshape") x = x.inputs[0]!;
  return x.op === "constant" ? x.attrs.value : null;
}
const isLiteral = (node: Node, value: number): boolean => {
  const literal = literalOf(node);
  return literal !== null && Number(literal) === value && !Object.is(literal, -0);
};

function simplify(g: GraphBuilder, node: Node): Node {
  // Without elements, any value will do.
  if (node.shape.includes(0) && node.outputs === null && node.inputs.length > 0 && literalOf(node) === null)
    return g.full(node.shape, node.dtype === "int64" ? 0n : 0, node.dtype);
  switch (node.op) {
    case "reshape":
      // reshape(reshape(x)) == reshape(x), and a reshape to the same shape is nothing
      return g.reshape(node.inputs[0]!, node.shape);
    case "real":
    case "imag":
      return partOf(g, node.op === "real" ? 0 : 1, node.inputs[0]!) ?? node;
    case "permute": {
      const x = node.inputs[0]!;
      // permute(permute(x, p), q) == permute(x, p[q])
      if (x.op === "permute")
        return g.permute(
          x.inputs[0]!,
          node.attrs.axes.map((axis) => x.attrs.axes[axis]!),
        );
      return node;
    }
    case "expand": {
      const x = node.inputs[0]!;
      // expand(expand(x)) == expand(x)
      return x.op === "expand" ? g.expandTo(x.inputs[0]!, node.shape) : node;
    }
    case "slice": {
      const x = node.inputs[0]!;
      if (x.op !== "slice") return node;
      // (x[a::s])[b::t] == x[a + s*b :: s*t]
      const start = node.attrs.start.map((b, i) => x.attrs.start[i]! + x.attrs.step[i]! * b);
      const step = node.attrs.step.map((t, i) => x.attrs.step[i]! * t);
      return g.slice(x.inputs[0]!, start, node.shape, step);
    }
    case "cast": {
      const x = node.inputs[0]!;
      const value = x.op === "constant" ? x.attrs.value : null;
      if (value !== null) {
        const folded = castLiteral(value, node.dtype);
        if (folded !== null) return g.constant(folded, node.dtype);
      }
      // cast(cast(bool)) == cast(bool): 0 and 1 survive every numeric type
      if (x.op === "cast" && x.inputs[0]!.dtype === "bool" && x.dtype !== "bool")
        return g.cast(x.inputs[0]!, node.dtype);
      return beforeBroadcast(g, node);
    }
    case "mul":
      // x * 1 == x
      if (isLiteral(node.inputs[1]!, 1)) return node.inputs[0]!;
      if (isLiteral(node.inputs[0]!, 1)) return node.inputs[1]!;
      return foldBinary(g, node) ?? beforeBroadcast(g, node);
    case "div":
      // x / 1 == x
      return isLiteral(node.inputs[1]!, 1) ? node.inputs[0]! : (foldBinary(g, node) ?? beforeBroadcast(g, node));
    case "sub":
      // x - 0 == x (also for x = -0)
      return isLiteral(node.inputs[1]!, 0) ? node.inputs[0]! : (foldBinary(g, node) ?? beforeBroadcast(g, node));
    case "add":
      // x + 0 == x for integers; for floats only x + -0 == x
      if (isInteger(node.dtype) && isLiteral(node.inputs[1]!, 0)) return node.inputs[0]!;
      if (isInteger(node.dtype) && isLiteral(node.inputs[0]!, 0)) return node.inputs[1]!;
      return foldBinary(g, node) ?? beforeBroadcast(g, node);
    case "eq": {
      const operands = floatsOf(node);
      return operands === null ? beforeBroadcast(g, node) : g.full(node.shape, operands[0] === operands[1], "bool");
    }
    case "dot": {
      // dot(a, b) == sum(a b) of two vectors: the loops of a sum are cut for threads, and keep more digits
      const [a, b] = node.inputs as [Node, Node];
      const isVectors = a.shape.length === 1 && b.shape.length === 1 && node.attrs.contract[0].length === 1;
      if (!isVectors || node.dtype !== "float32" || a.dtype !== "float32" || b.dtype !== "float32") return node;
      return g.reshape(g.reduce("reduce_sum", g.mul(a, b), [0]), []);
    }
    case "pow":
      return asProducts(g, node) ?? beforeBroadcast(g, node);
    case "neg": {
      const x = node.inputs[0]!;
      // -(-x) == x
      return x.op === "neg" ? x.inputs[0]! : beforeBroadcast(g, node);
    }
    case "not": {
      const x = node.inputs[0]!;
      return x.op === "not" ? x.inputs[0]! : beforeBroadcast(g, node);
    }
    case "where":
      // where(c, x, x) == x
      if (node.inputs[1] === node.inputs[2]) return node.inputs[1]!;
      if (literalOf(node.inputs[0]!) === true) return node.inputs[1]!;
      if (literalOf(node.inputs[0]!) === false) return node.inputs[2]!;
      return beforeBroadcast(g, node);
    case "reduce_sum":
    case "reduce_max":
    case "reduce_min":
    case "reduce_prod": {
      // Reducing an axis of size 1 changes nothing.
      const axes = node.attrs.axes.filter((axis) => node.inputs[0]!.shape[axis] !== 1);
      return axes.length === node.attrs.axes.length ? node : g.reduce(node.op, node.inputs[0]!, axes);
    }
    case "concat": {
      // Parts without elements add nothing.
      const { axis } = node.attrs;
      const parts = node.inputs.filter((part) => part.shape[axis] !== 0);
      return adjoining(g, parts, axis) ?? (parts.length === node.inputs.length ? node : g.concat(parts, axis));
    }
    case "argmax":
    case "argmin":
      // The extreme of one element is at 0.
      return node.inputs[0]!.shape[node.attrs.axes[0]!] === 1 ? g.full(node.shape, 0n, "int64") : node;
    default:
      return beforeBroadcast(g, node);
  }
}

/** x ** 1 == x, x ** 2 == x x, and two products for the third and fourth power where they are rounded little */
function asProducts(g: GraphBuilder, { inputs, dtype }: Node): Node | null {
  const x = inputs[0]!;
  const exponent = literalOf(inputs[1]!);
  if (exponent === 1) return x;
  const square = (): Node => g.mul(x, x);
  if (exponent === 2) return square();
  if (dtype !== "float32" && dtype !== "float64") return null;
  if (exponent === 3) return g.mul(square(), x);
  return exponent === 4 ? g.mul(square(), square()) : null;
}

/** real(complex(a, b)) == a; the parts in memory are every other element */
function partOf(g: GraphBuilder, part: 0 | 1, z: Node): Node | null {
  if (z.op === "complex") return z.inputs[part]!;
  if (z.op === "as_complex") {
    const memory = z.inputs[0]!;
    return g.reshape(g.sliceAxis(memory, memory.shape.length - 1, part, 1), z.shape);
  }
  if (z.op === "barrier") {
    const x = z.inputs[0]!;
    return g.barrier(partOf(g, part, x) ?? (part === 0 ? g.real(x) : g.imag(x)), z.attrs.tag);
  }
  return null;
}

/** concat(x[a:b], x[b:c]) == x[a:c] */
function adjoining(g: GraphBuilder, parts: readonly Node[], axis: number): Node | null {
  const [first] = parts;
  if (first?.op !== "slice" || parts.length < 2) return null;
  const { start, step } = first.attrs;
  let end = start[axis]!;
  for (const part of parts) {
    if (part.op !== "slice" || part.inputs[0] !== first.inputs[0] || part.attrs.step[axis] !== 1) return null;
    const isNext = part.attrs.start.every((at, i) => at === (i === axis ? end : start[i]));
    if (!isNext || part.attrs.step.some((by, i) => by !== step[i])) return null;
    end += part.shape[axis]!;
  }
  const size = first.shape.with(axis, end - start[axis]!);
  return g.slice(first.inputs[0]!, start, size, step);
}

/** f(expand(a), expand(b)) == expand(f(a, b)) when a and b have one shape: fewer elements to compute. */
function beforeBroadcast(g: GraphBuilder, node: Node): Node {
  if (!isMap(node) || node.inputs.length === 0) return node;
  const reshaped = beforeReshape(g, node);
  if (reshaped !== null) return reshaped;
  let shape: readonly number[] | null = null;
  for (const input of node.inputs) {
    if (input.op !== "expand") return node;
    const source = input.inputs[0]!;
    if (source.shape.every((size) => size === 1)) continue;
    if (shape !== null && !sameShape(shape, source.shape)) return node;
    shape = source.shape;
  }
  const small = shape ?? node.inputs[0]!.inputs[0]!.shape;
  const inputs = node.inputs.map((input) => {
    const source = input.inputs[0]!;
    return g.expandTo(
      sameShape(source.shape, small)
        ? source
        : g.reshape(
            source,
            small.map(() => 1),
          ),
      small,
    );
  });
  const computed = simplify(g, g.rebuildAs(node, inputs, small));
  return g.expandTo(computed, node.shape);
}

/** f(reshape(a), reshape(b), literal) == reshape(f(a, b, literal)) */
function beforeReshape(g: GraphBuilder, node: Node): Node | null {
  let shape: readonly number[] | null = null;
  for (const input of node.inputs) {
    if (literalOf(input) !== null) continue;
    if (input.op !== "reshape") return null;
    const source = input.inputs[0]!.shape;
    if (shape !== null && !sameShape(shape, source)) return null;
    shape = source;
  }
  if (shape === null) return null;
  const target = shape;
  const inputs = node.inputs.map((input) => {
    const literal = literalOf(input);
    return literal !== null ? g.full(target, literal, input.dtype) : input.inputs[0]!;
  });
  return g.reshape(simplify(g, g.rebuildAs(node, inputs, target)), node.shape);
}

function foldBinary(g: GraphBuilder, node: Node): Node | null {
  const operands = floatsOf(node);
  if (operands === null) return null;
  const [p, q] = operands;
  const value = node.op === "add" ? p + q : node.op === "sub" ? p - q : node.op === "mul" ? p * q : p / q;
  return g.full(node.shape, node.dtype === "float32" ? Math.fround(value) : value, node.dtype);
}

/** The two operands, where both are floats that are known. */
function floatsOf({ inputs }: Node): readonly [number, number] | null {
  const [a, b] = inputs as [Node, Node];
  if (a.dtype !== "float32" && a.dtype !== "float64") return null;
  const [x, y] = [literalOf(a), literalOf(b)];
  if (typeof x !== "number" || typeof y !== "number") return null;
  return a.dtype === "float32" ? [Math.fround(x), Math.fround(y)] : [x, y];
}

function castLiteral(value: number | bigint | boolean, dtype: DType): number | bigint | boolean | null {
  if (dtype === "bool") return Number(value) !== 0;
  if (isFloat(dtype))
    return dtype === "float64" ? Number(value) : dtype === "float32" ? Math.fround(Number(value)) : null;
  const number = Number(value);
  if (!Number.isInteger(number) || Math.abs(number) > 100) return null;
  return dtype === "int64" ? BigInt(number) : number;
}
