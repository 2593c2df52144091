import type { DType } from "../../ir/dtype.ts";

type Target = new (length: number) => ArrayBufferView;

const targets = {
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
  complex64: Float64Array,
  complex128: Float64Array,
} satisfies Record<DType, Target>;

/** A new host array for a generator to fill. */
export const drawTarget = (dtype: DType, elements: number): ArrayBufferView => new targets[dtype](elements);
