/** Steps of the graph whose gradient is a function of tensors: a user's `autograd.Function`, and hooks of modules. */
import { AutogradError } from "../ir/errors.ts";
import { makeNode, type Node } from "../ir/graph.ts";
import { NodeNote } from "../ir/node-notes.ts";
import { defineOp } from "../ir/operator.ts";
import { broadcastShapes, formatShape, sameShape } from "../ir/shape.ts";
import type { Device } from "../runtime/device.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";

type Gradients = Tensor | null | readonly (Tensor | null)[];

interface CustomCall {
  readonly name: string;
  readonly argumentCount: number;
  /** in: the gradients of the results; out: one for each argument */
  readonly backward: (grads: readonly (Tensor | null)[]) => Gradients;
  /** Whether zeros stand for a gradient that does not arrive. */
  readonly materializes: () => boolean;
  readonly device: Device;
  /** For each tensor input its place among the arguments. */
  readonly places: readonly number[];
}
/** By the node of the call, which lives as long as somebody may differentiate through it. */
const calls = new NodeNote<CustomCall>();

/** The recorded form: inputs are the tensor arguments, then the results that were computed of them. */
defineOp({
  name: "autograd_function",
  signature: "autograd_function(Tensor[] inputs, Tensor[] results)",
  places: [],
  composite: true,
  doc: { summary: "A user's autograd.Function.", shape: "any", source: "torch.autograd.Function" },
  gradient(_g, { node, inputs, outputs, grads }) {
    const call = calls.get(node)!;
    const given = outputs.map((output, i): Tensor | null => {
      const grad = grads[i] ?? (call.materializes() ? graph.full(output.shape, 0, output.dtype) : null);
      return grad === null ? null : Tensor.ofNode(grad, call.device);
    });
    const list = gradientList(call, call.backward(given));
    const byInput = call.places.map((place, i) => {
      const grad = list[place] ?? null;
      if (grad === null || !inputs[i]!.requiresGrad) return null;
      return gradientOf(call, place, grad.node_(), inputs[i]!);
    });
    return [...byInput, ...outputs.map(() => null)];
  },
  record: (_g, { results }) => results,
});

/** One gradient for each argument of forward; nulls beyond are dropped. */
function gradientList(call: CustomCall, result: Gradients): readonly (Tensor | null)[] {
  const list = Array.isArray(result) ? [...(result as readonly (Tensor | null)[])] : [result as Tensor | null];
  while (list.length > call.argumentCount && (list.at(-1) ?? null) === null) list.pop();
  if (list.length !== call.argumentCount)
    throw new AutogradError(
      "function/gradient-count",
      `function ${call.name}Backward returned an incorrect number of gradients (expected ${call.argumentCount}, got ${list.length}).`,
      "backward returns one for each argument of forward: null for what is no tensor.",
    );
  return list;
}

function gradientOf(call: CustomCall, place: number, grad: Node, input: Node): Node {
  const broadcast = broadcastShapes(grad.shape, input.shape);
  if (broadcast === null || !sameShape(broadcast, grad.shape))
    throw new AutogradError(
      "function/gradient-shape",
      `Function ${call.name}Backward returned an invalid gradient at index ${place} - got ${formatShape(grad.shape)} but expected shape compatible with ${formatShape(input.shape)}.`,
    );
  return graph.sumTo(graph.cast(grad, input.dtype), input.shape);
}

/** What was computed of inputs as the results of a call. The node is its own: equal calls have gradients of their own. */
export function recordCustom(
  inputs: readonly Node[],
  computed: readonly Node[],
  call: CustomCall,
): { readonly node: Node; readonly results: readonly Node[] } {
  const mark = (_: unknown, i: number): { $input: number } => ({ $input: i });
  const attrs = { inputs: inputs.map(mark), results: computed.map((_, i) => mark(_, inputs.length + i)) };
  const outputs = computed.map(({ dtype, shape }) => ({ dtype, shape }));
  const { dtype, shape } = outputs[0]!;
  const node = makeNode({
    op: "call",
    inputs: [...inputs, ...computed],
    attrs: { name: "autograd_function", attrs },
    dtype,
    shape,
    requiresGrad: true,
    ...(outputs.length > 1 ? { outputs } : {}),
  });
  calls.set(node, call);
  return { node, results: outputs.length > 1 ? outputs.map((_, i) => graph.pick(node, i)) : [node] };
}
