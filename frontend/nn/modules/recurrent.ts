/** Recurrent layers. https://docs.pytorch.org/docs/stable/nn.html#recurrent-layers */
import { ArgumentError, ShapeError, ValueError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { zeros } from "../../creation.ts";
import { overPacked, overPadded, type Network } from "../../functional/recurrent.ts";
import { withSite } from "../../site.ts";
import type { Tensor } from "../../tensor.ts";
import * as init from "../init.ts";
import { attribute } from "../module-internals.ts";
import { Module } from "../module.ts";
import { op } from "../op.ts";
import type { Parameter } from "../parameter.ts";
import { float, list, python, tuple } from "../repr.ts";
import { PackedSequence } from "../utils/rnn.ts";
import { newParameter, type DeviceArgument, type DTypeArgument, type Placement } from "./shapes.ts";

type Mode = "LSTM" | "GRU" | "RNN_TANH" | "RNN_RELU";
export type Nonlinearity = "tanh" | "relu";
const gateCounts: Readonly<Record<Mode, number>> = { LSTM: 4, GRU: 3, RNN_TANH: 1, RNN_RELU: 1 };

interface Form extends Placement {
  readonly input_size: number;
  readonly hidden_size: number;
  readonly num_layers?: number | undefined;
  readonly bias?: boolean | undefined;
  readonly batch_first?: boolean | undefined;
  readonly dropout?: number | undefined;
  readonly bidirectional?: boolean | undefined;
  readonly proj_size?: number | undefined;
}

function checkForm(name: string, { hidden_size, num_layers = 1, dropout = 0, proj_size = 0 }: Form): void {
  const refuse = (code: string, reason: string): never => {
    throw new ValueError(`${name.toLowerCase()}/${code}`, `${name}: ${reason}.`);
  };
  if (typeof dropout !== "number" || !(dropout >= 0 && dropout <= 1))
    refuse(
      "dropout",
      `dropout should be a number in range [0, 1] representing the probability of an element being zeroed, got ${dropout}`,
    );
  for (const [what, value] of Object.entries({ hidden_size, num_layers }))
    if (!Number.isInteger(value))
      throw new ArgumentError(
        `${name.toLowerCase()}/${what}`,
        `${name}: ${what} should be of type int, got: ${typeof value === "number" ? value : typeof value}.`,
      );
  if (hidden_size <= 0) refuse("hidden-size", `hidden_size must be greater than zero, got ${hidden_size}`);
  if (num_layers <= 0) refuse("num-layers", `num_layers must be greater than zero, got ${num_layers}`);
  if (proj_size < 0)
    refuse("proj-size", `proj_size should be a positive integer or zero to disable projections, got ${proj_size}`);
  if (proj_size >= hidden_size)
    refuse("proj-size", `proj_size has to be smaller than hidden_size, got ${proj_size} and ${hidden_size}`);
  if (dropout > 0 && num_layers === 1)
    // oxlint-disable-next-line no-console -- as PyTorch warns
    console.warn(
      `${name}: dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater than 1, but got dropout=${dropout} and num_layers=${num_layers}`,
    );
}

/** The parameters of all layers are properties: `weight_ih_l1`, `bias_hh_l0_reverse`. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the parameters are made by name
export interface RNNBase {
  weight_ih_l0: Parameter;
  weight_hh_l0: Parameter;
  bias_ih_l0: Parameter;
  bias_hh_l0: Parameter;
  [weight: `weight_${"ih" | "hh" | "hr"}_l${number}`]: Parameter;
  [reverse: `weight_${"ih" | "hh" | "hr"}_l${number}_reverse`]: Parameter;
  [bias: `bias_${"ih" | "hh"}_l${number}`]: Parameter;
  [reverse: `bias_${"ih" | "hh"}_l${number}_reverse`]: Parameter;
}

/** What all recurrent layers share. */
export class RNNBase extends Module {
  static override readonly forwardNames_: readonly string[] = ["input", "hx"];
  mode: Mode;
  input_size: number;
  hidden_size: number;
  num_layers: number;
  bias: boolean;
  batch_first: boolean;
  dropout: number;
  bidirectional: boolean;
  proj_size: number;

  constructor(mode: Mode, form: Form) {
    super();
    checkForm(new.target.name, form);
    this.mode = mode;
    this.input_size = form.input_size;
    this.hidden_size = form.hidden_size;
    this.num_layers = form.num_layers ?? 1;
    this.bias = form.bias ?? true;
    this.batch_first = form.batch_first ?? false;
    this.dropout = form.dropout ?? 0;
    this.bidirectional = form.bidirectional ?? false;
    this.proj_size = form.proj_size ?? 0;
    const { hidden_size: hidden } = this;
    const gates = gateCounts[mode] * hidden;
    const output = this.outputSize_();
    this.parameterNames_().forEach((names, i) => {
      const layer = Math.floor(i / this.directions_());
      const input = layer === 0 ? this.input_size : output * this.directions_();
      const shapes = [[gates, input], [gates, output], ...(this.bias ? [[gates], [gates]] : []), [output, hidden]];
      names.forEach((name, k) => this.register_parameter(name, newParameter(shapes[k]!, form)));
    });
    this.reset_parameters();
  }

  private directions_(): number {
    return this.bidirectional ? 2 : 1;
  }
  private outputSize_(): number {
    return this.proj_size > 0 ? this.proj_size : this.hidden_size;
  }
  /** Names of the parameters of each layer and direction. */
  private parameterNames_(): string[][] {
    const kinds = ["weight_ih", "weight_hh", ...(this.bias ? ["bias_ih", "bias_hh"] : [])];
    if (this.proj_size > 0) kinds.push("weight_hr");
    return Array.from({ length: this.num_layers * this.directions_() }, (_, i) => {
      const layer = Math.floor(i / this.directions_());
      const suffix = this.bidirectional && i % 2 === 1 ? "_reverse" : "";
      return kinds.map((kind) => `${kind}_l${layer}${suffix}`);
    });
  }
  /** Parameters of each layer and direction. */
  get all_weights(): Parameter[][] {
    return this.parameterNames_().map((names) => names.map((name) => attribute(this, name) as Parameter));
  }
  reset_parameters(): void {
    const bound = 1 / Math.sqrt(this.hidden_size);
    for (const parameter of this.parameters()) init.uniform_(parameter, -bound, bound);
  }
  /** There is nothing to flatten: each parameter is read where it lies. */
  flatten_parameters(): void {}

  override extra_repr(): string {
    const parts = [`${this.input_size}, ${this.hidden_size}`];
    if (this.proj_size !== 0) parts.push(`proj_size=${this.proj_size}`);
    if (this.num_layers !== 1) parts.push(`num_layers=${this.num_layers}`);
    if (!this.bias) parts.push(`bias=${python(this.bias)}`);
    if (this.batch_first) parts.push(`batch_first=${python(this.batch_first)}`);
    if (this.dropout !== 0) parts.push(`dropout=${float(this.dropout)}`);
    if (this.bidirectional) parts.push(`bidirectional=${python(this.bidirectional)}`);
    return parts.join(", ");
  }

  /** @internal The output (packed as the input is) and the last states, [layers * directions, N, H]. */
  protected run_(input: Tensor | PackedSequence, given: readonly Tensor[] | null): RecurrentResult {
    if (input instanceof PackedSequence) return this.runPacked(input, given);
    this.checkRank(input);
    const isBatched = input.ndim === 3;
    if (given !== null) this.checkStateRanks(given, isBatched);
    const batched = isBatched ? input : op("unsqueeze", input, this.batch_first ? 0 : 1);
    const states = given?.map((state) => (isBatched ? state : op("unsqueeze", state, 1))) ?? null;
    this.checkInput(input);
    const batch = batched.shape[this.batch_first ? 0 : 1]!;
    const { output, states: last } = overPadded(this.network_(batched, states, batch), batched, this.batch_first);
    const unbatched = (x: Tensor, dim: number): Tensor => (isBatched ? x : op("squeeze", x, dim));
    return {
      output: unbatched(output, this.batch_first ? 0 : 1),
      states: last.map((state) => unbatched(state, 1)),
    };
  }
  private runPacked(input: PackedSequence, given: readonly Tensor[] | null): RecurrentResult {
    const { data, batch_sizes, batchSizes_: sizes, sorted_indices, unsorted_indices } = input;
    if (data.ndim !== 2)
      throw new ShapeError(
        `${this.errorName()}/rank`,
        `${this._get_name()}: input must have 2 dimensions, got ${data.ndim}: packed data ${String(data)}.`,
      );
    this.checkInput(data);
    const ordered = (states: readonly Tensor[], order: Tensor | null): readonly Tensor[] =>
      order === null ? states : states.map((state) => op("index_select", state, 1, order));
    const states = given === null ? null : ordered(given, sorted_indices);
    const { output, states: last } = overPacked(this.network_(data, states, sizes[0] ?? 0), data, sizes);
    return {
      output: new PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices),
      states: ordered(last, unsorted_indices),
    };
  }

  private network_(input: Tensor, given: readonly Tensor[] | null, batch: number): Network {
    const lead = [this.num_layers * this.directions_(), batch];
    const sizes = this.mode === "LSTM" ? [this.outputSize_(), this.hidden_size] : [this.outputSize_()];
    const expected = sizes.map((size) => [...lead, size]);
    given?.forEach((state, i) => this.checkStateShape(state, expected[i]!, i));
    const { dtype, device } = input;
    return {
      kind: this.mode.toLowerCase() as Lowercase<Mode>,
      states: given ?? expected.map((shape) => zeros(shape, { dtype, device })),
      params: this.all_weights.flat(),
      hasBiases: this.bias,
      layers: this.num_layers,
      dropout: this.dropout,
      train: this.training,
      bidirectional: this.bidirectional,
    };
  }

  private errorName(): string {
    return this._get_name().toLowerCase();
  }
  private checkRank(input: Tensor): void {
    if (input.ndim === 2 || input.ndim === 3) return;
    throw new ValueError(
      `${this.errorName()}/rank`,
      `${this._get_name()}: Expected input to be 2D or 3D, got ${input.ndim}D instead: ${String(input)}.`,
      this.batch_first ? "[N, T, input_size], or [T, input_size]." : "[T, N, input_size], or [T, input_size].",
    );
  }
  private checkInput(input: Tensor): void {
    const weight = attribute(this, "weight_ih_l0") as Tensor;
    if (input.dtype !== weight.dtype)
      throw new ValueError(
        `${this.errorName()}/dtype`,
        `${this._get_name()}: input must have the type ${String(weight.dtype)}, got type ${String(input.dtype)}: ${String(input)}.`,
      );
    if (input.shape.at(-1) !== this.input_size)
      throw new ShapeError(
        `${this.errorName()}/input-size`,
        `${this._get_name()}: input.size(-1) must be equal to input_size. Expected ${this.input_size}, got ${input.shape.at(-1)}: ${String(input)}.`,
      );
  }
  private checkStateRanks(states: readonly Tensor[], isBatched: boolean): void {
    const rank = isBatched ? 3 : 2;
    if (states.every((state) => state.ndim === rank)) return;
    const names = states.length === 2 ? "hx and cx" : "hx";
    const ranks = states.map((state) => `${state.ndim}-D`).join(", ");
    throw new ShapeError(
      `${this.errorName()}/state-rank`,
      `${this._get_name()}: For ${isBatched ? "batched 3-D" : "unbatched 2-D"} input, ${names} should also be ${rank}-D but got ${states.length === 2 ? `(${ranks}) tensors` : `${ranks} tensor`}.`,
    );
  }
  private checkStateShape(state: Tensor, expected: readonly number[], place: number): void {
    if (state.ndim === 3 && expected.every((size, i) => state.shape[i] === size)) return;
    throw new ShapeError(
      `${this.errorName()}/state-size`,
      `${this._get_name()}: Expected hidden${this.mode === "LSTM" ? `[${place}]` : ""} size ${tuple(expected)}, got ${list(state.shape)}.`,
    );
  }
}

interface RecurrentResult {
  readonly output: Tensor | PackedSequence;
  readonly states: readonly Tensor[];
}

const rnn = signature<
  [
    input_size: number,
    hidden_size: number,
    num_layers: number,
    nonlinearity: Nonlinearity,
    bias: boolean,
    batch_first: boolean,
    dropout: number,
    bidirectional: boolean,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()(
  "input_size, hidden_size, num_layers?, nonlinearity?, bias?, batch_first?, dropout?, bidirectional?, device?, dtype?",
);

/** Options are checked here, where they are still text. */
export function nonlinearityOf(name: string, given: string | undefined): Nonlinearity {
  const nonlinearity = given ?? "tanh";
  if (nonlinearity === "tanh" || nonlinearity === "relu") return nonlinearity;
  throw new ValueError(
    `${name.toLowerCase()}/nonlinearity`,
    `${name}: Unknown nonlinearity '${nonlinearity}'. Select from 'tanh' or 'relu'.`,
  );
}

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- how an instance is called
export interface RNN {
  <X extends Tensor | PackedSequence>(input: X, hx?: Tensor | null): [output: X, h_n: Tensor];
  (input: Tensor, options: { readonly hx?: Tensor | null }): [output: Tensor, h_n: Tensor];
}
/**
 * h = tanh(x W_ih.T + b_ih + h W_hh.T + b_hh) over a sequence. A call gives [output, h_n].
 * input [T, N, I] ([N, T, I] with batch_first; N may be absent) or packed; hx [layers * directions, N, H].
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
 */
export class RNN extends RNNBase {
  nonlinearity: Nonlinearity;
  constructor(...args: CallOf<typeof rnn>) {
    const { nonlinearity: given, ...form } = rnn.bind(new.target.name, args);
    const nonlinearity = nonlinearityOf(new.target.name, given);
    super(nonlinearity === "tanh" ? "RNN_TANH" : "RNN_RELU", form);
    this.nonlinearity = nonlinearity;
  }
  override forward<X extends Tensor | PackedSequence>(input: X, hx?: Tensor | null): [output: X, h_n: Tensor] {
    return withSite(() => oneState<X>(this.run_(input, hx ? [hx] : null)));
  }
}

const gru = signature<
  [
    input_size: number,
    hidden_size: number,
    num_layers: number,
    bias: boolean,
    batch_first: boolean,
    dropout: number,
    bidirectional: boolean,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()("input_size, hidden_size, num_layers?, bias?, batch_first?, dropout?, bidirectional?, device?, dtype?");

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- how an instance is called
export interface GRU {
  <X extends Tensor | PackedSequence>(input: X, hx?: Tensor | null): [output: X, h_n: Tensor];
  (input: Tensor, options: { readonly hx?: Tensor | null }): [output: Tensor, h_n: Tensor];
}
/**
 * Gated recurrent units over a sequence; the reset gate acts after the product. A call gives [output, h_n].
 * input [T, N, I] ([N, T, I] with batch_first; N may be absent) or packed; hx [layers * directions, N, H].
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
 */
export class GRU extends RNNBase {
  constructor(...args: CallOf<typeof gru>) {
    super("GRU", gru.bind(new.target.name, args));
  }
  override forward<X extends Tensor | PackedSequence>(input: X, hx?: Tensor | null): [output: X, h_n: Tensor] {
    return withSite(() => oneState<X>(this.run_(input, hx ? [hx] : null)));
  }
}

const lstm = signature<
  [
    input_size: number,
    hidden_size: number,
    num_layers: number,
    bias: boolean,
    batch_first: boolean,
    dropout: number,
    bidirectional: boolean,
    proj_size: number,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()("input_size, hidden_size, num_layers?, bias?, batch_first?, dropout?, bidirectional?, proj_size?, device?, dtype?");

type LstmResult<X> = [output: X, states: [h_n: Tensor, c_n: Tensor]];
type LstmStates = readonly [h: Tensor, c: Tensor];
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- how an instance is called
export interface LSTM {
  <X extends Tensor | PackedSequence>(input: X, hx?: LstmStates | null): LstmResult<X>;
  (input: Tensor, options: { readonly hx?: LstmStates | null }): LstmResult<Tensor>;
}
/**
 * Long short-term memory over a sequence. A call gives [output, [h_n, c_n]].
 * input [T, N, I] ([N, T, I] with batch_first; N may be absent) or packed; h [layers * directions, N, P or H],
 * c [layers * directions, N, H].
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
 */
export class LSTM extends RNNBase {
  declare weight_hr_l0: Parameter;
  constructor(...args: CallOf<typeof lstm>) {
    super("LSTM", lstm.bind(new.target.name, args));
  }
  override forward<X extends Tensor | PackedSequence>(input: X, hx?: LstmStates | null): LstmResult<X> {
    return withSite(() => {
      if (hx && hx.length !== 2)
        throw new ShapeError(
          "lstm/states",
          `LSTM: expects two hidden states, got ${(hx as readonly unknown[]).length}.`,
        );
      const { output, states } = this.run_(input, hx ?? null);
      return [output as X, [states[0]!, states[1]!]];
    });
  }
}

const oneState = <X>({ output, states }: RecurrentResult): [X, Tensor] => [output as X, states[0]!];
