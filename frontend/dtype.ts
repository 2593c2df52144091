/** PyTorch's dtype objects: `torch.float32` and its kin. */
import { ArgumentError } from "../ir/errors.ts";
import { complexOf, dtypes, isComplex, isDType, isFloat, isInteger, realOf, type DType } from "../ir/dtype.ts";

/** An element type. https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype */
export class dtype<N extends DType = DType> {
  readonly name: N;
  constructor(name: N) {
    this.name = name;
  }
  /** Bytes of one element. */
  get itemsize(): number {
    return dtypes[this.name].bytes;
  }
  get is_floating_point(): boolean {
    return isFloat(this.name);
  }
  get is_complex(): boolean {
    return isComplex(this.name);
  }
  get is_signed(): boolean {
    return this.name !== "uint8" && this.name !== "bool";
  }
  get is_integer(): boolean {
    return isInteger(this.name);
  }
  /** The type of its parts; a real type itself. */
  to_real(): dtype {
    return dtypeObject(realOf(this.name));
  }
  /** The complex type of which this is the parts' type. */
  to_complex(): dtype {
    return dtypeObject(complexOf(this.name));
  }
  toString(): string {
    return `torch.${this.name}`;
  }
}

/** Floats of 32 bits, also `torch.float`: the default type. */
export const float32 = new dtype("float32");
/** Floats of 64 bits, also `torch.double`: not on WebGPU. */
export const float64 = new dtype("float64");
/** Floats of 16 bits, also `torch.half`. */
export const float16 = new dtype("float16");
/** Floats of 16 bits with the range of float32 and 8 significant bits. */
export const bfloat16 = new dtype("bfloat16");
/** Integers from -128 to 127. */
export const int8 = new dtype("int8");
/** Integers of 16 bits, also `torch.short`. */
export const int16 = new dtype("int16");
/** Integers of 32 bits, also `torch.int`. */
export const int32 = new dtype("int32");
/** Integers of 64 bits, also `torch.long`: what positions and counts are. */
export const int64 = new dtype("int64");
/** Integers from 0 to 255. */
export const uint8 = new dtype("uint8");
/** true and false. */
export const bool = new dtype("bool");
/** Complex numbers of two float32 parts, also `torch.cfloat`. */
export const complex64 = new dtype("complex64");
/** Complex numbers of two float64 parts, also `torch.cdouble`: not on WebGPU. */
export const complex128 = new dtype("complex128");
export {
  float32 as float,
  float64 as double,
  float16 as half,
  int32 as int,
  int64 as long,
  int16 as short,
  complex64 as cfloat,
  complex128 as cdouble,
};

const objects: Readonly<Record<DType, dtype>> = {
  float32,
  float64,
  float16,
  bfloat16,
  int8,
  int16,
  int32,
  int64,
  uint8,
  bool,
  complex64,
  complex128,
};
export const dtypeObject = (name: DType): dtype => objects[name];

/** What is accepted where an element type is asked for: the object or its name. */
export type DTypeLike = dtype | DType;

export function dtypeName(value: unknown, operator: string): DType {
  if (value instanceof dtype) return (value as dtype).name;
  if (typeof value === "string") {
    const name = value.replace("torch.", "");
    if (isDType(name)) return name;
  }
  throw new ArgumentError(
    "argument/dtype",
    `${operator}: ${String(value)} is not a dtype`,
    "Pass one such as torch.float32.",
  );
}
