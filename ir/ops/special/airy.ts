/**
 * The Airy function Ai. The Chebyshev series were computed with mpmath at 60 digits and cut where terms fall below 1e-18
 * of the largest.
 */
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { chebyshevSeries } from "./chebyshev-series.ts";

const lowest = -4;
const highest = 2;
/** z = 2 / 3 |x|**1.5 at both ends. */
const [zLowest, zHighest] = [16 / 3, (2 / 3) * highest ** 1.5];

/** Ai(x) in (x + 1) / 3, for x in [-4, 2]. */
const aiNear = [
  0.06078525685079726, 0.18996030881729123, -0.250924387032336, -0.09512014013503055, 0.20236324198370076,
  -0.06418728306305249, -0.026814703186039963, 0.024051904281273857, -0.00413259164974895, -0.0020196817905494225,
  0.0011250768750654559, -0.00011697538709676606, -7.125499253060682e-5, 2.8167833107042442e-5, -1.7594742389691562e-6,
  -1.4587201524168717e-6, 4.388747958436033e-7, -1.4627095866197506e-8, -1.9495992841846798e-8, 4.660552774163884e-9,
  -5.106245117904234e-11, -1.8343326708789198e-10, 3.5857642041278925e-11, 2.658241327479573e-13,
  -1.2805447574198059e-12, 2.0885896604502407e-13, 4.8741837202287105e-15, -6.895080927885035e-15, 9.51965014570017e-16,
  3.5978991422145034e-17, -2.9502705833721254e-17, 3.483989442459416e-18,
];
/** 2 sqrt(pi) x**(1 / 4) e**z Ai(x) in 2 zHighest / z - 1, for x >= 2. */
const aiFar = [
  0.9844053049171552, -0.014792784850104199, 0.0007327177465426715, -6.12595423417825e-5, 6.83476697557269e-6,
  -9.237229735403982e-7, 1.436225340438052e-7, -2.489319422322096e-8, 4.709793440054328e-9, -9.583863708112733e-10,
  2.0745855483677591e-10, -4.737267332192277e-11, 1.1336099808224236e-11, -2.827706782319351e-12, 7.320712095125598e-13,
  -1.9599793911089723e-13, 5.4101162570683925e-14, -1.5356466802223836e-14, 4.472340393300025e-15,
  -1.3338094674756683e-15, 4.066582046456231e-16, -1.265583225645289e-16, 4.015126334015871e-17,
  -1.2969972135960937e-17, 4.2613499074124e-18, -1.422676842293507e-18,
];
/** F in 2 (zLowest / z)**2 - 1, where sqrt(pi) |x|**(1 / 4) Ai(x) = F sin(z + pi / 4) - G cos(z + pi / 4), for x <= -4. */
const aiF = [
  0.9993708890742778, -0.0006216836584374116, 7.181193774368645e-6, -2.316269813501758e-7, 1.3216283888528755e-8,
  -1.0938736172758127e-9, 1.1794620737908535e-10, -1.5518841909929856e-11, 2.386927411492466e-12, -4.16552889201035e-13,
  8.071678110741467e-14, -1.708757321110567e-14, 3.902945148540815e-15, -9.523976784907064e-16, 2.4632810885752603e-16,
  -6.709077463464858e-17, 1.913939683718707e-17, -5.69308436211377e-18, 1.75895281622296e-18,
];
/** z G, likewise. */
const aiG = [
  0.06882170556308001, -0.0006089151840832694, 1.3174151014089972e-5, -6.014071912908298e-7, 4.327537342298499e-8,
  -4.247731732954726e-9, 5.232285376834493e-10, -7.672290975115024e-11, 1.2923809452698712e-11, -2.43852975710829e-12,
  5.059047237872084e-13, -1.1378513792256329e-13, 2.7441377308322258e-14, -7.03448211263258e-15, 1.9032114367198917e-15,
  -5.403040541409308e-16, 1.6016711026585234e-16, -4.9375274403528065e-17, 1.5773435797781153e-17,
  -5.206129581838458e-18, 1.7706787947400164e-18, -6.191669620783275e-19, 2.2214932182107093e-19,
  -8.163522026177268e-20,
];

const phase = (g: GraphBuilder, size: Node): Node => g.mul(g.mul(size, g.sqrt(size)), 2 / 3);
const fourthRoot = (g: GraphBuilder, size: Node): Node => g.sqrt(g.sqrt(size));

/** Of x >= 2. */
function decaying(g: GraphBuilder, x: Node): Node {
  const z = phase(g, x);
  const series = chebyshevSeries(g, aiFar, g.sub(g.div(2 * zHighest, z), 1));
  return g.div(g.mul(series, g.exp(g.neg(z))), g.mul(fourthRoot(g, x), 2 * Math.sqrt(Math.PI)));
}

/** Of -x for x >= 4. */
function oscillating(g: GraphBuilder, x: Node): Node {
  const z = phase(g, x);
  const ratio = g.div(zLowest, z);
  const t = g.sub(g.mul(g.mul(ratio, ratio), 2), 1);
  const [f, h] = [chebyshevSeries(g, aiF, t), g.div(chebyshevSeries(g, aiG, t), z)];
  const [sine, cosine] = [g.unary("sin", z), g.unary("cos", z)];
  const sum = g.sub(g.mul(f, g.add(sine, cosine)), g.mul(h, g.sub(cosine, sine)));
  return g.div(sum, g.mul(fourthRoot(g, x), Math.sqrt(2 * Math.PI)));
}

export function airyAi(g: GraphBuilder, x: Node): Node {
  const [below, above] = [g.lt(x, lowest), g.gt(x, highest)];
  const outside = g.or(below, above);
  const near = chebyshevSeries(g, aiNear, g.div(g.add(g.where(outside, -1, x), 1), 3));
  const outer = g.where(
    above,
    decaying(g, g.where(above, x, highest)),
    oscillating(g, g.where(below, g.neg(x), -lowest)),
  );
  return g.where(g.or(g.isNaN(x), g.eq(g.abs(x), Infinity)), NaN, g.where(outside, outer, near));
}
