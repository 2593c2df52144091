/** Samples of a categorical distribution through which gradients pass. */
import "../random/rare-fills.ts";
import { graph } from "../state.ts";
import { enterScope } from "../../ir/interning.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import { empty_like } from "../creation.ts";
import { Tensor } from "../tensor.ts";

const gumbelArguments = signature<[logits: Tensor, tau: number, hard: boolean, eps: number, dim: number]>()(
  "logits, tau?, hard?, eps?, dim?",
);

/**
 * softmax((logits + Gumbel noise) / tau) along dim. hard: the largest becomes 1 and the others 0, with the gradient of
 * the soft sample.
 *
 * Shape: `[*, C] -> [*, C]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gumbel_softmax.html
 */
export function gumbel_softmax(...args: CallOf<typeof gumbelArguments>): Tensor {
  return withSite(() => {
    const { logits, tau, hard, dim } = gumbelArguments.bind("gumbel_softmax", args);
    const axis = dim ?? -1;
    const noise = empty_like(logits.detach()).exponential_().node_();
    enterScope(logits.storage_.device.name);
    const noisy = graph.sub(logits.node_(), graph.log(noise));
    const scaled = Tensor.ofNode(graph.div(noisy, tau ?? 1), logits.storage_.device);
    const soft = callOperator("softmax", [scaled, axis]) as Tensor;
    if (hard !== true) return soft;
    const x = soft.node_();
    const along = axis < 0 ? axis + x.shape.length : axis;
    const largest = graph.argReduce("argmax", x, along);
    const chosen = graph.eq(graph.iotaAlong(x.shape, along, "int64"), largest);
    return Tensor.ofNode(graph.withHistory(graph.cast(chosen, x.dtype), x), logits.storage_.device);
  });
}
