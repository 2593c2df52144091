/**
 * The value of a graph node at symbolic coordinates, as loop IR. Views become index arithmetic, maps become scalar
 * operations; memory is read where a value has been stored.
 *
 * Evaluation follows the graph with an explicit stack (generators that ask for their operands), never by recursion.
 */
import { IrError } from "../../ir/errors.ts";
import type { Node } from "../../ir/graph.ts";
import { Index, linear } from "../../ir/index.ts";
import type { Expr, Operation } from "../../ir/loop.ts";
import { contiguousStrides } from "../../ir/shape.ts";
import { isNonpositive } from "../../ir/signs.ts";
import { isMap } from "../../ir/traits.ts";
import { sourceCoordinates } from "../../ir/views.ts";
import { reinterpret } from "./bitcast.ts";
import { apply, constant, convert, indexExpr, integer, kindOf, load, narrowed, select, typeOf } from "./expressions.ts";
import type { KernelBuilder } from "./kernel-builder.ts";
import { gpuLowering } from "./gpu-lowering.ts";

export interface Request {
  readonly node: Node;
  readonly at: readonly Index[];
}
type Evaluation = Generator<Request, Expr, Expr>;

export interface EvaluationContext {
  readonly builder: KernelBuilder;
  /** Whether a node's value is in memory when this kernel runs. */
  readonly stored: (node: Node) => boolean;
  /** A chance to supply a value from elsewhere (a scratch row, an accumulator). */
  readonly supply?: (node: Node, at: readonly Index[]) => Expr | null;
}

export function evaluate(context: EvaluationContext, node: Node, at: readonly Index[]): Expr {
  const stack: { request: Request; evaluation: Evaluation }[] = [];
  const { builder } = context;
  let request: Request | null = { node, at };
  let value: Expr | null = null;
  for (;;) {
    if (request !== null) {
      const known = builder.known(request.node, request.at);
      if (known !== undefined) {
        value = known;
        request = null;
      } else {
        stack.push({ request, evaluation: step(context, request.node, request.at) });
        request = null;
        value = null;
      }
    }
    const top = stack.at(-1);
    if (top === undefined) return value!;
    const next: IteratorResult<Request, Expr> =
      value === null ? top.evaluation.next(undefined as never) : top.evaluation.next(value);
    if (next.done === true) {
      stack.pop();
      value = builder.let(next.value);
      builder.remember(top.request.node, top.request.at, value);
      if (stack.length === 0) return value;
    } else {
      request = next.value;
    }
  }
}

/** Reads a stored node. */
export function read(context: EvaluationContext, node: Node, at: readonly Index[]): Expr {
  const position = linear(at, contiguousStrides(node.shape));
  return load(context.builder.buffer(node, "read"), typeOf(kindOf(node.dtype)), indexExpr(position));
}

function* step(context: EvaluationContext, node: Node, at: readonly Index[]): Evaluation {
  const supplied = context.supply?.(node, at);
  if (supplied) return supplied;
  if (node.op !== "constant" && node.op !== "scalar" && node.op !== "iota" && context.stored(node))
    return read(context, node, at);
  const { builder } = context;
  const kind = kindOf(node.dtype);
  switch (node.op) {
    case "constant": {
      const value = node.attrs.value;
      const exact = typeof value === "boolean" ? Number(value) : value;
      return constant(kind, kind === "f32" ? roundTo(Number(exact), node.dtype) : exact);
    }
    case "scalar":
      return builder.scalar(node);
    case "iota":
      return convert(indexExpr(at[0]!), "int32", node.dtype);
    case "cast":
      return convert(yield { node: node.inputs[0]!, at }, node.inputs[0]!.dtype, node.dtype);
    case "bitcast":
      return reinterpret(yield { node: node.inputs[0]!, at }, node.inputs[0]!.dtype, node.dtype, (value) =>
        builder.let(value),
      );
    case "where": {
      const condition = yield { node: node.inputs[0]!, at };
      const a = yield { node: node.inputs[1]!, at };
      return select(condition, a, yield { node: node.inputs[2]!, at });
    }
    case "concat": {
      const { axis } = node.attrs;
      const along = at[axis]!;
      let start = 0;
      const pieces: { value: Expr; end: number }[] = [];
      for (const part of node.inputs) {
        const size = part.shape[axis]!;
        const end = start + size;
        // Beyond the end is where a tile of another size than this one would be: it is not run, but it is written.
        if (size > 0 && along.max >= start && (along.min < end || end === node.shape[axis])) {
          const inside = along.min >= start && along.max < end;
          const local = inside ? along.add(-start) : clampIndex(builder, along.add(-start), size);
          const position = at.map((index, i) => (i === axis ? local : index));
          pieces.push({ value: yield { node: part, at: position }, end });
        }
        start = end;
      }
      let value = pieces.at(-1)!.value;
      for (let i = pieces.length - 2; i >= 0; i--) {
        value = select(apply("lt", typeOf("bool"), indexExpr(along), integer(pieces[i]!.end)), pieces[i]!.value, value);
      }
      return value;
    }
    case "pad":
      return yield* padded(builder, node, at);
    case "gather": {
      const indexShape = node.inputs[1]!.shape;
      const source = node.inputs[0]!;
      const lead = at.slice(0, indexShape.length);
      const rest = at.slice(indexShape.length);
      const coordinates = new Array<Index>(source.shape.length);
      let free = 0;
      for (let axis = 0; axis < source.shape.length; axis++) {
        const which = node.attrs.axes.indexOf(axis);
        if (which < 0) {
          coordinates[axis] = rest[free++]!;
          continue;
        }
        const chosen = node.inputs[1 + which]!;
        const known = positionOf(chosen, lead);
        if (known !== null && known.min >= 0 && known.max < source.shape[axis]!) coordinates[axis] = known;
        else coordinates[axis] = dynamicIndex(builder, yield { node: chosen, at: lead }, chosen, source.shape[axis]!);
      }
      return yield { node: source, at: coordinates };
    }
    case "philox": {
      const words: Expr[] = [];
      for (const input of node.inputs) words.push(yield { node: input, at: [] });
      return gpuLowering.value.philoxWord(builder, indexExpr(at[0]!), words);
    }
    default: {
      const source = sourceCoordinates(node, at);
      if (source !== null) return yield { node: node.inputs[0]!, at: source };
      const operation = isMap(node) ? operationOf(node) : undefined;
      if (operation === undefined) throw new IrError("ir/lower", `${node.op} is not available where it is needed`);
      const args: Expr[] = [];
      for (const input of node.inputs) args.push(yield { node: input, at });
      return narrowed(apply(operation, typeOf(kind), ...args), node.dtype);
    }
  }
}

/** What is known of its operand makes the function shorter. */
export const operationOf = (node: Node): Operation =>
  node.op === "exp" && kindOf(node.dtype) === "f32" && isNonpositive(node.inputs[0]!)
    ? "exp_nonpositive"
    : (node.op as Operation);

/** The coordinate that an index node stands for when no memory is needed to know it. */
export function positionOf(node: Node, at: readonly Index[]): Index | null {
  let current = node;
  let where: readonly Index[] = at;
  while (current.op !== "iota") {
    const next = sourceCoordinates(current, where);
    if (next === null) return null;
    where = next;
    current = current.inputs[0]!;
  }
  return where[0]!;
}

/** A run-time index, clamped into [0, size): an index out of range touches nothing else. */
export function dynamicIndex(builder: KernelBuilder, value: Expr, node: Node, size: number): Index {
  const kind = typeOf(kindOf(node.dtype));
  const raw = builder.let(value);
  const wrapped =
    raw.type.kind === "i64"
      ? builder.let(
          apply(
            "cast",
            typeOf("i32"),
            apply("max", kind, apply("min", kind, raw, constant("i64", size - 1)), constant("i64", 0)),
          ),
        )
      : builder.let(apply("max", kind, apply("min", kind, raw, integer(size - 1)), integer(0)));
  return wrapped.op === "const"
    ? Index.constant(Number(wrapped.value))
    : Index.variable((wrapped as { name: string }).name, Math.max(0, size - 1));
}

/** An expression that may leave [0, size), held inside it (its value is not used where it left). */
function clampIndex(builder: KernelBuilder, index: Index, size: number): Index {
  if (index.min >= 0 && index.max < size) return index;
  const i32 = typeOf("i32");
  let value = indexExpr(index);
  if (index.max >= size) value = apply("min", i32, value, integer(size - 1));
  if (index.min < 0) value = apply("max", i32, value, integer(0));
  const name = builder.let(value);
  return name.op === "const"
    ? Index.constant(Number(name.value))
    : Index.variable((name as { name: string }).name, size - 1);
}

function* padded(builder: KernelBuilder, node: Node & { op: "pad" }, at: readonly Index[]): Evaluation {
  const [source, filler] = node.inputs as [Node, Node];
  const { low, interior } = node.attrs;
  const bool = typeOf("bool");
  let inside: Expr | null = null;
  let never = source.shape.includes(0);
  const require = (condition: Expr): void => {
    inside = inside === null ? condition : apply("and", bool, inside, condition);
  };
  const coordinates = at.map((index, i) => {
    const size = source.shape[i]!;
    const shifted = index.add(-low[i]!);
    const gap = interior[i]! + 1;
    const span = (size - 1) * gap;
    if (shifted.min > span || shifted.max < 0) never = true;
    if (never) return shifted;
    if (shifted.min < 0) require(apply("ge", bool, indexExpr(shifted), integer(0)));
    if (shifted.max > span) require(apply("le", bool, indexExpr(shifted), integer(span)));
    if (gap === 1) return clampIndex(builder, shifted, size);
    const remainder = shifted.mod(gap);
    if (remainder.isConstant) {
      if (remainder.constant !== 0) never = true;
    } else require(apply("eq", bool, indexExpr(remainder), integer(0)));
    return clampIndex(builder, shifted.div(gap), size);
  });
  const outside = yield { node: filler, at: [] };
  if (never) return outside;
  const value = yield { node: source, at: coordinates };
  return inside === null ? value : select(inside, value, outside);
}

function roundTo(value: number, dtype: string): number {
  return dtype === "float32" ? Math.fround(value) : value;
}
