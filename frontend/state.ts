/** Settings of the library that are global in PyTorch too. */
import type { DType } from "../ir/dtype.ts";
import { GraphBuilder } from "../ir/builder.ts";

export interface Settings {
  defaultDType: DType;
  defaultDevice: string;
}
export const settings: Settings = { defaultDType: "float32", defaultDevice: "cpu" };

/** The graph that is being recorded. */
export const graph = new GraphBuilder();
