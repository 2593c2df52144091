/** Lowers one region to its kernels (nearly always one), scheduled for a target. */
import { IrError } from "../../ir/errors.ts";
import type { Node, NodeOf } from "../../ir/graph.ts";
import type { Region } from "../../ir/kernel-graph.ts";
import type { LoopKernel } from "../../ir/loop.ts";
import { Provided } from "../../ir/provided.ts";
import { cascade } from "../schedule/cascade.ts";
import { columnSums } from "../schedule/column-sums.ts";
import { interchange } from "../schedule/interchange.ts";
import { rowStreams } from "../schedule/row-streams.ts";
import { transposed } from "../schedule/transposed.ts";
import { vectorise } from "../schedule/vectorise.ts";
import { lowerContract } from "./contract/index.ts";
import type { LoweredKernel, Target } from "./kernel-builder.ts";
import { lowerLoops } from "./loops.ts";
import { lowerScan, lowerScatter } from "./order.ts";

export function lowerRegion(
  region: Region,
  name: string,
  target: Target,
  stored: (node: Node) => boolean,
): LoweredKernel[] {
  const anchor = region.members[0]!;
  const lowered = (): LoweredKernel[] => {
    switch (region.kind) {
      case "loops":
        return lowerLoops(region, name, target, stored);
      case "contract":
        return lowerContract(region, name, target, stored, target.tuner !== undefined);
      case "scan":
        return [lowerScan(anchor as NodeOf<"scan">, name, target, stored)];
      case "sort":
        return [sortLowering.value(anchor as NodeOf<"sort">, region.stores, name, target, stored)];
      case "scatter":
        return lowerScatter(anchor as NodeOf<"scatter">, name, target, stored);
      case "routine":
        return [routineLowering.value(anchor as NodeOf<"routine">, region.stores, name, target, stored)];
      default:
        throw new IrError("ir/region", "a region of no known kind");
    }
  };
  if (target.dynamic === true) return lowered();
  const kernels = lowered().map((kernel) => ({ ...kernel, kernel: scheduled(kernel.kernel, region, target) }));
  if (region.kind !== "contract" || target.tuner === undefined) return kernels;
  return [kernels[target.tuner.choose(kernels.map(({ kernel }) => kernel))]!];
}

/** The rule of regions that few programs have. */
type RareLowering<P extends "sort" | "routine"> = (
  node: NodeOf<P>,
  stores: readonly Node[],
  name: string,
  target: Target,
  stored: (node: Node) => boolean,
) => LoweredKernel;
export const sortLowering = new Provided<RareLowering<"sort">>("sorts");
export const routineLowering = new Provided<RareLowering<"routine">>("routines");

/** Schedules a kernel that was lowered for a `dynamic` target, with literals or with parameters in place of sizes. */
export function scheduleShared(kernel: LoopKernel, { simd }: Pick<Target, "simd">): LoopKernel {
  const cascaded = cascade(kernel, true);
  return simd ? vectorise(cascaded, { dynamic: true, everyWidth: true }) : cascaded;
}

function scheduled(lowered: LoopKernel, region: Region, target: Target): LoopKernel {
  const kernel = cascade(target.simd ? transposed(lowered) : lowered, false);
  if (target.simd) return vectorise(interchange(rowStreams(columnSums(kernel))), { peels: true, everyWidth: true });
  if (target.kind !== "gpu" || region.kind !== "loops" || region.reduced.length > 0) return kernel;
  // Four elements an invocation, where they come out even: a loop for the rest would be another dispatch.
  const wide = vectorise(kernel);
  return wide.body.some((statement) => statement.kind === "for" && statement.name.endsWith("_rest")) ? kernel : wide;
}
