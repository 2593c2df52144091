/** Settings of the library that are global in PyTorch too. */
import type { DType } from "../ir/dtype.ts";
import type { Tuner } from "../codegen/lower/kernel-builder.ts";
import { GraphBuilder } from "../ir/builder.ts";

export interface Settings {
  defaultDType: DType;
  defaultDevice: string;
  /** Chooses among the kernels of a contraction; an estimate does, where there is none. */
  tuner: Tuner | null;
  /** Warnings that come once come each time. */
  warnAlways: boolean;
  /** Whether convolutions may be computed in Winograd's form. */
  winograd: boolean;
}
export const settings: Settings = {
  defaultDType: "float32",
  defaultDevice: "cpu",
  tuner: null,
  warnAlways: false,
  winograd: false,
};

/** The graph that is being recorded. */
export const graph = new GraphBuilder();
