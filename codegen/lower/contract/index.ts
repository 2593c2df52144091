/**
 * Lowers a `contract` region: a dot and the elementwise work on its result. Operands are read through linear indices,
 * so transposes, windows (convolution) and broadcasts need no copy.
 *
 * Three forms, chosen by the strides: `tiles` (rows x vector columns in registers, the right operand's columns
 * adjacent or packed), `rows` (both operands adjacent along the contracted axis: a product per element, vectorised
 * along k), and `elements` (any type, any stride, one element at a time). A GPU has tiles in workgroup memory.
 */
import type { Node, NodeOf } from "../../../ir/graph.ts";
import { Index } from "../../../ir/index.ts";
import type { Region } from "../../../ir/kernel-graph.ts";
import { indexExpr } from "../expressions.ts";
import { KernelBuilder, type LoweredKernel, type Target } from "../kernel-builder.ts";
import { columnTiles } from "./column-tiles.ts";
import { type Axis, sizeOf } from "./contraction.ts";
import { lowerElements } from "./elements.ts";
import { lowerGpuTiles, suitsTiles } from "./gpu-tiles.ts";
import { ContractLowering, type Stored } from "./lowering.ts";
import { isPackable, packingOf } from "./packing.ts";
import { rowProducts } from "./row-products.ts";

export function lowerContract(region: Region, name: string, target: Target, stored: Stored): LoweredKernel {
  const dot = region.members[0] as Node & NodeOf<"dot">;
  const builder = new KernelBuilder(target);
  const lowering = new ContractLowering(builder, region, dot, stored);
  if (dot.dtype !== "float32" || !lowering.isLinear) lowerElements(lowering);
  else if (target.kind === "cpu") lowerTiles(lowering);
  else if (!suitsTiles(lowering.contraction)) lowerElements(lowering);
  else lowerGpuTiles(builder, dot, lowering.contraction, (at, value) => lowering.epilogue(at, value));
  return builder.finish(name);
}

/** Register tiles. */
function lowerTiles(lowering: ContractLowering): void {
  const { builder, contraction } = lowering;
  const { batch, rows, columns, depth } = contraction;
  const one: Axis = { size: 1, left: 0, right: 0, out: 0 };
  const row = rows.at(-1) ?? one;
  const column = columns.at(-1) ?? one;
  const innermost = depth.at(-1);
  // With many rows the columns are packed instead: the work is as fast, and what follows it is done in vectors.
  const manyRows = !builder.target.dynamic && row.size >= 48 && isPackable(depth);
  const alongDepth = column.right !== 1 && innermost?.left === 1 && innermost.right === 1 && innermost.size >= 16;
  const dotForm = alongDepth && !manyRows;
  const packing = dotForm ? null : packingOf(contraction, row, column, builder.target.dynamic === true);
  const within = packing?.shared ? columns.slice(0, -1) : [];
  const outer = [...batch, ...rows.slice(0, -1), ...(within.length > 0 ? [] : columns.slice(0, -1))];
  const product = sizeOf([...outer, ...within]);
  const names = outer.map((_, i) => `o${i}`);
  const body = (): void => {
    const at = (pick: (axis: Axis) => number, offset: number): Index =>
      outer.reduce(
        (sum, axis, i) => sum.add(builder.position(names[i]!, axis.size).scale(pick(axis))),
        Index.constant(offset),
      );
    const start = {
      left: builder.let(indexExpr(at((x) => x.left, contraction.left.offset)), "left"),
      right: builder.let(indexExpr(at((x) => x.right, contraction.right.offset)), "right"),
      out: at((x) => x.out, 0),
    };
    if (dotForm) rowProducts(lowering, start, row, column);
    else columnTiles(lowering, start, row, column, packing, within);
  };
  const nest = (depthIndex: number): void => {
    const axis = outer[depthIndex];
    if (axis === undefined) return body();
    builder.loop(names[depthIndex]!, axis.size, "parallel", () => nest(depthIndex + 1));
  };
  if (product > 0) nest(0);
}
