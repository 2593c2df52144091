/** Whole tensors overwritten. They stay part of the graph, with a gradient of zero. */
import { ShapeError } from "../errors.ts";
import { defineOp } from "../operator.ts";
import { formatShape, sameShape } from "../shape.ts";
import { filler } from "./fitting.ts";
import { checkBroadcast } from "./support.ts";

defineOp({
  name: "fill",
  signature: "fill(Tensor input, Tensor|Scalar value) -> Tensor",
  places: ["torch"],
  inplace: true,
  doc: { summary: "`value` in every element.", shape: "[*] -> [*]", source: "torch.Tensor.fill_" },
  gradient: "through decomposition",
  record(g, { input, value }) {
    if ("op" in value && value.shape.length !== 0)
      throw new ShapeError(
        "fill/value",
        `fill_ only supports 0-dimension value tensor but got tensor with ${value.shape.length} dimensions.`,
      );
    const { dtype, shape } = input;
    const single = "op" in value ? g.cast(value, dtype) : filler(g, "fill", value, dtype, ["float16"]);
    return g.restingOn(g.expandTo(single, shape), input);
  },
});

defineOp({
  name: "zero",
  signature: "zero(Tensor input) -> Tensor",
  places: ["torch"],
  inplace: true,
  doc: { summary: "Zero in every element.", shape: "[*] -> [*]", source: "torch.Tensor.zero_" },
  gradient: "through decomposition",
  record: (g, { input }) => g.restingOn(g.full(input.shape, 0, input.dtype), input),
});

defineOp({
  name: "copy",
  signature: "copy(Tensor input, Tensor src, bool non_blocking=False) -> Tensor",
  places: [],
  inplace: true,
  doc: {
    summary: "The elements of src, broadcast and converted to input's type.",
    shape: "[*] and src that broadcasts to it -> [*]",
    source: "torch.Tensor.copy_",
  },
  gradient: "through decomposition",
  record(g, { input, src }) {
    const common = checkBroadcast("copy_", input, src);
    if (!sameShape(common, input.shape))
      throw new ShapeError(
        "copy/size",
        `copy_: output with shape ${formatShape(input.shape)} doesn't match the broadcast shape ${formatShape(common)}.`,
      );
    return g.restingOn(g.expandTo(g.cast(src, input.dtype), input.shape), input);
  },
});
