/**
 * Where a program's time goes: every kernel of it run and timed alone, on memory of the same sizes. Values are arbitrary,
 * so what depends on them (branches, indices) may take other time than in the program.
 */
import { dtypeBytes } from "../ir/dtype.ts";
import type { Program, Step } from "../ir/program.ts";
import type { Device, Executable, Memory, OutputHint } from "../runtime/device.ts";
import { median } from "./measure.ts";

export interface KernelTime {
  readonly name: string;
  readonly ms: number;
  /** Bytes of the arguments, each counted once. */
  readonly bytes: number;
  readonly shapes: readonly string[];
}

const samples = 7;
const sampleMs = 4;

/** In the order of the program. Only for devices whose runs are done when they return. */
export function profileKernels(device: Device, program: Program): KernelTime[] {
  const inputs = makeInputs(device, program);
  const hints = new Array<OutputHint>(program.outputCount).fill("state");
  const numbers = program.numbers.map(({ dtype }) => (dtype === "int64" ? 1n : 0.5));
  const timeOf = (steps: readonly Step[]): number => {
    const executable = device.prepare({ ...program, steps });
    const ms = time(() => runOnce(executable, inputs, numbers, hints));
    executable.release();
    return ms;
  };
  const overhead = timeOf([]);
  return program.steps.flatMap((step) => {
    const slots = step.kind === "kernel" ? step.buffers : step.kind === "copy" ? [step.from, step.to] : [];
    const used = [...new Set(slots)].map((id) => program.slots.find((slot) => slot.id === id)!);
    return {
      name: step.kind === "kernel" ? step.kernel.name : step.kind,
      ms: step.kind === "draw" ? 0 : Math.max(0, timeOf([step]) - overhead),
      bytes: used.reduce((sum, { bytes }) => sum + bytes, 0),
      shapes: used.map(({ dtype, shape }) => `${dtype}[${shape.join(", ")}]`),
    };
  });
}

function makeInputs(device: Device, program: Program): Memory[] {
  const inputs: Memory[] = [];
  for (const { place, bytes, dtype } of program.slots) {
    if (place.kind !== "input") continue;
    const data = new Uint8Array(bytes);
    if (dtype === "float32") new Float32Array(data.buffer, 0, bytes / dtypeBytes(dtype)).fill(0.5);
    inputs[place.index] = device.upload(data, dtype);
  }
  return inputs;
}

function runOnce(
  executable: Executable,
  inputs: readonly Memory[],
  numbers: readonly (number | bigint)[],
  hints: readonly OutputHint[],
): void {
  const results = executable.run(inputs, numbers, [], hints);
  for (const result of results) if (!inputs.includes(result)) result.release();
}

/** Milliseconds of a call: the median over samples, after the code has warmed up. */
function time(work: () => void): number {
  let calls = 1;
  for (let ms = 0; ms < sampleMs; calls *= 2) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) work();
    ms = performance.now() - start;
  }
  const times = Array.from({ length: samples }, () => {
    const start = process.cpuUsage();
    for (let i = 0; i < calls; i++) work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000 / calls;
  });
  return median(times);
}
