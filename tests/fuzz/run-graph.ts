/** Compiles a graph for a device, runs it, and compares it with the interpreter. */
import "../../frontend/gpu-kernels.ts";
import type { Tuner } from "../../codegen/lower/kernel-builder.ts";
import { compileGraph } from "../../frontend/pipeline.ts";
import { GraphBuilder } from "../../ir/builder.ts";
import { withFreshInterning } from "../../ir/interning.ts";
import { type Node } from "../../ir/graph.ts";
import { decompose } from "../../passes/decompose.ts";
import type { Device } from "../../runtime/device.ts";
import { typedView } from "../../runtime/typed-array.ts";
import { printGraph } from "../../ir/text/index.ts";
import {
  contentsFor,
  difference,
  elementsOf,
  leavesOf,
  referenceOf,
  type Contents,
  type Expected,
} from "./reference.ts";
import { onSharedKernels } from "./shared-kernels.ts";

export interface Variant {
  readonly device: Device;
  readonly fusion: boolean;
  /** Kernels that programs of several sizes may share. */
  readonly dynamic?: boolean;
  /** Chooses between schedules. */
  readonly tuner?: Tuner;
}

/** Outputs that may overwrite inputs, as positions among the roots. */
export type Donations = ReadonlyMap<number, Node>;

async function runGraph(
  roots: readonly Node[],
  contents: Contents,
  { device, fusion, dynamic = false, tuner }: Variant,
  donations: Donations,
): Promise<(number | bigint)[][]> {
  const options = { device: device.name, name: "fuzz", fusion, dynamic, donations };
  const compiled = compileGraph(roots, tuner === undefined ? options : { ...options, tuner });
  const { program, sizes } = dynamic
    ? onSharedKernels(compiled.program, device.name)
    : { program: compiled.program, sizes: [] };
  const executable = device.prepare(program);
  const inputs = compiled.inputs.map((leaf) => device.upload(contents.input(leaf), leaf.dtype));
  const outputs = executable.run(inputs, [...compiled.scalars.map(contents.scalar), ...sizes], [], []);
  const results: (number | bigint)[][] = [];
  for (const [i, result] of compiled.results.entries()) {
    const { dtype } = roots[i]!;
    if ("output" in result) {
      const bytes = device.synchronous
        ? device.readSync(outputs[result.output]!)
        : await device.read(outputs[result.output]!);
      results.push(elementsOf(dtype, typedView(dtype, bytes)));
    } else results.push(elementsOf(dtype, contents.input(result.input)));
  }
  for (const memory of new Set([...inputs, ...outputs])) memory.release();
  executable.release();
  return results;
}

/** What is wrong with a graph on a device, in words; null when nothing is. */
export async function wrongOn(
  roots: readonly Node[],
  contents: Contents,
  expected: readonly Expected[],
  variant: Variant,
  donations: Donations,
): Promise<string | null> {
  const where = `${variant.device.name}, fusion ${variant.fusion ? "on" : "off"}${variant.dynamic ? ", dynamic" : ""}`;
  let actual: (number | bigint)[][];
  try {
    actual = await runGraph(roots, contents, variant, donations);
  } catch (error) {
    return `${where}: ${String(error instanceof Error ? error.stack : error)}`;
  }
  for (const [i, root] of roots.entries()) {
    const wrong = difference(expected[i]!, actual[i]!, variant.device.synchronous);
    if (wrong !== null) return `${where}: result ${i} (${root.op}): ${wrong}`;
  }
  return null;
}

/** The interpreter knows primitives alone. */
const primitivesOf = (roots: readonly Node[]): Node[] =>
  withFreshInterning(() => {
    const g = new GraphBuilder();
    g.gradEnabled = false;
    return decompose(g, roots);
  });

/** Runs a graph everywhere. @throws naming the first difference, with the graph's text */
export async function checkGraph(
  roots: readonly Node[],
  variants: readonly Variant[],
  seed = 1,
  donations: Donations = new Map(),
): Promise<void> {
  const contents = contentsFor(leavesOf(roots), seed);
  const gpu = variants.some(({ device }) => !device.synchronous);
  const expected = referenceOf(primitivesOf(roots), contents, gpu);
  for (const variant of variants) {
    const wrong = await wrongOn(roots, contents, expected, variant, donations);
    if (wrong !== null) throw new Error(`${wrong}\n${printGraph(roots)}`);
  }
}
