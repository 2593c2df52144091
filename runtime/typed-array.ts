/** Typed arrays for element types. bool is bytes of 0 and 1; half types are their 16-bit patterns. */
import { isComplex, type DType } from "../ir/dtype.ts";

export type TypedArray =
  Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array;

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  complex64: Float32Array,
  complex128: Float64Array,
} as const satisfies Record<DType, unknown>;

/** A view of that many of a buffer's elements (all of the rest); complex numbers are interleaved real and imaginary parts. */
export function typedView(dtype: DType, buffer: ArrayBufferLike, byteOffset = 0, count?: number): TypedArray {
  const Constructor = constructors[dtype] as new (
    buffer: ArrayBufferLike,
    offset: number,
    length?: number,
  ) => TypedArray;
  return new Constructor(buffer, byteOffset, count !== undefined && isComplex(dtype) ? 2 * count : count);
}
/** For that many elements. */
export function typedArray(dtype: DType, count: number): TypedArray {
  const Constructor = constructors[dtype] as new (count: number) => TypedArray;
  return new Constructor(isComplex(dtype) ? 2 * count : count);
}
