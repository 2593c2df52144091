/** A value of its own with the contents of another. */
import type { Program, Slot } from "../ir/program.ts";
import type { OutputHint } from "../runtime/device.ts";
import { Value } from "./value.ts";

/** Copies on the device, without a wait. */
export function copyOf(value: Value, hint: OutputHint = "state"): Value {
  const { bytes, device, dtype, shape } = value;
  const slot = (id: number, place: Slot["place"]): Slot => ({ id, dtype, shape, bytes, place });
  const program: Program = {
    name: "copy",
    slots: [slot(0, { kind: "input", index: 0 }), slot(1, { kind: "output", index: 0 })],
    numbers: [],
    steps: [{ kind: "copy", from: 0, to: 1 }],
    inputCount: 1,
    outputCount: 1,
    arenaBytes: 0,
  };
  const executable = device.prepare(program);
  const [memory] = executable.run([value.memory()], [], [], [hint]);
  executable.release();
  return new Value(dtype, shape, device, memory!);
}
