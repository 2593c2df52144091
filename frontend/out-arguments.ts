/** `out=`: results written into tensors of the caller's, which take their shapes. */
import { canCast, cName, scalarName, type DType } from "../ir/dtype.ts";
import { ArgumentError, AutogradError, DTypeError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import type { Measured, Operator } from "../ir/operator.ts";
import { sameShape } from "../ir/shape.ts";
import type { Bound } from "./bind.ts";
import { refuseOverlap, refuseReshape } from "./overlaps.ts";
import { refuseGrowth, resized } from "./resizing.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";

/** A call's other options. */
export function withoutOut(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { out: _, ...others } = options;
  return others;
}

/** Writes results into the tensors given as `out`, and returns those. */
export function writeOut(
  call: { readonly definition: Operator; readonly bound: Bound; readonly out: unknown },
  nodes: readonly Node[],
  measured: Measured,
): readonly Tensor[] {
  const { definition, out } = call;
  const targets = out instanceof Tensor ? [out] : Array.isArray(out) ? (out as Tensor[]) : [];
  if (targets.length !== nodes.length)
    throw new ArgumentError(
      "out/count",
      `${definition.name}: out= takes ${nodes.length} tensor(s), got ${targets.length}`,
    );
  if (graph.gradEnabled && (nodes.some((node) => node.requiresGrad) || targets.some((t) => t.requires_grad)))
    throw new AutogradError(
      "out/grad",
      `${definition.name}: functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad.`,
      "Wrap the call in torch.no_grad(() => ...).",
    );
  targets.forEach((target, i) => {
    if (exactOut.has(definition.name)) checkExact(target, nodes[i]!, definition.name);
    checkOut(target, nodes[i]!, definition.name);
    refuseOverlap(target, call, call.bound.tensors, measured, definition.name);
    refuseReshape(target, call, nodes[i]!, measured);
  });
  targets.forEach((target, i) => writeChecked(target, nodes[i]!, definition.name));
  return targets;
}

/** Operators that write `out` themselves, without converting. */
const exactOut = new Set(
  "abs addmm all amax amin any addmv aminmax argmax argmin baddbmm bitwise_not bmm ceil complex conj_physical floor frac gather index_select max.dim min.dim mm neg polar round scatter scatter_add sgn sign signbit sort topk tril triu trunc".split(
    " ",
  ),
);
function checkExact(out: Tensor, node: Node, operator: string): void {
  if (out.dtype.name !== node.dtype)
    throw new DTypeError(
      "out/dtype",
      exactWords(operator, node.dtype, out.dtype.name),
      "Make out of the result's type.",
    );
}

function exactWords(operator: string, wanted: DType, given: DType): string {
  switch (operator) {
    case "amax":
    case "amin":
      return `${operator}: Expected the dtype for input and out to match, but got ${scalarName(wanted)} for input's dtype and ${scalarName(given)} for out's dtype.`;
    case "complex":
    case "polar":
      return `${operator}: Expected object of scalar type ${scalarName(wanted)} but got scalar type ${scalarName(given)} for argument 'out'.`;
    case "index_select":
      return `index_select(): self and result must have the same scalar type, got ${scalarName(wanted)} and ${scalarName(given)}.`;
    default:
      return `${operator}: Expected out tensor to have dtype ${cName(wanted)}, but got ${cName(given)} instead.`;
  }
}

/** Writes a result into `out`, which takes its shape. */
export function writeInto(out: Tensor, node: Node, operator: string): void {
  checkOut(out, node, operator);
  writeChecked(out, node, operator);
}
/** Everything that may be refused is refused before anything is written. */
function checkOut(out: Tensor, node: Node, operator: string): void {
  if (!canCast(node.dtype, out.dtype.name))
    throw new DTypeError(
      "out/dtype",
      `${operator}: result type ${scalarName(node.dtype)} can't be cast to the desired output type ${scalarName(out.dtype.name)}.`,
      "Make out of the result's type.",
    );
  if (sameShape(node.shape, out.shape)) return;
  refuseGrowth(out, node.shape, operator);
}
function writeChecked(out: Tensor, node: Node, operator: string): void {
  if (!sameShape(node.shape, out.shape)) resized(out, node.shape, operator);
  out.write_(graph.cast(node, out.dtype.name), `${operator} (out=)`);
}
