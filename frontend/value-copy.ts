/** A value of its own with the contents of another. */
import type { Program, Slot } from "../ir/program.ts";
import type { Device, Executable, OutputHint } from "../runtime/device.ts";
import { Value } from "./value.ts";

/** Of each device, by the bytes that they copy; those used last come last. */
const programs = new WeakMap<Device, Map<number, Executable>>();
const mostPrograms = 256;

/** Copies on the device, without a wait. */
export function copyOf(value: Value, hint: OutputHint = "state"): Value {
  const { bytes, dtype, shape, device } = value;
  const [memory] = programFor(bytes, device).run([value.memory()], [], [], [hint]);
  return new Value(dtype, shape, device, memory!);
}

function programFor(bytes: number, device: Device): Executable {
  let known = programs.get(device);
  if (known === undefined) programs.set(device, (known = new Map<number, Executable>()));
  const program = known.get(bytes) ?? device.prepare(programOf(bytes));
  known.delete(bytes);
  known.set(bytes, program);
  if (known.size > mostPrograms) {
    const [[oldest, unused]] = known as unknown as [[number, Executable]];
    unused.release();
    known.delete(oldest);
  }
  return program;
}

function programOf(bytes: number): Program {
  const slot = (id: number, place: Slot["place"]): Slot => ({ id, dtype: "uint8", shape: [bytes], bytes, place });
  return {
    name: "copy",
    slots: [slot(0, { kind: "input", index: 0 }), slot(1, { kind: "output", index: 0 })],
    numbers: [],
    steps: [{ kind: "copy", from: 0, to: 1 }],
    inputCount: 1,
    outputCount: 1,
    arenaBytes: 0,
  };
}
