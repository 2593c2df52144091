/** Element types as an exported module sees them: bool is bytes of 0 and 1, half types are their 16-bit patterns. */
import { dtypeBytes, type DType } from "../../ir/dtype.ts";
import { elementCount } from "../../ir/shape.ts";
import type { NamedTensor } from "./model.ts";

interface ArrayType {
  /** The typed array's name. */
  readonly array: string;
  /** The element type's name in a safetensors header. */
  readonly tag: string;
}

export const arrayTypes: Readonly<Record<DType, ArrayType>> = {
  float32: { array: "Float32Array", tag: "F32" },
  float64: { array: "Float64Array", tag: "F64" },
  float16: { array: "Uint16Array", tag: "F16" },
  bfloat16: { array: "Uint16Array", tag: "BF16" },
  int8: { array: "Int8Array", tag: "I8" },
  int16: { array: "Int16Array", tag: "I16" },
  int32: { array: "Int32Array", tag: "I32" },
  int64: { array: "BigInt64Array", tag: "I64" },
  uint8: { array: "Uint8Array", tag: "U8" },
  bool: { array: "Uint8Array", tag: "BOOL" },
  complex64: { array: "Float32Array", tag: "C64" },
  complex128: { array: "Float64Array", tag: "C128" },
};

export const arrayOf = (dtype: DType): string => arrayTypes[dtype].array;
export const tensorBytes = ({ dtype, shape }: Omit<NamedTensor, "name">): number =>
  elementCount(shape) * dtypeBytes(dtype);
export const totalBytes = (tensors: readonly Omit<NamedTensor, "name">[]): number =>
  tensors.reduce((sum, tensor) => sum + tensorBytes(tensor), 0);

/** Bytes as the text of an expression that `decode` of the module's runtime takes. */
export function base64(bytes: Uint8Array): string {
  const chunk = 0x8000;
  let text = "";
  for (let i = 0; i < bytes.length; i += chunk) text += String.fromCharCode(...bytes.subarray(i, i + chunk));
  return JSON.stringify(btoa(text));
}
