/** softmax and log_softmax as `torch.nn.functional` has them: of one that names no dimension it takes one. */
import { implicitDim } from "../../ir/ops/nn/softmax.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callOperator, withSite } from "../call.ts";
import type { DTypeLike } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";

const along = signature<[input: Tensor, dim: number | null, _stacklevel: number, dtype: DTypeLike | null]>()(
  "input, dim?, _stacklevel?, dtype?",
);
type Call = CallOf<typeof along>;

const normalised = (name: "softmax" | "log_softmax", args: Call): Tensor =>
  withSite(() => {
    const { input, dim, dtype = null } = along.bind(name, args);
    return callOperator(name, [input, dim ?? implicitDim(input.ndim), { dtype }]) as Tensor;
  });

/**
 * exp(input) / sum(exp(input)) along dim.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
 */
export const softmax = (...args: Call): Tensor => normalised("softmax", args);
/**
 * log(softmax(input)) along dim, without underflow.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
 */
export const log_softmax = (...args: Call): Tensor => normalised("log_softmax", args);
