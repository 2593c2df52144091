/**
 * Recurrent networks of several layers in one or both directions, over a padded tensor or a packed one, with the
 * dropout between layers drawn here. https://docs.pytorch.org/docs/stable/nn.html#recurrent-layers
 */
import "../../ir/ops/joining.ts";
import "../../ir/ops/nn/recurrent.ts";
import { ShapeError, ValueError } from "../../ir/errors.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import { fromHost } from "../creation.ts";
import { hostContentsOf } from "../host-contents.ts";
import { Tensor } from "../tensor.ts";
import { dropout as drop } from "./dropout.ts";

type Kind = "lstm" | "gru" | "rnn_tanh" | "rnn_relu";
const one = (name: string, ...args: readonly unknown[]): Tensor => callOperator(name, args) as Tensor;
const several = (name: string, ...args: readonly unknown[]): readonly Tensor[] =>
  callOperator(name, args) as readonly Tensor[];

/** How many sequences reach each time, and where the packed rows stand among the padded ones. */
interface Packing {
  readonly batchSizes: readonly number[];
  /** bool[T, N, 1]: what belongs to a sequence; null when all are equally long. */
  readonly mask: Tensor | null;
  toPadded(packed: Tensor): Tensor;
  toPacked(padded: Tensor): Tensor;
}

function packingOf(batchSizes: readonly number[], beside: Tensor): Packing {
  const [time, batch] = [batchSizes.length, batchSizes[0] ?? 0];
  const regrouped = (x: Tensor, lead: readonly number[], drops: number): Tensor =>
    one("reshape", x, [...lead, ...x.shape.slice(drops)]);
  if (batchSizes.every((size) => size === batch))
    return {
      batchSizes,
      mask: null,
      toPadded: (packed) => regrouped(packed, [time, batch], 1),
      toPacked: (padded) => regrouped(padded, [time * batch], 2),
    };
  const { device } = beside.storage_;
  const going = batchSizes.flatMap((size) => Array.from({ length: batch }, (_, b) => b < size));
  // Padding shows the first row: it is computed with, but reaches no result.
  let seen = 0;
  const fromPacked = going.map((isRow) => (isRow ? seen++ : 0));
  const fromPadded = going.flatMap((isRow, i) => (isRow ? [i] : []));
  const rows = (list: readonly number[]): Tensor => fromHost(list, [list.length], "int64", device);
  return {
    batchSizes,
    mask: fromHost(going.map(Number), [time, batch, 1], "bool", device),
    toPadded: (packed) => regrouped(one("index_select", packed, 0, rows(fromPacked)), [time, batch], 1),
    toPacked: (padded) => one("index_select", regrouped(padded, [time * batch], 2), 0, rows(fromPadded)),
  };
}

export interface Network {
  readonly kind: Kind;
  /** Hidden state, and the cell's of an LSTM: [layers * directions, N, H]. */
  readonly states: readonly Tensor[];
  /** Of each layer and direction: weights, biases if there are any, projection if there is one. */
  readonly params: readonly Tensor[];
  readonly hasBiases: boolean;
  readonly layers: number;
  readonly dropout: number;
  readonly train: boolean;
  readonly bidirectional: boolean;
}
interface NetworkResult {
  readonly output: Tensor;
  readonly states: readonly Tensor[];
}

/** The parameters of every layer and direction. */
function cellsOf({ kind, states, params, hasBiases, layers, bidirectional }: Network): (readonly (Tensor | null)[])[] {
  const projects = kind === "lstm" && states[0]!.shape.at(-1) !== states[1]!.shape.at(-1);
  const each = 2 + (hasBiases ? 2 : 0) + (projects ? 1 : 0);
  const count = layers * (bidirectional ? 2 : 1);
  if (params.length !== count * each)
    throw new ValueError(
      `${kind}/parameters`,
      `${kind}: got an incorrect number of RNN parameters: ${params.length}, expected ${count * each}.`,
      `${each} for each of ${layers} layers${bidirectional ? " and 2 directions" : ""}.`,
    );
  return Array.from({ length: count }, (_, i) => {
    const [input, hidden, ...rest] = params.slice(i * each, (i + 1) * each);
    const biases = hasBiases ? rest.slice(0, 2) : [null, null];
    return [input!, hidden!, ...biases, ...(kind === "lstm" ? [projects ? rest.at(-1)! : null] : [])];
  });
}

/** in: [T, N, I], all that `packing` calls padding ignored; out: [T, N, directions * H] and the last states */
function runNetwork(network: Network, input: Tensor, packing: Packing | null): NetworkResult {
  const { kind, states, layers, dropout, train, bidirectional } = network;
  const cells = cellsOf(network);
  const directions = bidirectional ? 2 : 1;
  const last: Tensor[][] = states.map(() => []);
  const layerName = kind.startsWith("rnn") ? "rnn_layer" : `${kind}_layer`;
  const nonlinearity = kind.startsWith("rnn") ? [kind.slice("rnn_".length)] : [];
  let output = input;
  for (let layer = 0; layer < layers; layer++) {
    const outputs = Array.from({ length: directions }, (_, direction) => {
      const place = layer * directions + direction;
      const initial = states.map((state) => one("select", state, 0, place));
      const [own, ...final] = several(
        layerName,
        output,
        ...initial,
        ...cells[place]!,
        packing?.mask ?? null,
        direction === 1,
        ...nonlinearity,
      );
      final.forEach((state, i) => last[i]!.push(state));
      return own!;
    });
    output = outputs.length === 1 ? outputs[0]! : one("cat", outputs, -1);
    if (dropout > 0 && train && layer < layers - 1)
      output =
        packing === null
          ? drop(output, dropout, true)
          : packing.toPadded(drop(packing.toPacked(output), dropout, true));
  }
  return { output, states: last.map((list) => one("stack", list)) };
}

function checkStates({ kind, states, layers, bidirectional }: Network, input: Tensor): void {
  const count = layers * (bidirectional ? 2 : 1);
  for (const state of states)
    if (state.ndim !== 3 || state.shape[0] !== count)
      throw new ShapeError(
        `${kind}/states`,
        `${kind}: Expected hidden state of ${count} layers and directions, [${count}, N, H], got ${String(state)}.`,
      );
  if (input.shape[0] === 0)
    throw new ShapeError(
      `${kind}/time`,
      `${kind}: Expected sequence length to be larger than 0 in RNN, got input ${String(input)}.`,
    );
}

/** in: [T, N, I], or [N, T, I] */
export function overPadded(network: Network, input: Tensor, batchFirst: boolean): NetworkResult {
  if (input.ndim !== 3)
    throw new ShapeError(
      `${network.kind}/rank`,
      `${network.kind}: input must have 3 dimensions, got ${String(input)}.`,
    );
  const timeFirst = (x: Tensor): Tensor => (batchFirst ? one("transpose", x, 0, 1) : x);
  const sequence = timeFirst(input);
  checkStates(network, sequence);
  const { output, states } = runNetwork(network, sequence, null);
  return { output: timeFirst(output), states };
}

/** in: the elements by time, and how many there are of each; out: the same of the outputs */
export function overPacked(network: Network, data: Tensor, batchSizes: readonly number[]): NetworkResult {
  checkStates(network, data);
  const packing = packingOf(batchSizes, data);
  const { output, states } = runNetwork(network, packing.toPadded(data), packing);
  return { output: packing.toPacked(output), states };
}

type Rest = [
  params: readonly Tensor[],
  has_biases: boolean,
  num_layers: number,
  dropout: number,
  train: boolean,
  bidirectional: boolean,
];
const rest = "params, has_biases, num_layers, dropout, train, bidirectional";
const padded = signature<[input: Tensor, hx: Tensor | readonly Tensor[], ...Rest, batch_first: boolean]>()(
  `input, hx, ${rest}, batch_first` as "input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first",
);
const packed = signature<[data: Tensor, batch_sizes: Tensor, hx: Tensor | readonly Tensor[], ...Rest]>()(
  `data, batch_sizes, hx, ${rest}` as "data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional",
);
type NetworkCall = CallOf<typeof padded> | CallOf<typeof packed>;

const sizesOf = (batchSizes: Tensor): number[] =>
  Array.from((hostContentsOf(batchSizes) ?? batchSizes.readSync_()) as ArrayLike<number | bigint>, Number);

interface BoundNetwork {
  readonly hx: Tensor | readonly Tensor[];
  readonly params: readonly Tensor[];
  readonly has_biases: boolean;
  readonly num_layers: number;
  readonly dropout: number;
  readonly train: boolean;
  readonly bidirectional: boolean;
}
function networkOf(kind: Kind, bound: BoundNetwork): Network {
  const states = bound.hx instanceof Tensor ? [bound.hx] : [...bound.hx];
  if (states.length !== (kind === "lstm" ? 2 : 1))
    throw new ShapeError(
      `${kind}/states`,
      `${kind} expects ${kind === "lstm" ? "two hidden states" : "one hidden state"}, got ${states.length}.`,
    );
  return {
    kind,
    states,
    params: bound.params,
    hasBiases: bound.has_biases,
    layers: bound.num_layers,
    dropout: bound.dropout,
    train: bound.train,
    bidirectional: bound.bidirectional,
  };
}

/** Whether the call's third argument (or `batch_sizes`) says that the data is packed. */
function isPacked(kind: Kind, args: readonly unknown[]): boolean {
  const options = args.at(-1) as Readonly<Record<string, unknown>> | undefined;
  if (typeof options === "object" && !(options instanceof Tensor) && !Array.isArray(options) && "data" in options)
    return true;
  return kind === "lstm" ? args[1] instanceof Tensor : args[2] instanceof Tensor;
}

function callNetwork(kind: Kind, args: NetworkCall): readonly Tensor[] {
  return withSite(() => {
    if (isPacked(kind, args)) {
      const bound = packed.bind(kind, args);
      const { output, states } = overPacked(networkOf(kind, bound), bound.data, sizesOf(bound.batch_sizes));
      return [output, ...states];
    }
    const bound = padded.bind(kind, args);
    const { output, states } = overPadded(networkOf(kind, bound), bound.input, bound.batch_first);
    return [output, ...states];
  });
}

/**
 * An LSTM over a padded or a packed sequence: output, hidden and cell state.
 *
 * Shape: `[L, N, in] and 2 of [layers, N, hidden] -> [L, N, out], [layers, N, hidden], [layers, N, hidden]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
 */
export const lstm = (...args: NetworkCall): readonly [Tensor, Tensor, Tensor] =>
  callNetwork("lstm", args) as [Tensor, Tensor, Tensor];
/**
 * A GRU over a padded or a packed sequence: output and hidden state.
 *
 * Shape: `[L, N, in] and [layers, N, hidden] -> [L, N, out], [layers, N, hidden]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
 */
export const gru = (...args: NetworkCall): readonly [Tensor, Tensor] => callNetwork("gru", args) as [Tensor, Tensor];
/**
 * An Elman network with tanh over a padded or a packed sequence.
 *
 * Shape: `[L, N, in] and [layers, N, hidden] -> [L, N, out], [layers, N, hidden]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
 */
export const rnn_tanh = (...args: NetworkCall): readonly [Tensor, Tensor] =>
  callNetwork("rnn_tanh", args) as [Tensor, Tensor];
/**
 * An Elman network with relu over a padded or a packed sequence.
 *
 * Shape: `[L, N, in] and [layers, N, hidden] -> [L, N, out], [layers, N, hidden]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
 */
export const rnn_relu = (...args: NetworkCall): readonly [Tensor, Tensor] =>
  callNetwork("rnn_relu", args) as [Tensor, Tensor];
