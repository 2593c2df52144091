/** Look-up tables. https://docs.pytorch.org/docs/stable/nn.html#sparse-layers */
import { ArgumentError, ShapeError } from "../../../ir/errors.ts";
import { formatShape } from "../../../ir/shape.ts";
import { enterScope } from "../../../ir/interning.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { isPlainObject } from "../../bind.ts";
import { withGradMode } from "../../grad-mode.ts";
import { graph } from "../../state.ts";
import type { Tensor } from "../../tensor.ts";
import * as functional from "../../functional/embedding.ts";
import * as init from "../init.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import { Parameter } from "../parameter.ts";
import { float, python } from "../repr.ts";
import { newParameter, type DeviceArgument, type DTypeArgument } from "./shapes.ts";

/** A row counted from the end, made positive. */
function rowOf(name: string, row: number | null, count: number): number | null {
  if (row === null) return null;
  if (row < -count || row >= count)
    throw new ArgumentError(
      "embedding/padding-idx",
      `${name}: Padding_idx must be within num_embeddings, got ${row} of ${count}.`,
    );
  return row < 0 ? row + count : row;
}

/** Normal values, and zeros in the padding's row. */
function resetTable(weight: Parameter, padding: number | null): void {
  init.normal_(weight);
  if (padding === null) return;
  withGradMode(false, () => {
    enterScope(weight.storage_.device.name);
    const table = weight.node_();
    weight.write_(
      graph.where(graph.eq(graph.iotaAlong(table.shape, 0, "int32"), padding), 0, graph.detach(table)),
      "zero_",
    );
  });
}

const embedding = signature<
  [
    num_embeddings: number,
    embedding_dim: number,
    padding_idx: number | null,
    max_norm: number | null,
    norm_type: number,
    scale_grad_by_freq: boolean,
    sparse: boolean,
    _weight: Tensor | null,
    _freeze: boolean,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()(
  "num_embeddings, embedding_dim, padding_idx?, max_norm?, norm_type?, scale_grad_by_freq?, sparse?, _weight?, _freeze?, device?, dtype?",
);

const pretrained = signature<
  [
    freeze: boolean,
    padding_idx: number | null,
    max_norm: number | null,
    norm_type: number,
    scale_grad_by_freq: boolean,
    sparse: boolean,
  ]
>()("freeze?, padding_idx?, max_norm?, norm_type?, scale_grad_by_freq?, sparse?");

/** The table, new or given. */
function tableOf(
  name: string,
  rows: number,
  columns: number,
  given: Tensor | null,
  freeze: boolean,
  place: { device?: DeviceArgument | undefined; dtype?: DTypeArgument | undefined },
): Parameter {
  if (given === null) {
    const table = newParameter([rows, columns], place);
    if (freeze) table.requires_grad_(false);
    return table;
  }
  if (given.shape[0] !== rows || given.shape[1] !== columns || given.ndim !== 2)
    throw new ShapeError(
      "embedding/weight",
      `${name}: Shape of weight does not match num_embeddings and embedding_dim: ${formatShape(given.shape)} is not [${rows}, ${columns}].`,
    );
  return given instanceof Parameter ? given : new Parameter(given, !freeze);
}

/** int[*] -> [*, embedding_dim]. https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html */
export class Embedding extends Module {
  static override readonly forwardNames_: readonly string[] = ["input"];
  num_embeddings: number;
  embedding_dim: number;
  padding_idx: number | null;
  max_norm: number | null;
  norm_type: number;
  scale_grad_by_freq: boolean;
  sparse: boolean;
  weight: Parameter;
  constructor(...args: CallOf<typeof embedding>) {
    super();
    const {
      num_embeddings,
      embedding_dim,
      padding_idx = null,
      max_norm = null,
      norm_type = 2,
      scale_grad_by_freq = false,
      sparse = false,
      _weight = null,
      _freeze = false,
      ...place
    } = embedding.bind("Embedding", args);
    this.num_embeddings = num_embeddings;
    this.embedding_dim = embedding_dim;
    this.padding_idx = rowOf("Embedding", padding_idx, num_embeddings);
    this.max_norm = max_norm;
    this.norm_type = norm_type;
    this.scale_grad_by_freq = scale_grad_by_freq;
    this.sparse = sparse;
    this.weight = tableOf("Embedding", num_embeddings, embedding_dim, _weight, _freeze, place);
    if (_weight === null) this.reset_parameters();
  }
  /** A layer with this table, which is frozen unless told otherwise. */
  static from_pretrained(embeddings: Tensor, ...args: CallOf<typeof pretrained>): Embedding {
    if (embeddings.ndim !== 2)
      throw new ShapeError(
        "embedding/pretrained",
        `from_pretrained: Embeddings parameter is expected to be 2-dimensional, got ${formatShape(embeddings.shape)}.`,
      );
    const { freeze = true, ...rest } = pretrained.bind("from_pretrained", args);
    return new Embedding(embeddings.shape[0]!, embeddings.shape[1]!, { ...rest, _weight: embeddings, _freeze: freeze });
  }
  reset_parameters(): void {
    resetTable(this.weight, this.padding_idx);
  }
  override forward(input: Tensor): Tensor {
    return op(
      functional.embedding,
      input,
      this.weight,
      this.padding_idx,
      this.max_norm,
      this.norm_type,
      this.scale_grad_by_freq,
      this.sparse,
    );
  }
  override extra_repr(): string {
    const parts = [`${this.num_embeddings}, ${this.embedding_dim}`];
    if (this.padding_idx !== null) parts.push(`padding_idx=${this.padding_idx}`);
    if (this.max_norm !== null) parts.push(`max_norm=${float(this.max_norm)}`);
    if (this.norm_type !== 2) parts.push(`norm_type=${float(this.norm_type)}`);
    if (this.scale_grad_by_freq) parts.push("scale_grad_by_freq=True");
    if (this.sparse) parts.push("sparse=True");
    return parts.join(", ");
  }
}

type BagMode = "sum" | "mean" | "max";
const bag = signature<
  [
    num_embeddings: number,
    embedding_dim: number,
    max_norm: number | null,
    norm_type: number,
    scale_grad_by_freq: boolean,
    mode: BagMode,
    sparse: boolean,
    _weight: Tensor | null,
    include_last_offset: boolean,
    padding_idx: number | null,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()(
  "num_embeddings, embedding_dim, max_norm?, norm_type?, scale_grad_by_freq?, mode?, sparse?, _weight?, include_last_offset?, padding_idx?, device?, dtype?",
);
interface BagOptions {
  readonly offsets?: Tensor | null;
  readonly per_sample_weights?: Tensor | null;
}
const pretrainedBag = signature<
  [
    freeze: boolean,
    max_norm: number | null,
    norm_type: number,
    scale_grad_by_freq: boolean,
    mode: BagMode,
    sparse: boolean,
    include_last_offset: boolean,
    padding_idx: number | null,
  ]
>()("freeze?, max_norm?, norm_type?, scale_grad_by_freq?, mode?, sparse?, include_last_offset?, padding_idx?");

/** Sums, means or maxima of bags of rows. https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html */
export class EmbeddingBag extends Module {
  static override readonly forwardNames_: readonly string[] = ["input", "offsets", "per_sample_weights"];
  num_embeddings: number;
  embedding_dim: number;
  max_norm: number | null;
  norm_type: number;
  scale_grad_by_freq: boolean;
  mode: BagMode;
  sparse: boolean;
  include_last_offset: boolean;
  padding_idx: number | null;
  weight: Parameter;
  constructor(...args: CallOf<typeof bag>) {
    super();
    const {
      num_embeddings,
      embedding_dim,
      max_norm = null,
      norm_type = 2,
      scale_grad_by_freq = false,
      mode = "mean",
      sparse = false,
      _weight = null,
      include_last_offset = false,
      padding_idx = null,
      ...place
    } = bag.bind("EmbeddingBag", args);
    this.num_embeddings = num_embeddings;
    this.embedding_dim = embedding_dim;
    this.max_norm = max_norm;
    this.norm_type = norm_type;
    this.scale_grad_by_freq = scale_grad_by_freq;
    this.mode = mode;
    this.sparse = sparse;
    this.include_last_offset = include_last_offset;
    this.padding_idx = rowOf("EmbeddingBag", padding_idx, num_embeddings);
    this.weight = tableOf("EmbeddingBag", num_embeddings, embedding_dim, _weight, false, place);
    if (_weight === null) this.reset_parameters();
  }
  static from_pretrained(embeddings: Tensor, ...args: CallOf<typeof pretrainedBag>): EmbeddingBag {
    if (embeddings.ndim !== 2)
      throw new ShapeError(
        "embedding/pretrained",
        `from_pretrained: Embeddings parameter is expected to be 2-dimensional, got ${formatShape(embeddings.shape)}.`,
      );
    const { freeze = true, ...rest } = pretrainedBag.bind("from_pretrained", args);
    const layer = new EmbeddingBag(embeddings.shape[0]!, embeddings.shape[1]!, { ...rest, _weight: embeddings });
    layer.weight.requires_grad_(!freeze);
    return layer;
  }
  reset_parameters(): void {
    resetTable(this.weight, this.padding_idx);
  }
  override forward(
    input: Tensor,
    given: Tensor | BagOptions | null = null,
    weights: Tensor | null | BagOptions = null,
  ): Tensor {
    const named: BagOptions = isPlainObject(given) ? given : isPlainObject(weights) ? weights : {};
    const offsets = isPlainObject(given) ? (named.offsets ?? null) : (given as Tensor | null);
    const perSample =
      isPlainObject(weights) || weights === null ? (named.per_sample_weights ?? null) : (weights as Tensor);
    return op(
      functional.embedding_bag,
      input,
      this.weight,
      offsets,
      this.max_norm,
      this.norm_type,
      this.scale_grad_by_freq,
      this.mode,
      this.sparse,
      perSample,
      this.include_last_offset,
      this.padding_idx,
    );
  }
  override extra_repr(): string {
    const parts = [`${this.num_embeddings}, ${this.embedding_dim}`];
    if (this.max_norm !== null) parts.push(`max_norm=${float(this.max_norm)}`);
    if (this.norm_type !== 2) parts.push(`norm_type=${float(this.norm_type)}`);
    if (this.scale_grad_by_freq) parts.push("scale_grad_by_freq=True");
    parts.push(`mode=${this.mode}`);
    if (this.padding_idx !== null) parts.push(`padding_idx=${python(this.padding_idx)}`);
    return parts.join(", ");
  }
}
