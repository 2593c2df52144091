/** `out=`: results written into tensors of the caller's, which take their shapes. */
import { pythonType } from "./python-type.ts";
import { canCast, scalarName } from "../ir/dtype.ts";
import { ArgumentError, AutogradError, DTypeError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import type { Measured, Operator } from "../ir/operator.ts";
import { resultsType } from "../ir/ops/out-types.ts";
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

interface Call {
  readonly definition: Operator;
  readonly bound: Bound;
  readonly out: unknown;
}

/** @throws ArgumentError for what is not a tensor, or not as many as there are results */
function targetsOf(out: unknown, operator: string, count: number): readonly Tensor[] {
  if (count === 1 && out instanceof Tensor) return [out];
  if (count === 1 || !Array.isArray(out))
    throw new ArgumentError(
      "out/kind",
      `${operator}(): argument 'out' must be ${count === 1 ? "Tensor" : "tuple of Tensors"}, not ${pythonType(out)}.`,
      count === 1 ? "Pass the tensor to write into." : `Pass a list of ${count} tensors.`,
    );
  const wrong = out.findIndex((target) => !(target instanceof Tensor));
  if (out.length === count && wrong < 0) return out as Tensor[];
  throw new ArgumentError(
    "out/count",
    `${operator}(): argument 'out': ${wrong < 0 ? `expected tuple of ${count} elements but got ${out.length}` : `expected Tensor as element ${wrong}, but got ${pythonType(out[wrong])}`}.`,
    `Pass a list of ${count} tensors.`,
  );
}

/** Writes results into the tensors given as `out`, and returns those. */
export function writeOut(call: Call, nodes: readonly Node[], measured: Measured): readonly Tensor[] {
  const { definition, out } = call;
  const targets = targetsOf(out, definition.name, nodes.length);
  if (graph.gradEnabled && (nodes.some((node) => node.requiresGrad) || targets.some((t) => t.requires_grad)))
    throw new AutogradError(
      "out/grad",
      `${definition.name}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad.`,
      "Wrap the call in torch.no_grad(() => ...).",
    );
  targets.forEach((target, i) => {
    checkType(target, nodes[i]!, i, call);
    checkShape(target, nodes[i]!, definition.name);
    refuseOverlap(target, call, call.bound.tensors, measured, definition.name);
    refuseReshape(target, call, nodes[i]!, measured);
  });
  targets.forEach((target, i) => writeChecked(target, nodes[i]!, definition.name));
  return targets;
}

/** @throws DTypeError for a type that the operator does not write */
function checkType(out: Tensor, node: Node, place: number, { definition, bound }: Call): void {
  const rule = definition.out ?? resultsType;
  const words = rule({ wanted: node.dtype, given: out.dtype.name, place }, bound.args);
  if (words !== null)
    throw new DTypeError("out/dtype", `${definition.name}: ${words}.`, "Make out of the result's type.");
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
  checkShape(out, node, operator);
}
function checkShape(out: Tensor, node: Node, operator: string): void {
  if (!sameShape(node.shape, out.shape)) refuseGrowth(out, node.shape, operator);
}
function writeChecked(out: Tensor, node: Node, operator: string): void {
  if (!sameShape(node.shape, out.shape)) resized(out, node.shape, operator);
  out.write_(graph.cast(node, out.dtype.name), `${operator} (out=)`);
}
