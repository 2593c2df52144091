/**
 * `torch.compile`: records a function once and replays it as one program.
 *
 * Each call re-checks the arguments (shape, dtype, device, requires_grad, which of them are the same), the modes of the
 * modules that were called, and the other guards; re-reads the storages that the recording used, numbers with a
 * source, and draws. Other values that the function closes over are fixed at recording. A function whose results can
 * still be differentiated is recorded with the graph around it at each call.
 * https://docs.pytorch.org/docs/stable/generated/torch.compile.html
 */
import { AutogradError, ValueError } from "../ir/errors.ts";
import { forgetInterned, leafNode, canonicalOrder, type Node } from "../ir/graph.ts";
import type { ScalarArgument } from "../ir/signature.ts";
import type { Device, Executable, Memory, OutputHint, ScalarValue } from "../runtime/device.ts";
import { typedArray, type TypedArray } from "../runtime/typed-array.ts";
import { elementCount } from "../ir/shape.ts";
import type { Check } from "../ir/builder.ts";
import type { Program } from "../ir/program.ts";
import { withSite } from "./call.ts";
import { noteStatus, statusOf, unlessFailed, type Conditions } from "./checks.ts";
import { setHostEffectHook, tracing } from "./host-effects.ts";
import type { Compiled } from "./pipeline.ts";
import { prepareGraph } from "./program-families.ts";
import { parameterNames } from "./export/parameter-names.ts";
import { isModule } from "./nn/module-internals.ts";
import { mapTree } from "./pytree.ts";
import { graphKey, sameSignature } from "../ir/graph-key.ts";
import { placeholders, placeOf, recorder, scalarValue, valuesOf } from "./recorder.ts";
import { withGradMode } from "./grad-mode.ts";
import { reachesLeaf } from "./saved-values.ts";
import { captureSite, notesSites } from "./site.ts";
import { graph, settings } from "./state.ts";
import { newestStorageId, Storage, takeWritten } from "./storage.ts";
import { Tensor } from "./tensor.ts";
import { setTraceObserver, traceObserver, type GuardedValue, type TraceObserver } from "./trace.ts";
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
  /** `file:line:column` of the call that was recorded again. */
  readonly line: string | null;
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

/** How many recordings of one function are kept, the latest first. */
const recordingLimit = 64;

/** Something about the arguments that a recording is made for. */
interface ArgumentGuard {
  readonly name: string;
  readonly value: unknown;
}

interface Guard {
  readonly name: string;
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
  /** The conditions as a program of their own, run before the main one (null: none, or not on this device). */
  readonly checksFirst: ChecksFirst | null;
  /** Arguments that the function writes, with the roots that are their new contents. */
  readonly argumentWrites: readonly { readonly place: number; readonly root: number }[];
  /** The result with root indices in place of tensors. */
  readonly result: unknown;
}

interface ChecksFirst {
  readonly executable: Executable;
  readonly inputs: readonly Source[];
  readonly before: readonly Value[];
  readonly scalars: readonly Node[];
}

/** Stands in a result for an argument that is returned. */
class ArgumentMark {
  readonly place: number;
  constructor(place: number) {
    this.place = place;
  }
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
  const recordings: { arguments: readonly ArgumentGuard[]; guards: readonly Guard[]; recording: Recording }[] = [];
  const recompiles: Recompile[] = [];
  let warned = false;
  let givesHistory = false;
  let calls = 0;
  let compileCount = 0;
  let compileMs = 0;
  let last: Recording | null = null;
  let nameOf: ((path: string) => string) | null = null;

  const call = (...args: A): R =>
    withSite(() => {
      // Inside another recording it is part of that one.
      if (options.disable === true || traceObserver() !== null) return fn(...args);
      // A gradient has to flow on through what the function computes from it.
      if (graph.gradEnabled && (givesHistory || hasHistory(args))) return fn(...args);
      calls++;
      const argumentGuards = guardArguments(args, (nameOf ??= argumentNames(fn)));
      let failure: Failure | null = null;
      for (const { arguments: expected, guards, recording } of recordings) {
        const failed = firstFailure(argumentGuards, expected, guards);
        if (failed === null) {
          last = recording;
          if (options.verify !== undefined && calls % options.verify === 0) return verified(fn, args, recording);
          return replay(recording, args) as R;
        }
        failure ??= failed;
      }
      const outcome = record(fn, args);
      if (outcome.recording === null) {
        if (outcome.givesHistory) givesHistory = true;
        else if (!warned) {
          warnOfReads();
          warned = true;
        }
        return outcome.result;
      }
      compileCount++;
      compileMs += outcome.recording.compileMs;
      if (failure !== null) recompiles.push(recompileOf(failure, captureSite()()));
      recordings.unshift({ arguments: argumentGuards, guards: outcome.guards, recording: outcome.recording });
      if (recordings.length > recordingLimit) recordings.pop()!.recording.executable.release();
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

/** Whether some argument was computed from tensors that require grad. */
const hasHistory = (args: readonly unknown[]): boolean => someTensor(args, (tensor) => !tensor.is_leaf);

/** Whether a result of the function's can be differentiated on. */
const isNewWithHistory = (tensor: Tensor, observer: Observer): boolean =>
  tensor.storage_.id >= observer.firstStorageId && reachesLeaf(tensor.node_());

function someTensor(tree: unknown, test: (tensor: Tensor) => boolean): boolean {
  let found = false;
  mapTree(tree, (value) => {
    if (!found && value instanceof Tensor) found = test(value);
    return value;
  });
  return found;
}

function guardArguments(args: readonly unknown[], nameOf: (path: string) => string): ArgumentGuard[] {
  const guards: ArgumentGuard[] = [];
  const storages: Storage[] = [];
  const nodes: Node[] = [];
  const placeIn = <T>(list: T[], item: T): number => {
    const known = list.indexOf(item);
    return known >= 0 ? known : -list.push(item);
  };
  mapTree(args, (value, path) => {
    const name = nameOf(path);
    if (!(value instanceof Tensor)) {
      guards.push({ name, value });
      return value;
    }
    value.shape.forEach((size, axis) => guards.push({ name: `${name}.shape[${axis}]`, value: size }));
    guards.push(
      { name: `${name}.ndim`, value: value.ndim },
      { name: `${name}.dtype`, value: value.dtype.name },
      { name: `${name}.device`, value: value.storage_.device.name },
      { name: `${name}.requires_grad`, value: value.requires_grad },
      { name: `${name}'s memory`, value: placeIn(storages, value.storage_) },
      { name: `${name}'s value`, value: placeIn(nodes, value.node_()) },
    );
    // Gradients accumulate in this very tensor.
    if (value.requires_grad) guards.push({ name: `${name} itself`, value });
    return value;
  });
  guards.push(
    { name: "is_grad_enabled()", value: graph.gradEnabled },
    { name: "get_default_dtype()", value: settings.defaultDType },
    { name: "get_default_device()", value: settings.defaultDevice },
    { name: "the profiler's with_stack", value: notesSites() },
  );
  return guards;
}

type Failure = Pick<Recompile, "guard" | "before" | "now">;

function recompileOf({ guard, before, now }: Failure, line: string | null): Recompile {
  const [old, fresh] = [shown(before), shown(now)];
  const text = `${guard}: ${old} -> ${old === fresh ? "another " : ""}${fresh}${line === null ? "" : `\n  at ${line}`}`;
  return { guard, before, now, line, toString: () => text };
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isModule(value)) return value._get_name();
  if (value instanceof Storage) return `${value.dtype} on ${value.device.name}`;
  if (typeof value === "function") return value.name === "" ? "a function" : value.name;
  if (typeof value === "object" && value !== null && value.toString === Object.prototype.toString)
    return value.constructor.name;
  return String(value);
}

function firstFailure(
  current: readonly ArgumentGuard[],
  expected: readonly ArgumentGuard[],
  guards: readonly Guard[],
): Failure | null {
  const failed = (guard: string, before: unknown, now: unknown): Failure => ({ guard, before, now });
  if (expected.length !== current.length) return failed("the arguments' structure", expected.length, current.length);
  for (let i = 0; i < current.length; i++) {
    const before = expected[i]!;
    const now = current[i]!;
    if (before.name !== now.name || !Object.is(before.value, now.value))
      return failed(now.name, before.value, now.value);
  }
  for (const guard of guards) {
    const now = guard.read();
    if (!Object.is(guard.expected, now)) return failed(guard.name, guard.expected, now);
  }
  return null;
}

// ---- recording

class Observer implements TraceObserver {
  readonly events: Event[] = [];
  readonly draws = new Map<Value, TypedArray>();
  readonly guards: Guard[] = [];
  private readonly unsettled: (Guard & { readonly expect: GuardedValue })[] = [];
  readonly assigned = new Set<Tensor>();
  readonly touched = new Set<Tensor>();
  reads = false;
  readonly firstStorageId = newestStorageId();

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
  guard(name: string, read: () => unknown, expect: GuardedValue = "now"): void {
    const guard = { name, read, expected: read() };
    if (expect === "now") this.guards.push(guard);
    else this.unsettled.push({ ...guard, expect });
  }
  /** The function has returned. */
  ended(): void {
    for (const { name, read, expected: before, expect } of this.unsettled) {
      const expected = read();
      if (expect === "at the end" || Object.is(before, expected)) this.guards.push({ name, read, expected });
    }
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
    this.guards.push({ name: "grad", read: () => tensor.grad, expected: before });
  }
  valueRead(): void {
    this.reads = true;
  }
}

/** The arguments of one call, each distinct value once. */
class CallArguments {
  readonly tensors: Tensor[] = [];
  readonly values: Value[] = [];
  private readonly nodes: Node[] = [];

  constructor(args: readonly unknown[]) {
    mapTree(args, (value) => {
      if (value instanceof Tensor && !value.requires_grad && this.placeOf(value) < 0) {
        const own = currentValue(value);
        this.nodes.push(value.node_());
        this.tensors.push(value);
        this.values.push(own);
      }
      return value;
    });
  }
  placeOf(tensor: Tensor): number {
    return this.nodes.indexOf(tensor.node_());
  }
}

function record<A extends unknown[], R>(
  fn: (...args: A) => R,
  args: A,
): { result: R; recording: Recording | null; guards: readonly Guard[]; givesHistory: boolean } {
  // What was written before belongs to the past.
  flushPending();
  // The arguments' stand-ins belong to the recording.
  const observer = new Observer();
  const given = new CallArguments(args);
  // Each has a value of its own, so that two arguments that happen to be equal stay two.
  const values = given.values.map((value) => value.alias());
  const stands = given.tensors.map((tensor, i) =>
    Tensor.ofNode(leafNode("input", values[i]!.dtype, tensor.shape, values[i]!), tensor.storage_.device),
  );
  const traced = mapTree(args, (value) =>
    value instanceof Tensor && !value.requires_grad ? stands[given.placeOf(value)]! : value,
  ) as A;
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
  observer.ended();
  if (result instanceof Promise)
    throw new ValueError("compile/async", "compile: the function must be synchronous; it returned a promise.");
  const written = takeWritten();
  // Somebody may go backward from these: they are recorded as part of the graph around, each time.
  const givesHistory = someTensor(result, (leaf) => !stands.includes(leaf) && isNewWithHistory(leaf, observer));
  if (observer.reads || givesHistory) {
    flushWrites(written);
    const own = mapTree(result, (leaf) =>
      stands.includes(leaf as Tensor) ? given.tensors[stands.indexOf(leaf as Tensor)] : leaf,
    );
    writeArguments(given, stands, (stand) => (written.includes(stand.storage_) ? stand.node_() : null));
    return { result: own as R, recording: null, guards: observer.guards, givesHistory };
  }
  refuseAliasedWrites(given, stands, written);
  const built = build(result, observer, written, { values, stands });
  forgetInterned();
  if (built === null) return { result, recording: null, guards: observer.guards, givesHistory };
  // The storages hold what was recorded by now: this run starts from what they held before.
  try {
    if (built.recording.checksFirst !== null) checkFirst(built.recording, built.recording.checksFirst.before);
  } catch (error) {
    for (const storage of written) storage.undoWrites(error);
    throw error;
  }
  const out = execute(built.recording, built.before, given);
  return { result: out as R, recording: built.recording, guards: observer.guards, givesHistory };
}

/** Gives arguments that the function wrote their new contents. */
function writeArguments(
  given: CallArguments,
  stands: readonly Tensor[],
  contents: (stand: Tensor) => Node | null,
): void {
  stands.forEach((stand, i) => {
    const node = contents(stand);
    if (node !== null) withGradMode(false, () => given.tensors[i]!.write_(node, "a compiled function"));
  });
}

/** What a write through one view of an argument does to another argument cannot be told from stand-ins. */
function refuseAliasedWrites(given: CallArguments, stands: readonly Tensor[], written: readonly Storage[]): void {
  stands.forEach((stand, i) => {
    const storage = given.tensors[i]!.storage_;
    if (!written.includes(stand.storage_) || given.tensors.filter((tensor) => tensor.storage_ === storage).length < 2)
      return;
    throw new ValueError(
      "compile/aliased-argument",
      "compile: the function writes to an argument that shares memory with another argument.",
      "Pass clones, or one of them only.",
    );
  });
}

function build(
  result: unknown,
  observer: Observer,
  written: readonly Storage[],
  args: { readonly values: readonly Value[]; readonly stands: readonly Tensor[] },
): { recording: Recording; before: readonly Value[] } | null {
  const argumentValues = args.values;
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
    const place = args.stands.indexOf(leaf);
    if (place >= 0) return new ArgumentMark(place);
    // A tensor from before stays what it is; anything else is a result of each call.
    return leaf.storage_.id < observer.firstStorageId ? leaf : new RootMark(rootOf(leaf.node_(), "escapes"));
  });
  const standStorages = args.stands.map((stand) => stand.storage_);
  const writes = written
    .filter((storage) => !standStorages.includes(storage))
    .map((storage) => ({ storage, root: rootOf(storage.node, "state") }));
  const standWrites = standStorages.flatMap((storage, place) =>
    written.includes(storage) ? [{ storage, place, root: rootOf(storage.node, "state") }] : [],
  );
  const grads = [...observer.touched].flatMap((owner) =>
    owner.grad === null ? [] : [{ owner, holder: owner.grad, root: rootOf(owner.grad.node_(), "state") }],
  );
  const status = statusOf(roots);
  const device =
    writes[0]?.storage.device ??
    grads[0]?.owner.storage_.device ??
    args.stands[0]?.storage_.device ??
    findDevice(result);
  if (device === null) return null;
  // Where values can be read at once, conditions are checked before anything is overwritten.
  const first = status !== null && device.synchronous;
  if (status !== null && !first) keepOnFailure(status, [...writes, ...standWrites], roots, hints);
  const statusRoot = status === null || first ? -1 : rootOf(status.node, "escapes");
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
  const prepared = (): ReturnType<typeof prepareGraph> =>
    prepareGraph(
      roots.map((root) => placed.get(root)!),
      signature,
      device,
      { device: device.name, name: "program", donations },
    );
  let { compiled, executable } = prepared();
  // What is handed on as a result must not be overwritten.
  const kept = new Set(compiled.results.flatMap((item) => ("input" in item ? [item.input] : [])));
  const unsafe = [...donations].filter(([, leaf]) => kept.has(leaf));
  if (unsafe.length > 0) {
    for (const [root] of unsafe) donations.delete(root);
    ({ compiled, executable } = prepared());
  }
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
    argumentWrites: standWrites,
    checks: status?.checks ?? [],
    checksFirst: first ? prepareChecks(status.node, device, sourceOf) : null,
    statusRoot,
  };
  return { recording, before };
}

const sameBytes = (a: Node, b: Node): boolean => a.dtype === b.dtype && elementCount(a.shape) === elementCount(b.shape);

/**
 * Where the conditions are computed by the program itself, what it writes stays as it was if one does not hold.
 * Contents that belong to another storage by now cannot be read again at a replay, and are written all the same.
 */
function keepOnFailure(
  status: Conditions,
  writes: readonly { readonly storage: Storage; root: number }[],
  roots: Node[],
  hints: OutputHint[],
): void {
  for (const write of writes) {
    const { storage, root } = write;
    const old = storage.contentsAt(status.checks[0]!.number);
    if (old === null || (valueOf(old) !== null && valueOf(old)!.owner !== storage)) continue;
    const kept = unlessFailed(status, old, roots[root]!);
    if (writes.filter((other) => other.root === root).length === 1) roots[root] = kept;
    else {
      write.root = roots.push(kept) - 1;
      hints.push("state");
    }
  }
}

/** A program of the conditions alone. */
function prepareChecks(status: Node, device: Device, sourceOf: (value: Value) => Source): ChecksFirst {
  const isLeaf = (node: Node): boolean => valueOf(node) !== null;
  const order = canonicalOrder([status], isLeaf);
  const placed = placeholders(order);
  const { signature } = graphKey(order, [status], isLeaf);
  const { compiled, executable } = prepareGraph([placed.get(status)!], signature, device, {
    device: device.name,
    name: "checks",
  });
  const values = compiled.inputs.map((leaf) => valueOf(order[placeOf(leaf)]!)!);
  const scalars = compiled.scalars.map((leaf) => order[placeOf(leaf)]!);
  return { executable, inputs: values.map(sourceOf), before: values, scalars };
}

/** @throws the error of the first condition that does not hold; nothing has been changed then */
function checkFirst({ checksFirst, checks, device }: Recording, values: readonly Value[]): void {
  const memories = values.map((value) => value.memory());
  const numbers = checksFirst!.scalars.map((node): ScalarValue => scalarValue(node));
  const [status] = checksFirst!.executable.run(memories, numbers, [], ["escapes"]);
  noteStatus(checks, new Value("bool", [checks.length], device, status!));
}

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
  const given = new CallArguments(args);
  for (const event of recording.events) if (event.kind === "draw") event.fill(event.target);
  if (recording.checksFirst !== null)
    checkFirst(
      recording,
      recording.checksFirst.inputs.map((source) => valueNow(source, given.values)),
    );
  for (const event of recording.events) {
    if (event.kind === "effect") event.change();
    else if (event.kind === "scalar") (event.argument as { value: number }).value = event.argument.source!();
  }
  return execute(
    recording,
    recording.inputs.map((source) => valueNow(source, given.values)),
    given,
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

function execute(recording: Recording, inputs: readonly Value[], given: CallArguments): unknown {
  const { compiled, device, roots } = recording;
  const values = [...inputs];
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
  const made = valuesOf(compiled, roots, device, outputs);
  const results = compiled.results.map((item, i) =>
    "output" in item ? made[i]! : values[recording.leaves.indexOf(item.input)]!,
  );
  // A result that is an input may have another shape than it.
  const leafOf = (root: number): Node => leafNode("input", roots[root]!.dtype, roots[root]!.shape, results[root]!);
  for (const { storage, root } of recording.writes) storage.accept(leafOf(root), true);
  for (const { owner, holder, root } of recording.grads) {
    holder.storage_.accept(leafOf(root), true);
    if (owner.grad !== holder) owner.grad = holder;
  }
  for (const { place, root } of recording.argumentWrites)
    withGradMode(false, () => given.tensors[place]!.write_(leafOf(root), "a compiled function"));
  recorder.advance();
  if (recording.statusRoot >= 0) noteStatus(recording.checks, results[recording.statusRoot]!);
  return mapTree(recording.result, (leaf) =>
    leaf instanceof RootMark
      ? Tensor.ofNode(leafOf(leaf.root), device)
      : leaf instanceof ArgumentMark
        ? given.tensors[leaf.place]
        : leaf,
  );
}

/** Records again and compares: what the function closes over may have changed without a guard seeing it. */
function verified<A extends unknown[], R>(fn: (...args: A) => R, args: A, recording: Recording): R {
  const again = record(fn, args);
  if (again.recording === null || !isSameRecording(again.recording, recording)) {
    throw new ValueError(
      "compile/verify",
      "compile: recording the function again gave another program than the one that is replayed: it depends on something that is fixed at recording.",
      "Pass what varies as an argument, or as a tensor that the function closes over.",
    );
  }
  return again.result;
}

/** The same program, on the same tensors and with the same numbers. */
function isSameRecording(a: Recording, b: Recording): boolean {
  const numbers = ({ scalars }: Recording): unknown[] =>
    scalars.map((node) => {
      const { source, value } = node.binding as ScalarArgument;
      return source === null ? value : "read anew";
    });
  const sameSource = (x: Source, y: Source): boolean =>
    x.kind === "storage" && y.kind === "storage"
      ? x.storage === y.storage
      : x.kind === "fixed" && y.kind === "fixed"
        ? x.value === y.value
        : x.kind === y.kind;
  const [here, there] = [numbers(a), numbers(b)];
  return (
    sameSignature(a.signature, b.signature) &&
    here.every((number, i) => Object.is(number, there[i])) &&
    a.inputs.length === b.inputs.length &&
    a.inputs.every((source, i) => sameSource(source, b.inputs[i]!))
  );
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
