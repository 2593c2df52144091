/** Kernels, loops and choices as the steps of a program, bound to slots. */
import type { Node } from "../ir/graph.ts";
import type { Step } from "../ir/program.ts";
import { Provided } from "../ir/provided.ts";
import type { PlacedRegion, PlacedWork } from "./lower-regions.ts";
import type { Slots } from "./slots.ts";

export type Numbers = ReadonlyMap<Node, number>;
export const regionBinding = new Provided<(region: PlacedRegion, slots: Slots, numbers: Numbers) => Step[]>("regions");

/** Every node that the work touches outside its bodies has a slot. */
export const bindWork = (work: readonly PlacedWork[], slots: Slots, numbers: Numbers): Step[] =>
  work.flatMap((item): Step[] => {
    if ("lowered" in item) {
      const { lowered, sites } = item;
      const { kernel, arguments: nodes, scalars } = lowered;
      return [
        {
          kind: "kernel",
          kernel,
          buffers: nodes.map((node) => slots.of(node)),
          numbers: scalars.map((node) => numbers.get(node)!),
          ...(sites.length === 0 ? {} : { sites }),
        },
      ];
    }
    return regionBinding.value(item, slots, numbers);
  });
