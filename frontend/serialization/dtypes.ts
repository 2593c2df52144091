/** How each element type is named in the two file formats; the names here are PyTorch's. */

export interface StoredDtype {
  readonly bytes: number;
  /** Its typed storage class in .pt files; the dtypes without one are stored untyped. */
  readonly storageClass?: string;
  /** Its tag in safetensors; a dtype without one cannot be stored there. */
  readonly safetensors?: string;
}

export const storedDtypes: Readonly<Record<string, StoredDtype>> = {
  float32: { bytes: 4, storageClass: "FloatStorage", safetensors: "F32" },
  float64: { bytes: 8, storageClass: "DoubleStorage", safetensors: "F64" },
  float16: { bytes: 2, storageClass: "HalfStorage", safetensors: "F16" },
  bfloat16: { bytes: 2, storageClass: "BFloat16Storage", safetensors: "BF16" },
  int8: { bytes: 1, storageClass: "CharStorage", safetensors: "I8" },
  int16: { bytes: 2, storageClass: "ShortStorage", safetensors: "I16" },
  int32: { bytes: 4, storageClass: "IntStorage", safetensors: "I32" },
  int64: { bytes: 8, storageClass: "LongStorage", safetensors: "I64" },
  uint8: { bytes: 1, storageClass: "ByteStorage", safetensors: "U8" },
  bool: { bytes: 1, storageClass: "BoolStorage", safetensors: "BOOL" },
  complex64: { bytes: 8, storageClass: "ComplexFloatStorage", safetensors: "C64" },
  complex128: { bytes: 16, storageClass: "ComplexDoubleStorage" },
  uint16: { bytes: 2, safetensors: "U16" },
  uint32: { bytes: 4, safetensors: "U32" },
  uint64: { bytes: 8, safetensors: "U64" },
  float8_e4m3fn: { bytes: 1, safetensors: "F8_E4M3" },
  float8_e5m2: { bytes: 1, safetensors: "F8_E5M2" },
};

const inverse = (tagOf: (dtype: StoredDtype) => string | undefined): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(storedDtypes).flatMap(([name, dtype]) => {
      const tag = tagOf(dtype);
      return tag === undefined ? [] : [[tag, name] as const];
    }),
  );

export const dtypeOfStorageClass = inverse((dtype) => dtype.storageClass);
export const dtypeOfSafetensorsTag = inverse((dtype) => dtype.safetensors);

/** Narrow to wide: the reference implementation writes tensors in the reverse of this order, so that all are aligned. */
export const safetensorsOrder: readonly string[] = [
  "BOOL",
  "U8",
  "I8",
  "F8_E5M2",
  "F8_E4M3",
  "I16",
  "U16",
  "F16",
  "BF16",
  "I32",
  "U32",
  "F32",
  "C64",
  "F64",
  "I64",
  "U64",
];
