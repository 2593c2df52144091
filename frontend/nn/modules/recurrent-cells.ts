/** Single steps of recurrent networks. https://docs.pytorch.org/docs/stable/nn.html#recurrent-layers */
import "../../../ir/ops/nn/recurrent.ts";
import { ValueError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { callOperator } from "../../call.ts";
import { zeros } from "../../creation.ts";
import { withSite } from "../../site.ts";
import type { Tensor } from "../../tensor.ts";
import * as init from "../init.ts";
import { Module } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import { python } from "../repr.ts";
import { nonlinearityOf, type Nonlinearity } from "./recurrent.ts";
import { newParameter, type DeviceArgument, type DTypeArgument, type Placement } from "./shapes.ts";

interface CellForm extends Placement {
  readonly input_size: number;
  readonly hidden_size: number;
  readonly bias?: boolean | undefined;
}

/** What the cells share. */
export class RNNCellBase extends Module {
  static override readonly forwardNames_: readonly string[] = ["input", "hx"];
  input_size: number;
  hidden_size: number;
  weight_ih: Parameter;
  weight_hh: Parameter;
  bias_ih: Parameter | null;
  bias_hh: Parameter | null;

  constructor({ input_size, hidden_size, bias = true, ...place }: CellForm, num_chunks: number) {
    super();
    const rows = num_chunks * hidden_size;
    this.input_size = input_size;
    this.hidden_size = hidden_size;
    this.weight_ih = newParameter([rows, input_size], place);
    this.weight_hh = newParameter([rows, hidden_size], place);
    this.bias_ih = bias ? newParameter([rows], place) : null;
    this.bias_hh = bias ? newParameter([rows], place) : null;
    this.reset_parameters();
  }
  get bias(): boolean {
    return this.bias_ih !== null;
  }
  reset_parameters(): void {
    const bound = this.hidden_size > 0 ? 1 / Math.sqrt(this.hidden_size) : 0;
    for (const parameter of this.parameters()) init.uniform_(parameter, -bound, bound);
  }
  override extra_repr(): string {
    return `${this.input_size}, ${this.hidden_size}${this.bias ? "" : `, bias=${python(this.bias)}`}`;
  }

  /** @internal One step from the states that are given, or zeros; the results are without a batch if the input is. */
  protected step_(operator: string, input: Tensor, given: readonly Tensor[] | null, count: number): readonly Tensor[] {
    const refuse = (what: string, rank: number): never => {
      throw new ValueError(
        `${this._get_name().toLowerCase()}/rank`,
        `${this._get_name()}: Expected ${what} to be 1D or 2D, got ${rank}D instead.`,
      );
    };
    if (input.ndim !== 1 && input.ndim !== 2) refuse("input", input.ndim);
    given?.forEach((state, i) => {
      if (state.ndim !== 1 && state.ndim !== 2) refuse(count > 1 ? `hx[${i}]` : "hidden", state.ndim);
    });
    const isBatched = input.ndim === 2;
    const batched = (x: Tensor): Tensor => (isBatched ? x : (callOperator("unsqueeze", [x, 0]) as Tensor));
    const x = batched(input);
    const { dtype, device } = input;
    const states =
      given?.map(batched) ??
      Array.from({ length: count }, () => zeros([x.shape[0]!, this.hidden_size], { dtype, device }));
    const { weight_ih, weight_hh, bias_ih, bias_hh } = this;
    const hx = count > 1 ? states : states[0]!;
    const results = [callOperator(operator, [x, hx, weight_ih, weight_hh, bias_ih, bias_hh])].flat();
    return isBatched ? results : results.map((result) => callOperator("squeeze", [result, 0]) as Tensor);
  }
}

const rnnCell = signature<
  [
    input_size: number,
    hidden_size: number,
    bias: boolean,
    nonlinearity: Nonlinearity,
    device: DeviceArgument,
    dtype: DTypeArgument,
  ]
>()("input_size, hidden_size, bias?, nonlinearity?, device?, dtype?");

/**
 * One step of an Elman network: [N, I] and [N, H] -> [N, H]; N may be absent.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
 */
export class RNNCell extends RNNCellBase {
  nonlinearity: Nonlinearity;
  constructor(...args: CallOf<typeof rnnCell>) {
    const { nonlinearity, ...form } = rnnCell.bind(new.target.name, args);
    super(form, 1);
    this.nonlinearity = nonlinearityOf(new.target.name, nonlinearity);
  }
  override extra_repr(): string {
    return `${super.extra_repr()}${this.nonlinearity === "tanh" ? "" : `, nonlinearity=${this.nonlinearity}`}`;
  }
  override forward(input: Tensor, hx?: Tensor | null): Tensor {
    return withSite(() => this.step_(`rnn_${this.nonlinearity}_cell`, input, hx ? [hx] : null, 1)[0]!);
  }
}

const cell = signature<
  [input_size: number, hidden_size: number, bias: boolean, device: DeviceArgument, dtype: DTypeArgument]
>()("input_size, hidden_size, bias?, device?, dtype?");

/**
 * One step of an LSTM: [N, I] and ([N, H], [N, H]) -> [h, c]; N may be absent.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
 */
export class LSTMCell extends RNNCellBase {
  constructor(...args: CallOf<typeof cell>) {
    super(cell.bind(new.target.name, args), 4);
  }
  override forward(input: Tensor, hx?: readonly [h: Tensor, c: Tensor] | null): [h: Tensor, c: Tensor] {
    return withSite(() => [...this.step_("lstm_cell", input, hx ?? null, 2)] as [Tensor, Tensor]);
  }
}

/**
 * One step of a GRU: [N, I] and [N, H] -> [N, H]; N may be absent.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
 */
export class GRUCell extends RNNCellBase {
  constructor(...args: CallOf<typeof cell>) {
    super(cell.bind(new.target.name, args), 3);
  }
  override forward(input: Tensor, hx?: Tensor | null): Tensor {
    return withSite(() => this.step_("gru_cell", input, hx ? [hx] : null, 1)[0]!);
  }
}
