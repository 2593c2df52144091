/**
 * Analytic functions of a complex number, by their real and imaginary parts. Written so that no step overflows or loses
 * its digits where the result does not; branch cuts and signs of zero as in C.
 */
import type { GraphBuilder } from "../builder.ts";
import type { Node, UnaryPrimitive } from "../graph.ts";
import { dividedParts, sizeOf, signedAs, squareOf, timesParts, type Parts } from "./parts.ts";

type PartsFunction = (g: GraphBuilder, z: Parts) => Parts;

const sin = (g: GraphBuilder, x: Node): Node => g.unary("sin", x);
const cos = (g: GraphBuilder, x: Node): Node => g.unary("cos", x);
const sinh = (g: GraphBuilder, x: Node): Node => g.unary("sinh", x);
const cosh = (g: GraphBuilder, x: Node): Node => g.unary("cosh", x);
const angle = (g: GraphBuilder, [x, y]: Parts): Node => g.binary("atan2", y, x);
const scaled = (g: GraphBuilder, [x, y]: Parts, by: number): Parts => [g.mul(x, by), g.mul(y, by)];
/** i z */
const turned = (g: GraphBuilder, [x, y]: Parts): Parts => [g.neg(y), x];
/** -i z */
const turnedBack = (g: GraphBuilder, [x, y]: Parts): Parts => [y, g.neg(x)];
const onePlus = (g: GraphBuilder, [x, y]: Parts): Parts => [g.add(x, 1), y];
const oneMinus = (g: GraphBuilder, [x, y]: Parts): Parts => [g.sub(1, x), g.neg(y)];
const conjugate = (g: GraphBuilder, [x, y]: Parts): Parts => [x, g.neg(y)];

/** A real part that has grown beyond all bounds in no direction in particular: as in C, infinity and not NaN. */
const infiniteAt = (g: GraphBuilder, x: Node, re: Node): Node =>
  g.where(g.and(g.isNaN(re), g.eq(g.abs(x), Infinity)), Infinity, re);

const exp: PartsFunction = (g, [x, y]) => {
  const size = g.exp(x);
  // exp(inf + 0i) is real, and exp(-inf) is zero in every direction.
  const im = g.where(g.eq(y, 0), y, g.mul(size, sin(g, y)));
  const gone = g.eq(x, -Infinity);
  const re = infiniteAt(g, x, g.mul(size, g.where(g.eq(y, 0), 1, cos(g, y))));
  return [g.where(gone, 0, re), g.where(gone, 0, im)];
};

/** log |z|, which is small near the unit circle: from |z|^2 - 1 there. */
function logSize(g: GraphBuilder, z: Parts): Node {
  const [a, b] = [g.abs(z[0]), g.abs(z[1])];
  const [large, small] = [g.max(a, b), g.min(a, b)];
  const size = sizeOf(g, z);
  const near = g.and(g.gt(size, 0.5), g.lt(size, 2));
  const beyond = g.add(g.mul(g.sub(large, 1), g.add(large, 1)), squareOf(g, small));
  return g.where(near, g.mul(g.log1p(beyond), 0.5), g.log(size));
}

const log: PartsFunction = (g, z) => [logSize(g, z), angle(g, z)];

const log1p: PartsFunction = (g, [x, y]) => {
  const near = g.and(g.lt(g.abs(x), 0.5), g.lt(g.abs(y), 0.5));
  const beyond = g.add(g.mul(x, g.add(x, 2)), squareOf(g, y));
  const one = onePlus(g, [x, y]);
  return [g.where(near, g.mul(g.log1p(beyond), 0.5), logSize(g, one)), angle(g, one)];
};

const expm1: PartsFunction = (g, [x, y]) => {
  const half = sin(g, g.mul(y, 0.5));
  const re = g.sub(g.mul(g.unary("expm1", x), cos(g, y)), g.mul(squareOf(g, half), 2));
  return [re, exp(g, [x, y])[1]];
};

export const sqrt: PartsFunction = (g, [x, y]) => {
  const size = sizeOf(g, [x, y]);
  const root = g.sqrt(g.add(g.mul(g.abs(x), 0.5), g.mul(size, 0.5)));
  const other = g.where(g.eq(root, 0), 0, g.mul(g.div(g.abs(y), root), 0.5));
  const left = g.lt(x, 0);
  const re = g.where(left, other, root);
  const im = g.where(left, root, other);
  const tall = g.eq(g.abs(y), Infinity);
  // A NaN beside a finite number is one in both parts.
  return [g.where(tall, Infinity, re), g.where(tall, y, signedAs(g, im, y))];
};

/** A product that is zero where an argument of its factors is, though another factor is infinite or no number. */
const zeroAt = (g: GraphBuilder, product: Node, ...zeros: readonly Node[]): Node =>
  zeros.reduce((value, zero) => g.where(g.and(g.isNaN(value), g.eq(zero, 0)), zero, value), product);

const sinhOf: PartsFunction = (g, [x, y]) => [
  infiniteAt(g, x, zeroAt(g, g.mul(sinh(g, x), cos(g, y)), x)),
  zeroAt(g, g.mul(cosh(g, x), sin(g, y)), y),
];
const coshOf: PartsFunction = (g, [x, y]) => [
  infiniteAt(g, x, g.mul(cosh(g, x), cos(g, y))),
  zeroAt(g, g.mul(sinh(g, x), sin(g, y)), withSignOf(g, x, y), withSignOf(g, y, x)),
];
/** x where y is positive, else -x. */
const withSignOf = (g: GraphBuilder, x: Node, y: Node): Node => g.mul(x, signedAs(g, g.full([], 1, x.dtype), y));
const sinOf: PartsFunction = (g, z) => turnedBack(g, sinhOf(g, turned(g, z)));
const cosOf: PartsFunction = (g, z) => coshOf(g, turned(g, z));

/** Where the real part is that large, tanh is 1 to all digits, and its imaginary part is tiny. */
const farTanh = 11;
const tanh: PartsFunction = (g, [x, y]) => {
  const [re, im] = tanhAwayFromAxes(g, [x, y]);
  return [zeroAt(g, re, x), zeroAt(g, im, y)];
};
const tanhAwayFromAxes: PartsFunction = (g, [x, y]) => {
  const far = g.gt(g.abs(x), farTanh);
  const near = g.where(far, 0, x);
  const tangent = g.unary("tan", y);
  const slope = g.add(squareOf(g, tangent), 1);
  const s = sinh(g, near);
  const size = g.add(g.mul(slope, squareOf(g, s)), 1);
  const re = g.div(g.mul(g.mul(slope, g.sqrt(g.add(squareOf(g, s), 1))), s), size);
  const fading = g.mul(g.mul(g.mul(sin(g, y), cos(g, y)), 4), g.exp(g.mul(g.abs(x), -2)));
  const beside = g.where(g.eq(g.abs(x), Infinity), signedAs(g, g.mul(g.abs(x), 0), y), fading);
  const one = signedAs(g, g.add(g.mul(near, 0), 1), x);
  // At the poles of the tangent its square is infinite, and the quotient is known.
  const steep = g.eq(slope, Infinity);
  return [
    g.where(far, one, g.where(steep, g.div(cosh(g, near), s), re)),
    g.where(
      far,
      g.where(g.eq(g.abs(x), Infinity), signedAs(g, g.full([], 0, x.dtype), y), beside),
      g.div(tangent, size),
    ),
  ];
};

/** The roots of 1 - z and 1 + z, from which the inverse functions follow without cancellation. */
const rootsBeside = (g: GraphBuilder, z: Parts): readonly [Parts, Parts] => [
  sqrt(g, oneMinus(g, z)),
  sqrt(g, onePlus(g, z)),
];

const isInfinite = (g: GraphBuilder, x: Node): Node => g.eq(g.abs(x), Infinity);
const anyInfinite = (g: GraphBuilder, [x, y]: Parts): Node => g.or(isInfinite(g, x), isInfinite(g, y));
/** The direction in which a number is infinite: finite parts vanish beside infinite ones. */
const direction = (g: GraphBuilder, z: Parts): Parts => {
  const side = (x: Node): Node => g.where(isInfinite(g, x), signedAs(g, g.full([], 1, x.dtype), x), g.mul(x, 0));
  return [side(z[0]), side(z[1])];
};
const infinite = (g: GraphBuilder, sign: Node): Node => signedAs(g, g.full([], Infinity, sign.dtype), sign);
const eitherParts = (g: GraphBuilder, where: Node, a: Parts, b: Parts): Parts => [
  g.where(where, a[0], b[0]),
  g.where(where, a[1], b[1]),
];

const acos: PartsFunction = (g, z) => {
  const [below, above] = rootsBeside(g, z);
  const im = timesParts(g, conjugate(g, above), below)[1];
  const near: Parts = [g.mul(g.binary("atan2", below[0], above[0]), 2), g.unary("asinh", im)];
  const [x, y] = direction(g, z);
  return eitherParts(g, anyInfinite(g, z), [g.binary("atan2", g.abs(y), x), infinite(g, g.neg(z[1]))], near);
};

const asin: PartsFunction = (g, z) => {
  const [below, above] = rootsBeside(g, z);
  const re = timesParts(g, below, above)[0];
  const im = timesParts(g, conjugate(g, below), above)[1];
  const near: Parts = [g.binary("atan2", z[0], re), g.unary("asinh", im)];
  const [x, y] = direction(g, z);
  return eitherParts(g, anyInfinite(g, z), [g.binary("atan2", x, g.abs(y)), infinite(g, z[1])], near);
};

const acosh: PartsFunction = (g, z) => {
  const [x, y] = z;
  const [below, above] = [sqrt(g, [g.sub(x, 1), y]), sqrt(g, onePlus(g, z))];
  const re = timesParts(g, conjugate(g, below), above)[0];
  const near: Parts = [g.unary("asinh", re), g.mul(g.binary("atan2", below[1], above[0]), 2)];
  return eitherParts(g, anyInfinite(g, z), [g.full([], Infinity, x.dtype), angle(g, direction(g, z))], near);
};

const atanh: PartsFunction = (g, [x, y]) => {
  const size = g.abs(x);
  const away = g.sub(1, size);
  const square = squareOf(g, y);
  const re = g.mul(g.log1p(g.div(g.mul(size, 4), g.add(squareOf(g, away), square))), 0.25);
  const im = g.binary("atan2", g.mul(y, 2), g.sub(g.mul(away, g.add(size, 1)), square));
  const far = anyInfinite(g, [x, y]);
  const right = g.where(g.isNaN(y), y, signedAs(g, g.full([], Math.PI / 2, x.dtype), y));
  return [signedAs(g, g.where(far, 0, re), x), g.where(far, right, g.mul(im, 0.5))];
};

const one = (g: GraphBuilder, [x]: Parts): Parts => [g.full(x.shape, 1, x.dtype), g.full(x.shape, 0, x.dtype)];
const sigmoid: PartsFunction = (g, [x, y]) => {
  const e = exp(g, [g.neg(x), g.neg(y)]);
  return dividedParts(g, one(g, [x, y]), onePlus(g, e));
};

/** Those of the functions of one element that complex numbers have. */
export const partsFunctions: Partial<Record<UnaryPrimitive, PartsFunction>> = {
  sqrt,
  exp,
  expm1,
  exp2: (g, z) => exp(g, scaled(g, z, Math.LN2)),
  log,
  log2: (g, z) => scaled(g, log(g, z), 1 / Math.LN2),
  log10: (g, z) => scaled(g, log(g, z), 1 / Math.LN10),
  log1p,
  sin: sinOf,
  cos: cosOf,
  tan: (g, z) => turnedBack(g, tanh(g, turned(g, z))),
  sinh: sinhOf,
  cosh: coshOf,
  tanh,
  asin,
  acos,
  atan: (g, z) => turnedBack(g, atanh(g, turned(g, z))),
  asinh: (g, z) => turnedBack(g, asin(g, turned(g, z))),
  acosh,
  atanh,
  sigmoid,
};

/** z ** w; where z is zero only w tells: 1 for a zero, 0 in the right half plane. */
export function powerParts(g: GraphBuilder, z: Parts, w: Parts): Parts {
  const zero = g.and(g.eq(z[0], 0), g.eq(z[1], 0));
  const safe: Parts = [g.where(zero, 1, z[0]), z[1]];
  const [size, turn] = timesParts(g, w, log(g, safe));
  const [re, im] = exp(g, [size, turn]);
  const none = g.and(g.eq(w[0], 0), g.eq(w[1], 0));
  const atZero = g.where(none, 1, g.where(g.gt(w[0], 0), 0, g.full([], NaN, re.dtype)));
  return [g.where(zero, atZero, re), g.where(zero, g.where(none, 0, g.mul(atZero, 0)), im)];
}
