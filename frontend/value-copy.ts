/** A value of its own with the contents of another. */
import { dtypeBytes, type DType } from "../ir/dtype.ts";
import type { Program, Slot } from "../ir/program.ts";
import type { Device, Executable, OutputHint } from "../runtime/device.ts";
import { Value } from "./value.ts";

/** Of each device, by what they copy; those used last come last. */
const programs = new WeakMap<Device, Map<string, Executable>>();
const mostPrograms = 256;

/** Copies on the device, without a wait. */
export function copyOf(value: Value, hint: OutputHint = "state"): Value {
  const { dtype, shape, device } = value;
  const [memory] = programFor(value).run([value.memory()], [], [], [hint]);
  return new Value(dtype, shape, device, memory!);
}

function programFor({ bytes, dtype, device }: Value): Executable {
  let known = programs.get(device);
  if (known === undefined) programs.set(device, (known = new Map<string, Executable>()));
  // A device may look at what the elements are.
  const key = `${dtype} ${bytes}`;
  const program = known.get(key) ?? device.prepare(programOf(dtype, bytes));
  known.delete(key);
  known.set(key, program);
  if (known.size > mostPrograms) {
    const [[oldest, unused]] = known as unknown as [[string, Executable]];
    unused.release();
    known.delete(oldest);
  }
  return program;
}

function programOf(dtype: DType, bytes: number): Program {
  const shape = [bytes / dtypeBytes(dtype)];
  const slot = (id: number, place: Slot["place"]): Slot => ({ id, dtype, shape, bytes, place });
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
