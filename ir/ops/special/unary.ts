/** Functions of one argument that PyTorch does not differentiate. */
import type { GraphBuilder } from "../../builder.ts";
import type { Node } from "../../graph.ts";
import { defineOp } from "../../operator.ts";
import { inFloat32, refuseComplex, toFloat } from "../support.ts";
import { airyAi } from "./airy.ts";
import { besselFirstKind, besselSecondKind, sphericalBessel } from "./bessel.ts";
import { modifiedSecondKind } from "./modified-bessel-second.ts";
import { modifiedFirstKind } from "./modified-bessel.ts";
import { anyCastable } from "../out-types.ts";

type Compute = (g: GraphBuilder, x: Node) => Node;
type Order = 0 | 1;
const first =
  (order: Order): Compute =>
  (g, x) =>
    besselFirstKind(g, x, order);
const second =
  (order: Order): Compute =>
  (g, x) =>
    besselSecondKind(g, x, order);
const modifiedFirst =
  (order: Order): Compute =>
  (g, x) =>
    modifiedFirstKind(g, x, order, false);
const modifiedSecond =
  (order: Order, scaled: boolean): Compute =>
  (g, x) =>
    modifiedSecondKind(g, x, order, scaled);

for (const [name, summary, compute] of [
  ["airy_ai", "Airy function Ai.", airyAi],
  ["bessel_j0", "Bessel function of the first kind, order 0.", first(0)],
  ["bessel_j1", "Bessel function of the first kind, order 1.", first(1)],
  ["bessel_y0", "Bessel function of the second kind, order 0.", second(0)],
  ["bessel_y1", "Bessel function of the second kind, order 1.", second(1)],
  ["spherical_bessel_j0", "Spherical Bessel function of the first kind, order 0.", sphericalBessel],
  ["modified_bessel_i0", "Modified Bessel function of the first kind, order 0.", modifiedFirst(0)],
  ["modified_bessel_i1", "Modified Bessel function of the first kind, order 1.", modifiedFirst(1)],
  ["modified_bessel_k0", "Modified Bessel function of the second kind, order 0.", modifiedSecond(0, false)],
  ["modified_bessel_k1", "Modified Bessel function of the second kind, order 1.", modifiedSecond(1, false)],
  ["scaled_modified_bessel_k0", "exp(input) * modified_bessel_k0(input).", modifiedSecond(0, true)],
  ["scaled_modified_bessel_k1", "exp(input) * modified_bessel_k1(input).", modifiedSecond(1, true)],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "special(Tensor input) -> Tensor",
    places: ["special"],
    out: anyCastable,
    doc: { summary, shape: "[*] -> [*]", source: `torch.special.${name}` },
    gradient: "none",
    record: (g, { input }) => inFloat32(g, [refuseComplex(name, toFloat(g, g.detach(input)))], (x) => compute(g, x)),
  });
}
