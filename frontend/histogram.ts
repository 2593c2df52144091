/** `torch.histogramdd`, whose second result is itself a list. */
import "../ir/ops/histograms.ts";
import { isPlainObject } from "./bind.ts";
import { callOperator } from "./call.ts";
import type { Tensor } from "./tensor.ts";

export interface HistogramOptions {
  readonly range?: readonly number[] | null | undefined;
  readonly weight?: Tensor | null | undefined;
  readonly density?: boolean | undefined;
}
/** By position and by name. */
export type Histogram = readonly [hist: Tensor, bin_edges: readonly Tensor[]] & {
  readonly hist: Tensor;
  readonly bin_edges: readonly Tensor[];
};

/**
 * A histogram of points in several dimensions, and the edges in each.
 * https://docs.pytorch.org/docs/stable/generated/torch.histogramdd.html
 */
export function histogramdd(
  input: Tensor,
  bins: number | readonly number[] | readonly Tensor[],
  options: HistogramOptions = {},
): Histogram {
  const given: unknown = isPlainObject(bins) ? bins["bins"] : bins;
  const [hist, ...bin_edges] = callOperator("histogramdd_parts", [input, given, options]) as readonly [
    Tensor,
    ...Tensor[],
  ];
  return Object.assign([hist, bin_edges] as const, { hist, bin_edges });
}
