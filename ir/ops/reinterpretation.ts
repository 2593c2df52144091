/** The same bits as elements of another type. */
import { describe, type GraphBuilder } from "../builder.ts";
import { dtypeBytes, isComplex, realOf, unlike, type DType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { Node } from "../graph.ts";
import { defineOp } from "../operator.ts";
import type { Shape } from "../shape.ts";
import { range } from "./support.ts";

const wordOf: Readonly<Record<number, DType>> = { 1: "uint8", 2: "int16", 4: "int32", 8: "int64" };

/**
 * The bits of `x` as `dtype`, lowest bytes first: the last dimension is as much longer or shorter as elements are
 * smaller or larger. Its inverse is itself with the types exchanged.
 */
export function reinterpreted(g: GraphBuilder, x: Node, dtype: DType): Node {
  const [from, to] = [dtypeBytes(x.dtype), dtypeBytes(dtype)];
  if (from === to) return g.bitcast(x, dtype);
  const lead = x.shape.slice(0, -1);
  const last = x.shape.at(-1)!;
  const axis = x.shape.length;
  const word = (place: number, bytes: number): bigint | number =>
    Math.max(from, to) === 8 ? BigInt(8 * bytes * place) : 8 * bytes * place;
  if (from > to) {
    const bits = g.bitcast(x, wordOf[from]!);
    const parts = range(from / to).map((place) => {
      const low = g.binary("shr", bits, g.full([], word(place, to), bits.dtype));
      return g.reshape(g.cast(low, wordOf[to]!), [...lead, last, 1]);
    });
    return g.bitcast(g.reshape(g.concat(parts, axis), [...lead, last * (from / to)]), dtype);
  }
  const count = to / from;
  const bits = g.cast(g.reshape(g.bitcast(x, wordOf[from]!), [...lead, last / count, count]), wordOf[to]!);
  const mask = to === 8 ? 2n ** BigInt(8 * from) - 1n : 2 ** (8 * from) - 1;
  const parts = range(count).map((place) => {
    const part = g.reshape(g.sliceAxis(bits, axis, place, 1), [...lead, last / count]);
    const clean = g.binary("and", part, g.full([], mask, bits.dtype));
    return g.binary("shl", clean, g.full([], word(place, from), bits.dtype));
  });
  return g.bitcast(
    parts.reduce((all, part) => g.binary("or", all, part)),
    dtype,
  );
}

/** Complex numbers are what their memory holds: parts in turns. */
function throughParts(g: GraphBuilder, x: Node, dtype: DType, shape: Shape): Node {
  const row = x.shape.length === 0 ? g.reshape(x, [1]) : x;
  const parts = isComplex(x.dtype) ? g.reshape(g.asReal(row), [...row.shape.slice(0, -1), 2 * row.shape.at(-1)!]) : row;
  const bits = reinterpreted(g, parts, realOf(dtype));
  return isComplex(dtype) ? g.asComplex(g.reshape(bits, [...shape, 2])) : g.reshape(bits, shape);
}

defineOp({
  name: "view.dtype",
  signature: "view.dtype(Tensor input, dtype dtype) -> Tensor",
  places: ["Tensor"],
  view: true,
  doc: {
    summary:
      "The same memory as elements of another type. With elements of another size the last dimension is as much longer or shorter.",
    shape: "[*, N] -> [*, N * size / other size]",
    source: "torch.Tensor.view",
  },
  gradient: "none",
  record(g, { input, dtype }) {
    const [from, to] = [dtypeBytes(input.dtype), dtypeBytes(dtype)];
    const what = `view: input ${describe(input)}, dtype ${dtype}`;
    const kinds = unlike(input.dtype, dtype);
    if (input.dtype === dtype) return input;
    if (from !== to && input.shape.length === 0)
      throw new ShapeError("view/0-d", `${what}: self.dim() cannot be 0 to view ${kinds}.`);
    if (to > from && input.shape.at(-1)! % (to / from) !== 0)
      throw new ShapeError(
        "view/last-size",
        `${what}: self.size(-1) must be divisible by ${to / from} to view ${kinds}, but got ${input.shape.at(-1)}.`,
      );
    if (!isComplex(input.dtype) && !isComplex(dtype)) return reinterpreted(g, g.detach(input), dtype);
    const shape = from === to ? input.shape : input.shape.with(-1, (input.shape.at(-1)! * from) / to);
    return throughParts(g, g.detach(input), dtype, shape);
  },
});
