/** Arrays of the interpreter: plain JavaScript lists in row-major order. */
import type { DType } from "../../ir/dtype.ts";
import { roundToDType, type Element } from "../../ir/rounding.ts";
import { contiguousStrides, elementCount, type Shape } from "../../ir/shape.ts";
import { typedArray, type TypedArray } from "../typed-array.ts";

export interface Values {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: readonly Element[];
}

/** Calls `visit` for all coordinates of a shape in row-major order. The array is reused. */
export function forEachIndex(shape: Shape, visit: (at: readonly number[], position: number) => void): void {
  const count = elementCount(shape);
  const at = shape.map(() => 0);
  for (let position = 0; position < count; position++) {
    visit(at, position);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++at[axis]! < shape[axis]!) break;
      at[axis] = 0;
    }
  }
}

/** The array whose element at each place a function gives. */
export function build(dtype: DType, shape: Shape, element: (at: readonly number[]) => Element): Values {
  const data = new Array<Element>(elementCount(shape));
  forEachIndex(shape, (at, position) => (data[position] = element(at)));
  return { dtype, shape, data };
}

/** Reads elements by their coordinates. */
export function reader({ data, shape }: Values): (at: readonly number[]) => Element {
  const strides = contiguousStrides(shape);
  return (at) => {
    let position = 0;
    for (let axis = 0; axis < strides.length; axis++) position += at[axis]! * strides[axis]!;
    return data[position]!;
  };
}

export const number = (x: Element): number => x as number;

/** Reads a typed array (half types as bit patterns). */
export function decode(dtype: DType, shape: Shape, array: TypedArray): Values {
  const data = Array.from(array as Iterable<Element>);
  const half = dtype === "float16" || dtype === "bfloat16";
  return { dtype, shape, data: half ? data.map((bits) => halfFromBits(Number(bits), dtype)) : data };
}

export function encode({ dtype, data }: Values): TypedArray {
  const array = typedArray(dtype, data.length);
  const half = dtype === "float16" || dtype === "bfloat16";
  data.forEach((x, i) => (array[i] = half ? halfToBits(Number(x), dtype) : x) as never);
  return array;
}

const bits = new DataView(new ArrayBuffer(8));

export function halfFromBits(pattern: number, dtype: "float16" | "bfloat16"): number {
  if (dtype === "bfloat16") {
    bits.setUint32(0, pattern << 16);
    return bits.getFloat32(0);
  }
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 31;
  const fraction = pattern & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The pattern of a value that the type holds exactly. */
export function halfToBits(value: number, dtype: "float16" | "bfloat16"): number {
  if (dtype === "bfloat16") {
    bits.setFloat32(0, value);
    return Number.isNaN(value) ? 0x7fc0 : bits.getUint16(0);
  }
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude === Infinity) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | (magnitude * 2 ** (10 - exponent) - 1024);
}

/** The bits of an element as one unsigned number. */
export function toBits(x: Element, dtype: DType): bigint {
  switch (dtype) {
    case "float16":
    case "bfloat16":
      return BigInt(halfToBits(number(x), dtype));
    case "float32":
      bits.setFloat32(0, number(x));
      return BigInt(bits.getUint32(0));
    case "float64":
      bits.setFloat64(0, number(x));
      return bits.getBigUint64(0);
    default:
      return BigInt.asUintN(64, BigInt(x));
  }
}
export function fromBits(pattern: bigint, dtype: DType): Element {
  switch (dtype) {
    case "float16":
    case "bfloat16":
      return halfFromBits(Number(BigInt.asUintN(16, pattern)), dtype);
    case "float32":
      bits.setUint32(0, Number(BigInt.asUintN(32, pattern)));
      return bits.getFloat32(0);
    case "float64":
      bits.setBigUint64(0, pattern);
      return bits.getFloat64(0);
    default:
      return roundToDType(pattern, dtype);
  }
}
