/** Parameters as one vector, and back. */
import "../../../ir/ops/joining.ts";
import { ShapeError } from "../../../ir/errors.ts";
import { withSite } from "../../call.ts";
import { withGradMode } from "../../grad-mode.ts";
import { graph } from "../../state.ts";
import type { Tensor } from "../../tensor.ts";
import { op } from "../op.ts";

/**
 * All elements of all parameters in a row.
 *
 * Shape: `parameters -> [all their elements]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parameters_to_vector.html
 */
export const parameters_to_vector = (parameters: Iterable<Tensor>): Tensor =>
  withSite(() =>
    op(
      "cat",
      Array.from(parameters, (parameter) => op("reshape", parameter, [-1])),
    ),
  );

/** Writes a vector's elements into parameters. https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.vector_to_parameters.html */
export function vector_to_parameters(vec: Tensor, parameters: Iterable<Tensor>): void {
  withSite(() =>
    withGradMode(false, () => {
      let at = 0;
      const source = vec.detach();
      for (const parameter of parameters) {
        const count = parameter.numel();
        if (at + count > vec.numel())
          throw new ShapeError(
            "vector-to-parameters/size",
            `vector_to_parameters: the vector has ${vec.numel()} elements, the parameters have more.`,
          );
        const part = op("narrow", source, 0, at, count).to(parameter.device, parameter.dtype).node_();
        parameter.write_(graph.reshape(part, parameter.shape), "vector_to_parameters");
        at += count;
      }
    }),
  );
}
