/** The leaky relu whose slopes are drawn in training. */
import "../../ir/ops/nn/activation-rectifiers.ts";
import { widen } from "../../ir/ops/nn/support.ts";
import { ArgumentError, DTypeError } from "../../ir/errors.ts";
import type { Node } from "../../ir/graph.ts";
import { enterScope } from "../../ir/interning.ts";
import { fillSlopes } from "../../runtime/random/index.ts";
import { signature, type CallOf } from "../arguments.ts";
import { assign, callOperator, withSite } from "../call.ts";
import { checkInplace } from "../inplace-checks.ts";
import { drawn, onHost, requireFloatType, uniformNode } from "../random/draws.ts";
import { default_generator } from "../random/generator.ts";
import { graph } from "../state.ts";
import { Tensor } from "../tensor.ts";

const rreluArguments = signature<[input: Tensor, lower: number, upper: number, training: boolean, inplace: boolean]>()(
  "input, lower?, upper?, training?, inplace?",
);

/**
 * leaky_relu whose slope is drawn uniformly from [lower, upper) for each element in training, and their mean otherwise.
 * On the CPU devices only elements that are not positive draw, as in PyTorch, so that the input is computed at the call.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.rrelu.html
 */
export function rrelu(...args: CallOf<typeof rreluArguments>): Tensor {
  return withSite(() => {
    const { input, lower = 1 / 8, upper = 1 / 3, training, inplace } = rreluArguments.bind("rrelu", args);
    checkBounds(lower, upper);
    if (inplace) checkInplace(input, "rrelu_");
    const result = training
      ? Tensor.ofNode(inTraining(input, lower, upper), input.storage_.device)
      : (callOperator("rrelu_inference", [input, lower, upper]) as Tensor);
    if (!inplace) return result;
    assign(input, result.node_(), "rrelu_");
    return input;
  });
}
/**
 * In place: the result becomes the contents.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.rrelu.html
 */
export const rrelu_ = (input: Tensor, lower?: number, upper?: number, training?: boolean): Tensor =>
  rrelu(input, lower ?? 1 / 8, upper ?? 1 / 3, training ?? false, true);

function checkBounds(lower: number, upper: number): void {
  for (const [name, bound] of Object.entries({ lower, upper }))
    if (!Number.isFinite(bound))
      throw new ArgumentError("rrelu/range", `rrelu: ${name} bound must be finite, got ${bound}.`);
  if (lower > upper)
    throw new ArgumentError(
      "rrelu/range",
      `rrelu: Lower bound should be less than or equal to the upper bound, got ${lower} and ${upper}.`,
    );
}

function inTraining(input: Tensor, lower: number, upper: number): Node {
  enterScope(input.storage_.device.name);
  const x = input.node_();
  const slopes = slopesFor(input, lower, upper);
  if (slopes.dtype === x.dtype) return graph.mul(x, graph.restingOn(slopes, x));
  // A half type's slopes are rounded for the gradient only.
  const exact = graph.cast(graph.mul(widen(graph, graph.detach(x)), slopes), x.dtype);
  return graph.withHistory(exact, graph.mul(x, graph.restingOn(graph.cast(slopes, x.dtype), x)));
}

/** 1 where the input is positive, else what is drawn. */
function slopesFor(input: Tensor, lower: number, upper: number): Node {
  const { device } = input.storage_;
  const dtype = requireFloatType("rrelu", input.type_);
  if (device.name === "webgpu") {
    const x = input.node_();
    return graph.where(graph.gt(x, 0), 1, uniformNode(x.shape, dtype, device, default_generator, lower, upper));
  }
  if (dtype === "float16")
    throw new DTypeError(
      "rrelu/dtype",
      "rrelu: \"rrelu_with_noise_out_cpu\" not implemented for 'Half' in training.",
      "Convert it with .to(torch.float32) or .to(torch.bfloat16).",
    );
  return drawn(input.shape, dtype === "float64" ? dtype : "float32", device, (target) =>
    fillSlopes(target as Float32Array, default_generator.cpu_, onHost("rrelu", input), lower, upper),
  );
}
