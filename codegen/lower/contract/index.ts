/**
 * Lowers a `contract` region: a dot and the elementwise work on its result. Operands are read through linear indices,
 * so transposes, windows (convolution) and broadcasts need no copy.
 *
 * Three forms, chosen by the strides: `tiles` (rows x vector columns in registers, the right operand's columns
 * adjacent or packed), `rows` (both operands adjacent along the contracted axis: a product per element, vectorised
 * along k), and `elements` (any type, any stride, one element at a time). A GPU has tiles in workgroup memory.
 */
import { dtypeBytes } from "../../../ir/dtype.ts";
import type { Node, NodeOf } from "../../../ir/graph.ts";
import { Index } from "../../../ir/index.ts";
import type { Region } from "../../../ir/kernel-graph.ts";
import type { Expr } from "../../../ir/loop.ts";
import { apply, indexExpr, integer, typeOf } from "../expressions.ts";
import { gpuLowering } from "../gpu-lowering.ts";
import { KernelBuilder, type LoweredKernel, type Target } from "../kernel-builder.ts";
import { columnTiles } from "./column-tiles.ts";
import { type Axis, sizeOf } from "./contraction.ts";
import { lowerElements } from "./elements.ts";
import { ContractLowering, type Stored } from "./lowering.ts";
import { packingOf } from "./packing.ts";
import { rowProducts } from "./row-products.ts";
import { byEstimate, candidatesOf, type Schedule } from "./schedule.ts";

/** @returns the kernel; where `all` that compute the same are wanted, the likely fastest is the first */
export function lowerContract(
  region: Region,
  name: string,
  target: Target,
  stored: Stored,
  all = false,
): LoweredKernel[] {
  const dot = region.members[0] as Node & NodeOf<"dot">;
  const own = { ...target, wide: dtypeBytes(dot.dtype) === 8 };
  const begin = (): ContractLowering => new ContractLowering(new KernelBuilder(own), region, dot, stored);
  const lowering = begin();
  const { builder, contraction } = lowering;
  const isGpu = target.kind === "gpu";
  if (!lowering.isLinear || (isGpu && !gpuLowering.value.suitsTiles(contraction))) lowerElements(lowering);
  else if (isGpu) gpuLowering.value.lowerTiles(builder, dot, contraction, (at, value) => lowering.epilogue(at, value));
  else if (target.dynamic) lowerDynamic(lowering);
  else {
    const schedules = byEstimate(contraction, own, candidatesOf(contraction, own), lowering.functions);
    return (all ? schedules : schedules.slice(0, 1)).map((schedule) => {
      const each = begin();
      lowerTiles(each, schedule);
      return each.builder.finish(name);
    });
  }
  return [builder.finish(name)];
}

/** Code for sizes that vary has every schedule that suits it; which one is taken is a number, too. */
function lowerDynamic(lowering: ContractLowering): void {
  const { builder, contraction } = lowering;
  const candidates = candidatesOf(contraction, builder.target);
  const [first, second] = candidates as [Schedule, Schedule?];
  if (second === undefined) return lowerTiles(lowering, first);
  const place = candidates.indexOf(byEstimate(contraction, builder.target, candidates, lowering.functions)[0]!);
  const choice: Expr = { op: "const", type: typeOf("i32"), value: place, varies: true };
  builder.if(
    apply("eq", typeOf("bool"), choice, integer(0)),
    () => lowerTiles(lowering, first),
    () => lowerTiles(lowering, second),
  );
}

/** Register tiles. */
function lowerTiles(lowering: ContractLowering, schedule: Schedule): void {
  const { builder, contraction } = lowering;
  const { batch, rows, columns } = contraction;
  const packs = schedule.form === "tiles" && schedule.packed > 0;
  const packing = packs ? packingOf(contraction, builder.target.dynamic === true) : null;
  const within = packing?.shared ? columns.slice(0, -1) : [];
  const outer = [...batch, ...rows.slice(0, -1), ...(within.length > 0 ? [] : columns.slice(0, -1))];
  const product = sizeOf([...outer, ...within]);
  const names = outer.map(() => builder.fresh("o"));
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
    if (schedule.form === "rows") rowProducts(lowering, start);
    else {
      const { vectors, packed: band, blocked } = schedule;
      columnTiles(lowering, start, { vectors, band, packing, within, blocked });
    }
  };
  const nest = (depthIndex: number): void => {
    const axis = outer[depthIndex];
    if (axis === undefined) return body();
    builder.loop(names[depthIndex]!, axis.size, "parallel", () => nest(depthIndex + 1));
  };
  if (product > 0) nest(0);
}
