/**
 * Modified Bessel functions of the second kind. The Chebyshev series were computed with mpmath at 60 digits and cut where
 * terms fall below 1e-18 of the largest.
 */
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { chebyshevSeries } from "./chebyshev-series.ts";
import { besselSeries } from "./modified-bessel.ts";

const middle = 2;

/** K0(x) + log(x / 2) I0(x) in x**2 / 2 - 1, for x in (0, 2]. */
const k0Near = [
  -0.2676636966169514, 0.3442898999246285, 0.0359799365153615, 0.001264615411446926, 2.286212103119452e-5,
  2.5347910790261494e-7, 1.904516377220209e-9, 1.0349695257633625e-11, 4.2598161427910826e-14, 1.3744654358807508e-16,
  3.5708965285083736e-19,
];
/** (K1(x) - log(x / 2) I1(x) - 1 / x) / x, likewise. */
const k1Near = [
  -0.06409034516866254, -0.10916919599320105, -0.006636878452817714, -0.00016822792382067343, -2.389559180803608e-6,
  -2.1853569024549695e-8, -1.3982271326113327e-10, -6.618562752976041e-13, -2.4134516242987822e-15,
  -6.990873731242567e-18,
];
/** sqrt(x) e**x K0(x) in 4 / x - 1, for x >= 2. */
const k0Far = [
  1.2201515410329777, -0.0314481013119645, 0.0015698838857300533, -0.00012849549581627802, 1.39498137188765e-5,
  -1.8317555227191195e-6, 2.766813639445015e-7, -4.660489897687948e-8, 8.574034017414225e-9, -1.6975345093890614e-9,
  3.5773972814003283e-10, -7.957489244477396e-11, 1.8559491149549264e-11, -4.514597883374519e-12,
  1.1403405882073441e-12, -2.9800969231481784e-13, 8.032890775068375e-14, -2.2275133267462965e-14,
  6.340076476276646e-15, -1.848593377920907e-15, 5.5120559994043335e-16, -1.6782311257549006e-16,
  5.2103917776435543e-17, -1.6475805939842632e-17, 5.3004337711773354e-18, -1.7331712005821001e-18,
];
/** sqrt(x) e**x K1(x), likewise. */
const k1Far = [
  1.3603130952422213, 0.10392373657681724, -0.002857816859622779, 0.00019521551847135162, -1.936197974166083e-5,
  2.406484947837217e-6, -3.5019606030878126e-7, 5.7410841254500495e-8, -1.0345762465678097e-8, 2.0150497551970347e-9,
  -4.1903547593419254e-10, 9.218315187605315e-11, -2.129967838427791e-11, 5.139639673482343e-12,
  -1.2891739609498229e-12, 3.348419666052243e-13, -8.976705182010146e-14, 2.4771544242195988e-14,
  -7.0198370892147685e-15, 2.038703166239861e-15, -6.057047270643018e-16, 1.8380935752430455e-16,
  -5.689462849193648e-17, 1.7940510478863572e-17, -5.7567444820733025e-18, 1.8778651901623268e-18,
];

type Order = 0 | 1;
const nearSeries = [k0Near, k1Near] as const;
const farSeries = [k0Far, k1Far] as const;

/** Of x in (0, 2]. */
function near(g: GraphBuilder, x: Node, order: Order): Node {
  const regular = chebyshevSeries(g, nearSeries[order], g.sub(g.mul(g.mul(x, x), 0.5), 1));
  const singular = g.mul(g.log(g.mul(x, 0.5)), besselSeries(g, x, order, nearTerms));
  return order === 0 ? g.sub(regular, singular) : g.add(g.add(g.mul(regular, x), singular), g.div(1, x));
}
/** What the series of I needs up to 2. */
const nearTerms = 14;

/** K(x), or e**x K(x): NaN below zero, infinite at it. */
export function modifiedSecondKind(g: GraphBuilder, x: Node, order: Order, scaled: boolean): Node {
  const isNear = g.and(g.le(x, middle), g.gt(x, 0));
  const isFar = g.gt(x, middle);
  const small = g.where(isNear, x, 1);
  const inner = near(g, small, order);
  const large = g.where(isFar, x, middle);
  const tail = g.div(chebyshevSeries(g, farSeries[order], g.sub(g.div(4, large), 1)), g.sqrt(large));
  const edge = g.where(g.eq(x, 0), g.full([], Infinity, x.dtype), NaN);
  return g.where(
    isNear,
    scaled ? g.mul(inner, g.exp(small)) : inner,
    g.where(isFar, scaled ? tail : g.mul(tail, g.exp(g.neg(large))), edge),
  );
}
