/** The operators that look at a tensor's memory as functions that copy what they would look at. */
import { defineOp, operator, type Place } from "../operator.ts";
import "./complex.ts";
import "./diagonal.ts";
import "./movement.ts";
import "./splitting.ts";
import "./strided.ts";

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
  "squeeze",
  "t",
  "transpose",
  "unbind",
  "unfold",
  "unsqueeze",
  "view_as_complex",
  "view_as_real",
])
  defineCopy(name, `${name}_copy`);
defineCopy("narrow", "narrow_copy", ["torch", "Tensor"]);
for (const name of ["chunk", "split"]) defineCopy(name, `unsafe_${name}`, ["torch", "Tensor"]);
