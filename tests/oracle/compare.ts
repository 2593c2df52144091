/**
 * The oracle's comparison rules: torch.testing.assert_close on decoded data, and the four modes a case may ask for.
 *
 * in:  numbers that were read from a tensor, and the tensor node that PyTorch recorded
 * out: null when they agree, else a short reason
 */
import { elementCount, elementsOf, isComplex, type DTypeName, type TensorNode, type Tolerance } from "./format.ts";

/**
 * close:     values within the tolerance
 * abs:       absolute values within the tolerance (factors fixed up to sign)
 * unordered: the same values in any order (eigenvalues)
 * meta:      only shape and dtype (random or undefined values)
 */
export type CompareMode = "close" | "abs" | "unordered" | "meta";

/** A tensor's contents: row-major, complex interleaved, dtype as PyTorch spells it without "torch.". */
export interface ReadTensor {
  data: ArrayLike<number | bigint | boolean>;
  shape: readonly number[];
  dtype: string;
}

export const FLOAT32_TOLERANCE: Tolerance = [1.3e-6, 1e-5];

const DEFAULT_TOLERANCE: Record<DTypeName, Tolerance> = {
  bool: [0, 0],
  uint8: [0, 0],
  int8: [0, 0],
  int16: [0, 0],
  int32: [0, 0],
  int64: [0, 0],
  float16: [1e-3, 1e-5],
  bfloat16: [1.6e-2, 1e-5],
  float32: FLOAT32_TOLERANCE,
  float64: [1e-7, 1e-7],
  complex64: FLOAT32_TOLERANCE,
  complex128: [1e-7, 1e-7],
};

/**
 * A case's tolerance is meant for float32. Another dtype takes its own default, widened by those parts of the case's
 * tolerance that are not just float32's default.
 */
function toleranceFor(dtype: DTypeName, asked: Tolerance | undefined): Tolerance {
  const standard = DEFAULT_TOLERANCE[dtype];
  if (asked === undefined || standard[1] === 0) return standard;
  if (dtype === "float32" || dtype === "complex64") return asked;
  const [rtol, atol] = asked;
  return [
    rtol === FLOAT32_TOLERANCE[0] ? standard[0] : Math.max(standard[0], rtol),
    atol === FLOAT32_TOLERANCE[1] ? standard[1] : Math.max(standard[1], atol),
  ];
}

/** |got - want| <= atol + rtol * |want|; NaN equals NaN; an infinity equals itself alone. */
export function isClose(got: number, want: number, [rtol, atol]: Tolerance): boolean {
  if (Number.isNaN(want)) return Number.isNaN(got);
  if (got === want) return true;
  return Number.isFinite(got) && Number.isFinite(want) && Math.abs(got - want) <= atol + rtol * Math.abs(want);
}

/** An int64 read as a plain number counts when that number is all a double can say. */
function isSameInteger(got: number | bigint | boolean, want: bigint): boolean {
  if (typeof got === "bigint") return got === want;
  const number = Number(got);
  if (Number.isSafeInteger(number)) return BigInt(number) === want;
  return number === Number(want);
}

function isCloseComplex(gr: number, gi: number, wr: number, wi: number, tolerance: Tolerance): boolean {
  if (Number.isFinite(wr) && Number.isFinite(wi)) {
    return Math.hypot(gr - wr, gi - wi) <= tolerance[1] + tolerance[0] * Math.hypot(wr, wi);
  }
  if (Number.isNaN(wr) || Number.isNaN(wi)) return Number.isNaN(gr) || Number.isNaN(gi);
  return isClose(gr, wr, tolerance) && isClose(gi, wi, tolerance);
}

/** null when `got` is what was recorded, else why not. */
export function compareTensor(
  got: ReadTensor,
  want: TensorNode,
  asked?: Tolerance,
  mode: CompareMode = "close",
): string | null {
  if (got.shape.length !== want.shape.length || got.shape.some((size, axis) => size !== want.shape[axis])) {
    return `shape [${got.shape.join(", ")}], expected [${want.shape.join(", ")}]`;
  }
  if (got.dtype !== want.dtype) return `dtype ${got.dtype}, expected ${want.dtype}`;
  if (mode === "meta") return null;

  const width = isComplex(want.dtype) ? 2 : 1;
  const count = elementCount(want.shape);
  if (got.data.length !== width * count) return `${got.data.length} numbers, expected ${width * count}`;
  const tolerance = toleranceFor(want.dtype, asked);
  if (mode === "unordered") return compareUnordered(got.data, want, width, tolerance);
  return width === 2 ? compareComplex(got.data, want, tolerance, mode) : compareReal(got.data, want, tolerance, mode);
}

function compareReal(
  data: ReadTensor["data"],
  want: TensorNode,
  tolerance: Tolerance,
  mode: CompareMode,
): string | null {
  const expected = elementsOf(want);
  let wrong = 0;
  let first = -1;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const g = data[i]!;
    const w = expected[i]!;
    if (typeof w === "bigint") {
      if (isSameInteger(g, w)) continue;
    } else if (mode === "abs") {
      if (isClose(Math.abs(Number(g)), Math.abs(w), tolerance)) continue;
      worst = Math.max(worst, Math.abs(Math.abs(Number(g)) - Math.abs(w)));
    } else {
      if (isClose(Number(g), w, tolerance)) continue;
      worst = Math.max(worst, Math.abs(Number(g) - w));
    }
    wrong++;
    if (first < 0) first = i;
  }
  return wrong === 0
    ? null
    : difference(wrong, expected.length, first, `${data[first]!}`, `${expected[first]!}`, worst, tolerance);
}

function compareComplex(
  data: ReadTensor["data"],
  want: TensorNode,
  tolerance: Tolerance,
  mode: CompareMode,
): string | null {
  const expected = elementsOf(want);
  const count = expected.length / 2;
  let wrong = 0;
  let first = -1;
  let worst = 0;
  const show = (re: unknown, im: unknown) => `${String(re)}${Number(im) < 0 ? "" : "+"}${String(im)}j`;
  for (let i = 0; i < count; i++) {
    const gr = Number(data[2 * i]);
    const gi = Number(data[2 * i + 1]);
    const wr = Number(expected[2 * i]);
    const wi = Number(expected[2 * i + 1]);
    // Factors are fixed up to a number of size one.
    if (mode === "abs" && isClose(Math.hypot(gr, gi), Math.hypot(wr, wi), tolerance)) continue;
    if (mode !== "abs" && isCloseComplex(gr, gi, wr, wi, tolerance)) continue;
    worst = Math.max(worst, Math.hypot(gr - wr, gi - wi));
    wrong++;
    if (first < 0) first = i;
  }
  if (wrong === 0) return null;
  const got = show(data[2 * first], data[2 * first + 1]);
  return difference(wrong, count, first, got, show(expected[2 * first], expected[2 * first + 1]), worst, tolerance);
}

function difference(
  wrong: number,
  count: number,
  first: number,
  got: string,
  want: string,
  worst: number,
  [rtol, atol]: Tolerance,
): string {
  const far = worst > 0 ? `, at most ${worst.toExponential(2)} apart` : "";
  return `${wrong}/${count} values differ: [${first}] is ${got}, expected ${want}${far} (rtol ${rtol}, atol ${atol})`;
}

/** Matches every expected value with the nearest value not taken yet. Cost: O(n^2); these are eigenvalues. */
function compareUnordered(
  data: ReadTensor["data"],
  want: TensorNode,
  width: number,
  [rtol, atol]: Tolerance,
): string | null {
  const expected = Array.from(elementsOf(want), Number);
  const count = expected.length / width;
  const taken = new Set<number>();
  for (let i = 0; i < count; i++) {
    let nearest = -1;
    let nearestDistance = Infinity;
    for (let j = 0; j < count; j++) {
      if (taken.has(j)) continue;
      let distance = 0;
      for (let part = 0; part < width; part++) {
        distance += Math.abs(Number(data[width * j + part]) - expected[width * i + part]!);
      }
      if (distance < nearestDistance) {
        nearestDistance = distance;
        nearest = j;
      }
    }
    const allowed = 10 * (atol + rtol * Math.abs(expected[width * i]!)) + 1e-4;
    if (nearest < 0 || nearestDistance > allowed) return `nothing matches expected value ${i} (${expected[width * i]})`;
    taken.add(nearest);
  }
  return null;
}
