/**
 * Recurrent networks: one layer over a sequence, in one direction, and single steps. A layer's products with its input
 * are one contraction before the loop; a step is one product with the hidden state, and the gates.
 */
import { isNode, type GraphBuilder } from "../../builder.ts";
import { DTypeError, ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp, recordOperator } from "../../operator.ts";
import { recordLoop } from "../../regions.ts";
import { describe, requireFloat } from "../support.ts";
import { reluOf } from "./activation.ts";
import { gruGates, lstmGates } from "./recurrent-gates.ts";

type MaybeNode = Node | null;

interface Weights {
  readonly w_ih: Node;
  readonly w_hh: Node;
  readonly b_ih: MaybeNode;
  readonly b_hh: MaybeNode;
}

/** x @ weight.T + bias */
function affine(g: GraphBuilder, x: Node, weight: Node, bias: MaybeNode): Node {
  const product = g.dot(x, weight, [[x.shape.length - 1], [1]]);
  return bias === null ? product : g.add(product, bias);
}

const lstmStep = (g: GraphBuilder, gates: Node, cell: Node): readonly Node[] =>
  recordOperator(g, lstmGates, { gates, cell }, isNode) as readonly Node[];
const gruStep = (g: GraphBuilder, ofInput: Node, ofHidden: Node, hidden: Node): Node =>
  recordOperator(g, gruGates, { of_input: ofInput, of_hidden: ofHidden, hidden }, isNode) as Node;
const nonlinear = (g: GraphBuilder, nonlinearity: string, x: Node): Node =>
  nonlinearity === "relu" ? reluOf(g, x) : g.tanh(x);

/** What all kinds of cell ask of their arguments. */
function check(
  name: string,
  input: Node,
  states: readonly Node[],
  { w_ih: ofInput, w_hh: ofHidden, b_ih: inputBias, b_hh: hiddenBias }: Weights,
  gates: number,
): void {
  requireFloat(name, input);
  for (const other of [...states, ofInput, ofHidden, inputBias, hiddenBias])
    if (other !== null && other.dtype !== input.dtype)
      throw new DTypeError(
        `${name}/dtype`,
        `${name}: expected input, hidden state and weights to have the same dtype, but got ${describe(input)} and ${describe(other)}.`,
        "Convert one with .to(dtype).",
      );
  const hidden = states[0]!;
  const batch = input.shape.at(-2);
  if (ofInput.shape.length !== 2 || input.shape.at(-1) !== ofInput.shape[1])
    throw new ShapeError(
      `${name}/input-size`,
      `${name}: input has inconsistent input_size: got ${input.shape.at(-1) ?? "none"} expected ${ofInput.shape[1] ?? "none"}: input ${describe(input)}, w_ih ${describe(ofInput)}.`,
    );
  states.forEach((state, i) => {
    if (input.shape.length > 1 && state.shape.at(-2) !== batch)
      throw new ShapeError(
        `${name}/batch-size`,
        `${name}: Input batch size ${batch} doesn't match hidden${i} batch size ${state.shape.at(-2) ?? "none"}: input ${describe(input)}, hidden ${describe(state)}.`,
      );
  });
  const size = states.at(-1)!.shape.at(-1)!;
  const isGates = ({ shape }: Node): boolean => shape[0] === gates * size;
  if (ofHidden.shape.length !== 2 || ofHidden.shape[1] !== hidden.shape.at(-1) || !isGates(ofHidden))
    throw new ShapeError(
      `${name}/hidden-size`,
      `${name}: hidden0 has inconsistent hidden_size: got ${hidden.shape.at(-1) ?? "none"}, expected ${ofHidden.shape[1] ?? "none"}: hidden ${describe(hidden)}, w_hh ${describe(ofHidden)}.`,
      `w_hh is [${gates === 1 ? "" : `${gates} * `}hidden_size, size of the hidden state].`,
    );
  for (const part of [ofInput, inputBias, hiddenBias])
    if (part !== null && (!isGates(part) || part.shape.length !== (part === ofInput ? 2 : 1)))
      throw new ShapeError(
        `${name}/gates`,
        `${name}: expected ${gates * size} rows for a hidden_size of ${size}, got ${describe(part)}.`,
      );
}

/** Keeps the state of sequences that are over (or, in reverse, have not begun). */
const keptWhere = (g: GraphBuilder, going: Node | undefined, next: Node, last: Node): Node =>
  going === undefined ? next : g.where(going, next, last);

export const lstmLayer = defineOp({
  name: "lstm_layer",
  signature:
    "lstm_layer(Tensor input, Tensor hidden, Tensor cell, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None, Tensor? w_hr=None, Tensor? mask=None, bool reverse=False) -> Tensor[3]",
  places: [],
  doc: {
    summary: "One layer of an LSTM in one direction; mask says which steps belong to a sequence.",
    shape:
      "[T, N, I], [N, P], [N, H], [4 H, I], [4 H, P], [4 H], [4 H], [P, H], [T, N, 1] -> [T, N, P], [N, P], [N, H]",
    source: "torch.nn.LSTM",
  },
  gradient: "through decomposition",
  record(g, { input, hidden, cell, w_hr: projection, mask, reverse, ...weights }) {
    check("lstm", input, [hidden, cell], weights, 4);
    const { w_ih, w_hh, b_ih, b_hh } = weights;
    const bias = b_ih !== null && b_hh !== null ? g.add(b_ih, b_hh) : null;
    const { carried, outputs } = recordLoop(
      g,
      {
        count: input.shape[0]!,
        reverse,
        carried: [hidden, cell],
        scanned: [affine(g, input, w_ih, bias), ...(mask === null ? [] : [mask])],
      },
      ([h, c], [x, going]) => {
        const [raw, nextCell] = lstmStep(g, g.add(affine(g, h!, w_hh, null), x!), c!);
        const next = projection === null ? raw! : affine(g, raw!, projection, null);
        return { carried: [keptWhere(g, going, next, h!), keptWhere(g, going, nextCell!, c!)], outputs: [next] };
      },
    );
    return [outputs[0]!, ...carried];
  },
});

export const gruLayer = defineOp({
  name: "gru_layer",
  signature:
    "gru_layer(Tensor input, Tensor hidden, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None, Tensor? mask=None, bool reverse=False) -> Tensor[2]",
  places: [],
  doc: {
    summary: "One layer of a GRU in one direction; mask says which steps belong to a sequence.",
    shape: "[T, N, I], [N, H], [3 H, I], [3 H, H], [3 H], [3 H], [T, N, 1] -> [T, N, H], [N, H]",
    source: "torch.nn.GRU",
  },
  gradient: "through decomposition",
  record(g, { input, hidden, mask, reverse, ...weights }) {
    check("gru", input, [hidden], weights, 3);
    const { w_ih, w_hh, b_ih, b_hh } = weights;
    const { carried, outputs } = recordLoop(
      g,
      {
        count: input.shape[0]!,
        reverse,
        carried: [hidden],
        scanned: [affine(g, input, w_ih, b_ih), ...(mask === null ? [] : [mask])],
      },
      ([h], [x, going]) => {
        const next = gruStep(g, x!, affine(g, h!, w_hh, b_hh), h!);
        return { carried: [keptWhere(g, going, next, h!)], outputs: [next] };
      },
    );
    return [outputs[0]!, ...carried];
  },
});

export const rnnLayer = defineOp({
  name: "rnn_layer",
  signature:
    'rnn_layer(Tensor input, Tensor hidden, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None, Tensor? mask=None, bool reverse=False, string nonlinearity="tanh") -> Tensor[2]',
  places: [],
  doc: {
    summary: "One layer of an Elman network in one direction; mask says which steps belong to a sequence.",
    shape: "[T, N, I], [N, H], [H, I], [H, H], [H], [H], [T, N, 1] -> [T, N, H], [N, H]",
    source: "torch.nn.RNN",
  },
  gradient: "through decomposition",
  record(g, { input, hidden, mask, reverse, nonlinearity, ...weights }) {
    check(`rnn_${nonlinearity}`, input, [hidden], weights, 1);
    const { w_ih, w_hh, b_ih, b_hh } = weights;
    const bias = b_ih !== null && b_hh !== null ? g.add(b_ih, b_hh) : null;
    const { carried, outputs } = recordLoop(
      g,
      {
        count: input.shape[0]!,
        reverse,
        carried: [hidden],
        scanned: [affine(g, input, w_ih, bias), ...(mask === null ? [] : [mask])],
      },
      ([h], [x, going]) => {
        const next = nonlinear(g, nonlinearity, g.add(affine(g, h!, w_hh, null), x!));
        return { carried: [keptWhere(g, going, next, h!)], outputs: [next] };
      },
    );
    return [outputs[0]!, ...carried];
  },
});

const step = { places: ["torch"], gradient: "through decomposition" } as const;

export const lstmCell = defineOp({
  ...step,
  name: "lstm_cell",
  signature:
    "lstm_cell(Tensor input, Tensor[] hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor[2]",
  doc: {
    summary: "One step of an LSTM: hidden and cell state from the last ones.",
    shape: "[N, I], ([N, H], [N, H]), [4 H, I], [4 H, H], [4 H], [4 H] -> [N, H], [N, H]",
    source: "torch.nn.LSTMCell",
  },
  record(g, { input, hx, ...weights }) {
    if (hx.length !== 2)
      throw new ShapeError("lstm_cell/states", `lstm_cell expects two hidden states, got ${hx.length}.`);
    const [hidden, cell] = hx as [Node, Node];
    check("lstm_cell", input, [hidden, cell], weights, 4);
    const gates = g.add(affine(g, hidden, weights.w_hh, weights.b_hh), affine(g, input, weights.w_ih, weights.b_ih));
    return lstmStep(g, gates, cell);
  },
});

export const gruCell = defineOp({
  ...step,
  name: "gru_cell",
  signature:
    "gru_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor",
  doc: {
    summary: "One step of a GRU: the hidden state from the last one.",
    shape: "[N, I], [N, H], [3 H, I], [3 H, H], [3 H], [3 H] -> [N, H]",
    source: "torch.nn.GRUCell",
  },
  record(g, { input, hx, ...weights }) {
    check("gru_cell", input, [hx], weights, 3);
    return gruStep(g, affine(g, input, weights.w_ih, weights.b_ih), affine(g, hx, weights.w_hh, weights.b_hh), hx);
  },
});

const elmanCell = (nonlinearity: "tanh" | "relu") =>
  defineOp({
    ...step,
    name: `rnn_${nonlinearity}_cell`,
    signature: `rnn_${nonlinearity}_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor`,
    doc: {
      summary: `One step of an Elman network: ${nonlinearity} of the sum of both products.`,
      shape: "[N, I], [N, H], [H, I], [H, H], [H], [H] -> [N, H]",
      source: "torch.nn.RNNCell",
    },
    record(g, { input, hx, ...weights }) {
      check(`rnn_${nonlinearity}_cell`, input, [hx], weights, 1);
      const sum = g.add(affine(g, hx, weights.w_hh, weights.b_hh), affine(g, input, weights.w_ih, weights.b_ih));
      return nonlinear(g, nonlinearity, sum);
    },
  });
export const rnnTanhCell = elmanCell("tanh");
export const rnnReluCell = elmanCell("relu");
