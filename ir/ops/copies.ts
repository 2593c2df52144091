/** The operators that look at a tensor's memory as functions that copy what they would look at. */
import { defineOp, operator, type Place } from "../operator.ts";
import { IndexError, ShapeError } from "../errors.ts";
import "./complex.ts";
import "./diagonal.ts";
import { sliceBounds } from "./movement.ts";
import "./reinterpretation.ts";
import "./splitting.ts";
import "./strided.ts";
import { axisOf } from "./support.ts";

/** `name`'s elements as values of their own. */
function defineCopy(name: string, copy: string, places: readonly Place[] = ["torch"]): void {
  const { doc, gradient, signature, record } = operator(name);
  defineOp({
    name: copy,
    signature: signature.replace(/^\w+/, copy),
    places,
    doc: { ...doc, summary: `${doc.summary.replace(/\.$/, "")}; a copy.` },
    gradient,
    record,
  });
}

for (const name of [
  "diagonal",
  "expand",
  "permute",
  "select",
  "split",
  "split_with_sizes",
  "squeeze",
  "t",
  "transpose",
  "unbind",
  "unfold",
  "unsqueeze",
  "view",
  "view_as_complex",
  "view_as_real",
])
  defineCopy(name, `${name}_copy`);
defineCopy("narrow", "narrow_copy", ["torch", "Tensor"]);
defineCopy("view.dtype", "view_copy.dtype");
for (const name of ["chunk", "split", "split_with_sizes"]) defineCopy(name, `unsafe_${name}`, ["torch", "Tensor"]);

defineOp({
  name: "slice_copy",
  signature: "slice_copy(Tensor input, int dim=0, int? start=None, int? end=None, int step=1) -> Tensor",
  places: ["torch"],
  doc: {
    summary: "The elements start to end, by step, of dim; a copy.",
    shape: "[.., n, ..] -> [.., (end - start) / step, ..]",
    source: "torch.narrow_copy",
  },
  gradient: "through decomposition",
  record(g, { input, dim, start, end, step }) {
    if (input.shape.length === 0)
      throw new IndexError("slice_copy/0-d", "slice_copy: slice() cannot be applied to a 0-dim tensor.");
    if (step <= 0) throw new ShapeError("slice_copy/step", `slice_copy: slice step must be positive, got ${step}.`);
    const axis = axisOf("slice_copy", dim, input.shape.length);
    const { start: first, count } = sliceBounds(input.shape[axis]!, start, end, step);
    return g.sliceAxis(input, axis, first, count, step);
  },
});

for (const [name, summary] of [
  ["alias_copy", "The same elements; a copy."],
  ["detach_copy", "The same elements without their history; a copy."],
] as const)
  defineOp({
    name,
    signature: `${name}(Tensor input) -> Tensor` as "copy(Tensor input) -> Tensor",
    places: ["torch"],
    doc: { summary, shape: "[*] -> [*]", source: name === "alias_copy" ? "torch.clone" : "torch.Tensor.detach" },
    gradient: name === "alias_copy" ? "through decomposition" : "none",
    record: (g, { input }) => (name === "alias_copy" ? input : g.detach(input)),
  });
