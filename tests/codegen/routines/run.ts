/** Runs one routine on a device, and in the interpreter. */
import "../../../frontend/gpu-kernels.ts";
import "../../../frontend/routines.ts";
import { compileGraph } from "../../../frontend/pipeline.ts";
import { GraphBuilder } from "../../../ir/builder.ts";
import type { DType } from "../../../ir/dtype.ts";
import { leafNode } from "../../../ir/graph.ts";
import { recordRoutine, type RoutineCall } from "../../../ir/routines/index.ts";
import { elementCount, type Shape } from "../../../ir/shape.ts";
import type { Device } from "../../../runtime/device.ts";
import { interpret } from "../../../runtime/interpreter/index.ts";
import { typedArray, typedView } from "../../../runtime/typed-array.ts";
import { onSharedKernels } from "../../fuzz/shared-kernels.ts";

/** Numbers of both signs without pattern, the same in every run. */
export function draws(seed: number): () => number {
  let state = seed * 7919 + 1;
  return () => (state = (state * 48271) % 2147483647) / 1073741823.5 - 1;
}

export interface Input {
  readonly shape: Shape;
  readonly data: readonly number[];
  /** That of the case when left out. */
  readonly dtype?: DType;
}
export const random = (seed: number, ...shape: number[]): Input => {
  const next = draws(seed);
  return { shape, data: Array.from({ length: elementCount(shape) }, next) };
};

export interface Variant {
  readonly device: Device;
  readonly dynamic?: boolean;
}

/** The results of a routine on a device and in the interpreter, each as one flat list. */
export async function runRoutine(
  { device, dynamic = false }: Variant,
  dtype: DType,
  call: RoutineCall,
  inputs: readonly Input[],
): Promise<{ readonly actual: readonly number[][]; readonly expected: readonly number[][] }> {
  const g = new GraphBuilder();
  const leaves = inputs.map(({ shape, dtype: own = dtype }) => leafNode("input", own, shape, null));
  const arrays = inputs.map(({ data, dtype: own = dtype }) => {
    const array = typedArray(own, data.length);
    data.forEach((x, i) => (array[i] = x as never));
    return array;
  });
  const roots = recordRoutine(g, call, leaves);
  const compiled = compileGraph(roots, { device: device.name, name: "test", dynamic });
  const { program, sizes } = dynamic
    ? onSharedKernels(compiled.program, device.name)
    : { program: compiled.program, sizes: [] };
  const executable = device.prepare(program);
  const given = compiled.inputs.map((leaf) => device.upload(arrays[leaves.indexOf(leaf)]!, leaf.dtype));
  const outputs = executable.run(given, sizes, [], []);
  const actual: number[][] = [];
  for (const [i, result] of compiled.results.entries()) {
    const bytes = await device.read(outputs["output" in result ? result.output : -1]!);
    actual.push(Array.from(typedView(roots[i]!.dtype, bytes) as Iterable<number>));
  }
  const expected = interpret(roots, {
    input: (leaf) => arrays[leaves.indexOf(leaf)]!,
    scalar: () => 0,
  }).map((array) => Array.from(array as Iterable<number>));
  for (const memory of [...given, ...outputs]) memory.release();
  executable.release();
  return { actual, expected };
}

/** The largest difference, relative to the largest expected element. */
export function distance(actual: readonly number[], expected: readonly number[]): number {
  const size = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-30);
  return actual.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i]!)), 0) / size;
}
