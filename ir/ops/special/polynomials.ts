/** Orthogonal polynomials at `input` of degrees `n`, which are numbers or tensors. */
import type { GraphBuilder } from "../../builder.ts";
import { isIntegral } from "../../dtype.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { recordRoutine } from "../../routines/index.ts";
import type { PolynomialFamily } from "../../routines/polynomials.ts";
import { broadcastShapes } from "../../shape.ts";
import { checkBroadcast, inFloat32, operand, refuseComplex, resultType } from "../support.ts";
import { anyCastable } from "../out-types.ts";

/** A float32 that fits int32. */
const largestDegree = 2 ** 31 - 128;
type ChebyshevKind = "t" | "u" | "v" | "w";

function byRecurrence(g: GraphBuilder, family: PolynomialFamily, x: Node, degree: Node): Node {
  const shape = broadcastShapes(x.shape, degree.shape)!;
  const [value] = recordRoutine(g, { name: "polynomial", family }, [g.expandTo(x, shape), g.expandTo(degree, shape)]);
  return value!;
}

/** Higher degrees inside (-1, 1) go by the cosine instead: as exact, and no loop. */
const fromCosine = { t: 6, u: 8, v: 8, w: 8 } as const;

function chebyshev(g: GraphBuilder, kind: ChebyshevKind, x: Node, degree: Node): Node {
  const n = g.cast(degree, x.dtype);
  const byAngle = g.and(g.gt(n, fromCosine[kind]), g.lt(g.abs(x), 1));
  const low = byRecurrence(g, `chebyshev_${kind}`, x, g.where(byAngle, 0, degree));
  const angle = g.unary("acos", g.where(byAngle, x, 0));
  const sin = (a: Node): Node => g.unary("sin", a);
  const cos = (a: Node): Node => g.unary("cos", a);
  const half = g.mul(angle, 0.5);
  const high = {
    t: () => cos(g.mul(n, angle)),
    u: () => g.div(sin(g.mul(g.add(n, 1), angle)), sin(angle)),
    v: () => g.div(cos(g.mul(g.add(n, 0.5), angle)), cos(half)),
    w: () => g.div(sin(g.mul(g.add(n, 0.5), angle)), sin(half)),
  }[kind]();
  return g.where(byAngle, high, atEnds(g, kind, x, n, low));
}

/** The values at 1 and -1 are known for any degree. */
function atEnds(g: GraphBuilder, kind: ChebyshevKind, x: Node, n: Node, value: Node): Node {
  const one = g.full([], 1, x.dtype);
  const [twice, next] = [g.add(g.add(n, n), 1), g.add(n, 1)];
  const [size, sizeBelow] = { t: [one, one], u: [next, next], v: [one, twice], w: [twice, one] }[kind] as [Node, Node];
  const isOdd = g.ne(g.binary("rem", n, 2), 0);
  const below = g.where(isOdd, g.neg(sizeBelow), sizeBelow);
  const known = g.where(g.gt(x, 0), size, below);
  return g.where(g.and(g.eq(g.abs(x), 1), g.ge(n, 0)), known, value);
}

/** Hermite polynomials of higher degrees are not computed. */
const hermiteLimit = (x: Node): number => (x.dtype === "float64" ? 512 : 128);

const hermite =
  (family: "hermite_h" | "hermite_he") =>
  (g: GraphBuilder, x: Node, degree: Node): Node => {
    const tooHigh = g.gt(degree, hermiteLimit(x));
    return g.where(tooHigh, NaN, byRecurrence(g, family, x, g.where(tooHigh, 0, degree)));
  };

/** At 1 and -1 the value is known for any degree, and the recurrence is not needed. */
function legendre(g: GraphBuilder, x: Node, degree: Node): Node {
  const isEnd = g.and(g.eq(g.abs(x), 1), g.ge(degree, 0));
  return atEnds(g, "t", x, g.cast(degree, x.dtype), byRecurrence(g, "legendre_p", x, g.where(isEnd, 0, degree)));
}

/** 1 at zero for any degree. */
const laguerre = (g: GraphBuilder, x: Node, degree: Node): Node =>
  byRecurrence(g, "laguerre_l", x, g.where(g.and(g.eq(x, 0), g.gt(degree, 0)), 0, degree));

type Compute = (g: GraphBuilder, x: Node, degree: Node) => Node;
const ofKind =
  (kind: ChebyshevKind): Compute =>
  (g, x, degree) =>
    chebyshev(g, kind, x, degree);
const shifted =
  (compute: Compute): Compute =>
  (g, x, degree) =>
    compute(g, g.sub(g.add(x, x), 1), degree);

for (const [name, summary, compute] of [
  ["chebyshev_polynomial_t", "Chebyshev polynomial of the first kind and degree n.", ofKind("t")],
  ["chebyshev_polynomial_u", "Chebyshev polynomial of the second kind and degree n.", ofKind("u")],
  ["chebyshev_polynomial_v", "Chebyshev polynomial of the third kind and degree n.", ofKind("v")],
  ["chebyshev_polynomial_w", "Chebyshev polynomial of the fourth kind and degree n.", ofKind("w")],
  ["shifted_chebyshev_polynomial_t", "chebyshev_polynomial_t of 2 * input - 1.", shifted(ofKind("t"))],
  ["shifted_chebyshev_polynomial_u", "chebyshev_polynomial_u of 2 * input - 1.", shifted(ofKind("u"))],
  ["shifted_chebyshev_polynomial_v", "chebyshev_polynomial_v of 2 * input - 1.", shifted(ofKind("v"))],
  ["shifted_chebyshev_polynomial_w", "chebyshev_polynomial_w of 2 * input - 1.", shifted(ofKind("w"))],
  ["hermite_polynomial_h", "Physicist's Hermite polynomial of degree n.", hermite("hermite_h")],
  ["hermite_polynomial_he", "Probabilist's Hermite polynomial of degree n.", hermite("hermite_he")],
  ["laguerre_polynomial_l", "Laguerre polynomial of degree n.", laguerre],
  ["legendre_polynomial_p", "Legendre polynomial of degree n.", legendre],
] as const) {
  defineOp({
    name,
    signature:
      `${name}(Tensor|Scalar input, Tensor|Scalar n) -> Tensor` as "polynomial(Tensor|Scalar input, Tensor|Scalar n) -> Tensor",
    places: ["special"],
    out: anyCastable,
    doc: { summary, shape: "[*] and [*], broadcast together -> [*]", source: `torch.special.${name}` },
    gradient: "none",
    record(g, { input, n }) {
      const common = resultType(g, [input, n]);
      const dtype = isIntegral(common) ? g.defaultFloat : common;
      const [x, degree] = [g.detach(operand(g, input, dtype)), g.detach(operand(g, n, dtype))];
      refuseComplex(name, x);
      checkBroadcast(name, x, degree);
      return inFloat32(g, [x, degree], (wide, wideDegree) => {
        // The fraction is dropped; below zero, and for what no int64 holds, the value is 0.
        const isDegree = g.and(g.gt(wideDegree, -1), g.lt(wideDegree, 2 ** 63));
        const whole = g.binary("min", g.where(isDegree, wideDegree, -1), g.full([], largestDegree, wideDegree.dtype));
        const count = g.cast(whole, "int32");
        return compute(g, wide, count);
      });
    },
  });
}
