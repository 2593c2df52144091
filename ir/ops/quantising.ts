/** Values rounded to those that an integer type with a scale could hold, in floats: what training for such types needs. */
import type { GraphBuilder } from "../builder.ts";
import { DTypeError, IndexError, ShapeError, ValueError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { isNode } from "../builder.ts";
import { defineOp } from "../operator.ts";
import { axisOf, describe, inFloat32, operand, requireFloat } from "./support.ts";

interface Levels {
  readonly quant_min: number;
  readonly quant_max: number;
}

/**
 * scale * (clamp(round(input / scale) + zero_point) - zero_point), its gradient 1 where nothing was clamped and else 0.
 * NaN becomes the lowest level.
 */
function quantised(g: GraphBuilder, name: string, x: Node, scale: Node, zero: Node, levels: Levels): Node {
  return inFloat32(g, [requireFloat(name, x)], (input) => {
    const { quant_min, quant_max } = levels;
    const [step, point] = [g.cast(scale, input.dtype), g.cast(zero, input.dtype)];
    const inverse = g.cast(g.div(1, scale), input.dtype);
    const nearest = g.unary("nearest", g.mul(g.detach(input), inverse));
    const level =
      zero.dtype === "int32"
        ? g.add(point, nearest)
        : g.unary("nearest", g.add(point, g.mul(g.detach(input), inverse)));
    const clamped = g.where(g.ge(level, quant_min), g.min(level, quant_max), quant_min);
    const value = g.mul(g.sub(clamped, point), step);
    const inside = g.and(g.ge(level, quant_min), g.le(level, quant_max));
    return input.requiresGrad ? g.withHistory(value, g.where(inside, input, 0)) : value;
  });
}

function checkLevels(name: string, { quant_min, quant_max }: Levels): void {
  if (quant_min > quant_max)
    throw new ValueError(
      `${name}/range`,
      `${name}: \`quant_min\` should be less than or equal to \`quant_max\`, got ${quant_min} and ${quant_max}.`,
    );
}

const outside = (name: string, { quant_min, quant_max }: Levels): ValueError =>
  new ValueError(
    `${name}/zero-point`,
    `${name}: \`zero_point\` must be between \`quant_min\` and \`quant_max\` (${quant_min} and ${quant_max}).`,
  );

defineOp({
  name: "fake_quantize_per_tensor_affine",
  signature:
    "fake_quantize_per_tensor_affine(Tensor input, Tensor|Scalar scale, Tensor|Scalar zero_point, int quant_min, int quant_max) -> Tensor",
  places: ["torch"],
  doc: {
    summary:
      "scale * (clamp(round(input / scale) + zero_point, quant_min, quant_max) - zero_point); the gradient passes where nothing is clamped.",
    shape: "[*] -> [*]",
    source: "torch.fake_quantize_per_tensor_affine",
  },
  gradient: "through decomposition",
  record(g, { input, scale, zero_point, quant_min, quant_max }) {
    const name = "fake_quantize_per_tensor_affine";
    const levels = { quant_min, quant_max };
    checkLevels(name, levels);
    const number = isNode(zero_point) ? null : Number(zero_point.value);
    if (number !== null && (number < quant_min || number > quant_max)) throw outside(name, levels);
    for (const parameter of [scale, zero_point])
      if (isNode(parameter) && parameter.shape.reduce((n, size) => n * size, 1) !== 1)
        throw new ShapeError(
          `${name}/parameters`,
          `${name}: scale and zero_point hold one value, got ${describe(parameter)}.`,
        );
    const one = (parameter: typeof scale, dtype: "float32" | "int32"): Node =>
      g.reshape(g.detach(operand(g, parameter, dtype)), []);
    return quantised(g, name, input, one(scale, "float32"), one(zero_point, "int32"), levels);
  },
});

defineOp({
  name: "fake_quantize_per_channel_affine",
  signature:
    "fake_quantize_per_channel_affine(Tensor input, Tensor scale, Tensor zero_point, int axis, int quant_min, int quant_max) -> Tensor",
  places: ["torch"],
  doc: {
    summary: "As fake_quantize_per_tensor_affine, with a scale and a zero point for each index along axis.",
    shape: "[*], [size of axis] and [size of axis] -> [*]",
    source: "torch.fake_quantize_per_channel_affine",
  },
  gradient: "through decomposition",
  record(g, { input, scale, zero_point, axis, quant_min, quant_max }) {
    const name = "fake_quantize_per_channel_affine";
    const levels = { quant_min, quant_max };
    checkLevels(name, levels);
    if (scale.dtype !== "float32")
      throw new DTypeError(`${name}/scale`, `${name}: Scale must be Float, found ${scale.dtype}.`);
    if (zero_point.dtype !== "int32" && zero_point.dtype !== "float32" && zero_point.dtype !== "float16")
      throw new DTypeError(
        `${name}/zero-point`,
        `${name}: Zero-point must be Int32, Float or Half, found ${zero_point.dtype}.`,
        'Use zero_point.to("int32").',
      );
    const along = axisOf(name, axis, input.shape.length);
    const count = input.shape[along]!;
    for (const parameter of [scale, zero_point])
      if (parameter.shape.length !== 1 || parameter.shape[0] !== count)
        throw new ShapeError(
          `${name}/parameters`,
          `${name}: dimensions of scale and zero-point are not consistent with input tensor: ${describe(parameter)} for ${describe(input)} along axis ${axis}.`,
        );
    const spread = (parameter: Node): Node =>
      g.reshape(
        g.detach(parameter),
        input.shape.map((_, i) => (i === along ? count : 1)),
      );
    const point =
      zero_point.dtype === "int32"
        ? g.checkIndex(
            zero_point,
            quant_max + 1,
            () => new IndexError(`${name}/zero-point`, outside(name, levels).message),
            quant_min,
          )
        : zero_point;
    return quantised(g, name, input, spread(scale), spread(point), levels);
  },
});
