/** `verify`: records again and compares: what the function closes over may have changed without a guard seeing it. */
import { ValueError } from "../../ir/errors.ts";
import { sameSignature } from "../../ir/graph-key.ts";
import type { ArgumentNames, CallArguments } from "./arguments.ts";
import { record } from "./record.ts";
import { release, type Recording, type Source } from "./recording.ts";
import { fixedNumbers } from "./run.ts";

/** @throws ValueError when recording again gives another program */
export function verified<A extends unknown[], R>(
  fn: (...args: A) => R,
  given: CallArguments,
  nameOf: ArgumentNames,
  recording: Recording,
): R {
  const again = record(fn, given, nameOf, true);
  if (again.replayable !== null) release(again.replayable.recording.programs);
  if (again.replayable === null || !isSameRecording(again.replayable.recording, recording)) {
    throw new ValueError(
      "compile/verify",
      "compile: recording the function again gave another program than the one that is replayed: it depends on something that is fixed at recording.",
      "Pass what varies as an argument, or as a tensor that the function closes over.",
    );
  }
  if (again.error !== null) throw again.error;
  return again.result;
}

/** The same program, on the same tensors and with the same numbers. */
function isSameRecording(a: Recording, b: Recording): boolean {
  const [here, there] = [fixedNumbers(a), fixedNumbers(b)];
  return (
    sameSignature(a.signature, b.signature) &&
    here.every((number, i) => Object.is(number, there[i])) &&
    a.inputs.length === b.inputs.length &&
    a.inputs.every((source, i) => isSameSource(source, b.inputs[i]!))
  );
}

function isSameSource(a: Source, b: Source): boolean {
  if (a.kind === "storage" && b.kind === "storage") return a.storage === b.storage;
  if (a.kind === "fixed" && b.kind === "fixed") return a.value === b.value;
  if (a.kind === "grad" && b.kind === "grad") return a.owner === b.owner;
  return a.kind === b.kind;
}
