/** Softmax over many classes in clusters. */
import "../../../ir/ops/joining.ts";
import { ArgumentError, ShapeError } from "../../../ir/errors.ts";
import { formatShape } from "../../../ir/shape.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { Tensor } from "../../tensor.ts";
import { ModuleList } from "../containers/module-list.ts";
import { Sequential } from "../containers/sequential.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import { Linear } from "./linear.ts";
import type { DeviceArgument, DTypeArgument } from "./shapes.ts";

const adaptive = signature<
  [
    in_features: number,
    n_classes: number,
    cutoffs: readonly number[],
    div_value: number,
    head_bias: boolean,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()("in_features, n_classes, cutoffs, div_value?, head_bias?, device?, dtype?");

/**
 * The head knows the frequent classes and one entry for each cluster of rare ones. A call gives [output, loss].
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveLogSoftmaxWithLoss.html
 */
export class AdaptiveLogSoftmaxWithLoss extends Module {
  static override readonly forwardNames_: readonly string[] = ["input", "target"];
  in_features: number;
  n_classes: number;
  cutoffs: readonly number[];
  div_value: number;
  head_bias: boolean;
  shortlist_size: number;
  n_clusters: number;
  head_size: number;
  head: Linear;
  tail: ModuleList<Sequential>;
  constructor(...args: CallOf<typeof adaptive>) {
    super();
    const {
      in_features,
      n_classes,
      cutoffs,
      div_value = 4,
      head_bias = false,
      ...place
    } = adaptive.bind("AdaptiveLogSoftmaxWithLoss", args);
    if (cutoffs.length === 0)
      throw new ArgumentError(
        "adaptive-softmax/cutoffs",
        "AdaptiveLogSoftmaxWithLoss: cutoffs should be a sequence of length larger than 0.",
      );
    if (
      cutoffs.some(
        (cutoff, i) => cutoff <= (cutoffs[i - 1] ?? 0) || cutoff > n_classes - 1 || !Number.isInteger(cutoff),
      )
    )
      throw new ArgumentError(
        "adaptive-softmax/cutoffs",
        `AdaptiveLogSoftmaxWithLoss: cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is between 1 and n_classes-1, got [${cutoffs.join(", ")}].`,
      );
    this.in_features = in_features;
    this.n_classes = n_classes;
    this.cutoffs = [...cutoffs, n_classes];
    this.div_value = div_value;
    this.head_bias = head_bias;
    this.shortlist_size = cutoffs[0]!;
    this.n_clusters = this.cutoffs.length - 1;
    this.head_size = this.shortlist_size + this.n_clusters;
    this.head = new Linear(in_features, this.head_size, { bias: head_bias, ...place });
    this.tail = new ModuleList<Sequential>();
    for (let i = 0; i < this.n_clusters; i++) {
      const hidden = Math.floor(in_features / div_value ** (i + 1));
      const size = this.cutoffs[i + 1]! - this.cutoffs[i]!;
      this.tail.append(
        new Sequential(
          new Linear(in_features, hidden, { bias: false, ...place }),
          new Linear(hidden, size, { bias: false, ...place }),
        ),
      );
    }
  }
  reset_parameters(): void {
    this.head.reset_parameters();
    for (const projection of this.tail) for (const layer of projection) (layer as unknown as Linear).reset_parameters();
  }
  /** Log probability of each target, and minus their mean. */
  override forward(
    input: Tensor,
    target: Tensor,
  ): [output: Tensor, loss: Tensor] & { readonly output: Tensor; readonly loss: Tensor } {
    const batched = input.ndim > 1;
    if (batched ? target.ndim !== 1 || input.shape[0] !== target.shape[0] : target.ndim !== 0)
      throw new ShapeError(
        "adaptive-softmax/target",
        `AdaptiveLogSoftmaxWithLoss: input and target should have the same size in the batch dimension, got ${formatShape(input.shape)} and ${formatShape(target.shape)}.`,
      );
    const x = batched ? input : op("unsqueeze", input, 0);
    const y = batched ? target : op("unsqueeze", target, 0);
    const column = (values: Tensor, at: Tensor): Tensor =>
      op("squeeze", op("gather", values, 1, op("unsqueeze", at, 1)), 1);
    const head = op("log_softmax", this.head(x), 1);
    // Every cluster is computed for every sample: which ones are needed is known only when the targets are.
    let output = column(head, op("clamp", y, { max: this.shortlist_size - 1 }));
    for (const [i, projection] of [...this.tail].entries()) {
      const [low, high] = [this.cutoffs[i]!, this.cutoffs[i + 1]!];
      const inside = op("logical_and", op("ge", y, low), op("lt", y, high));
      const local = column(
        op("log_softmax", projection(x), 1),
        op("clamp", op("sub", y, low), { min: 0, max: high - low - 1 }),
      );
      output = op("where", inside, op("add", local, op("select", head, 1, this.shortlist_size + i)), output);
    }
    const loss = op("neg", op("mean", output));
    const values = batched ? output : op("squeeze", output, 0);
    return Object.defineProperties([values, loss], { output: { value: values }, loss: { value: loss } }) as [
      Tensor,
      Tensor,
    ] & { readonly output: Tensor; readonly loss: Tensor };
  }
  /** Log probabilities of all classes: [N, in_features] -> [N, n_classes]. */
  log_prob(input: Tensor): Tensor {
    const head = op("log_softmax", this.head(input), 1);
    const clusters = this.tail.map((projection, i) =>
      op("add", op("log_softmax", projection(input), 1), op("narrow", head, 1, this.shortlist_size + i, 1)),
    );
    return op("cat", [op("narrow", head, 1, 0, this.shortlist_size), ...clusters], 1);
  }
  /** The most probable class of each sample. */
  predict(input: Tensor): Tensor {
    return op("argmax", this.log_prob(input), 1);
  }
}
