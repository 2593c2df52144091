/** What losses share. */
import type { Tensor } from "../../tensor.ts";
import { Module } from "../module.ts";

export type Reduction = "none" | "mean" | "sum";
/** `size_average` and `reduce`: the older spelling of `reduction`. */
export type Legacy = boolean | null;

interface ReductionArguments<R extends string> {
  readonly size_average?: Legacy | undefined;
  readonly reduce?: Legacy | undefined;
  readonly reduction?: R | undefined;
}

/** The reduction that is asked for, in either spelling. */
export function reductionOf<R extends string>({
  size_average = null,
  reduce = null,
  reduction,
}: ReductionArguments<R>): R | Reduction {
  if (size_average === null && reduce === null) return reduction ?? "mean";
  if (reduce === false) return "none";
  return size_average === false ? "sum" : "mean";
}

export abstract class Loss extends Module {
  static override readonly forwardNames_: readonly string[] = ["input", "target"];
  reduction: string;
  constructor(reduction: string) {
    super();
    this.reduction = reduction;
  }
}

/** With a buffer of weights. */
export abstract class WeightedLoss extends Loss {
  declare weight: Tensor | null;
  constructor(reduction: string, weight: Tensor | null | undefined) {
    super(reduction);
    this.register_buffer("weight", weight ?? null);
  }
}
