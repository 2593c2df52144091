/** Settings of the library that are global in PyTorch too. */
import type { DType } from "../ir/dtype.ts";
import type { Tuner } from "../codegen/lower/kernel-builder.ts";
import { GraphBuilder } from "../ir/builder.ts";
import type { TilingPass } from "../passes/winograd/index.ts";

export interface Settings {
  defaultDType: DType;
  defaultDevice: string;
  /** Chooses among the kernels of a contraction; an estimate does, where there is none. */
  tuner: Tuner | null;
  /** Warnings that come once come each time. */
  warnAlways: boolean;
  /** Computes convolutions in Winograd's form, where that is asked for. */
  winograd: TilingPass | null;
  /** Of the same graph, the same kernels each time. */
  deterministic: boolean;
}
export const settings: Settings = {
  defaultDType: "float32",
  defaultDevice: "cpu",
  tuner: null,
  warnAlways: false,
  winograd: null,
  deterministic: false,
};

/** The graph that is being recorded. */
export const graph = new GraphBuilder();
