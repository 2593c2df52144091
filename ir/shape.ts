/** Shapes and strides: pure arithmetic on arrays of sizes. */
export type Shape = readonly number[];

export function elementCount(shape: Shape): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Row-major strides in elements; a dimension of size 0 counts as 1, as PyTorch counts it. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(1, shape[i]!);
  }
  return strides;
}

/** The common shape of two by PyTorch's rule (aligned at the right; 1 stretches), or null when there is none. */
export function broadcastShapes(a: Shape, b: Shape): number[] | null {
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const x = i < rank - a.length ? 1 : a[i - (rank - a.length)]!;
    const y = i < rank - b.length ? 1 : b[i - (rank - b.length)]!;
    if (x === y || y === 1) result[i] = x;
    else if (x === 1) result[i] = y;
    else return null;
  }
  return result;
}

/** Whether strides walk the shape in row-major order without gaps (sizes 0 and 1 put no condition). */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i]!;
    if (size === 0) return true;
    if (size !== 1 && strides[i] !== step) return false;
    step *= size;
  }
  return true;
}

export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;
/** As Python prints sizes, which some of PyTorch's messages do. */
export const sizeText = (shape: Shape): string => `torch.Size(${formatShape(shape)})`;
