/** `torch.histogramdd`, whose second result is itself a list. */
import "../ir/ops/histograms.ts";
import { signature, type CallOf } from "./arguments.ts";
import { callOperator } from "./call.ts";
import type { Tensor } from "./tensor.ts";

const histogramSignature = signature<
  [
    input: Tensor,
    bins: number | readonly number[] | readonly Tensor[],
    range: readonly number[] | null,
    weight: Tensor | null,
    density: boolean,
  ]
>()("input, bins, range?, weight?, density?");
/** By position and by name. */
export type Histogram = readonly [hist: Tensor, bin_edges: readonly Tensor[]] & {
  readonly hist: Tensor;
  readonly bin_edges: readonly Tensor[];
};

/**
 * A histogram of points in several dimensions, and the edges in each.
 * https://docs.pytorch.org/docs/stable/generated/torch.histogramdd.html
 */
export function histogramdd(...args: CallOf<typeof histogramSignature>): Histogram {
  const { input, bins, ...options } = histogramSignature.bind("histogramdd", args);
  const [hist, ...bin_edges] = callOperator("histogramdd_parts", [input, bins, options]) as readonly [
    Tensor,
    ...Tensor[],
  ];
  return Object.assign([hist, bin_edges] as const, { hist, bin_edges });
}
