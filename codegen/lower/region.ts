/** Lowers one region to its kernels (nearly always one), scheduled for a target. */
import { IrError } from "../../ir/errors.ts";
import type { Node, NodeOf } from "../../ir/graph.ts";
import type { Region } from "../../ir/kernel-graph.ts";
import { vectorise } from "../schedule/vectorise.ts";
import { lowerContract } from "./contract.ts";
import type { LoweredKernel, Target } from "./kernel-builder.ts";
import { lowerLoops } from "./loops.ts";
import { lowerScan, lowerScatter, lowerSort } from "./order.ts";

export function lowerRegion(region: Region, name: string, target: Target, stored: (node: Node) => boolean): LoweredKernel[] {
  const anchor = region.members[0]!;
  const lowered = (): LoweredKernel[] => {
    switch (region.kind) {
      case "loops":
        return [lowerLoops(region, name, target, stored)];
      case "contract":
        return [lowerContract(region, name, target, stored)];
      case "scan":
        return [lowerScan(anchor as NodeOf<"scan">, name, target, stored)];
      case "sort":
        return [lowerSort(anchor as NodeOf<"sort">, region.stores, name, target, stored)];
      case "scatter":
        return lowerScatter(anchor as NodeOf<"scatter">, name, target, stored);
      default:
        throw new IrError("ir/region", "a region of no known kind");
    }
  };
  return lowered().map((kernel) => (target.simd ? { ...kernel, kernel: vectorise(kernel.kernel) } : kernel));
}
