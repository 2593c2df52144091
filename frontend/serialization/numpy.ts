/** NumPy arrays and scalars inside pickles. */
import { serializationErrors } from "./errors.ts";
import { asBytes, asIndices, asString, asTuple } from "./python-values.ts";
import type { Buildable } from "./python-values.ts";
import { bytesOf, contiguousBytes, contiguousStrides, elementCountOf } from "./tensors.ts";
import { Complex, NumpyArray } from "./values.ts";

const dtypeOfCode: ReadonlyMap<string, string> = new Map([
  ["b1", "bool"],
  ["i1", "int8"],
  ["i2", "int16"],
  ["i4", "int32"],
  ["i8", "int64"],
  ["u1", "uint8"],
  ["u2", "uint16"],
  ["u4", "uint32"],
  ["u8", "uint64"],
  ["f2", "float16"],
  ["f4", "float32"],
  ["f8", "float64"],
  ["c8", "complex64"],
  ["c16", "complex128"],
]);

export function numpyCodeOf(dtype: string): string {
  for (const [code, name] of dtypeOfCode) if (name === dtype) return code;
  throw serializationErrors.cannotSave("a NumPy array", `of dtype ${dtype}, which NumPy does not have`);
}

/** `numpy.dtype("f8", False, True)`, and then its state with the byte order. */
export class NumpyDtype implements Buildable {
  readonly name: string;
  #bigEndian = false;

  constructor([code]: readonly unknown[]) {
    const text = asString(code, "a NumPy dtype");
    const name = dtypeOfCode.get(text.replace(/^[<>=|]/, ""));
    if (name === undefined) {
      throw serializationErrors.unsupported(
        `the NumPy dtype ${text}`,
        "Only numbers and bool are; save others as a list.",
      );
    }
    this.name = name;
    this.#bigEndian = text.startsWith(">");
  }

  build(state: unknown): void {
    this.#bigEndian = asTuple(state, "a NumPy dtype's state")[1] === ">";
  }

  littleEndian(bytes: Uint8Array): Uint8Array {
    if (!this.#bigEndian) return bytes;
    const size = this.name.startsWith("complex") ? bytesOf(this.name) / 2 : bytesOf(this.name);
    const swapped = bytes.slice();
    for (let at = 0; at < swapped.length; at += size) swapped.subarray(at, at + size).reverse();
    return swapped;
  }
}

function asDtype(value: unknown): NumpyDtype {
  if (value instanceof NumpyDtype) return value;
  throw serializationErrors.corrupt("a NumPy array has no dtype");
}

function makeArray(dtype: NumpyDtype, shape: readonly number[], columnMajor: boolean, raw: Uint8Array): NumpyArray {
  const needed = elementCountOf(shape) * bytesOf(dtype.name);
  if (raw.length !== needed) {
    throw serializationErrors.corrupt(
      `a NumPy array of shape (${shape.join(", ")}) has ${raw.length} of ${needed} bytes`,
    );
  }
  const strides = columnMajor ? contiguousStrides(shape.toReversed()).reverse() : contiguousStrides(shape);
  const bytes = contiguousBytes({ dtype: dtype.name, shape, strides }, 0, dtype.littleEndian(raw));
  return new NumpyArray(dtype.name, shape, bytes.slice());
}

/** What `_reconstruct` returns: empty until BUILD. */
export class NumpyRecord implements Buildable {
  array: NumpyArray | null = null;

  build(state: unknown): void {
    const [, shape, dtype, columnMajor, raw] = asTuple(state, "a NumPy array's state");
    const bytes = asBytes(raw, "a NumPy array's data");
    this.array = makeArray(asDtype(dtype), asIndices(shape, "a NumPy array's shape"), columnMajor === true, bytes);
  }
}

/** Protocol 5's `_frombuffer(bytes, dtype, shape, order)`. */
export const numpyFromBuffer = ([raw, dtype, shape, order]: readonly unknown[]): NumpyArray =>
  makeArray(
    asDtype(dtype),
    asIndices(shape, "a NumPy array's shape"),
    order === "F",
    asBytes(raw, "a NumPy array's data"),
  );

/** A NumPy scalar is a plain number here. */
export function numpyScalar([dtypeValue, raw]: readonly unknown[]): unknown {
  const dtype = asDtype(dtypeValue);
  const array = makeArray(dtype, [], false, asBytes(raw, "a NumPy scalar's data"));
  const view = new DataView(array.bytes.buffer);
  const integer = (value: bigint): number | bigint => {
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  };
  switch (dtype.name) {
    case "bool":
      return view.getUint8(0) !== 0;
    case "int8":
      return view.getInt8(0);
    case "int16":
      return view.getInt16(0, true);
    case "int32":
      return view.getInt32(0, true);
    case "int64":
      return integer(view.getBigInt64(0, true));
    case "uint8":
      return view.getUint8(0);
    case "uint16":
      return view.getUint16(0, true);
    case "uint32":
      return view.getUint32(0, true);
    case "uint64":
      return integer(view.getBigUint64(0, true));
    case "float16":
      return halfToNumber(view.getUint16(0, true));
    case "float32":
      return view.getFloat32(0, true);
    case "float64":
      return view.getFloat64(0, true);
    case "complex64":
      return new Complex(view.getFloat32(0, true), view.getFloat32(4, true));
    default:
      return new Complex(view.getFloat64(0, true), view.getFloat64(8, true));
  }
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
