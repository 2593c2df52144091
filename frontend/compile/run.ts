/** Runs of a recording's program: the first one, from what was there before the recording, and replays. */
import { leafNode, type Node } from "../../ir/graph.ts";
import type { ScalarArgument } from "../../ir/signature.ts";
import type { OutputHint, ScalarValue } from "../../runtime/device.ts";
import { noteStatus } from "../checks.ts";
import { withGradMode } from "../grad-mode.ts";
import { mapTree } from "../pytree.ts";
import { recorder, scalarValue, valuesOf } from "../recorder.ts";
import { isWritePending } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { Value } from "../value.ts";
import { copyOf } from "../value-copy.ts";
import type { CallArguments } from "./arguments.ts";
import { LeftGradient } from "./left-gradient.ts";
import { ArgumentMark, RootMark, type Recording, type Source } from "./recording.ts";

/** The run of the call that was recorded. */
export function firstRun(recording: Recording, before: readonly Value[], given: CallArguments): unknown {
  // Who waits for a value from before may be known to nobody any more.
  const results = run(recording, before, () => true);
  for (const { owner, root } of recording.gradWrites)
    owner.gradient_!.storage_.accept(leafOf(recording, results, root), true);
  for (const grad of recording.grads) {
    if (grad.holder !== null) continue;
    const { owner, root } = grad;
    const made = owner.gradient_!;
    const node = leafOf(recording, results, root);
    if (made.parent_ === null) made.storage_.accept(node, true);
    else owner.setGradient_(Tensor.ofNode(node, recording.device));
  }
  return finish(recording, results, given);
}

/** @throws the error of a condition that does not hold */
export function replay(recording: Recording, given: CallArguments): unknown {
  const { device, events } = recording;
  // A step ends what was recorded before it, as a flush does.
  if (isWritePending(device)) recorder.flush([], device);
  recorder.notePending();
  const argumentValues = given.values;
  for (const event of events) {
    if (event.kind === "draw") event.fill(event.target);
    else if (event.kind === "generator") event.change();
  }
  const now = (source: Source): Value => valueNow(source, argumentValues);
  if (recording.checksFirst !== null) checkFirst(recording, recording.checksFirst.inputs.map(now));
  for (const event of events) {
    if (event.kind === "effect") event.change();
    else if (event.kind === "scalar") (event.argument as { value: number }).value = event.argument.source!();
  }
  const results = run(recording, recording.inputs.map(now), ({ isAwaited }) => isAwaited);
  leaveGradients(recording, results);
  return finish(recording, results, given);
}

/** @throws the error of the first condition that does not hold; nothing has been changed then */
export function checkFirst({ checksFirst, checks, device }: Recording, values: readonly Value[]): void {
  const memories = values.map((value) => value.memory());
  const numbers = checksFirst!.scalars.map((node): ScalarValue => scalarValue(node));
  const [status] = checksFirst!.executable.run(memories, numbers, [], ["escapes"]);
  noteStatus(checks, new Value("bool", [checks.length], device, status!));
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

/** The value of each root. `isKept`: whether an input must not be overwritten in place. */
function run(recording: Recording, inputs: readonly Value[], isKept: (value: Value) => boolean): readonly Value[] {
  const { compiled, device, roots } = recording;
  const values = [...inputs];
  // Another storage may have come to share what was this one's alone, or a pending tensor may need it.
  for (const i of recording.overwritten)
    if (values[i]!.holders > 1 || isKept(values[i]!)) values[i] = copyOf(values[i]!);
  const memories = values.slice(0, compiled.inputs.length).map((value) => value.memory());
  const numbers = recording.scalars.map((node): ScalarValue => scalarValue(node));
  const outputs = recording.executable.run(memories, numbers, [], hintsNow(recording));
  // What was overwritten in place is no longer the old value.
  for (const i of recording.overwritten)
    if (outputs.includes(memories[i]!))
      values[i]!.surrender("this value was overwritten in place by a compiled function");
  for (const grad of recording.grads)
    if (grad.holder === null && grad.left !== null && outputs.includes(grad.left.unseenMemory!)) grad.left.surrender();
  const made = valuesOf(compiled, roots, device, outputs);
  return compiled.results.map((item, i) =>
    "output" in item ? made[i]! : values[recording.leaves.indexOf(item.input)]!,
  );
}

/** A gradient is written over the last call's, when nobody has looked at that. */
function hintsNow({ hints, grads, compiled }: Recording): readonly OutputHint[] {
  let now: OutputHint[] | null = null;
  for (const grad of grads) {
    const memory = grad.holder === null ? (grad.left?.unseenMemory ?? null) : null;
    if (grad.holder !== null || memory === null) continue;
    const result = compiled.results[grad.root]!;
    if ("input" in result) continue;
    (now ??= [...hints])[result.output] = memory;
  }
  return now ?? hints;
}

/** A root's value as a leaf: a result that is an input may have another shape than it. */
const leafOf = ({ roots }: Recording, results: readonly Value[], root: number): Node =>
  leafNode("input", roots[root]!.dtype, roots[root]!.shape, results[root]!);

/** Gradients where there were none before are new tensors at each call: whoever kept an older one keeps its values. */
function leaveGradients(recording: Recording, results: readonly Value[]): void {
  const { grads, gradWrites, cleared, roots, device, compiled } = recording;
  for (const { owner, root } of gradWrites) owner.gradient_!.storage_.accept(leafOf(recording, results, root), true);
  for (const grad of grads) {
    const { owner } = grad;
    if (grad.holder === null) {
      const isShared = "input" in compiled.results[grad.root]!;
      grad.left = new LeftGradient(results[grad.root]!, roots[grad.root]!.shape, device, isShared);
      owner.setGradient_(grad.left);
    } else if (owner.gradient_ !== grad.holder) owner.setGradient_(grad.holder);
  }
  for (const owner of cleared) owner.setGradient_(null);
}

/** Hands out the new contents of what was written, and the function's result. */
function finish(recording: Recording, results: readonly Value[], given: CallArguments): unknown {
  const { device, writes, argumentWrites, statusRoot } = recording;
  const leaf = (root: number): Node => leafOf(recording, results, root);
  for (const { storage, root } of writes) storage.accept(leaf(root), true);
  for (const { place, root } of argumentWrites)
    withGradMode(false, () => given.tensors[place]!.write_(leaf(root), "a compiled function"));
  recorder.advance();
  if (statusRoot >= 0) noteStatus(recording.checks, results[statusRoot]!);
  if (recording.result instanceof RootMark) return Tensor.ofNode(leaf(recording.result.root), device);
  return mapTree(recording.result, (item) =>
    item instanceof RootMark
      ? Tensor.ofNode(leaf(item.root), device)
      : item instanceof ArgumentMark
        ? given.tensors[item.place]
        : item,
  );
}

/** Numbers of a recording, as far as a replay does not read them anew. */
export const fixedNumbers = ({ scalars }: Recording): unknown[] =>
  scalars.map((node) => {
    const { source, value } = node.binding as ScalarArgument;
    return source === null ? value : "read anew";
  });
