/**
 * What the cells of recurrent networks compute from their products: composites with gradients of their own, so that
 * the gradient of all gates is one value, computed in one kernel from what the step read.
 */
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { widen } from "./support.ts";

/** The parts of equal size along the last axis, computed with in at least float32. */
function gatesOf(g: GraphBuilder, x: Node, count: number): Node[] {
  const [axis, wide] = [x.shape.length - 1, widen(g, x)];
  const size = x.shape[axis]! / count;
  return Array.from({ length: count }, (_, k) => g.sliceAxis(wide, axis, k * size, size));
}

/** Slopes of sigmoid and tanh, from what they gave. */
const sigmoidSlope = (g: GraphBuilder, y: Node): Node => g.mul(y, g.sub(1, y));
const tanhSlope = (g: GraphBuilder, y: Node): Node => g.sub(1, g.mul(y, y));

interface LstmGates {
  readonly input: Node;
  readonly forget: Node;
  readonly candidate: Node;
  readonly output: Node;
  readonly next: Node;
}
function lstmGatesOf(g: GraphBuilder, gates: Node, cell: Node): LstmGates {
  const [i, f, z, o] = gatesOf(g, gates, 4) as [Node, Node, Node, Node];
  const [input, forget, candidate, output] = [g.sigmoid(i), g.sigmoid(f), g.tanh(z), g.sigmoid(o)];
  const next = g.add(g.mul(forget, widen(g, cell)), g.mul(input, candidate));
  return { input, forget, candidate, output, next };
}

export const lstmGates = defineOp({
  name: "lstm_gates",
  signature: "lstm_gates(Tensor gates, Tensor cell) -> Tensor[2]",
  places: [],
  composite: true,
  doc: {
    summary: "Hidden and cell state from input, forget, cell and output gates before their activations.",
    shape: "[*, 4 H], [*, H] -> [*, H], [*, H]",
    source: "torch.nn.LSTMCell",
  },
  gradient(g, { inputs, grads: [ofHidden, ofCell] }) {
    const [gates, cell] = inputs as [Node, Node];
    const { input, forget, candidate, output, next } = lstmGatesOf(g, gates, cell);
    const curve = g.tanh(next);
    const hidden = ofHidden ? widen(g, ofHidden) : null;
    const through = hidden && g.mul(g.mul(hidden, output), tanhSlope(g, curve));
    const direct = ofCell ? widen(g, ofCell) : null;
    const total = through && direct ? g.add(direct, through) : (through ?? direct);
    if (total === null) return [null, null];
    const parts = [
      g.mul(g.mul(total, candidate), sigmoidSlope(g, input)),
      g.mul(g.mul(total, widen(g, cell)), sigmoidSlope(g, forget)),
      g.mul(g.mul(total, input), tanhSlope(g, candidate)),
      hidden === null ? g.full(total.shape, 0, total.dtype) : g.mul(g.mul(hidden, curve), sigmoidSlope(g, output)),
    ];
    return [g.cast(g.concat(parts, gates.shape.length - 1), gates.dtype), g.cast(g.mul(total, forget), cell.dtype)];
  },
  record(g, { gates, cell }) {
    const { output, next } = lstmGatesOf(g, gates, cell);
    return [g.cast(g.mul(output, g.tanh(next)), gates.dtype), g.cast(next, cell.dtype)];
  },
});

interface GruGates {
  readonly reset: Node;
  readonly update: Node;
  readonly candidate: Node;
  /** The hidden state's part of the candidate, before it is reset. */
  readonly recurrent: Node;
}
function gruGatesOf(g: GraphBuilder, ofInput: Node, ofHidden: Node): GruGates {
  const [xr, xz, xn] = gatesOf(g, ofInput, 3) as [Node, Node, Node];
  const [hr, hz, recurrent] = gatesOf(g, ofHidden, 3) as [Node, Node, Node];
  const reset = g.sigmoid(g.add(xr, hr));
  const update = g.sigmoid(g.add(xz, hz));
  return { reset, update, candidate: g.tanh(g.add(xn, g.mul(reset, recurrent))), recurrent };
}

export const gruGates = defineOp({
  name: "gru_gates",
  signature: "gru_gates(Tensor of_input, Tensor of_hidden, Tensor hidden) -> Tensor",
  places: [],
  composite: true,
  doc: {
    summary: "Hidden state from the input's and the hidden state's parts of the reset, update and new gates.",
    shape: "[*, 3 H], [*, 3 H], [*, H] -> [*, H]",
    source: "torch.nn.GRUCell",
  },
  gradient(g, { inputs, grads }) {
    const [ofInput, ofHidden, hidden] = inputs as [Node, Node, Node];
    const { reset, update, candidate, recurrent } = gruGatesOf(g, ofInput, ofHidden);
    const grad = widen(g, grads[0]!);
    const ofCandidate = g.mul(g.mul(grad, g.sub(1, update)), tanhSlope(g, candidate));
    const ofReset = g.mul(g.mul(ofCandidate, recurrent), sigmoidSlope(g, reset));
    const ofUpdate = g.mul(g.mul(grad, g.sub(widen(g, hidden), candidate)), sigmoidSlope(g, update));
    const joined = (last: Node): Node =>
      g.cast(g.concat([ofReset, ofUpdate, last], ofInput.shape.length - 1), ofInput.dtype);
    return [joined(ofCandidate), joined(g.mul(ofCandidate, reset)), g.cast(g.mul(grad, update), hidden.dtype)];
  },
  record(g, { of_input: ofInput, of_hidden: ofHidden, hidden }) {
    const { update, candidate } = gruGatesOf(g, ofInput, ofHidden);
    return g.cast(g.add(candidate, g.mul(update, g.sub(widen(g, hidden), candidate))), hidden.dtype);
  },
});
