/** Reductions, scans and contractions: plain loops that add in float64 and round once. */
import { dtypes, type DType } from "../../ir/dtype.ts";
import type { NodeOf, Primitive, ScanKind } from "../../ir/graph.ts";
import type { Element } from "../../ir/rounding.ts";
import { compareElements } from "./indexing.ts";
import { applyBinary } from "./scalar-functions.ts";
import { build, forEachIndex, reader, type Values } from "./values.ts";

export type Combination = ScanKind;

/** A running total, with what its rounding errors depend on. */
export interface Total {
  readonly value: Element;
  /** The size of the terms: what the errors are relative to. */
  readonly scale: number;
  /** How far (as a factor) partial results may be from one, in whatever order they are made. */
  readonly range: number;
}
/** Rounds a total to the element type. */
export type Finish = (total: Total, dtype: DType, terms: number) => Element;

const operations = { sum: "add", prod: "mul", max: "max", min: "min" } as const;

const logAddExp = (a: number, b: number): number =>
  a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));

function identity(kind: Combination, dtype: DType): Element {
  const { category, bytes } = dtypes[dtype];
  if (category === "bool") return kind === "prod" || kind === "min" ? 1 : 0;
  const exact = (value: number | bigint): Element => (dtype === "int64" ? BigInt(value) : Number(value));
  if (kind === "sum") return exact(0);
  if (kind === "prod") return exact(1);
  if (category === "float") return kind === "min" ? Infinity : -Infinity;
  const bits = BigInt(8 * bytes - (dtype === "uint8" ? 0 : 1));
  const lowest = dtype === "uint8" ? 0n : -(1n << bits);
  return exact(kind === "max" ? lowest : (1n << bits) - 1n);
}

/** Integers stay unbounded while they are added, which is the same as wrapping at every step. */
function step(kind: Combination, dtype: DType, total: Total, x: Element): Total {
  const value =
    kind === "logaddexp"
      ? logAddExp(Number(total.value), Number(x))
      : applyBinary(operations[kind], dtype, total.value, x);
  const size = Math.abs(Number(x));
  if (kind === "sum") return { value, scale: total.scale + size, range: total.scale + size };
  const range = total.range * (size === 0 ? 1 : Math.max(size, 1 / size));
  return { value, scale: Math.abs(Number(value)), range };
}
const start = (kind: Combination, dtype: DType): Total => ({ value: identity(kind, dtype), scale: 0, range: 1 });

/** Calls `visit` with the coordinates of all elements that a reduction of `axes` puts into the one at `at`. */
function forEachReduced(
  shape: readonly number[],
  axes: readonly number[],
  at: readonly number[],
  visit: (from: readonly number[]) => void,
): void {
  forEachIndex(
    axes.map((axis) => shape[axis]!),
    (inner) => {
      const from = [...at];
      axes.forEach((axis, i) => (from[axis] = inner[i]!));
      visit(from);
    },
  );
}

export function reduce(
  kind: Combination,
  node: NodeOf<"reduce_sum" | "reduce_prod" | "reduce_max" | "reduce_min">,
  [x]: readonly Values[],
  finish: Finish,
): Values {
  const { axes } = node.attrs;
  const read = reader(x!);
  return build(node.dtype, node.shape, (at) => {
    let total = start(kind, node.dtype);
    let terms = 0;
    forEachReduced(x!.shape, axes, at, (from) => {
      total = step(kind, node.dtype, total, read(from));
      terms++;
    });
    return finish(total, node.dtype, terms);
  });
}

export function argReduce(node: NodeOf<"argmax" | "argmin">, [x]: readonly Values[]): Values {
  const axis = node.attrs.axes[0]!;
  const read = reader(x!);
  const sign = (node.op as Primitive) === "argmax" ? 1 : -1;
  return build("int64", node.shape, (at) => {
    let where = -1;
    let best: Element = NaN;
    for (let along = 0; along < x!.shape[axis]!; along++) {
      const value = read(at.with(axis, along));
      // NaN is extreme either way, and the first one wins.
      const missing = Number.isNaN(value) ? Number(!Number.isNaN(best)) : Number.isNaN(best) ? -1 : 0;
      if (where < 0 || missing > 0 || (missing === 0 && sign * compareElements(value, best) > 0)) {
        where = along;
        best = value;
      }
    }
    return BigInt(where);
  });
}

export function scan(node: NodeOf<"scan">, [x]: readonly Values[], finish: Finish): Values {
  const { kind, axis, reverse } = node.attrs;
  const size = node.shape[axis]!;
  const read = reader(x!);
  return build(node.dtype, node.shape, (at) => {
    let total = start(kind, node.dtype);
    const terms = reverse ? size - at[axis]! : at[axis]! + 1;
    for (let k = 0; k < terms; k++) {
      total = step(kind, node.dtype, total, read(at.with(axis, reverse ? size - 1 - k : k)));
    }
    return finish(total, node.dtype, terms);
  });
}

export function dot(node: NodeOf<"dot">, [a, b]: readonly Values[], finish: Finish): Values {
  const { batch, contract } = node.attrs;
  const [readA, readB] = [reader(a!), reader(b!)];
  const depth = contract[0].map((axis) => a!.shape[axis]!);
  const freeCount = a!.shape.length - batch[0].length - contract[0].length;
  /** Coordinates of an operand: batch and contracted axes by their lists, the others from the result in order. */
  const coordinates = (side: 0 | 1, at: readonly number[], k: readonly number[], firstFree: number): number[] => {
    let free = firstFree;
    return [a!, b!][side]!.shape.map((_, axis) => {
      const [inBatch, inDepth] = [batch[side].indexOf(axis), contract[side].indexOf(axis)];
      return inBatch >= 0 ? at[inBatch]! : inDepth >= 0 ? k[inDepth]! : at[free++]!;
    });
  };
  return build(node.dtype, node.shape, (at) => {
    let total = start("sum", node.dtype);
    let terms = 0;
    forEachIndex(depth, (k) => {
      const x = readA(coordinates(0, at, k, batch[0].length));
      const y = readB(coordinates(1, at, k, batch[0].length + freeCount));
      total = step("sum", node.dtype, total, applyBinary("mul", node.dtype, x, y));
      terms++;
    });
    return finish(total, node.dtype, terms);
  });
}
