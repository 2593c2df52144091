/**
 * Element types: their names, sizes, categories, numeric limits, and PyTorch's promotion lattice.
 * Everything here is plain data; nothing depends on a device.
 */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "bfloat16"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "bool"
  | "complex64"
  | "complex128";

/** PyTorch's promotion categories, lowest first: a higher category always wins. */
export type Category = "bool" | "integer" | "float" | "complex";

export interface DTypeInfo {
  readonly name: DType;
  readonly bytes: number;
  readonly category: Category;
}

const info = (name: DType, bytes: number, category: Category): DTypeInfo => ({ name, bytes, category });

export const dtypes: Readonly<Record<DType, DTypeInfo>> = {
  float32: info("float32", 4, "float"),
  float64: info("float64", 8, "float"),
  float16: info("float16", 2, "float"),
  bfloat16: info("bfloat16", 2, "float"),
  int8: info("int8", 1, "integer"),
  int16: info("int16", 2, "integer"),
  int32: info("int32", 4, "integer"),
  int64: info("int64", 8, "integer"),
  uint8: info("uint8", 1, "integer"),
  bool: info("bool", 1, "bool"),
  complex64: info("complex64", 8, "complex"),
  complex128: info("complex128", 16, "complex"),
};

export const dtypeBytes = (dtype: DType): number => dtypes[dtype].bytes;
export const isFloat = (dtype: DType): boolean => dtypes[dtype].category === "float";
export const isComplex = (dtype: DType): boolean => dtype === "complex64" || dtype === "complex128";
export const isInteger = (dtype: DType): boolean => dtypes[dtype].category === "integer";
/** Integers and bool: the types that true division and the transcendental functions turn into floats. */
export const isIntegral = (dtype: DType): boolean => isInteger(dtype) || dtype === "bool";
export const isDType = (name: string): name is DType => Object.hasOwn(dtypes, name);

const categoryRank: Readonly<Record<Category, number>> = { bool: 0, integer: 1, float: 2, complex: 3 };
export const rankOf = (dtype: DType): number => categoryRank[dtypes[dtype].category];

/** `torch.promote_types`: the smallest type to which both can be converted, by PyTorch's lattice. */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  const rankA = rankOf(a);
  const rankB = rankOf(b);
  if (rankA !== rankB) {
    const [low, high] = rankA < rankB ? [a, b] : [b, a];
    // A float64 beside a complex64 keeps its precision.
    if (high === "complex64" && low === "float64") return "complex128";
    return high;
  }
  const category = dtypes[a].category;
  if (category === "complex") return "complex128";
  if (category === "float") {
    if (dtypeBytes(a) === 2 && dtypeBytes(b) === 2) return "float32"; // float16 with bfloat16
    return dtypeBytes(a) > dtypeBytes(b) ? a : b;
  }
  // Integers: uint8 with int8 needs int16; otherwise the wider one holds both.
  if (dtypeBytes(a) === dtypeBytes(b)) return "int16";
  return dtypeBytes(a) > dtypeBytes(b) ? a : b;
}

/** `torch.can_cast`: a conversion never goes down a category (float to integer, complex to float, ...). */
export function canCast(from: DType, to: DType): boolean {
  if (to === "bool") return from === "bool";
  if (from === to) return true;
  return rankOf(from) <= rankOf(to);
}

/** The real type of a complex one's parts. */
export const realOf = (dtype: DType): DType =>
  dtype === "complex64" ? "float32" : dtype === "complex128" ? "float64" : dtype;

/** The complex type whose parts have this type: of real types other than float64 complex64. */
export const complexOf = (dtype: DType): DType =>
  dtype === "float64" || dtype === "complex128" ? "complex128" : "complex64";

/** The range of an integer type, inclusive. */
export function integerRange(dtype: DType): readonly [bigint, bigint] {
  if (dtype === "bool") return [0n, 1n];
  if (dtype === "uint8") return [0n, 255n];
  const bits = BigInt(dtypeBytes(dtype) * 8 - 1);
  return [-(1n << bits), (1n << bits) - 1n];
}

/** What PyTorch's messages call a type, and the C type of its elements. */
const foreignNames: Readonly<Record<DType, readonly [scalar: string, c: string]>> = {
  float32: ["Float", "float"],
  float64: ["Double", "double"],
  float16: ["Half", "c10::Half"],
  bfloat16: ["BFloat16", "c10::BFloat16"],
  int8: ["Char", "signed char"],
  int16: ["Short", "short int"],
  int32: ["Int", "int"],
  int64: ["Long", "long int"],
  uint8: ["Byte", "unsigned char"],
  bool: ["Bool", "bool"],
  complex64: ["ComplexFloat", "c10::complex<float>"],
  complex128: ["ComplexDouble", "c10::complex<double>"],
};

export const scalarName = (dtype: DType): string => foreignNames[dtype][0];
export const cName = (dtype: DType): string => foreignNames[dtype][1];

/** PyTorch's words for a view of the same bits as elements of another size. */
export const unlike = (from: DType, to: DType): string =>
  `${scalarName(from)} as ${scalarName(to)} (different element sizes)`;

/** PyTorch's words for a number that is none of a type's, where integers' C types have a width. */
export const unconvertible = (dtype: DType): string =>
  `value cannot be converted to type ${dtype === "int32" ? "int" : isInteger(dtype) ? `${dtype}_t` : cName(dtype)} without overflow`;
