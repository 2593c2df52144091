/** Bounding gradients. */
import { ValueError } from "../../../ir/errors.ts";
import { enterScope } from "../../../ir/interning.ts";
import { type Node } from "../../../ir/graph.ts";
import { signature, type CallOf } from "../../arguments.ts";
import type { HostScalar } from "../../bind.ts";
import { scalarArgument } from "../../bind.ts";
import { withSite } from "../../call.ts";
import { zeros } from "../../creation.ts";
import { withGradMode } from "../../grad-mode.ts";
import { graph } from "../../state.ts";
import { Tensor } from "../../tensor.ts";
import { noteReturned } from "../returned.ts";

type Parameters = Tensor | Iterable<Tensor>;
const listOf = (parameters: Parameters): Tensor[] => (parameters instanceof Tensor ? [parameters] : [...parameters]);
const gradsOf = (parameters: Parameters): Tensor[] =>
  listOf(parameters).flatMap(({ grad }) => (grad === null ? [] : [grad]));

/** The user's number, in the type of a node: another value is no other program. */
const number = (value: number | HostScalar, like: Node): Node => graph.scalar(scalarArgument(value), like.dtype);

/** The norm of one tensor, as a 0-d node. */
function norm(x: Node, p: number): Node {
  const axes = x.shape.map((_, i) => i);
  const total = (kind: "sum" | "max" | "min", value: Node): Node =>
    graph.reshape(graph.reduce(`reduce_${kind}`, value, axes), []);
  const size = graph.unary("abs", x);
  if (p === Infinity) return total("max", size);
  if (p === -Infinity) return total("min", size);
  if (p === 0) return total("sum", graph.cast(graph.ne(x, 0), x.dtype));
  if (p === 1) return total("sum", size);
  if (p === 2) return graph.sqrt(total("sum", graph.mul(x, x)));
  return graph.pow(total("sum", graph.pow(size, graph.constant(p, x.dtype))), graph.constant(1 / p, x.dtype));
}

/** The norm of several tensors, as if they were one vector. */
function totalNorm(name: string, tensors: readonly Tensor[], p: number, errorIfNonfinite: boolean): Tensor {
  const [first] = tensors;
  if (first === undefined) return zeros([]);
  const { device } = first.storage_;
  const total = withGradMode(false, () => {
    enterScope(device.name);
    const norms = tensors.map((tensor) => graph.reshape(graph.cast(norm(tensor.node_(), p), first.dtype.name), [1]));
    return Tensor.ofNode(norm(norms.length === 1 ? norms[0]! : graph.concat(norms, 0), p), device);
  });
  if (errorIfNonfinite && !Number.isFinite(Number(total.item())))
    throw new ValueError(
      `${name}/non-finite`,
      `${name}: The total norm of order ${p} for gradients from \`parameters\` is non-finite, so it cannot be clipped.`,
      "Pass { error_if_nonfinite: false } to scale the gradients anyway.",
    );
  // Usually read after the optimizer's step, if not after many.
  noteReturned(total);
  return total;
}

/** Multiplies gradients by max_norm / total where that is below 1. */
function scaleGrads(grads: readonly Tensor[], max_norm: number, total: Tensor): void {
  withGradMode(false, () => {
    for (const grad of grads) {
      enterScope(grad.storage_.device.name);
      const norm = total.node_();
      const factor = graph.binary("min", graph.div(number(max_norm, norm), graph.add(norm, 1e-6)), 1);
      const x = grad.node_();
      grad.write_(graph.mul(x, graph.cast(factor, x.dtype)), "clip_grad_norm_");
    }
  });
}

const clipNorm = signature<
  [max_norm: number, norm_type: number | "inf", error_if_nonfinite: boolean, foreach: boolean | null]
>()("max_norm, norm_type?, error_if_nonfinite?, foreach?");

/**
 * Scales the gradients in place so that their norm, taken together, is at most max_norm; gives the norm they had.
 *
 * Shape: `parameters -> []`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html
 */
export function clip_grad_norm_(parameters: Parameters, ...args: CallOf<typeof clipNorm>): Tensor {
  return withSite(() => {
    const { max_norm, norm_type = 2, error_if_nonfinite = false } = clipNorm.bind("clip_grad_norm_", args);
    const grads = gradsOf(parameters);
    const total = totalNorm("clip_grad_norm_", grads, norm_type === "inf" ? Infinity : norm_type, error_if_nonfinite);
    scaleGrads(grads, max_norm, total);
    return total;
  });
}

const totalArguments = signature<[norm_type: number, error_if_nonfinite: boolean, foreach: boolean | null]>()(
  "norm_type?, error_if_nonfinite?, foreach?",
);
/**
 * The norm of tensors taken together.
 *
 * Shape: `tensors -> []`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.get_total_norm.html
 */
export function get_total_norm(tensors: Parameters, ...args: CallOf<typeof totalArguments>): Tensor {
  return withSite(() => {
    const { norm_type = 2, error_if_nonfinite = false } = totalArguments.bind("get_total_norm", args);
    return totalNorm("get_total_norm", listOf(tensors), norm_type, error_if_nonfinite);
  });
}
/** Scales gradients in place, given their norm. https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grads_with_norm_.html */
export function clip_grads_with_norm_(parameters: Parameters, max_norm: number, total_norm: Tensor): void {
  withSite(() => scaleGrads(gradsOf(parameters), max_norm, total_norm));
}

const clipValue = signature<[clip_value: number, foreach: boolean | null]>()("clip_value, foreach?");
/** Cuts the gradients in place to [-clip_value, clip_value]. https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html */
export function clip_grad_value_(parameters: Parameters, ...args: CallOf<typeof clipValue>): void {
  withSite(() => {
    const { clip_value } = clipValue.bind("clip_grad_value_", args);
    withGradMode(false, () => {
      for (const grad of gradsOf(parameters)) {
        enterScope(grad.storage_.device.name);
        const x = grad.node_();
        const limit = number(clip_value, x);
        grad.write_(graph.binary("min", graph.binary("max", x, graph.neg(limit)), limit), "clip_grad_value_");
      }
    });
  });
}
