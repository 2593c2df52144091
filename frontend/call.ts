/**
 * Calling operators: binds the arguments, records the operator's nodes, wraps the results; and the derived forms:
 * `name_` in place, `out=`, views.
 */
import { isNode } from "../ir/builder.ts";
import { canCast, isComplex, isFloat, scalarName } from "../ir/dtype.ts";
import { ArgumentError, DeviceError, DTypeError, ShapeError } from "../ir/errors.ts";
import { nextNodeId, noteSite, type Node } from "../ir/graph.ts";
import { enterScope } from "../ir/interning.ts";
import { baseOf, onOperator, recordOperator, type Measured, type Operator, type RecordResult } from "../ir/operator.ts";
import { formatShape, sameShape } from "../ir/shape.ts";
import { complexCode, complexUnsupported } from "../ir/unsupported.ts";
import { parseSignature, type ParsedSignature } from "../ir/signature.ts";
import type { Device } from "../runtime/device.ts";
import { bind, optionsOf, type Bound } from "./bind.ts";
import { callView, isView, listOf } from "./call-view.ts";
import { currentDevice, type DeviceLike } from "./devices.ts";
import { elementwiseResult, laidOut, orderLike, statedResults } from "./laid-out.ts";
import { measuredLater, measuredNow } from "./measure.ts";
import { NamedResults } from "./named-results.ts";
import { checkInplace, refuseChangedViews, refuseComplexSize, refuseOneOfSeveral } from "./inplace-checks.ts";
import { withoutOut, writeInto, writeOut } from "./out-arguments.ts";
import { graph, settings } from "./state.ts";
import { savedInferenceError } from "./inference.ts";
import type { Operation } from "./operations.ts";
import { packSaved, savedBy } from "./saved-hooks.ts";
import { noteOperation } from "./saved-values.ts";
import { stepOfCall } from "../ir/step-names.ts";
import { locate, noteThisLine, withSite } from "./site.ts";
import { refuseOverlap } from "./overlaps.ts";
import { refuseDtype } from "./held-dtypes.ts";
import { Tensor } from "./tensor.ts";
import { traceObserver } from "./trace.ts";

/** All operators that answer to one name, in order of definition: `max`, `max.dim`, `max.other` answer to `max`. */
interface Overloads {
  readonly definitions: Operator[];
  /** Of as many of them as have been needed. */
  readonly signatures: ParsedSignature[];
}
const overloads = new Map<string, Overloads>();
function overloadsOf(name: string): Overloads {
  const found = overloads.get(name);
  if (found === undefined) throw new ArgumentError("operator/unknown", `${name}: there is no such operator`);
  const { definitions, signatures } = found;
  while (signatures.length < definitions.length)
    signatures.push(parseSignature(definitions[signatures.length]!.signature));
  return found;
}
export { withSite };

export type Result = Tensor | readonly Tensor[];

const named = (definition: Operator, tensors: readonly Tensor[]): readonly Tensor[] =>
  definition.results === undefined
    ? tensors
    : new NamedResults(definition.name.split(".")[0]!, tensors, definition.results);

type Options = Readonly<Record<string, unknown>> | null;

/** A call whose arguments are bound, before anything is recorded. */
interface Call {
  readonly name: string;
  readonly definition: Operator;
  readonly bound: Bound;
  readonly device: Device;
  readonly options: Options;
  readonly out: unknown;
}

function prepared(name: string, args: readonly unknown[]): Call {
  const options = optionsOf(args);
  const out = options?.["out"] ?? undefined;
  const { definitions, signatures } = overloadsOf(name);
  const { bound, which } = bind(name, signatures, args, out === undefined ? options : withoutOut(options!));
  const definition = definitions[which]!;
  const device = deviceOf(definition, bound, options);
  if (definition.computesInOut === true && out instanceof Tensor && bound.args["dtype"] === null)
    return { name, definition, bound: { ...bound, args: { ...bound.args, dtype: out.type_ } }, device, options, out };
  return { name, definition, bound, device, options, out };
}

function finished(call: Call, measured: Measured): Result {
  const { definition, bound, device, options, out } = call;
  if (out === undefined && isView(definition, bound)) return callView(definition, bound, device);
  // nn.functional's spelling: relu(x, inplace=True).
  if (definition.inplace && bound.args["inplace"] === true) {
    const self = bound.tensors[0]!;
    checkInplace(self, `${call.name}_`);
    return finishedInplace(call, self, measured);
  }
  const { result, operation } = record(definition, bound, device, measured);
  if (out !== undefined) {
    const targets = writeOut(call, listOf(result), measured);
    return targets.length === 1 ? targets[0]! : named(definition, targets);
  }
  if (!Array.isArray(result)) {
    const tensor =
      definition.layout !== null
        ? statedResults(definition, [result as Node], bound, device)[0]!
        : definition.keepsLayout
          ? laidOut(result as Node, device, orderLike(bound.tensors[0]!, bound.args["memory_format"], definition.name))
          : elementwiseResult(result as Node, bound.tensors, device);
    packSaved(operation, [...bound.tensors, tensor], device);
    return options?.["requires_grad"] === true ? tensor.requires_grad_() : tensor;
  }
  const tensors =
    definition.layout === null
      ? (result as readonly Node[]).map((node) => Tensor.ofNode(node, device))
      : statedResults(definition, result as readonly Node[], bound, device);
  packSaved(operation, [...bound.tensors, ...tensors], device);
  if (options?.["requires_grad"] === true) tensors[0]!.requires_grad_();
  return named(definition, tensors);
}

/** Calls an operator by its PyTorch name. */
export function callOperator(name: string, args: readonly unknown[]): Result {
  // `withSite` without a function of its own for each call.
  try {
    const call = prepared(name, args);
    return finished(call, measuredNow(call.definition, call.bound.args, call.device, name));
  } catch (error) {
    locate(error);
    throw error;
  }
}

/** The same for every device: what the operator has to know first is awaited. */
export async function callOperatorAsync(name: string, args: readonly unknown[]): Promise<Result> {
  const call = withSite(() => prepared(name, args));
  const measured = await measuredLater(call.definition, call.bound.args, call.device);
  return withSite(() => finished(call, measured));
}

/** Calls `name_`: the operator's result becomes the first argument's contents. */
export function callInplace(name: string, self: Tensor, args: readonly unknown[]): Tensor {
  return withSite(() => {
    const call = preparedInplace(name, self, args);
    return finishedInplace(call, self, measuredNow(call.definition, call.bound.args, call.device, `${name}_`));
  });
}

export async function callInplaceAsync(name: string, self: Tensor, args: readonly unknown[]): Promise<Tensor> {
  const call = withSite(() => preparedInplace(name, self, args));
  const measured = await measuredLater(call.definition, call.bound.args, call.device);
  return withSite(() => finishedInplace(call, self, measured));
}

function preparedInplace(name: string, self: Tensor, args: readonly unknown[]): Call {
  const options = optionsOf(args);
  const { definitions, signatures } = overloadsOf(name);
  const { bound, which } = bind(`${name}_`, signatures, [self, ...args], options);
  const definition = definitions[which]!;
  checkInplace(self, `${name}_`);
  refuseComplexSize(definition.name, self);
  return { name, definition, bound, device: deviceOf(definition, bound, options), options: null, out: undefined };
}

function finishedInplace({ name, definition, bound, device }: Call, self: Tensor, measured: Measured): Tensor {
  const { result, operation } = record(definition, bound, device, measured, self.node_());
  const node = listOf(result)[0]!;
  refuseOverlap(self, { definition, bound }, bound.tensors.slice(1), measured, `${name}_`);
  // The one in-place operator of PyTorch's that takes its result's shape.
  if (name === "addbmm" && !sameShape(node.shape, self.shape)) writeInto(self, node, "addbmm_");
  else assign(self, node, `${name}_`);
  packSaved(operation, bound.tensors, device);
  return self;
}

/** Writes a computed node into a tensor, converting as PyTorch's in-place operators do. */
export function assign(self: Tensor, node: Node, operator: string): void {
  const target = self.dtype.name;
  if (!sameShape(node.shape, self.shape))
    throw new ShapeError(
      "inplace/shape",
      `${operator}: output with shape ${formatShape(self.shape)} doesn't match the broadcast shape ${formatShape(node.shape)}.`,
      "Use the form without the underscore.",
    );
  if (!canCast(node.dtype, target))
    throw new DTypeError(
      "inplace/dtype",
      `${operator}: result type ${scalarName(node.dtype)} can't be cast to the desired output type ${scalarName(target)}.`,
      "Convert the tensor first, or use the form without the underscore.",
    );
  if (graph.gradEnabled && node.requiresGrad) refuseOneOfSeveral(self, operator);
  self.write_(withOldHistory(self, graph.cast(node, target), operator), operator);
}

/** A tensor whose new contents have no history keeps the old one's, with a gradient of zero, as in PyTorch. */
function withOldHistory(self: Tensor, value: Node, operator: string): Node {
  if (!graph.gradEnabled || value.requiresGrad || !self.requires_grad) return value;
  const first = nextNodeId();
  const old = self.node_();
  const node = graph.restingOn(value, old);
  noteOperation(operator.replace(/_$/, ""), [old], [node], first);
  return node;
}

function record(
  definition: Operator,
  bound: Bound,
  device: Device,
  measured: Measured,
  overwrites: Node | null = null,
): { readonly result: RecordResult; readonly operation: Operation | null } {
  enterScope(device.name);
  const around = noteThisLine();
  graph.defaultFloat = settings.defaultDType;
  const first = nextNodeId();
  const result = ofThisStep(inMemory(withEmpty(recorded(definition, bound, measured), definition, bound)), first);
  noteSite(around);
  refuseChangedViews(bound.tensors, listOf(result), definition.name);
  if (Array.isArray(result))
    for (const { dtype } of result as readonly Node[]) refuseDtype(definition.name, dtype, device);
  else refuseDtype(definition.name, (result as Node).dtype, device);
  traceObserver()?.called?.(definition.name, first, nextNodeId());
  const operation = graph.gradEnabled ? noteDifferentiable(definition, bound, listOf(result), first, overwrites) : null;
  return { result, operation };
}

/** A step that complex numbers have no meaning for says the operator that was called. */
function recorded(definition: Operator, bound: Bound, measured: Measured): RecordResult {
  try {
    return recordOperator(graph, definition, bound.args, isNode, measured);
  } catch (error) {
    const given = bound.tensors.find(({ type_ }) => isComplex(type_));
    if (!(error instanceof DTypeError) || error.code !== complexCode || given === undefined) throw error;
    throw complexUnsupported(baseOf(definition.name), given.node_());
  }
}

function noteDifferentiable(
  definition: Operator,
  bound: Bound,
  results: readonly Node[],
  first: number,
  overwrites: Node | null,
): Operation | null {
  if (!results.some((node) => node.requiresGrad)) return null;
  const operation = noteOperation(
    stepOfCall(definition.name, bound.args),
    bound.tensors.map((tensor) => tensor.node_()),
    results,
    first,
    overwrites !== null && isGivenTwice(bound, overwrites) ? null : overwrites,
    savedNodes(definition, bound, results),
  );
  refuseInference(definition, bound, operation);
  return operation;
}

/** @throws AutogradError when an inference tensor would be saved for backward */
function refuseInference(definition: Operator, { tensors }: Bound, operation: Operation | null): void {
  if (operation === null || !tensors.some((tensor) => tensor.isInference_)) return;
  const saved = new Set(savedBy(operation));
  const found = tensors.find((tensor) => tensor.isInference_ && saved.has(tensor.node_()));
  if (found !== undefined) throw savedInferenceError(definition.name, String(found));
}

/** Whether what an in-place operator overwrites is an argument besides: only of itself it keeps a copy. */
const isGivenTwice = (bound: Bound, overwritten: Node): boolean =>
  bound.tensors.slice(1).some((tensor) => tensor.node_() === overwritten);

/** What the operator states that it keeps; null where it states nothing. */
function savedNodes(definition: Operator, bound: Bound, results: readonly Node[]): readonly Node[] | null {
  const { saves: stated = null } = definition;
  const saves = typeof stated === "function" ? stated(bound.args as never) : stated;
  const nodesOf = (name: string): Node[] => [bound.args[name]].flat().filter((item): item is Node => isNode(item));
  if (saves === null) return null;
  return saves.flatMap((item) => {
    if (isNode(item)) return [item];
    if (typeof item !== "string")
      return item.for.some((name) => nodesOf(name).some((node) => node.requiresGrad)) ? nodesOf(item.name) : [];
    const place = (definition.results ?? ["result"]).indexOf(item);
    return place >= 0 ? [results[place]!] : nodesOf(item);
  });
}
/** Complex results come from the memory of their parts: there they are computed, and gradients arrive at them. */
function inMemory(result: RecordResult): RecordResult {
  if (!Array.isArray(result)) return fromMemory(result as Node);
  const nodes = result as readonly Node[];
  for (const { dtype } of nodes) if (isComplex(dtype)) return nodes.map(fromMemory);
  return nodes;
}
const fromMemory = (node: Node): Node =>
  isComplex(node.dtype) && !isMarkerOrMemory(node) ? graph.asComplex(graph.asReal(node)) : node;
/** Arguments without elements are part of the graph all the same. */
function withEmpty(result: RecordResult, definition: Operator, { tensors }: Bound): RecordResult {
  let whole = result;
  if (definition.gradient === "none") return whole;
  for (const tensor of tensors) {
    if (!tensor.shape.includes(0) || !tensor.requires_grad) continue;
    const rests = (node: Node): Node =>
      isFloat(node.dtype) || isComplex(node.dtype) ? graph.restingOn(node, tensor.node_()) : node;
    whole = Array.isArray(whole) ? (whole as readonly Node[]).map(rests) : rests(whole as Node);
  }
  return whole;
}
/** What an operator gives as it is given is a step of its own to autograd all the same. */
function ofThisStep(result: RecordResult, first: number): RecordResult {
  const own = (node: Node): Node => (node.requiresGrad && node.id < first ? apart(node) : node);
  return Array.isArray(result) ? (result as readonly Node[]).map(own) : own(result as Node);
}
/** Complex numbers come from memory of their parts. */
const apart = (node: Node): Node =>
  isComplex(node.dtype) ? graph.asComplex(graph.distinct(graph.asReal(node))) : graph.distinct(node);
const isMarkerOrMemory = ({ op }: Node): boolean => op === "as_complex" || op === "leaf" || op === "detach";

function deviceOf(definition: Operator, bound: Bound, options: Options): Device {
  const given = options?.["device"] ?? null;
  const named = given === null ? null : currentDevice(given as DeviceLike);
  let device: Device | null = null;
  for (const tensor of bound.tensors) {
    const own = tensor.storage_.device;
    if (device !== null && own !== device) {
      throw new DeviceError(
        "device/mixed",
        `${definition.name}: Expected all tensors to be on the same device, got ${bound.tensors.map(String).join(" and ")}.`,
        `Move one with tensor.to("${device.name}").`,
      );
    }
    device = own;
  }
  return named ?? device ?? currentDevice();
}

/** Calls an operator as a method of `self`. */
export function callMethod(name: string, self: Tensor, args: readonly unknown[]): Result {
  refuseOut(name, args);
  return callOperator(name, [self, ...args]);
}
/** @throws ArgumentError when `out` is given to a method */
export function refuseOut(name: string, args: readonly unknown[]): void {
  const options = optionsOf(args);
  if (options !== null && "out" in options)
    throw new ArgumentError(
      "argument/out",
      `${name}: got an unexpected keyword argument 'out': methods do not take it.`,
      `Call torch.${name}(input, ..., { out }).`,
    );
}

/** The function form of an operator. */
export const functionOf =
  (name: string) =>
  (...args: unknown[]): Result =>
    callOperator(name, args);

/** Its `...Async` twin, of an operator whose result's shape depends on data. */
export const asyncFunctionOf =
  (name: string) =>
  (...args: unknown[]): Promise<Result> =>
    callOperatorAsync(name, args);

/** The function form of `name_`. */
export const inplaceFunctionOf =
  (name: string) =>
  (self: Tensor, ...args: unknown[]): Tensor =>
    callInplace(name, self, args);

export const asyncInplaceFunctionOf =
  (name: string) =>
  (self: Tensor, ...args: unknown[]): Promise<Tensor> =>
    callInplaceAsync(name, self, args);

onOperator((definition) => {
  for (const full of [definition.name, ...(definition.aliases ?? [])]) {
    const name = baseOf(full);
    const known = overloads.get(name);
    if (known === undefined) overloads.set(name, { definitions: [definition], signatures: [] });
    else known.definitions.push(definition);
  }
});
