/** Fractional max pooling: windows whose places follow from one random number for each dimension. */
import type { GraphBuilder } from "../../builder.ts";
import { ShapeError } from "../../errors.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { elementCount, formatShape } from "../../shape.ts";
import { describe } from "../support.ts";
import { scatterFlat } from "./pooling-core.ts";
import { axesBetween } from "./support.ts";

/** First input of each window: floor((i + u) * step) - floor(u * step), the last one at the very end: [N, C, count]. */
function starts(g: GraphBuilder, sample: Node, size: number, count: number, kernel: number): Node {
  const shape = [...sample.shape, count];
  const u = g.reshape(sample, [...sample.shape, 1]);
  const last = g.full(shape, BigInt(size - kernel), "int64");
  if (count === 1) return last;
  const step = (size - kernel) / (count - 1);
  const whole = (x: Node): Node => g.unary("trunc", g.mul(x, step));
  const i = g.iotaAlong(shape, shape.length - 1, "int64");
  const position = g.sub(whole(g.add(g.cast(i, sample.dtype), u)), whole(u));
  return g.where(g.lt(i, BigInt(count - 1)), g.cast(position, "int64"), last);
}

export const fractionalMaxPool = defineOp({
  name: "fractional_max_pool",
  signature: "fractional_max_pool(Tensor input, Tensor samples, int[] kernel, int[] output) -> Tensor[2]",
  places: [],
  composite: true,
  doc: {
    summary: "Maximum of each window with its row-major position in the input.",
    shape: "[N, C, *S], [N, C, rank] -> [N, C, *output], int64[N, C, *output]",
    source: "torch.nn.functional.fractional_max_pool2d",
  },
  gradient: (g, { inputs, outputs, grads }) => [
    grads[0] ? scatterFlat(g, inputs[0]!, g.restingOn(grads[0], inputs[0]!), outputs[1]!, 2) : null,
    null,
  ],
  record(g, { input, samples, kernel, output }) {
    const rank = kernel.length;
    const sizes = input.shape.slice(2);
    const wide = sizes.findIndex((size, i) => output[i]! + kernel[i]! - 1 > size);
    if (wide >= 0)
      throw new ShapeError(
        "fractional_max_pool/kernel",
        `fractional_max_pool${rank}d(): pool ${["time", "height", "width"].at(wide - rank)} ${kernel[wide]} too large relative to input ${["time", "height", "width"].at(wide - rank)} ${sizes[wide]}: kernel_size=[${kernel.join(", ")}], input ${describe(input)}, output ${formatShape(output)}.`,
      );
    const lead = input.shape.slice(0, 2);
    const shape = [...lead, ...output, ...kernel];
    let flat: Node | null = null;
    const places = sizes.map((size, i) => {
      // The samples belong to the dimensions from the last to the first.
      const column = g.sliceAxis(samples, 2, rank === 2 ? 1 - i : i, 1);
      const sample = g.reshape(g.slice(column, [0, 0, 0], [...lead, 1]), lead);
      const start = g.reshape(
        starts(g, sample, size, output[i]!, kernel[i]!),
        shape.map((n, axis) => (axis < 2 || axis === 2 + i ? n : 1)),
      );
      const place = g.expandTo(
        g.add(
          start,
          g.iotaAlong(
            shape.map((n, axis) => (axis === 2 + rank + i ? n : 1)),
            2 + rank + i,
            "int64",
          ),
        ),
        shape,
      );
      flat = flat === null ? place : g.add(g.mul(flat, BigInt(size)), place);
      return place;
    });
    const windows = g.gather(input, axesBetween(0, 2 + rank), [
      g.iotaAlong(shape, 0, "int64"),
      g.iotaAlong(shape, 1, "int64"),
      ...places,
    ]);
    const outer = [...lead, ...output];
    const line = [...outer, elementCount(kernel)];
    const last = outer.length;
    const rows = g.reshape(windows, line);
    const chosen = g.argReduce("argmax", rows, last);
    const values = g.reshape(g.reduce("reduce_max", rows, [last]), outer);
    return [values, g.reshape(g.takeAlong(g.reshape(flat!, line), last, chosen), outer)];
  },
});
