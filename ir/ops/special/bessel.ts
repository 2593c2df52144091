/**
 * Bessel functions of the first and second kind. The Chebyshev series were computed with mpmath at 60 digits and cut
 * where terms fall below 1e-18 of the largest.
 */
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { chebyshevSeries } from "./chebyshev-series.ts";

/** Up to here the series in x**2 holds, from here on those of modulus and phase. */
const middle = 8;

// ---- order 0

/** J0(x) in x**2 / 32 - 1. */
const j0Near = [
  0.15772797147489012, -0.008723442352852221, 0.2651786132033368, -0.37009499387264977, 0.15806710233209725,
  -0.034893769411408884, 0.004819180069467605, -0.00046062616620627504, 3.246032882100508e-5, -1.7619469077621507e-6,
  7.608163592418782e-8, -2.679253530557673e-9, 7.848696314479465e-11, -1.9438346867370164e-12, 4.125320595634374e-14,
  -7.588508125447546e-16, 1.2218515873961411e-17,
];
/** Y0(x) - 2 / pi log(x) J0(x), likewise. */
const y0Near = [
  -0.03314611320328494, -0.2744743055297453, 0.17903431407718265, 0.26156734625504663, -0.17730201278114358,
  0.04719668959576339, -0.007287962479552079, 0.0007531135932577742, -5.632079141056987e-5, 3.206532537654801e-6,
  -1.44072332740187e-7, 5.248794787330516e-9, -1.5837552541812015e-10, 4.02633081830612e-12, -8.747341203310769e-14,
  1.6434898714919468e-15, -2.6977881152566837e-17, 3.9032584173475982e-19,
];
/** P in 128 / x**2 - 1, where J0(x) = sqrt(2 / (pi x)) (P cos(c) - Q sin(c)), c = x - pi / 4. */
const p0Far = [
  0.9994603493475187, -0.0005365220468132117, 3.0751847875194745e-6, -5.1705945376060975e-8, 1.6306464635151382e-9,
  -7.86409137723707e-11, 5.168262387349193e-12, -4.3045788699253914e-13, 4.3265957431549404e-14, -5.069034095935236e-15,
  6.748072215733873e-16, -1.0011513723467786e-16, 1.6305919233744186e-17, -2.880866169482871e-18,
];
/** x Q, likewise. */
const q0Far = [
  -0.12444683684269607, 0.0005470815954089319, -5.9315987288485175e-6, 1.4377965798375193e-7, -5.817532749493056e-9,
  3.376097523734991e-10, -2.565397936797308e-11, 2.404916100281365e-12, -2.6690625482579414e-13, 3.4041800321963686e-14,
  -4.87994410531204e-15, 7.729703176242605e-16, -1.3348852171502517e-16, 2.4865952389390515e-17, -4.952892629886516e-18,
  1.0473158973776097e-18, -2.336930172211422e-19,
];
// ---- order 1

/** J1(x) / x in x**2 / 32 - 1. */
const j1Near = [
  0.08104484632565812, -0.1489751450676521, 0.1609992623572097, -0.08268049176681791, 0.022213639654966037,
  -0.003646940600769276, 0.0004050337728354822, -3.255554866857259e-5, 1.9858774049915165e-6, -9.521984756750436e-8,
  3.687133759097148e-9, -1.178026622695885e-10, 3.160154580348003e-12, -7.221755239651773e-14, 1.4232144003513942e-15,
  -2.4441972916190464e-17, 3.6912682997929334e-19,
];
/** (Y1(x) - 2 / pi (log(x) J1(x) - 1 / x)) / x, likewise. */
const y1Near = [
  0.0025380132357417816, -0.01608717304766875, -0.09591204536083074, 0.08445197259652346, -0.028328123944594365,
  0.005289897544167113, -0.0006414551451326356, 5.505982873338744e-5, -3.53808001868935e-6, 1.7707804556154404e-7,
  -7.11055004989928e-9, 2.344337905911516e-10, -6.4651518414115946e-12, 1.51429151205002e-13, -3.0511859694473254e-15,
  5.34668038572867e-17, -8.224911372021585e-19,
];
/** P in 128 / x**2 - 1, where J1(x) = sqrt(2 / (pi x)) (P cos(c) - Q sin(c)), c = x - 3 pi / 4. */
const p1Far = [
  1.0009030408600137, 0.0008989898330859408, -3.987284300488908e-6, 6.177633960644299e-8, -1.8718907491063067e-9,
  8.816898659582339e-11, -5.704863640395645e-12, 4.699195515230542e-13, -4.6842237839904895e-14, 5.452674896044717e-15,
  -7.221180842274018e-16, 1.0667689114335412e-16, -1.7312313216116335e-17, 3.0492991197665872e-18,
];
/** x Q, likewise. */
const q1Far = [
  0.3742222965562826, -0.0007702178839325664, 7.3108922063643636e-6, -1.676782510726674e-7, 6.583354662120443e-9,
  -3.749090950541556e-10, 2.8121750359748866e-11, -2.61145253946232e-12, 2.8774212663332235e-13, -3.649001916061838e-14,
  5.206626366226707e-15, -8.215318025458595e-16, 1.4141084390211833e-16, -2.626761589838529e-17, 5.2192649196714085e-18,
  -1.101261718787959e-18,
];

type Order = 0 | 1;
const series = [
  { j: j0Near, y: y0Near, p: p0Far, q: q0Far },
  { j: j1Near, y: y1Near, p: p1Far, q: q1Far },
] as const;

/** Of x in [0, 8]. */
function firstKindNear(g: GraphBuilder, x: Node, order: Order): Node {
  const value = chebyshevSeries(g, series[order].j, squared(g, x));
  return order === 0 ? value : g.mul(x, value);
}

/** Of x in (0, 8]. */
function secondKindNear(g: GraphBuilder, x: Node, order: Order): Node {
  const regular = chebyshevSeries(g, series[order].y, squared(g, x));
  const singular = g.mul(g.log(x), firstKindNear(g, x, order));
  if (order === 0) return g.add(regular, g.mul(singular, 2 / Math.PI));
  return g.add(g.mul(x, regular), g.mul(g.sub(singular, g.div(1, x)), 2 / Math.PI));
}

const squared = (g: GraphBuilder, x: Node): Node => g.sub(g.div(g.mul(x, x), middle ** 2 / 2), 1);

/** Both kinds for x >= 8. */
function far(g: GraphBuilder, x: Node, order: Order): readonly [first: Node, second: Node] {
  const t = g.sub(g.mul(g.div(middle, x), g.div(2 * middle, x)), 1);
  const p = chebyshevSeries(g, series[order].p, t);
  const q = g.div(chebyshevSeries(g, series[order].q, t), x);
  // sqrt(2) times cosine and sine of the phase: no angle is subtracted from a large x.
  const [cosine, sine] = [g.unary("cos", x), g.unary("sin", x)];
  const [sum, difference] = [g.add(sine, cosine), g.sub(sine, cosine)];
  const [c, s] = order === 0 ? [sum, difference] : [difference, g.neg(sum)];
  const size = g.div(1 / Math.sqrt(Math.PI), g.sqrt(x));
  return [g.mul(size, g.sub(g.mul(p, c), g.mul(q, s))), g.mul(size, g.add(g.mul(p, s), g.mul(q, c)))];
}

/** Of any x. */
export function besselFirstKind(g: GraphBuilder, x: Node, order: Order): Node {
  const size = g.abs(x);
  const isNear = g.le(size, middle);
  const [outer] = far(g, g.where(isNear, middle, size), order);
  const near = firstKindNear(g, g.where(isNear, x, 0), order);
  // J1 is odd.
  return g.where(isNear, near, order === 0 ? outer : g.where(g.lt(x, 0), g.neg(outer), outer));
}

/** NaN below zero, -infinity at it. */
export function besselSecondKind(g: GraphBuilder, x: Node, order: Order): Node {
  const isNear = g.le(x, middle);
  const [, outer] = far(g, g.where(isNear, middle, x), order);
  const isInside = g.and(isNear, g.gt(x, 0));
  const near = secondKindNear(g, g.where(isInside, x, 1), order);
  const edge = g.where(g.eq(x, 0), g.full([], -Infinity, x.dtype), NaN);
  return g.where(isInside, near, g.where(g.gt(x, middle), outer, edge));
}

/** sin(x) / x; by the power series where the quotient loses digits. */
export function sphericalBessel(g: GraphBuilder, x: Node): Node {
  const isSmall = g.lt(g.abs(x), 0.5);
  const square = g.mul(x, x);
  let power = g.full([], 1, x.dtype);
  for (let k = 7; k >= 1; k--) power = g.sub(1, g.mul(power, g.div(square, 2 * k * (2 * k + 1))));
  const safe = g.where(isSmall, 1, x);
  const quotient = g.where(g.eq(g.abs(x), Infinity), 0, g.div(g.unary("sin", safe), safe));
  return g.where(isSmall, power, quotient);
}
