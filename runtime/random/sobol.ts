/**
 * Sobol's sequence as PyTorch computes it: points of 30 bits a dimension, each next one by one exclusive or with a
 * direction number (Gray code order).
 */
import { directionBits } from "./sobol-numbers.ts";

export const sobolBits = 30;
/** As many dimensions as there are primitive polynomials of degree 13 and less, and one. */
export const sobolDimensions = 1111;

/** Direction numbers of `dimension` dimensions, 30 of each, shifted to 30 bits. */
export function directionNumbers(dimension: number): Int32Array {
  const numbers = new Int32Array(dimension * sobolBits);
  for (let i = 0; i < sobolBits; i++) numbers[i] = 1 << (sobolBits - 1 - i);
  const bits = bitReader(directionBits);
  const polynomials = primitivePolynomials();
  for (let d = 1; d < dimension; d++) {
    const { degree, coefficients } = polynomials.next().value as Polynomial;
    const m = Array.from({ length: degree }, (_, i) => (bits(i) << 1) | 1);
    // m_i = m_{i-degree}, and 2^k m_{i-k} wherever the polynomial has a term.
    for (let i = degree; i < sobolBits; i++) {
      let next = m[i - degree]!;
      for (let k = 1; k <= degree; k++) if ((coefficients >> (degree - k)) & 1) next ^= m[i - k]! << k;
      m.push(next);
    }
    m.forEach((value, i) => (numbers[d * sobolBits + i] = value << (sobolBits - 1 - i)));
  }
  return numbers;
}

/** Reads numbers of that many bits, lowest first. */
function bitReader(base64: string): (count: number) => number {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  let at = 0;
  return (count) => {
    let value = 0;
    for (let i = 0; i < count; i++, at++) value |= ((bytes[at >> 3]! >> (at & 7)) & 1) << i;
    return value;
  };
}

interface Polynomial {
  readonly degree: number;
  /** Of x^i, in bit i. */
  readonly coefficients: number;
}
/** Those modulo 2 of which x generates all elements that are not zero, in order. */
function* primitivePolynomials(): Generator<Polynomial> {
  for (let degree = 1; ; degree++)
    for (let coefficients = (1 << degree) | 1; coefficients < 1 << (degree + 1); coefficients += 2)
      if (isPrimitive(coefficients, degree)) yield { degree, coefficients };
}
function isPrimitive(coefficients: number, degree: number): boolean {
  const times = (power: number): number => ((power << 1) >> degree === 0 ? power << 1 : (power << 1) ^ coefficients);
  let order = 1;
  for (let power = times(1); power !== 1; power = times(power)) order++;
  return order === (1 << degree) - 1;
}

/** A walk along the sequence. */
export class SobolWalk {
  private readonly directions: Int32Array;
  private readonly shift: Int32Array;
  private readonly point: Int32Array;
  private readonly dimension: number;
  generated = 0;

  /** `scramble` makes direction numbers and a first point of others. */
  constructor(dimension: number, scramble: ((directions: Int32Array) => Scrambled) | null) {
    const plain = directionNumbers(dimension);
    const { directions, shift } = scramble?.(plain) ?? { directions: plain, shift: new Int32Array(dimension) };
    this.directions = directions;
    this.shift = shift;
    this.point = shift.slice();
    this.dimension = dimension;
  }
  reset(): void {
    this.point.set(this.shift);
    this.generated = 0;
  }
  /** Goes on by one point. */
  private step(): void {
    // The first point is the shift itself.
    if (this.generated++ === 0) return;
    const bit = Math.clz32(~(this.generated - 2) & -~(this.generated - 2)) ^ 31;
    for (let d = 0; d < this.dimension; d++) this.point[d]! ^= this.directions[d * sobolBits + bit]!;
  }
  skip(count: number): void {
    for (let i = 0; i < count; i++) this.step();
  }
  /** The next points, in [0, 1). */
  next(count: number): Float64Array {
    const { dimension, point } = this;
    const points = new Float64Array(count * dimension);
    for (let i = 0; i < count; i++) {
      this.step();
      for (let d = 0; d < dimension; d++) points[i * dimension + d] = point[d]! * 2 ** -sobolBits;
    }
    return points;
  }
}

export interface Scrambled {
  readonly directions: Int32Array;
  readonly shift: Int32Array;
}

/**
 * A linear scramble (Matoušek) and a digital shift from bits: first `shiftBits` [dimension, 30], then `matrixBits`
 * [dimension, 30, 30], of which the part below the diagonal counts.
 */
export function scrambled(
  directions: Int32Array,
  shiftBits: ArrayLike<bigint>,
  matrixBits: ArrayLike<bigint>,
): Scrambled {
  const dimension = directions.length / sobolBits;
  const shift = new Int32Array(dimension);
  const mixed = new Int32Array(directions.length);
  for (let d = 0; d < dimension; d++) {
    const rows = Array.from({ length: sobolBits }, (_, row) => rowOf(matrixBits, d, row));
    for (let i = 0; i < sobolBits; i++) {
      if (shiftBits[d * sobolBits + i] === 1n) shift[d]! |= 1 << i;
      rows.forEach((row, p) => {
        const isOdd = parity(row & directions[d * sobolBits + i]!);
        mixed[d * sobolBits + i]! |= isOdd << (sobolBits - 1 - p);
      });
    }
  }
  return { directions: mixed, shift };
}
/** A row of a triangular matrix with ones on the diagonal, the first column as the highest bit. */
function rowOf(bits: ArrayLike<bigint>, d: number, row: number): number {
  let value = 1 << (sobolBits - 1 - row);
  for (let column = 0; column < row; column++)
    if (bits[(d * sobolBits + row) * sobolBits + column] === 1n) value |= 1 << (sobolBits - 1 - column);
  return value;
}
function parity(word: number): number {
  let x = word;
  for (const shift of [16, 8, 4, 2, 1]) x ^= x >>> shift;
  return x & 1;
}
