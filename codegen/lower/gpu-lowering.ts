/** What only kernels for GPUs need: it comes with the device, or with an export for it. */
import type { Node, NodeOf } from "../../ir/graph.ts";
import type { Index } from "../../ir/index.ts";
import type { Expr } from "../../ir/loop.ts";
import { Provided } from "../../ir/provided.ts";
import type { Contraction } from "./contract/contraction.ts";
import type { KernelBuilder } from "./kernel-builder.ts";
import type { Accumulator } from "./reductions.ts";

export interface GpuLowering {
  /** Whether tiles in workgroup memory are worth it. */
  suitsTiles(contraction: Contraction): boolean;
  lowerTiles(
    builder: KernelBuilder,
    dot: NodeOf<"dot">,
    contraction: Contraction,
    epilogue: (at: readonly Index[], value: Expr) => void,
  ): void;
  /** One 32-bit word of Philox 4x32-10 for an element: CPU devices draw on the host. */
  philoxWord(builder: KernelBuilder, element: Expr, words: readonly Expr[]): Expr;
  /** Combines the invocations' partial results: all of them get the total. */
  joinLanes(builder: KernelBuilder, sum: Accumulator, node: Node): void;
}
export const gpuLowering = new Provided<GpuLowering>("gpu-kernels");
