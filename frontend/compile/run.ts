/** Runs of a recording's program: the first one, from what was there before the recording, and replays. */
import type { DType } from "../../ir/dtype.ts";
import { leafNode, type Node } from "../../ir/graph.ts";
import type { ScalarArgument } from "../../ir/signature.ts";
import type { Memory, OutputHint, ScalarValue } from "../../runtime/device.ts";
import { noteStatus } from "../checks.ts";
import { withGradMode } from "../grad-mode.ts";
import { scalarValue, valuesOf } from "../program-values.ts";
import { recorder } from "../recorder.ts";
import { isWritePending } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { noteRareChange } from "../trace.ts";
import { asElements, Value } from "../value.ts";
import { copyOf } from "../value-copy.ts";
import type { CallArguments } from "./arguments.ts";
import type { Built } from "./build.ts";
import { put } from "./held.ts";
import { LeftGradient } from "./left-gradient.ts";
import { membersOf } from "./places.ts";
import { GivenTensor, type Recording, type Source } from "./recording.ts";
import { resultOf } from "./results.ts";
import { overwrittenInPlace, Reuse } from "./reuse.ts";

/** The run of the call that was recorded. */
export function firstRun({ recording, before, gradients, held }: Built, given: CallArguments): unknown {
  // Who waits for a value from before may be known to nobody any more: nothing is overwritten.
  const results = run(recording, [...before], recording.hints, () => true);
  recording.gradWrites.forEach(({ root }, i) => gradients[i]!.accept(leafOf(recording, results, root), true));
  for (const grad of recording.grads) {
    if (grad.holder !== null) continue;
    const { owner, root } = grad;
    const made = owner.gradient_!;
    const node = leafOf(recording, results, root);
    if (made.parent_ === null) made.storage_.accept(node, true);
    else owner.setGradient_(Tensor.ofNode(asElements(node, owner.type_), recording.device));
  }
  return finish(recording, results, given, held);
}

/** @throws the error of a condition that does not hold */
export function replay(recording: Recording, given: CallArguments): unknown {
  const { device, events, checksFirst } = recording;
  // A step ends what was recorded before it, as a flush does.
  if (isWritePending(device) || recorder.hasCreated(device)) recorder.endRecording(device);
  recorder.notePending();
  const argumentValues = given.values;
  for (const event of events) {
    if (event.kind === "draw") event.fill(event.target);
    else if (event.kind === "generator") event.change();
  }
  const error = checksFirst === null ? null : firstFailed(recording, valuesNow(checksFirst.inputs, argumentValues));
  if (error !== null) throw error;
  recording.made.isReplayed = true;
  const held = recording.held.map((owner) => owner.gradient_!);
  const results = step(recording, argumentValues);
  leaveGradients(recording, results);
  return finish(recording, results, given, held);
}

/** Effects, then the program: where one of them cannot be run, none has been. */
function step(recording: Recording, argumentValues: readonly Value[]): readonly Value[] {
  const { events, counters } = recording;
  counters.save();
  try {
    for (const event of events) {
      if (event.kind === "effect") event.change();
      else if (event.kind === "scalar") (event.argument as { value: number }).value = event.argument.source!();
    }
    const values = valuesNow(recording.inputs, argumentValues);
    const reuse = Reuse.of(recording, values);
    const results = run(recording, values, reuse?.hints ?? recording.hints, isAwaited);
    reuse?.surrender();
    return results;
  } catch (error) {
    counters.restore();
    throw error;
  }
}

const isAwaited = (value: Value): boolean => value.isAwaited || value.isShared;

/** The error of the first condition that does not hold, or null; nothing has been changed by then. */
export function firstFailed({ checksFirst, checks, device }: Recording, values: readonly Value[]): Error | null {
  const memories = values.map((value) => value.memory());
  const [status] = checksFirst!.executable.run(memories, numbersOf(checksFirst!.scalars), [], ["escapes"]);
  try {
    noteStatus(checks, new Value("int64", [checks.length], device, status!));
    return null;
  } catch (error) {
    return error as Error;
  }
}

function valuesNow(sources: readonly Source[], argumentValues: readonly Value[]): Value[] {
  const values = new Array<Value>(sources.length);
  for (let i = 0; i < sources.length; i++) values[i] = valueNow(sources[i]!, argumentValues);
  return values;
}

function valueNow(source: Source, argumentValues: readonly Value[]): Value {
  switch (source.kind) {
    case "argument":
      return argumentValues[source.index]!;
    case "storage":
      return source.storage.value();
    case "grad":
      return source.owner.gradient_!.storage_.value();
    case "draw":
      return new Value(source.value.dtype, source.value.shape, source.value.device, source.target);
    case "fixed":
      return source.value;
  }
}

function numbersOf(scalars: readonly Node[]): ScalarValue[] {
  const numbers = new Array<ScalarValue>(scalars.length);
  for (let i = 0; i < scalars.length; i++) numbers[i] = scalarValue(scalars[i]!);
  return numbers;
}

/** The value of each root. `isKept`: whether an input must not be overwritten in place. Takes over `inputs`. */
function run(
  recording: Recording,
  inputs: Value[],
  hints: readonly OutputHint[],
  isKept: (value: Value) => boolean,
): readonly Value[] {
  const { compiled, device, roots, overwritten, handedOn } = recording;
  // Another storage may have come to share what was this one's alone, or a pending tensor may need it.
  for (const i of overwritten) if (inputs[i]!.holders > 1 || isKept(inputs[i]!)) inputs[i] = copyOf(inputs[i]!);
  const memories = new Array<Memory>(compiled.inputs.length);
  for (let i = 0; i < memories.length; i++) memories[i] = inputs[i]!.memory();
  const outputs = recording.executable.run(memories, numbersOf(recording.scalars), [], hints);
  // What was overwritten in place is no longer the old value.
  const isOutput = membersOf(outputs);
  for (const i of overwritten) if (isOutput(memories[i]!)) inputs[i]!.surrender(overwrittenInPlace);
  const results = valuesOf(compiled, roots, device, outputs);
  for (let i = 0; i < results.length; i++) results[i] ??= resultOfInput(recording, inputs, handedOn[i]!);
  return results as Value[];
}

/**
 * An input that is handed on as a result. What was drawn lies where the next call's draws will; an argument's value is
 * the caller's, and who else has it is not counted.
 */
function resultOfInput({ inputs: sources }: Recording, inputs: readonly Value[], place: number): Value {
  const input = inputs[place]!;
  switch (sources[place]!.kind) {
    case "draw":
      return new Value(input.dtype, input.shape, input.device, input.hostContents!.slice());
    case "argument":
      return copyOf(input);
    default:
      return input;
  }
}

/** A root's value as a leaf: a result that is an input may have another shape than it. */
const leafOf = ({ roots }: Recording, results: readonly Value[], root: number): Node =>
  leafNode("input", roots[root]!.dtype, roots[root]!.shape, results[root]!);

/** Gradients where there were none before are new tensors at each call: whoever kept an older one keeps its values. */
function leaveGradients(recording: Recording, results: readonly Value[]): void {
  const { grads, gradWrites, cleared, device, compiled, argumentWrites } = recording;
  for (const { owner, root } of gradWrites) owner.gradient_!.storage_.accept(leafOf(recording, results, root), true);
  for (const grad of grads) {
    const { owner } = grad;
    if (grad.holder === null) {
      const value = results[grad.root]!;
      // Of a write to an argument that is a view, what it is a view of is still to be computed.
      const isWritten = argumentWrites.some((write) => results[write.root] === value);
      const isShared = isWritten || value.isShared || "input" in compiled.results[grad.root]!;
      grad.left = new LeftGradient(value, owner, device, isShared);
      owner.setGradient_(grad.left);
    } else if (owner.gradient_ !== grad.holder) {
      owner.setGradient_(grad.holder);
      noteRareChange();
    }
  }
  for (const owner of cleared) owner.setGradient_(null);
}

/** Hands out the new contents of what was written, and the function's result. */
function finish(
  recording: Recording,
  results: readonly Value[],
  given: CallArguments,
  held: readonly Tensor[],
): unknown {
  const { writes, argumentWrites, statusRoot, result, assigned } = recording;
  for (const { storage, root } of writes) storage.accept(leafOf(recording, results, root), true);
  for (const { place, root } of argumentWrites) writeArgument(given.tensors[place]!, leafOf(recording, results, root));
  recorder.advance();
  if (statusRoot >= 0) noteStatus(recording.checks, results[statusRoot]!);
  const make = (root: number, dtype: DType): Tensor =>
    Tensor.ofNode(asElements(leafOf(recording, results, root), dtype), recording.device);
  const kept = (object: object | number): object => (typeof object === "number" ? given.containers[object]! : object);
  const outcome = resultOf(result, make, given.tensors, held, kept);
  if (assigned.length === 0) return outcome;
  const [own, ...values] = outcome as unknown[];
  assigned.forEach(({ owner, kind, key }, i) =>
    put(kind, owner instanceof GivenTensor ? given.tensors[owner.place]! : kept(owner), key, values[i]),
  );
  return own;
}

const writeArgument = (tensor: Tensor, contents: Node): void =>
  withGradMode(false, () => tensor.write_(asElements(contents, tensor.type_), "a compiled function"));

/** Numbers of a recording, as far as a replay does not read them anew. */
export const fixedNumbers = ({ scalars }: Recording): unknown[] =>
  scalars.map((node) => {
    const { source, value } = node.binding as ScalarArgument;
    return source === null ? value : "read anew";
  });
