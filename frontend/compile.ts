/**
 * `torch.compile`: records a function once and replays it as one program.
 *
 * Each call re-checks the arguments (shape, dtype, device, requires_grad, which of them are the same), the modes of the
 * modules that were called, and the other guards; re-reads the storages that the recording used, numbers with a
 * source, and draws. Other values that the function closes over are fixed at recording.
 * https://docs.pytorch.org/docs/stable/generated/torch.compile.html
 */
import { AutogradError, ValueError } from "../ir/errors.ts";
import { forgetInterned, leafNode, canonicalOrder, type Node } from "../ir/graph.ts";
import type { ScalarArgument } from "../ir/signature.ts";
import type { Device, Executable, Memory, OutputHint, ScalarValue } from "../runtime/device.ts";
import { typedArray, type TypedArray } from "../runtime/typed-array.ts";
import { elementCount, sameShape } from "../ir/shape.ts";
import type { Check } from "../ir/builder.ts";
import type { Program } from "../ir/program.ts";
import { withSite } from "./call.ts";
import { noteStatus, statusOf } from "./checks.ts";
import { setHostEffectHook, tracing } from "./host-effects.ts";
import type { Compiled } from "./pipeline.ts";
import { prepareGraph } from "./program-families.ts";
import { parameterNames } from "./export/parameter-names.ts";
import { isModule } from "./nn/module-internals.ts";
import { mapTree } from "./pytree.ts";
import { graphKey, sameSignature } from "../ir/graph-key.ts";
import { placeholders, placeOf, recorder, scalarValue } from "./recorder.ts";
import { graph } from "./state.ts";
import { newestStorageId, takeWritten, type Storage } from "./storage.ts";
import { Tensor } from "./tensor.ts";
import { setTraceObserver, traceObserver, type TraceObserver } from "./trace.ts";
import { behindMarkers, Value, valueOf } from "./value.ts";
import { copyOf } from "./value-copy.ts";

export interface CompileOptions {
  /** Records every n-th call again and throws when it differs. */
  readonly verify?: number;
  readonly fullgraph?: boolean;
  readonly dynamic?: boolean | null;
  readonly backend?: unknown;
  readonly mode?: unknown;
  readonly disable?: boolean;
}

/** One line of `explain_recompiles()`. */
export interface Recompile {
  /** What changed, such as `x.shape[0]`. */
  readonly guard: string;
  readonly before: unknown;
  readonly now: unknown;
  toString(): string;
}

export interface CompiledFunction<A extends unknown[], R> {
  (...args: A): R;
  /** Why the function was recorded again, in order. */
  explain_recompiles(): readonly Recompile[];
  /** The program of the last call. */
  readonly statistics: {
    readonly kernels: number;
    /** Kernels before fusion. */ readonly operations: number;
    readonly compileMs: number;
    readonly compileCount: number;
    readonly peakBytes: number;
  };
}

interface Guard {
  readonly name: string;
  /** Of the call itself, in order: compared with what the next call is given. */
  readonly ofArguments: boolean;
  readonly read: () => unknown;
  readonly expected: unknown;
}

/** Where a graph input's contents come from at each call. */
type Source =
  | { readonly kind: "argument"; readonly index: number }
  | { readonly kind: "storage"; readonly storage: { value(): Value } }
  | { readonly kind: "draw"; readonly value: Value; readonly target: TypedArray }
  | { readonly kind: "fixed"; readonly value: Value };

type Event =
  | { readonly kind: "effect"; readonly change: () => void }
  | { readonly kind: "scalar"; readonly argument: ScalarArgument }
  | { readonly kind: "draw"; readonly target: TypedArray; readonly fill: (target: TypedArray) => void };

/** A finished recording. */
interface Recording {
  readonly device: Device;
  readonly executable: Executable;
  readonly compiled: Compiled;
  /** From the recorded graph to code: the passes too. */
  readonly compileMs: number;
  readonly events: readonly Event[];
  readonly inputs: readonly Source[];
  /** The leaves that the inputs stand for: the program's, then those that are only handed on as results. */
  readonly leaves: readonly Node[];
  /** Indices of the inputs that are overwritten in place. */
  readonly overwritten: readonly number[];
  readonly scalars: readonly Node[];
  readonly hints: readonly OutputHint[];
  /** Storages written, with the index of the root that is their new contents. */
  readonly writes: readonly { readonly storage: Storage; readonly root: number }[];
  /** Tensors whose `.grad` the function leaves behind. */
  readonly grads: readonly { readonly owner: Tensor; readonly holder: Tensor; readonly root: number }[];
  readonly roots: readonly Node[];
  readonly signature: readonly (number | string)[];
  /** Conditions that each run checks, and the root that tells which failed (-1: none). */
  readonly checks: readonly Check[];
  readonly statusRoot: number;
  /** The result with root indices in place of tensors. */
  readonly result: unknown;
}

class RootMark {
  readonly root: number;
  constructor(root: number) {
    this.root = root;
  }
}

/** Compiles a function (or a module) whose arguments and results are tensors. */
export function compile<A extends unknown[], R>(
  fn: (...args: A) => R,
  options: CompileOptions = {},
): CompiledFunction<A, R> {
  const recordings: { guards: readonly Guard[]; recording: Recording }[] = [];
  const recompiles: Recompile[] = [];
  let warned = false;
  let calls = 0;
  let compileCount = 0;
  let compileMs = 0;
  let last: Recording | null = null;
  let nameOf: ((path: string) => string) | null = null;

  const call = (...args: A): R =>
    withSite(() => {
      // Inside another recording it is part of that one.
      if (options.disable === true || traceObserver() !== null) return fn(...args);
      calls++;
      const argumentGuards = guardArguments(args, (nameOf ??= argumentNames(fn)));
      let failure: Recompile | null = null;
      for (const { guards, recording } of recordings) {
        const failed = firstFailure(argumentGuards, guards);
        if (failed === null) {
          last = recording;
          if (options.verify !== undefined && calls % options.verify === 0)
            return verified(fn, args, argumentGuards, recording);
          return replay(recording, args) as R;
        }
        failure ??= failed;
      }
      const outcome = record(fn, args, argumentGuards);
      if (outcome.recording === null) {
        if (!warned) warnOfReads();
        warned = true;
        return outcome.result;
      }
      compileCount++;
      compileMs += outcome.recording.compileMs;
      if (failure !== null) recompiles.push(failure);
      recordings.unshift({ guards: outcome.guards, recording: outcome.recording });
      last = outcome.recording;
      return outcome.result;
    });
  return Object.defineProperties(call, {
    explain_recompiles: { value: () => recompiles },
    statistics: {
      get: () => ({
        kernels: last?.executable.kernelCount ?? 0,
        operations: last?.compiled.operationCount ?? 0,
        compileMs,
        compileCount,
        peakBytes: last?.executable.peakBytes ?? 0,
      }),
    },
  }) as CompiledFunction<A, R>;
}

function warnOfReads(): void {
  const advice = "every call is recorded again; read its results after the call instead.";
  // oxlint-disable-next-line no-console -- once a function, and nobody else can tell
  console.warn(`torch.compile: the function reads values while it is recorded, so ${advice}`);
}

// ---- guards

/** How messages call the arguments: by the function's own parameter names, where its source tells them. */
function argumentNames(fn: (...args: never[]) => unknown): (path: string) => string {
  const names = parameterNames(isModule(fn) ? fn.forward : fn);
  return (path) => {
    const place = /^\[(\d+)\]/.exec(path);
    const parameter = place === null ? undefined : names[Number(place[1])];
    const known = parameter !== undefined && !parameter.isRest ? parameter.name : null;
    return known === null || place === null ? `argument ${path}` : `${known}${path.slice(place[0].length)}`;
  };
}

function guardArguments(args: readonly unknown[], nameOf: (path: string) => string): { name: string; value: unknown }[] {
  const guards: { name: string; value: unknown }[] = [];
  const seen = new Map<unknown, number>();
  mapTree(args, (value, path) => {
    const name = nameOf(path);
    if (!(value instanceof Tensor)) {
      guards.push({ name, value });
      return value;
    }
    value.shape.forEach((size, i) => guards.push({ name: `${name}.shape[${i}]`, value: size }));
    guards.push(
      { name: `${name}.ndim`, value: value.ndim },
      { name: `${name}.dtype`, value: value.dtype.name },
      { name: `${name}.device`, value: value.storage_.device.name },
      { name: `${name}.requires_grad`, value: value.requires_grad },
    );
    const first = seen.get(value.storage_);
    guards.push({ name: `${name} shares memory with`, value: first ?? -1 });
    if (first === undefined) seen.set(value.storage_, seen.size);
    return value;
  });
  guards.push({ name: "is_grad_enabled()", value: graph.gradEnabled });
  return guards;
}

const isSame = (a: unknown, b: unknown): boolean => Object.is(a, b);

function firstFailure(
  current: readonly { name: string; value: unknown }[],
  guards: readonly Guard[],
): Recompile | null {
  const failed = (name: string, before: unknown, now: unknown): Recompile => ({
    guard: name,
    before,
    now,
    toString: () => `${name}: ${String(before)} -> ${String(now)}`,
  });
  const fixed = guards.filter((guard) => guard.ofArguments);
  if (fixed.length !== current.length) return failed("the arguments' structure", fixed.length, current.length);
  for (let i = 0; i < current.length; i++) {
    const guard = fixed[i]!;
    const now = current[i]!;
    if (guard.name !== now.name || !isSame(guard.expected, now.value))
      return failed(now.name, guard.expected, now.value);
  }
  for (const guard of guards) {
    if (guard.ofArguments) continue;
    const now = guard.read();
    if (!isSame(guard.expected, now)) return failed(guard.name, guard.expected, now);
  }
  return null;
}

// ---- recording

class Observer implements TraceObserver {
  readonly events: Event[] = [];
  readonly draws = new Map<Value, TypedArray>();
  readonly guards: Guard[] = [];
  readonly assigned = new Set<Tensor>();
  readonly touched = new Set<Tensor>();
  reads = false;
  private readonly firstStorageId = newestStorageId();

  /** What is used gets a value of its own, which each replay reads again. */
  storageUsed(storage: Storage): void {
    storage.takeForReplay(this.firstStorageId);
  }

  draw(value: Value, fill: (target: TypedArray) => void): void {
    const target = typedArray(value.dtype, elementCount(value.shape));
    this.draws.set(value, target);
    this.events.push({ kind: "draw", target, fill });
  }
  scalar(argument: ScalarArgument): void {
    this.events.push({ kind: "scalar", argument });
  }
  effect(change: () => void): void {
    this.events.push({ kind: "effect", change });
  }
  guard(name: string, read: () => unknown): void {
    this.guards.push({ name, ofArguments: false, read, expected: read() });
  }
  gradAssigned(tensor: Tensor): void {
    this.assigned.add(tensor);
    this.touched.add(tensor);
  }
  gradRead(tensor: Tensor): void {
    this.touched.add(tensor);
    if (this.assigned.has(tensor)) return;
    // What was there before the call matters: nothing, or this very tensor.
    const before = tensor.grad;
    this.guards.push({ name: "grad", ofArguments: false, read: () => tensor.grad, expected: before });
  }
  valueRead(): void {
    this.reads = true;
  }
}

function record<A extends unknown[], R>(
  fn: (...args: A) => R,
  args: A,
  argumentGuards: readonly { name: string; value: unknown }[],
): { result: R; recording: Recording | null; guards: Guard[] } {
  // What was written before belongs to the past.
  flushPending();
  // The arguments' stand-ins belong to the recording.
  const observer = new Observer();
  const argumentTensors: Tensor[] = [];
  const argumentValues: Value[] = [];
  const traced = mapTree(args, (value) => {
    if (!(value instanceof Tensor) || value.requires_grad) return value;
    const own = currentValue(value);
    const known = argumentValues.includes(own)
      ? argumentTensors.find((stand) => valueOf(stand.node_()) === own && sameShape(stand.shape, value.shape))
      : undefined;
    if (known !== undefined) return known;
    // The value may have been computed in another shape: that of what `value` is a view of.
    const stand = Tensor.ofNode(leafNode("input", own.dtype, value.shape, own), value.storage_.device);
    argumentTensors.push(stand);
    if (!argumentValues.includes(own)) argumentValues.push(own);
    return stand;
  }) as A;
  setTraceObserver(observer);
  setHostEffectHook((change) => observer.effect(change));
  tracing.active = true;
  let result: R;
  try {
    result = recorder.aside(() => fn(...traced));
  } finally {
    setTraceObserver(null);
    setHostEffectHook(null);
    tracing.active = false;
  }
  if (result instanceof Promise)
    throw new ValueError("compile/async", "compile: the function must be synchronous; it returned a promise.");
  const written = takeWritten();
  const guards: Guard[] = [
    ...argumentGuards.map(({ name, value }) => ({ name, ofArguments: true, read: () => value, expected: value })),
    ...observer.guards,
  ];
  if (observer.reads) {
    flushWrites(written);
    return { result, recording: null, guards };
  }
  const built = build(result, observer, written, argumentValues);
  forgetInterned();
  if (built === null) return { result, recording: null, guards };
  // The storages hold what was recorded by now: this run starts from what they held before.
  const out = execute(built.recording, built.before);
  return { result: out as R, recording: built.recording, guards };
}

function build(
  result: unknown,
  observer: Observer,
  written: readonly Storage[],
  argumentValues: readonly Value[],
): { recording: Recording; before: readonly Value[] } | null {
  const roots: Node[] = [];
  const hints: OutputHint[] = [];
  const rootOf = (node: Node, hint: OutputHint): number => {
    const target = behindMarkers(node);
    let index = roots.indexOf(target);
    if (index < 0) {
      index = roots.push(target) - 1;
      hints.push(hint);
    } else if (hint === "state") hints[index] = "state";
    return index;
  };
  const template = mapTree(result, (leaf) => {
    if (!(leaf instanceof Tensor)) return leaf;
    const node = behindMarkers(leaf.node_());
    return valueOf(node) !== null && leaf.parent_ === null && !isArgumentStandIn(node, argumentValues)
      ? leaf
      : new RootMark(rootOf(node, "escapes"));
  });
  const writes = written.map((storage) => ({ storage, root: rootOf(storage.node, "state") }));
  const grads = [...observer.touched].flatMap((owner) =>
    owner.grad === null ? [] : [{ owner, holder: owner.grad, root: rootOf(owner.grad.node_(), "state") }],
  );
  const status = statusOf(roots);
  const statusRoot = status === null ? -1 : rootOf(status.node, "escapes");
  const device = writes[0]?.storage.device ?? grads[0]?.owner.storage_.device ?? findDevice(result);
  if (device === null) return null;
  const isLeaf = (node: Node): boolean => valueOf(node) !== null;
  const order = canonicalOrder(roots, isLeaf);
  const placed = placeholders(order);
  // New contents may overwrite the old ones: nobody but the storage holds them.
  const donations = new Map<number, Node>();
  for (const { storage, root } of writes) {
    const leaf = order.find(
      (node) =>
        isLeaf(node) &&
        valueOf(node)!.owner === storage &&
        valueOf(node)!.holders <= 1 &&
        !argumentValues.includes(valueOf(node)!),
    );
    if (leaf !== undefined && sameBytes(leaf, roots[root]!) && !isLeaf(roots[root]!))
      donations.set(root, placed.get(leaf)!);
  }
  const { signature } = graphKey(order, roots, isLeaf);
  const started = performance.now();
  const { compiled, executable } = prepareGraph(
    roots.map((root) => placed.get(root)!),
    signature,
    device,
    { device: device.name, name: "program", donations },
  );
  const compileMs = performance.now() - started;
  recorder.noteCompiled(executable);
  const handedOn = compiled.results.flatMap((item) => ("input" in item ? [item.input] : []));
  const leaves = [...new Set([...compiled.inputs, ...handedOn])];
  const before = leaves.map((leaf) => valueOf(order[placeOf(leaf)]!)!);
  const sourceOf = (value: Value): Source => {
    const argument = argumentValues.indexOf(value);
    if (argument >= 0) return { kind: "argument", index: argument };
    const target = observer.draws.get(value);
    if (target !== undefined) return { kind: "draw", value, target };
    return value.owner !== null ? { kind: "storage", storage: value.owner } : { kind: "fixed", value };
  };
  const outputHints = new Array<OutputHint>(compiled.program.outputCount).fill("escapes");
  compiled.results.forEach((item, i) => {
    if ("output" in item && hints[i] === "state") outputHints[item.output] = "state";
  });
  const recording: Recording = {
    device,
    executable,
    compiled,
    compileMs,
    events: observer.events,
    inputs: before.map(sourceOf),
    leaves,
    overwritten: overwrittenInputs(compiled.program),
    scalars: compiled.scalars.map((leaf) => order[placeOf(leaf)]!),
    hints: outputHints,
    writes,
    grads,
    roots,
    signature,
    result: template,
    checks: status?.checks ?? [],
    statusRoot,
  };
  return { recording, before };
}

const sameBytes = (a: Node, b: Node): boolean => a.dtype === b.dtype && elementCount(a.shape) === elementCount(b.shape);
const isArgumentStandIn = (node: Node, values: readonly Value[]): boolean => values.includes(valueOf(node)!);

function findDevice(result: unknown): Device | null {
  let device: Device | null = null;
  mapTree(result, (leaf) => {
    if (leaf instanceof Tensor) device ??= leaf.storage_.device;
    return leaf;
  });
  return device;
}

// ---- running

function replay(recording: Recording, args: readonly unknown[]): unknown {
  const values: Value[] = [];
  mapTree(args, (value) => {
    if (value instanceof Tensor && !value.requires_grad) {
      const own = currentValue(value);
      if (!values.includes(own)) values.push(own);
    }
    return value;
  });
  for (const event of recording.events) {
    if (event.kind === "effect") event.change();
    else if (event.kind === "scalar") (event.argument as { value: number }).value = event.argument.source!();
    else event.fill(event.target);
  }
  return execute(
    recording,
    recording.inputs.map((source) => valueNow(source, values)),
  );
}

function valueNow(source: Source, argumentValues: readonly Value[]): Value {
  switch (source.kind) {
    case "argument":
      return argumentValues[source.index]!;
    case "storage":
      return source.storage.value();
    case "draw":
      return new Value(source.value.dtype, source.value.shape, source.value.device, source.target);
    case "fixed":
      return source.value;
  }
}

/** Which inputs a program overwrites in place. */
function overwrittenInputs(program: Program): number[] {
  return program.slots.flatMap(({ place }) => {
    const donor = place.kind === "donated" ? program.slots.find(({ id }) => id === place.of) : undefined;
    return donor?.place.kind === "input" ? [donor.place.index] : [];
  });
}

function execute(recording: Recording, given: readonly Value[]): unknown {
  const { compiled, device, roots } = recording;
  const values = [...given];
  // Another storage may have come to share what was this one's alone.
  for (const i of recording.overwritten) if (values[i]!.holders > 1) values[i] = copyOf(values[i]!);
  const memories: Memory[] = values.slice(0, compiled.inputs.length).map((value) => value.memory());
  const numbers = recording.scalars.map((node): ScalarValue => scalarValue(node));
  const outputs = recording.executable.run(memories, numbers, [], recording.hints);
  // What was overwritten in place is no longer the old value.
  const taken = new Set(outputs);
  values.forEach((value, i) => {
    if (i < memories.length && taken.has(memories[i]!))
      value.surrender("this value was overwritten in place by a compiled function");
  });
  const results = compiled.results.map((item, i): Value =>
    "output" in item
      ? new Value(roots[i]!.dtype, roots[i]!.shape, device, outputs[item.output]!)
      : values[recording.leaves.indexOf(item.input)]!,
  );
  // A result that is an input may have another shape than it.
  const leafOf = (root: number): Node => leafNode("input", roots[root]!.dtype, roots[root]!.shape, results[root]!);
  for (const { storage, root } of recording.writes) storage.accept(leafOf(root), true);
  for (const { owner, holder, root } of recording.grads) {
    holder.storage_.accept(leafOf(root), true);
    if (owner.grad !== holder) owner.grad = holder;
  }
  recorder.advance();
  if (recording.statusRoot >= 0) noteStatus(recording.checks, results[recording.statusRoot]!);
  return mapTree(recording.result, (leaf) =>
    leaf instanceof RootMark ? Tensor.ofNode(leafOf(leaf.root), device) : leaf,
  );
}

/** Records again and compares: what the function closes over may have changed without a guard seeing it. */
function verified<A extends unknown[], R>(
  fn: (...args: A) => R,
  args: A,
  guards: readonly { name: string; value: unknown }[],
  recording: Recording,
): R {
  const again = record(fn, args, guards);
  if (again.recording === null || !sameSignature(again.recording.signature, recording.signature)) {
    throw new ValueError(
      "compile/verify",
      "compile: recording the function again gave another program than the one that is replayed: it depends on something that is fixed at recording.",
      "Pass what varies as an argument, or as a tensor that the function closes over.",
    );
  }
  return again.result;
}

function currentValue(tensor: Tensor): Value {
  const node = behindMarkers(tensor.node_());
  const known = valueOf(node);
  if (known !== null) return known;
  recorder.flush([{ node, hint: "escapes" }], tensor.storage_.device);
  const value = valueOf(node);
  if (value === null) throw new AutogradError("compile/argument", "compile: an argument could not be computed.");
  return value;
}

function flushPending(): void {
  flushWrites(takeWritten());
}
function flushWrites(written: readonly Storage[]): void {
  for (const storage of written) storage.value();
}
