/** Greatest common divisors and least common multiples. */
import type { GraphBuilder } from "../builder.ts";
import { dtypeBytes, type DType } from "../dtype.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import { checkBroadcast, promoted } from "./support.ts";
import { unsupported } from "../unsupported.ts";
import { anyCastable } from "./out-types.ts";

const shape = "[*] and [*], broadcast together -> [*]";

/** Steps of Euclid's algorithm that the numbers of a type can take (Fibonacci numbers take the most). */
const euclidSteps: Readonly<Partial<Record<DType, number>>> = { int8: 11, uint8: 12, int16: 22, int32: 45, int64: 91 };

function gcdOf(g: GraphBuilder, name: string, a: Node, b: Node): Node {
  const steps = euclidSteps[a.dtype];
  if (steps === undefined) throw unsupported(name, a, "It takes integers.");
  let [x, y] = [g.abs(a), g.abs(b)];
  for (let i = 0; i < steps; i++) {
    const done = g.eq(y, 0);
    const rest = g.binary("rem", x, g.where(done, 1, y));
    [x, y] = [g.where(done, x, y), g.where(done, 0, rest)];
  }
  return x;
}
for (const name of ["gcd", "lcm"] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input, Tensor other) -> Tensor` as "gcd(Tensor input, Tensor other) -> Tensor",
    places: ["torch", "Tensor"],
    out: anyCastable,
    inplace: true,
    doc: {
      summary: name === "gcd" ? "Greatest common divisor; never negative." : "Least common multiple; never negative.",
      shape,
      source: `torch.${name}`,
    },
    gradient: "none",
    record(g, { input, other }) {
      const [x, y] = promoted(g, input, other);
      checkBroadcast(name, x, y);
      const divisor = gcdOf(g, name, x, y);
      if (name === "gcd") return divisor;
      // As C's int, which a product of narrow types is there; then wrapped.
      const wide = (z: Node): Node => (dtypeBytes(z.dtype) < 4 ? g.cast(z, "int32") : z);
      const none = g.eq(divisor, 0);
      const size = g.abs(g.mul(wide(g.div(x, g.where(none, 1, divisor))), wide(y)));
      return g.where(none, 0, g.cast(size, x.dtype));
    },
  });
}
