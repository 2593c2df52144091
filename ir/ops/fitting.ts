/** Numbers of the user's that must be values of a type: fillers. */
import type { GraphBuilder } from "../builder.ts";
import { integerRange, isComplex, isFloat, type DType } from "../dtype.ts";
import { ValueError } from "../errors.ts";
import type { Node } from "../graph.ts";
import type { ScalarArgument } from "../signature.ts";
import { largestOf } from "./floating.ts";
import { scalarAs } from "./support.ts";

/** The names that PyTorch's message has for types. */
const namesInC: Partial<Record<DType, string>> = {
  uint8: "uint8_t",
  int8: "int8_t",
  int16: "int16_t",
  int32: "int",
  int64: "int64_t",
  float16: "c10::Half",
  bfloat16: "c10::BFloat16",
  float32: "float",
};

/** Infinities are values of every float type; a fraction is cut off for integers, and -255 is one of uint8's, modulo 256. */
function fits(number: number, dtype: DType): boolean {
  if (isFloat(dtype)) return !Number.isFinite(number) || Math.abs(number) <= largestOf(dtype);
  const [least, most] = integerRange(dtype);
  return number <= Number(most) && number >= (least === 0n ? -Number(most) : Number(least));
}

/** A number as a 0-d node of a type, or an error where it lies outside of that type. */
export function filler(g: GraphBuilder, name: string, scalar: ScalarArgument, dtype: DType): Node {
  const { value, category } = scalar;
  const free = dtype === "bool" || isComplex(dtype) || category === "complex";
  if (!free && !fits(Number(value), dtype))
    throw new ValueError(
      `${name}/overflow`,
      `${name}: value cannot be converted to type ${namesInC[dtype] ?? dtype} without overflow: ${value} as ${dtype}.`,
    );
  return scalarAs(g, scalar, dtype);
}
