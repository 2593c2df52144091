/** A value of its own with the contents of another. */
import type { Program, Slot } from "../ir/program.ts";
import type { Device, Executable, OutputHint } from "../runtime/device.ts";
import { Value } from "./value.ts";

const programs = new WeakMap<Device, Map<string, Executable>>();
/** How many are kept for each device, those used last. */
const programLimit = 256;

/** Copies on the device, without a wait. */
export function copyOf(value: Value, hint: OutputHint = "state"): Value {
  const { dtype, shape, device } = value;
  const [memory] = programFor(value).run([value.memory()], [], [], [hint]);
  return new Value(dtype, shape, device, memory!);
}

/** Values of one type and size share a program. */
function programFor({ bytes, device, dtype, shape }: Value): Executable {
  let known = programs.get(device);
  if (known === undefined) programs.set(device, (known = new Map<string, Executable>()));
  const key = `${dtype} ${shape.join()}`;
  const executable = known.get(key) ?? device.prepare(programOf(bytes, dtype, shape));
  known.delete(key);
  known.set(key, executable);
  if (known.size > programLimit) {
    const [oldest] = known.keys();
    known.get(oldest!)!.release();
    known.delete(oldest!);
  }
  return executable;
}

function programOf(bytes: number, dtype: Value["dtype"], shape: Value["shape"]): Program {
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
