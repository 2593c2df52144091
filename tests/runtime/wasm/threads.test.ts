/** Threads while modules come and go and the memory grows under them. */
import { afterAll, expect, test } from "vitest";
import { compileGraph } from "../../../frontend/pipeline.ts";
import { GraphBuilder } from "../../../ir/builder.ts";
import { leafNode } from "../../../ir/graph.ts";
import { createWasmDevice } from "../../../runtime/wasm/device.ts";
import type { Executable, Memory } from "../../../runtime/device.ts";
import { threading } from "../../../runtime/wasm/threading.ts";

const device = createWasmDevice({ sharedFrom: 1 });
afterAll(() => device.setThreads(1, threading));

/** x * factor + 1 of so many elements: each factor is a module of its own. */
function prepare(elements: number, factor: number): Executable {
  const g = new GraphBuilder();
  const x = leafNode("input", "float32", [elements], 0);
  const { program } = compileGraph([g.add(g.mul(x, factor), 1)], { device: "cpu", name: "scale" });
  return device.prepare(program);
}

function runOnce(executable: Executable, x: Memory): Float32Array {
  const [result] = executable.run([x], [], [], ["state"]);
  const values = new Float32Array(device.readSync(result!));
  result!.release();
  return values;
}

test("more modules than are remembered, released and made again while threads help", { timeout: 120_000 }, async () => {
  const elements = 1000;
  const input = Float32Array.from({ length: elements }, (_, i) => i);
  const x = device.upload(input);
  device.setThreads(3, threading);
  await expect.poll(() => device.helpersUp, { timeout: 30_000 }).toBe(2);
  const kept: { factor: number; executable: Executable }[] = [];
  for (let factor = 2; factor < 400; factor++) {
    const executable = prepare(elements, factor);
    for (let i = 0; i < 3; i++) expect(runOnce(executable, x)[factor]).toBe(factor * factor + 1);
    if (factor % 2 === 0) executable.release();
    else kept.push({ factor, executable });
    // What is released is soon something else's memory, and the memory grows at times.
    const filler = device.upload(new Uint8Array(1000 + factor * 500).fill(0xff));
    if (factor % 3 === 0) filler.release();
  }
  for (const { factor, executable } of kept) {
    const values = runOnce(executable, x);
    expect(values.every((value, i) => value === i * factor + 1)).toBe(true);
    executable.release();
  }
  await expect
    .poll(() => {
      runOnce(prepare(elements, 1.5), x);
      return device.partsHelped;
    })
    .toBeGreaterThan(0);
  expect(device.threads).toBe(3);
});
