/** Between scalars and vectors: splat, ramp, extract, reductions; and constants of both. */
import type { Expr, Operation, Type } from "../../ir/loop.ts";
import type { KernelContext } from "./context.ts";
import { linearise } from "./linear-form.ts";
import { emitLoadSplat } from "./memory-access.ts";
import type { Opcode } from "./opcodes.ts";
import { joinLanes, laneInstructions, laneOf, scalarToMaskLane } from "./per-lane.ts";
import { argument, formOf, type OperationExpr } from "./types.ts";

/** Vector constants, and floats used inside loops, live in locals that are set when the function starts. */
export function emitConstant(context: KernelContext, type: Type, value: number | bigint): void {
  const { code, fn } = context;
  if (type.lanes > 1) {
    formOf(type);
    code.get(context.fn.vectorConstant(filled(type, value)));
    return;
  }
  switch (type.kind) {
    case "i32":
      code.i32(Number(value));
      return;
    case "bool":
      code.i32(Number(value) === 0 ? 0 : 1);
      return;
    case "i64":
      code.i64(BigInt(value));
      return;
    case "f32":
    case "f64": {
      const { kind } = type;
      const number = Number(value);
      if (context.depth === 0) code[kind](number);
      else code.get(fn.floatConstant(kind, number));
    }
  }
}

function filled({ kind, lanes }: Type, value: number | bigint): ArrayBufferView<ArrayBuffer> {
  switch (kind) {
    case "f32":
      return new Float32Array(4).fill(Number(value));
    case "f64":
      return new Float64Array(2).fill(Number(value));
    case "i32":
      return new Int32Array(4).fill(Number(value));
    case "i64":
      return new BigInt64Array(2).fill(BigInt(value));
    case "bool":
      return new Int32Array(lanes === 2 ? 4 : lanes).fill(Number(value) === 0 ? 0 : -1);
  }
}

export function splat(context: KernelContext, expr: OperationExpr): void {
  const scalar = argument(expr, 0);
  if (scalar.op === "const") {
    emitConstant(context, expr.type, scalar.value);
    return;
  }
  if (scalar.op === "load" && emitLoadSplat(context, scalar)) return;
  context.emit(scalar);
  if (expr.type.kind === "bool") scalarToMaskLane(context, expr.type.lanes);
  context.code.op(laneInstructions(expr.type)[0]);
}

export function ramp(context: KernelContext, expr: OperationExpr): void {
  const form = formOf(expr.type);
  context.emit(argument(expr, 0));
  if (form === "i32x4") {
    context.code
      .op("i32x4.splat")
      .get(context.fn.vectorConstant(Int32Array.of(0, 1, 2, 3)))
      .op("i32x4.add");
  } else if (form === "i64x2") {
    context.code
      .op("i64x2.splat")
      .get(context.fn.vectorConstant(BigInt64Array.of(0n, 1n)))
      .op("i64x2.add");
  } else context.fail("operand-kind", "ramp makes vectors of integers");
}

export function join(context: KernelContext, expr: OperationExpr): void {
  const pairs = everySecond(context, expr);
  if (pairs === null) {
    joinLanes(context, expr.type, (lane) => context.emit(argument(expr, lane)));
    return;
  }
  for (const vector of pairs) context.emit(vector);
  context.code.op("i8x16.shuffle").bytes(everySecondByte);
}

/** Lanes 0 and 2 of the first vector, 1 and 3 of the second. */
const everySecondByte = Uint8Array.from([0, 8, 20, 28].flatMap((first) => [0, 1, 2, 3].map((byte) => first + byte)));

/**
 * Elements i, i + 2, i + 4 and i + 6 of one buffer are in the vectors from i and from i + 3, which reach no further
 * than they do.
 */
function everySecond(context: KernelContext, { type, args }: OperationExpr): readonly [Expr, Expr] | null {
  const [first] = args;
  if (first?.op !== "load" || type.lanes !== 4 || type.kind === "bool") return null;
  const { buffer, index } = first;
  const start = linearise(context, index);
  const isSecond = (expr: Expr, lane: number): boolean => {
    if (expr.op !== "load" || expr.buffer !== buffer) return false;
    const { constant, terms } = linearise(context, expr.index);
    const sameTerms =
      terms.length === start.terms.length &&
      terms.every(({ key, coefficient }, i) => {
        const other = start.terms[i]!;
        return key === other.key && coefficient === other.coefficient;
      });
    return sameTerms && constant === start.constant + 2 * lane;
  };
  if (!args.every(isSecond)) return null;
  const three: Expr = { op: "const", type: index.type, value: 3 };
  return [
    { op: "load", type, buffer, index },
    { op: "load", type, buffer, index: { op: "add", type: index.type, args: [index, three] } },
  ];
}

export function extract(context: KernelContext, expr: OperationExpr): void {
  const vector = argument(expr, 0);
  const { lane } = expr;
  if (lane === undefined || lane >= vector.type.lanes) context.fail("lane", `extract of lane ${lane}`);
  const { code } = context;
  context.emit(vector);
  switch (formOf(vector.type)) {
    case "f32x4":
      code.lane("f32x4.extract_lane", lane);
      break;
    case "f64x2":
      code.lane("f64x2.extract_lane", lane);
      break;
    case "i32x4":
      code.lane("i32x4.extract_lane", lane);
      break;
    case "i64x2":
      code.lane("i64x2.extract_lane", lane);
      break;
    case "mask4":
      code.lane("i32x4.extract_lane", lane).i32(1).op("i32.and");
      break;
    case "mask2":
      code.lane("i64x2.extract_lane", lane).op("i32.wrap_i64").i32(1).op("i32.and");
      break;
    default:
      break; // A scalar is its own only lane.
  }
}

/** Combines lanes 0 with 2 and 1 with 3, then the two results. */
export function reduce(context: KernelContext, expr: OperationExpr, operation: Operation): void {
  const vector = argument(expr, 0);
  const { type } = vector;
  context.emit(vector);
  if (type.kind === "bool") {
    reduceMask(context, type.lanes, operation);
    return;
  }
  context.withValue(type, (value) => {
    if (type.lanes === 2) {
      context.emit({ op: operation, type: expr.type, args: [laneOf(value, 0), laneOf(value, 1)] });
      return;
    }
    context.emit(value);
    context.emit(value);
    context.code.op("i8x16.shuffle").bytes(upperHalfFirst);
    context.withValue(type, (swapped) => {
      context.emit({ op: operation, type, args: [value, swapped] });
      context.withValue(type, (pairs) => {
        context.emit({ op: operation, type: expr.type, args: [laneOf(pairs, 0), laneOf(pairs, 1)] });
      });
    });
  });
}

const upperHalfFirst = Uint8Array.from({ length: 16 }, (_, i) => (i + 8) % 16);

function reduceMask(context: KernelContext, lanes: number, operation: Operation): void {
  const all: Opcode = lanes === 2 ? "i64x2.all_true" : "i32x4.all_true";
  if (operation === "max") context.code.op("v128.any_true");
  else if (operation === "min") context.code.op(all);
  else context.fail("operand-kind", `reduce_${operation} does not take masks`);
}
