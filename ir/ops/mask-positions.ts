/** What is rarer with masks: where they are true, of a size that is known, and elements put there in order. */
import { scalarName } from "../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import { defineOp } from "../operator.ts";
import { elementCount } from "../shape.ts";
import { commonShape, condition, ordinals, positionRows, trueCount, truth } from "./masking.ts";
import { describe } from "./support.ts";

defineOp({
  name: "nonzero_static",
  signature: "nonzero_static(Tensor input, *, int size, int fill_value=-1) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "The positions of the first `size` non-zero elements, one a row; of fewer, the other rows are fill_value.",
    shape: "[*] -> [size, rank]",
    source: "torch.nonzero",
  },
  gradient: "none",
  record(g, { input, size, fill_value }) {
    if (size < 0)
      throw new ArgumentError(
        "nonzero_static/size",
        `nonzero_static: 'size' must be an non-negative integer, got ${size}.`,
      );
    const { shape } = input;
    const count = elementCount(shape);
    if (shape.length === 0 || count === 0) return g.full([size, shape.length], fill_value, "int64");
    const mask = g.reshape(truth(g, input), [count]);
    const before = g.cast(ordinals(g, mask), "int64");
    // What finds no row goes to one more, which is left out.
    const row = g.where(mask, g.min(before, size), size);
    const found = g.scatter("set", g.full([size + 1], -1, "int64"), g.iota(count, "int64"), [0], [row]);
    const flat = g.reshape(g.sliceAxis(found, 0, 0, size), [size, 1]);
    const columns = shape.map((n, axis) => {
      const along = g.div(flat, elementCount(shape.slice(axis + 1)));
      return g.where(g.lt(flat, 0), fill_value, g.binary("rem", along, n));
    });
    return g.concat(columns, 1);
  },
});

defineOp({
  name: "argwhere",
  signature: "argwhere(Tensor input) -> Tensor",
  places: ["torch", "Tensor"],
  doc: {
    summary: "The positions of the non-zero elements, one a row.",
    shape: "[*] -> [count, rank]",
    source: "torch.argwhere",
  },
  gradient: "none",
  measure: (g, { input }) => [truth(g, input)],
  layout: () => [[1, 0]],
  record: (g, { input }, measured) => positionRows(g, measured, input.shape),
});

defineOp({
  name: "masked_scatter",
  signature: "masked_scatter(Tensor input, Tensor mask, Tensor source) -> Tensor",
  places: ["torch", "Tensor"],
  inplace: true,
  doc: {
    summary: "input with the elements of source, in order, where the mask is true.",
    shape: "[*] and bool[*], broadcast together -> [*]",
    source: "torch.Tensor.masked_scatter",
  },
  gradient: "through decomposition",
  record(g, { input, mask, source }) {
    condition("masked_scatter", mask);
    if (input.dtype !== source.dtype)
      throw new DTypeError(
        "masked_scatter/dtype",
        `masked_scatter: expected self and source to have same dtypes but got${scalarName(input.dtype)} and ${scalarName(source.dtype)}: ${describe(input)} and ${describe(source)}.`,
      );
    const shape = commonShape("masked_scatter", input, mask);
    const count = elementCount(source.shape);
    if (count === 0 || elementCount(shape) === 0) return g.expandTo(input, shape);
    const asked = g.expandTo(truth(g, mask), shape);
    const chosen = g.refuseWhere(
      asked,
      () => g.gt(trueCount(g, asked), count),
      () =>
        new ShapeError(
          "masked_scatter/count",
          `masked_scatter: Number of elements of source < number of ones in mask: source ${describe(source)}, mask ${describe(mask)}.`,
        ),
    );
    const values = g.gather(g.reshape(source, [count]), [0], [ordinals(g, chosen)]);
    return g.where(chosen, values, g.expandTo(input, shape));
  },
});
