/** What the library's readers may hand out, turned into one flat row-major array. */

type Elements = ArrayLike<number | bigint | boolean>;

interface NdArray {
  data: Elements;
  shape: readonly number[];
  /** In elements. */
  strides?: readonly number[];
  offset?: number;
}

function isNdArray(value: unknown): value is NdArray {
  return typeof value === "object" && value !== null && "data" in value && "shape" in value;
}

/** A typed array as it is; an NdArray gathered into row-major order. @throws Error for anything else */
export function typedArrayOf(value: unknown): Elements {
  if (ArrayBuffer.isView(value)) return value as unknown as Elements;
  if (!isNdArray(value)) throw new Error("numpyAsync() gave neither a typed array nor an NdArray");
  const { data, shape, strides, offset = 0 } = value;
  if (strides === undefined) return data;
  const gathered: (number | bigint | boolean)[] = [];
  const visit = (axis: number, at: number): void => {
    if (axis === shape.length) gathered.push(data[at]!);
    else for (let i = 0; i < shape[axis]!; i++) visit(axis + 1, at + i * strides[axis]!);
  };
  visit(0, offset);
  return gathered;
}

/** `tolist()`'s nested arrays, or its single value, as one array. */
export function flattened(nested: unknown): Elements {
  return (Array.isArray(nested) ? nested.flat(Infinity) : [nested]) as (number | bigint | boolean)[];
}
