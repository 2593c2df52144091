/** Real arithmetic on the parts of complex numbers: what the complex operations are written in. */
import { isComplex } from "../dtype.ts";
import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../graph.ts";

/** Real and imaginary part. */
export type Parts = readonly [re: Node, im: Node];

export const partsOf = (g: GraphBuilder, z: Node): Parts => [g.real(z), g.imag(z)];
export const ofParts = (g: GraphBuilder, [re, im]: Parts): Node => g.complex(re, im);

/** The same for both parts: what only moves elements, and what is linear with real coefficients. */
export const eachPart = (g: GraphBuilder, z: Node, f: (part: Node) => Node): Node =>
  g.complex(f(g.real(z)), f(g.imag(z)));

export const timesParts = (g: GraphBuilder, [a, b]: Parts, [c, d]: Parts): Parts => [
  g.sub(g.mul(a, c), g.mul(b, d)),
  g.add(g.mul(a, d), g.mul(b, c)),
];

/** By Smith's method: no square of the denominator that could overflow or vanish. */
export function dividedParts(g: GraphBuilder, [a, b]: Parts, [c, d]: Parts): Parts {
  const wide = g.ge(g.abs(c), g.abs(d));
  const [large, small] = [g.where(wide, c, d), g.where(wide, d, c)];
  // Zero by zero: the ratio does not matter, and 1 / 0 has the sign of the zero.
  const ratio = g.where(g.and(g.eq(large, 0), g.eq(small, 0)), 0, g.div(small, large));
  const scale = g.add(large, g.mul(small, ratio));
  const over = (x: Node, y: Node): Node => g.add(x, g.mul(y, ratio));
  const re = g.where(wide, over(a, b), over(b, a));
  const im = g.where(wide, g.sub(b, g.mul(a, ratio)), g.sub(g.mul(b, ratio), a));
  return [g.div(re, scale), g.div(im, scale)];
}

/** The absolute value, without the squares' overflow. */
export function sizeOf(g: GraphBuilder, [a, b]: Parts): Node {
  const [x, y] = [g.abs(a), g.abs(b)];
  const [large, small] = [g.max(x, y), g.min(x, y)];
  const ratio = g.where(g.eq(large, 0), 0, g.div(small, large));
  const size = g.mul(large, g.sqrt(g.add(g.mul(ratio, ratio), 1)));
  // An infinite part decides, whatever the other one is.
  return g.where(g.or(g.eq(x, Infinity), g.eq(y, Infinity)), Infinity, size);
}

/** |z| ** 2; of a real number its square. */
export const squaredSize = (g: GraphBuilder, z: Node): Node =>
  isComplex(z.dtype) ? g.add(squareOf(g, g.real(z)), squareOf(g, g.imag(z))) : squareOf(g, z);

export const squareOf = (g: GraphBuilder, x: Node): Node => g.mul(x, x);
export const signedAs = (g: GraphBuilder, size: Node, sign: Node): Node => g.binary("copysign", size, sign);

export const conjugate = (g: GraphBuilder, z: Node): Node =>
  isComplex(z.dtype) ? g.complex(g.real(z), g.neg(g.imag(z))) : z;
