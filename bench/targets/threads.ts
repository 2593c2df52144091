/**
 * Targets of two threads: their wall time beside that of one, on a device of their own, so that nothing depends on what
 * was compiled before. Other work on the machine only ever adds to wall time: the least of many short samples is taken.
 */
import { compileGraph } from "../../frontend/pipeline.ts";
import { GraphBuilder } from "../../ir/builder.ts";
import { leafNode, type Node } from "../../ir/graph.ts";
import { matmulOf } from "../../ir/ops/matmul.ts";
import { elementCount } from "../../ir/shape.ts";
import { createWasmDevice, type ThreadedDevice } from "../../runtime/wasm/device.ts";
import { generate } from "../generate.ts";
import { minimaOf, type Work } from "./interleave.ts";
import type { Target } from "./target.ts";
import { threading } from "../../runtime/wasm/threading.ts";

interface Graph {
  readonly work: string;
  readonly atLeast: number;
  readonly shape: readonly number[];
  readonly compute: (g: GraphBuilder, a: Node, b: Node) => Node;
}

const limitMs = 10_000;

async function helpersUp(device: ThreadedDevice, count: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (device.helpersUp < count && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  return device.helpersUp >= count;
}

function prepare(device: ThreadedDevice, { shape, compute }: Graph): Work {
  const g = new GraphBuilder();
  const [a, b] = [0, 1].map((index) => leafNode("input", "float32", shape, index));
  const { program } = compileGraph([compute(g, a!, b!)], { device: "cpu", name: "shared" });
  const executable = device.prepare(program);
  const count = elementCount(shape);
  const inputs = [11, 12].map((seed) => device.upload(generate(seed, count)));
  return () => {
    for (const result of executable.run(inputs, [], [], ["state"])) result.release();
  };
}

const onTwoThreads = (graph: Graph): Target => ({
  work: `${graph.work} on two threads`,
  atLeast: graph.atLeast,
  unit: "x one thread",
  async measure(budgetMs) {
    const device = createWasmDevice();
    device.setThreads(2, threading);
    if (!(await helpersUp(device, 1))) return { value: null, note: "no second thread started" };
    const alone = prepare(createWasmDevice(), graph);
    const [one, two] = minimaOf([alone, prepare(device, graph)], budgetMs) as [number, number];
    device.setThreads(1, threading);
    return { value: one / two, note: `${one.toFixed(4)} ms and ${two.toFixed(4)} ms of wall time, the least` };
  },
});

const product = (n: number, atLeast: number): Graph => ({
  work: `${n}x${n} product`,
  atLeast,
  shape: [n, n],
  compute: matmulOf,
});
const elementwise = (count: number): Graph => ({
  work: `x z + z, ${count / 1024} Ki elements,`,
  atLeast: 1,
  shape: [count],
  compute: (g, x, z) => g.add(g.mul(x, z), z),
});

/** Never slower than one thread; 1.8 times as fast from 128 on. */
export const threadTargets: readonly Target[] = [
  ...[16, 32, 64].map((n) => product(n, 1)),
  ...[128, 256, 512, 1024].map((n) => product(n, 1.8)),
  ...[1, 4, 16, 64, 1024].map((ki) => elementwise(ki * 1024)),
].map(onTwoThreads);
