/** Running loop kernels on the test machine's WebGPU adapter. */
import { emitKernel } from "../../../codegen/wgsl/emit-kernel.ts";
import type { DType } from "../../../ir/dtype.ts";
import type { BufferParam, LoopKernel } from "../../../ir/loop.ts";
import type { Program, Slot, Step } from "../../../ir/program.ts";
import type { Memory, ScalarValue } from "../../../runtime/device.ts";
import { createWebGpuDevice, type WebGpuDevice, type WebGpuOptions } from "../../../runtime/webgpu/device.ts";
import { ensureSwiftShader, webgpuAvailable } from "../../support/webgpu.ts";

export const hasWebGpu = await webgpuAvailable();

export async function openDevice(options: Partial<WebGpuOptions> = {}): Promise<WebGpuDevice> {
  await ensureSwiftShader();
  return createWebGpuDevice({ compileKernel: emitKernel, ...options });
}

const views = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  complex64: Float32Array,
  complex128: Float64Array,
} satisfies Record<DType, unknown>;

export type Values = readonly number[] | readonly bigint[];

export function pack(dtype: DType, values: Values): ArrayBufferView {
  if (dtype === "int64") return BigInt64Array.from([...values], BigInt);
  return (views[dtype] as typeof Float32Array).from(values as readonly number[]);
}

export function unpack(dtype: DType, bytes: ArrayBuffer): (number | bigint)[] {
  return Array.from(new views[dtype](bytes) as Iterable<number | bigint>);
}

const slotOf = (id: number, buffer: BufferParam, bytes: number, place: Slot["place"]): Slot => ({
  id,
  dtype: buffer.dtype,
  shape: [buffer.elements],
  bytes,
  place,
});

const bytesOf = ({ dtype, elements }: BufferParam): number => views[dtype].BYTES_PER_ELEMENT * elements;

/** A program of one kernel: buffers that have a name in `given` are inputs, the others are outputs. */
export function singleKernel(kernel: LoopKernel, given: readonly string[]): Program {
  let inputCount = 0;
  let outputCount = 0;
  const buffers = kernel.buffers.filter((buffer) => buffer.scope === "argument");
  const slots = buffers.map((buffer, id) => {
    const isInput = given.includes(buffer.name);
    const place = isInput
      ? ({ kind: "input", index: inputCount++ } as const)
      : ({ kind: "output", index: outputCount++ } as const);
    return slotOf(id, buffer, bytesOf(buffer), place);
  });
  const dtypes = { f32: "float32", f64: "float64", i32: "int32", i64: "int64", bool: "bool" } as const;
  const numbers = kernel.numbers.map(({ kind }, id) => ({ id, dtype: dtypes[kind] }));
  const step: Step = {
    kind: "kernel",
    kernel,
    buffers: slots.map(({ id }) => id),
    numbers: numbers.map(({ id }) => id),
  };
  return { name: kernel.name, slots, numbers, steps: [step], inputCount, outputCount, arenaBytes: 0 };
}

/** Runs a kernel once and reads all its argument buffers. Buffers without values start undefined. */
export async function runKernel(
  device: WebGpuDevice,
  kernel: LoopKernel,
  given: Readonly<Record<string, Values>>,
  numbers: readonly ScalarValue[] = [],
): Promise<Record<string, (number | bigint)[]>> {
  const buffers = kernel.buffers.filter((buffer) => buffer.scope === "argument");
  const program = singleKernel(kernel, Object.keys(given));
  const inputs = buffers.flatMap((buffer) => {
    const values = given[buffer.name];
    return values === undefined ? [] : [device.upload(pack(buffer.dtype, values), buffer.dtype)];
  });
  const executable = device.prepare(program);
  const outputs = executable.run(inputs, numbers, [], []);
  const result: Record<string, (number | bigint)[]> = {};
  let nextInput = 0;
  let nextOutput = 0;
  for (const buffer of buffers) {
    const memory: Memory = given[buffer.name] === undefined ? outputs[nextOutput++]! : inputs[nextInput++]!;
    result[buffer.name] = unpack(buffer.dtype, await device.read(memory));
    memory.release();
  }
  executable.release();
  return result;
}
