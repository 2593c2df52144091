/** Dimensions reversed and exchanged: copies that are turned. */
import { nameSteps } from "../step-names.ts";
import { ShapeError } from "../errors.ts";
import { defineOp } from "../operator.ts";
import { axisOf, describe, range } from "./support.ts";

const doc = (summary: string, source: string, shape = "[*] -> [*]") => ({ summary, shape, source: `torch.${source}` });

defineOp({
  name: "rot90",
  signature: "rot90(Tensor input, int k=1, int[] dims=[0;1]) -> Tensor",
  places: ["torch", "Tensor"],
  doc: doc("Turned by k quarters in the plane of two dimensions, from the first towards the second.", "rot90"),
  gradient: "through decomposition",
  // As what is reversed lies; a quarter is then a transposition that moves nothing.
  layout({ input, k, dims }, _, orderOf) {
    const rank = input.shape.length;
    if (k % 4 === 0) return [null];
    const order = orderOf(input);
    if (k % 2 === 0) return [order];
    const [a, b] = dims.map((dim) => axisOf("rot90", dim, rank));
    return [(order ?? range(rank)).map((axis) => (axis === a ? b! : axis === b ? a! : axis))];
  },
  record(g, { input, k, dims }) {
    const rank = input.shape.length;
    if (dims.length !== 2)
      throw new ShapeError("rot90/dims", `rot90: expected total rotation dims == 2, but got dims = ${dims.length}.`);
    if (rank < 2) throw new ShapeError("rot90/rank", `rot90: expected total dims >= 2, but got total dims = ${rank}.`);
    const [a, b] = [axisOf("rot90", dims[0]!, rank), axisOf("rot90", dims[1]!, rank)];
    if (a === b)
      throw new ShapeError(
        "rot90/dims",
        `rot90: expected rotation dims to be different, but got dim0 = ${dims[0]} and dim1 = ${dims[1]}.`,
      );
    switch (((k % 4) + 4) % 4) {
      case 1:
        return g.swap(g.flip(input, [b]), a, b);
      case 2:
        return g.flip(input, [a, b]);
      case 3:
        return g.swap(g.flip(input, [a]), a, b);
      default:
        return input;
    }
  },
});

for (const [name, axis] of [
  ["fliplr", 1],
  ["flipud", 0],
] as const) {
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "fliplr(Tensor input) -> Tensor",
    places: ["torch", "Tensor"],
    doc: doc(`Order reversed along dimension ${axis}; a copy.`, name),
    gradient: "through decomposition",
    layout: ({ input }, _, orderOf) => [orderOf(input)],
    record(g, { input }) {
      if (input.shape.length <= axis)
        throw new ShapeError(`${name}/rank`, `${name}: Input must be >= ${axis + 1}-d, got ${describe(input)}.`);
      return g.flip(input, [axis]);
    },
  });
}

nameSteps({ fliplr: "flip", flipud: "flip" });
