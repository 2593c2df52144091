/**
 * Records a model's forward on placeholders. in: a module or a function, and example inputs. out: the graph, with its
 * inputs, and its other values (weights) as copies of their own. Nothing of the recording stays behind in the library,
 * and nothing that depends on the inputs is computed.
 */
import { ExportError, NotImplementedError } from "../../ir/errors.ts";
import { bareCopy, nextNodeId, type Node } from "../../ir/graph.ts";
import { forgetInterned } from "../../ir/interning.ts";
import { topologicalOrder } from "../../ir/walks.ts";
import type { ScalarArgument } from "../../ir/signature.ts";
import { formatShape } from "../../ir/shape.ts";
import type { Device } from "../../runtime/device.ts";
import { typedArray } from "../../runtime/typed-array.ts";
import { statusOf } from "../checks.ts";
import { deviceFor } from "../devices.ts";
import { withGradMode } from "../grad-mode.ts";
import { tracing } from "../host-effects.ts";
import { fork_rng } from "../random/index.ts";
import { captureSite } from "../site.ts";
import { undoingWrites } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { setTraceObserver, traceObserver, type TraceObserver } from "../trace.ts";
import { behindMarkers, inputNode, Value, valueOf } from "../value.ts";
import { argumentNames, finalNames, mapNamed, namedResults } from "./names.ts";
import { behindMarkersOf, computeConstants, namedLeaves, weightsOf, type LeafNames, type Weight } from "./weights.ts";

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
export interface Recorded {
  readonly device: Device;
  readonly inputs: readonly RecordedInput[];
  readonly weights: readonly Weight[];
  readonly outputs: readonly { readonly name: string; readonly node: Node }[];
  /** Conditions on values, as a bool vector. */
  readonly checks: { readonly node: Node; readonly errors: readonly ((told: number | null) => Error)[] } | null;
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
    throw new ExportError(
      "export/reads-value",
      `export: forward reads a value that depends on its input "${this.name}" (item(), tolist(), a shape that depends on data, or a condition): the exported program could not know it.`,
      "Keep it a tensor: torch.where(condition, a, b) chooses by value.",
    );
  }
}

export function recordModel(model: Exportable, args: readonly unknown[], options: RecordOptions): Recorded {
  if (traceObserver() !== null)
    throw new ExportError("export/nested", "export: a compiled function that is being recorded cannot export.");
  const names = namedLeaves(model);
  const inputs: { readonly placeholder: Placeholder; readonly node: Node }[] = [];
  const argNames = argumentNames(forwardOf(model), args.length);
  const standIn = (tensor: Tensor, name: string): Tensor => {
    const placeholder = new Placeholder(name, tensor);
    const node = inputNode(placeholder);
    inputs.push({ placeholder, node });
    return Tensor.ofNode(node, placeholder.device);
  };

  const observer = new Observer();
  forgetInterned();
  const first = nextNodeId();
  const result = recording(observer, () =>
    call(
      model,
      args.map((argument, i) => mapNamed(argument, argNames[i]!, standIn)),
    ),
  );
  const inputNames = finalNames(
    inputs.map(({ placeholder }) => placeholder.name),
    options.input_names,
    "input_names",
  );
  const results = namedResults(result);
  const outputNames = finalNames(
    results.map(({ name }) => name),
    options.output_names,
    "output_names",
  );
  const roots = results.map(({ tensor }) => behindMarkersOf(names, tensor.node_()));
  const device = inputs[0]?.placeholder.device ?? results[0]?.tensor.storage_.device ?? deviceFor("cpu");
  forgetInterned();
  observer.refuse(topologicalOrder(roots, (node) => valueOf(node) !== null));
  computeConstants(roots, first, device);
  const status = statusOf(roots);
  const { copyOf, originalOf } = copyInOrder(status === null ? roots : [...roots, status.node], names);
  return {
    device,
    inputs: inputs.map(({ node }, i) => ({ name: inputNames[i]!, node: copyOf.get(node) ?? node })),
    weights: weightsOf(copyOf, names, (value) => value instanceof Placeholder),
    outputs: roots.map((node, i) => ({ name: outputNames[i]!, node: copyOf.get(node)! })),
    checks:
      status === null ? null : { node: copyOf.get(status.node)!, errors: status.checks.map(({ error }) => error) },
    callOf: (node) => observer.callOf(originalOf.get(node) ?? node),
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
      const site = node.inputs
        .map(({ binding }) => this.scalars.get(binding as ScalarArgument))
        .find((found) => found !== undefined);
      this.draws.push(`int32${formatShape(node.shape)}${at(site ?? null)}`);
    }
    if (this.draws.length === 0) return;
    throw new ExportError(
      "export/random",
      `export: ${this.draws.length === 1 ? "a random draw" : `${this.draws.length} random draws`} cannot be exported: ${this.draws.join("; ")}. Nothing was written.`,
      "Call model.eval() first if it is dropout, or give the random values as an input.",
    );
  }
}

const here = (): string | null => captureSite()();
export const at = (site: string | null): string => (site === null ? "" : ` at ${site}`);

/** Runs forward so that it leaves nothing behind. @throws ExportError when it changed something that is older than it */
function recording(observer: Observer, run: () => unknown): unknown {
  setTraceObserver(observer);
  tracing.active = true;
  try {
    const { result, written } = undoingWrites(() => withGradMode(false, () => fork_rng(run)));
    if (result instanceof Promise)
      throw new ExportError("export/async", "export: forward must be synchronous; it returned a promise.");
    if (written.length > 0) {
      const texts = written.map((storage) => `${storage.dtype}${formatShape(storage.shape)}`);
      throw new ExportError(
        "export/writes-state",
        `export: forward changes ${written.length === 1 ? "a tensor" : `${written.length} tensors`} that it did not make (${texts.join(", ")}), and exporting state is not supported. They are as they were.`,
        "Call model.eval() first, so that running statistics are not updated.",
      );
    }
    return result;
  } finally {
    setTraceObserver(null);
    tracing.active = false;
  }
}

/**
 * The graph without marks of differentiation and with ids in the order in which the roots need their nodes, so that
 * equal models give equal programs, whatever was recorded before.
 */
function copyInOrder(
  roots: readonly Node[],
  names: LeafNames,
): { readonly copyOf: ReadonlyMap<Node, Node>; readonly originalOf: ReadonlyMap<Node, Node> } {
  const copyOf = new Map<Node, Node>();
  const originalOf = new Map<Node, Node>();
  const stack = [...roots].reverse();
  for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
    const value = names.has(node) ? valueOf(behindMarkers(node)) : valueOf(node);
    const inputs = value === null ? node.inputs.map((input) => behindMarkersOf(names, input)) : [];
    const missing = copyOf.has(node) ? [] : inputs.filter((input) => !copyOf.has(input));
    if (missing.length > 0) {
      stack.push(...missing.reverse());
      continue;
    }
    stack.pop();
    if (copyOf.has(node)) continue;
    const common = { id: copyOf.size + 1, requiresGrad: false };
    const copy = bareCopy(
      node,
      value === null
        ? { ...common, inputs: inputs.map((input) => copyOf.get(input)!), binding: node.binding }
        : { ...common, op: "input", inputs: [], attrs: {}, outputs: null, binding: value },
    );
    copyOf.set(node, copy);
    originalOf.set(copy, node);
  }
  return { copyOf, originalOf };
}

/** Sizes that stay open. */
export function refuseDynamicShapes(dynamic_shapes: unknown): void {
  if (dynamic_shapes === undefined || dynamic_shapes === null) return;
  throw new NotImplementedError(
    "export/dynamic-shapes",
    "export: dynamic_shapes are not supported yet: an exported model takes the shapes of the example inputs.",
    "Export once for each shape.",
  );
}
