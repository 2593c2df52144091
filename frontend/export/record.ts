/**
 * Records a model's forward on placeholders. in: a module or a function, and example inputs. out: the graph, with its
 * inputs, and its other values (weights) as copies of their own. Nothing of the recording stays behind in the library,
 * and nothing that depends on the inputs is computed.
 */
import { ExportError, NotImplementedError } from "../../ir/errors.ts";
import { forgetInterned, nextNodeId, topologicalOrder, type Node } from "../../ir/graph.ts";
import type { ScalarArgument } from "../../ir/signature.ts";
import { formatShape } from "../../ir/shape.ts";
import type { Device, Memory } from "../../runtime/device.ts";
import { typedArray } from "../../runtime/typed-array.ts";
import { statusOf } from "../checks.ts";
import { deviceFor } from "../devices.ts";
import { withGradMode } from "../grad-mode.ts";
import { tracing } from "../host-effects.ts";
import { fork_rng } from "../random.ts";
import { recorder } from "../recorder.ts";
import { userSite } from "../site.ts";
import { undoingWrites, takeWritten } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { setTraceObserver, traceObserver, type TraceObserver } from "../trace.ts";
import { behindMarkers, inputNode, Value, valueOf } from "../value.ts";
import { argumentNames, finalNames, mapNamed, namedResults } from "./names.ts";

/** A module, or a function of tensors. */
export type Exportable = ((...args: never[]) => unknown) | { forward(...args: never[]): unknown };

export interface RecordOptions {
  readonly input_names?: readonly string[] | undefined;
  readonly output_names?: readonly string[] | undefined;
}

export interface RecordedInput {
  readonly name: string;
  readonly node: Node;
}
export interface RecordedWeight {
  readonly name: string;
  readonly node: Node;
  /** The contents when the model was exported. */
  readonly contents: Promise<ArrayBuffer>;
}

export interface Recorded {
  readonly device: Device;
  readonly inputs: readonly RecordedInput[];
  readonly weights: readonly RecordedWeight[];
  readonly outputs: readonly { readonly name: string; readonly node: Node }[];
  /** Conditions on values, as a bool vector. */
  readonly checks: { readonly node: Node; readonly errors: readonly (() => Error)[] } | null;
  /** The operator that a node was made for, and the user's line. */
  readonly callOf: (node: Node) => { readonly operator: string; readonly site: string | null } | null;
}

/** An input's value while a model is recorded: it has a type and a shape, and nothing to read. */
class Placeholder extends Value {
  readonly name: string;
  constructor(name: string, like: Tensor) {
    super(like.dtype.name, like.shape, like.storage_.device, typedArray(like.dtype.name, 0));
    this.name = name;
  }
  override get hostContents(): null {
    return null;
  }
  override check(): void {
    throw new ExportError("export/reads-value", `export: forward reads a value that depends on its input "${this.name}" (item(), tolist(), a shape that depends on data, or a condition): the exported program could not know it.`, "Keep it a tensor: torch.where(condition, a, b) chooses by value.");
  }
}

export function recordModel(model: Exportable, args: readonly unknown[], options: RecordOptions): Recorded {
  if (traceObserver() !== null) throw new ExportError("export/nested", "export: a compiled function that is being recorded cannot export.");
  const names = namedTensors(model);
  computePending([...names.keys()]);
  const inputs: { placeholder: Placeholder; tensor: Tensor }[] = [];
  const argNames = argumentNames(forwardOf(model), args.length);
  const traced = args.map((argument, i) =>
    mapNamed(argument, argNames[i]!, (tensor, name) => {
      const placeholder = new Placeholder(name, tensor);
      const stand = Tensor.ofNode(inputNode(placeholder), tensor.storage_.device);
      inputs.push({ placeholder, tensor: stand });
      return stand;
    }),
  );
  const inputNames = finalNames(inputs.map(({ placeholder }) => placeholder.name), options.input_names, "input_names");
  const nodes = inputs.map(({ tensor }) => tensor.node_());

  const observer = new Observer();
  forgetInterned();
  const first = nextNodeId();
  const results = namedResults(recording(observer, () => call(model, traced)));
  const outputNames = finalNames(results.map(({ name }) => name), options.output_names, "output_names");
  const roots = results.map(({ tensor }) => behindMarkers(tensor.node_()));
  const device = inputs[0]?.tensor.storage_.device ?? results[0]?.tensor.storage_.device ?? deviceFor("cpu");
  forgetInterned();
  observer.refuse(topologicalOrder(roots, (node) => valueOf(node) !== null));
  computeConstants(roots, first, device);
  const status = statusOf(roots);
  const all = status === null ? roots : [...roots, status.node];
  return {
    device,
    inputs: nodes.map((node, i) => ({ name: inputNames[i]!, node })),
    weights: weightsOf(all, names),
    outputs: roots.map((node, i) => ({ name: outputNames[i]!, node })),
    checks: status === null ? null : { node: status.node, errors: status.checks.map(({ error }) => error) },
    callOf: (node) => observer.callOf(node),
  };
}

const forwardOf = (model: Exportable): ((...args: never[]) => unknown) => ("forward" in model ? model.forward : model);

function call(model: Exportable, args: readonly unknown[]): unknown {
  // A callable module runs its hooks.
  return typeof model === "function" ? model(...(args as never[])) : model.forward(...(args as never[]));
}

interface Observed {
  readonly first: number;
  readonly end: number;
  readonly operator: string;
  readonly site: string | null;
}

/** Sees what forward does besides computing. */
class Observer implements TraceObserver {
  private readonly calls: Observed[] = [];
  private readonly draws: string[] = [];
  private readonly scalars = new Map<ScalarArgument, string | null>();

  draw(value: Value): void {
    this.draws.push(`${value.dtype}${formatShape(value.shape)}${at(here())}`);
  }
  scalar(argument: ScalarArgument): void {
    this.scalars.set(argument, here());
  }
  effect(): void {}
  guard(): void {}
  gradAssigned(): void {}
  gradRead(): void {}
  valueRead(): void {}
  called(operator: string, first: number, end: number): void {
    if (end > first) this.calls.push({ first, end, operator, site: here() });
  }

  /** The innermost call that made the node. */
  callOf({ id }: Node): Observed | null {
    return this.calls.find(({ first, end }) => first <= id && id < end) ?? null;
  }

  /** @throws ExportError when forward drew random numbers */
  refuse(order: readonly Node[]): void {
    for (const node of order) {
      // A generator on WebGPU computes its words in the graph.
      if (node.op !== "philox") continue;
      const site = node.inputs.map(({ binding }) => this.scalars.get(binding as ScalarArgument)).find((found) => found !== undefined);
      this.draws.push(`int32${formatShape(node.shape)}${at(site ?? null)}`);
    }
    if (this.draws.length === 0) return;
    throw new ExportError("export/random", `export: ${this.draws.length === 1 ? "a random draw" : `${this.draws.length} random draws`} cannot be exported: ${this.draws.join("; ")}. Nothing was written.`, "Call model.eval() first if it is dropout, or give the random values as an input.");
  }
}

const here = (): string | null => userSite(new Error("site").stack);
export const at = (site: string | null): string => (site === null ? "" : ` at ${site}`);

/** Runs forward so that it leaves nothing behind. @throws ExportError when it changed something that is older than it */
function recording(observer: Observer, run: () => unknown): unknown {
  setTraceObserver(observer);
  tracing.active = true;
  try {
    const { result, written } = undoingWrites(() => withGradMode(false, () => fork_rng(run)));
    if (result instanceof Promise) throw new ExportError("export/async", "export: forward must be synchronous; it returned a promise.");
    if (written.length > 0) {
      const texts = written.map((storage) => `${storage.dtype}${formatShape(storage.shape)}`);
      throw new ExportError("export/writes-state", `export: forward changes ${written.length === 1 ? "a tensor" : `${written.length} tensors`} that it did not make (${texts.join(", ")}), and exporting state is not supported. They are as they were.`, "Call model.eval() first, so that running statistics are not updated.");
    }
    return result;
  } finally {
    setTraceObserver(null);
    tracing.active = false;
  }
}

/** Parameters and buffers by their storage's name in the module. */
function namedTensors(model: Exportable): Map<Tensor, string> {
  const named = new Map<Tensor, string>();
  const source = model as { named_parameters?(): Iterable<[string, Tensor]>; named_buffers?(): Iterable<[string, Tensor]> };
  for (const [name, tensor] of source.named_parameters?.() ?? []) named.set(tensor, name);
  for (const [name, tensor] of source.named_buffers?.() ?? []) named.set(tensor, name);
  return named;
}

/** What was written before, and the module's tensors, get their values, so that no initialisation is exported. */
function computePending(tensors: readonly Tensor[]): void {
  for (const storage of takeWritten()) storage.value();
  flushAll(tensors.map(({ storage_ }) => ({ node: behindMarkers(storage_.node), device: storage_.device })));
}

function flushAll(wanted: readonly { readonly node: Node; readonly device: Device }[]): void {
  for (const device of new Set(wanted.map((item) => item.device))) {
    recorder.flush(wanted.flatMap((item) => (item.device === device && valueOf(item.node) === null ? [{ node: item.node, hint: "state" as const }] : [])), device);
  }
}

const passedThrough: ReadonlySet<string> = new Set(["reshape", "permute", "expand", "slice", "leaf", "detach", "with_history", "barrier"]);

/** Tensors that forward closes over and that are not computed yet: what is older than the recording depends on no input. */
function computeConstants(roots: readonly Node[], first: number, device: Device): void {
  const wanted = new Set<Node>();
  const isLeaf = (node: Node): boolean => valueOf(node) !== null || (node.id < first && node.inputs.length > 0 && !passedThrough.has(node.op));
  for (const node of topologicalOrder(roots, isLeaf)) if (isLeaf(node) && valueOf(node) === null) wanted.add(node);
  flushAll(Array.from(wanted, (node) => ({ node, device })));
}

function weightsOf(roots: readonly Node[], names: ReadonlyMap<Tensor, string>): RecordedWeight[] {
  const known = new Map<Value, string>();
  for (const [tensor, name] of names) {
    const value = valueOf(behindMarkers(tensor.storage_.node));
    if (value !== null && tensor.parent_ === null && !known.has(value)) known.set(value, name);
  }
  const taken = new Set(known.values());
  let constants = 0;
  const freshName = (): string => {
    let name;
    do name = `constant_${constants++}`;
    while (taken.has(name));
    return name;
  };
  const weights = new Map<Value, RecordedWeight>();
  for (const node of topologicalOrder(roots, (leaf) => valueOf(leaf) !== null)) {
    const value = valueOf(node);
    if (value === null || value instanceof Placeholder || weights.has(value)) continue;
    weights.set(value, { name: known.get(value) ?? freshName(), node, contents: contentsOf(value) });
  }
  return [...weights.values()];
}

/** A copy, since the value may be overwritten by training later. */
function contentsOf(value: Value): Promise<ArrayBuffer> {
  const host = value.hostContents;
  if (host !== null) return Promise.resolve(Uint8Array.from(new Uint8Array(host.buffer, host.byteOffset, host.byteLength)).buffer);
  const memory: Memory = value.memory();
  const contents = value.device.read(memory);
  // Whoever uses the weights hears of an error; nobody has to.
  contents.catch(() => {});
  return contents;
}

/** Sizes that stay open. */
export function refuseDynamicShapes(dynamic_shapes: unknown): void {
  if (dynamic_shapes === undefined || dynamic_shapes === null) return;
  throw new NotImplementedError("export/dynamic-shapes", "export: dynamic_shapes are not supported yet: an exported model takes the shapes of the example inputs.", "Export once for each shape.");
}
