/** Loops and choices compiled for every device, against the interpreter. */
import "../../frontend/gpu-kernels.ts";
import "../../frontend/regions.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileGraph } from "../../frontend/pipeline.ts";
import { GraphBuilder } from "../../ir/builder.ts";
import type { DType } from "../../ir/dtype.ts";
import { leafNode, type Node } from "../../ir/graph.ts";
import { withFreshInterning } from "../../ir/interning.ts";
import { leafSteps } from "../../ir/program.ts";
import { recordCond, recordLoop } from "../../ir/regions.ts";
import { parseKernelGraph, parseProgram, printKernelGraph, printProgram } from "../../ir/text/index.ts";
import { verifyKernelGraph } from "../../ir/verify/index.ts";
import { decompose } from "../../passes/decompose.ts";
import { differentiate } from "../../passes/differentiate.ts";
import { fuse } from "../../passes/fuse.ts";
import { mergeLoops } from "../../passes/merge-loops.ts";
import { jsDevice } from "../../runtime/js/device.ts";
import { createWasmDevice } from "../../runtime/wasm/device.ts";
import type { WebGpuDevice } from "../../runtime/webgpu/device.ts";
import { checkGraph } from "../fuzz/run-graph.ts";
import { hasWebGpu, openDevice } from "../runtime/webgpu/support.ts";

const input = (shape: readonly number[], dtype: DType = "float32"): Node => leafNode("input", dtype, shape, null, true);

/** A recurrent network's cell over time, and what else an iteration may do; with the gradients of its results. */
const graphs: Record<string, (g: GraphBuilder) => Node[]> = {
  "a recurrence and its gradients": (g) => recurrence(g, false),
  "a recurrence in reverse and its gradients": (g) => recurrence(g, true),

  "states that are handed round, kept, and stacked as they came": (g) => {
    const [a, b, kept] = [input([3]), input([3]), input([3])];
    const { carried, outputs } = recordLoop(g, { count: 5, carried: [a, b, kept], scanned: [] }, ([x, y, z]) => ({
      carried: [y!, g.add(x!, z!), z!],
      outputs: [x!, g.mul(y!, z!), y!],
    }));
    return [...carried, ...outputs];
  },

  "one value carried twice, literals and counters": (g) => {
    const { carried, outputs } = recordLoop(
      g,
      { count: 3, carried: [g.full([2], 1, "float32"), g.full([2], 2, "float32")], scanned: [] },
      ([x, y]) => {
        const next = g.add(g.mul(x!, 0.5), y!);
        return { carried: [next, next], outputs: [next, g.iota(4, "int64"), g.full([2], 7, "float32")] };
      },
    );
    return [...carried, ...outputs];
  },

  "a loop in a loop": (g) => {
    const [x, start] = [input([3, 4, 2]), input([2])];
    const outer = recordLoop(g, { count: 3, carried: [start], scanned: [x] }, ([state], [rows]) => {
      const inner = recordLoop(g, { count: 4, reverse: true, carried: [state!], scanned: [rows!] }, ([h], [row]) => {
        const next = g.tanh(g.add(h!, row!));
        return { carried: [next], outputs: [next] };
      });
      return { carried: inner.carried, outputs: [inner.outputs[0]!, g.sum(inner.outputs[0]!, [0])] };
    });
    const results = [...outer.carried, ...outer.outputs];
    return [...results, ...gradientsOf(g, results, [x, start])];
  },

  "narrow types in slices": (g) => {
    const [x, flags] = [input([4, 3], "float16"), leafNode("input", "bool", [4, 3], null)];
    const { carried, outputs } = recordLoop(
      g,
      { count: 4, carried: [g.full([3], 0, "float16")], scanned: [x, flags] },
      ([h], [slice, flag]) => {
        const next = g.where(flag!, slice!, h!);
        return { carried: [next], outputs: [next, g.not(flag!)] };
      },
    );
    return [...carried, ...outputs];
  },

  "choices and their gradients": (g) => {
    const [x, y] = [input([3]), input([3])];
    const positive = g.reshape(g.gt(g.sum(x, [0]), 0), []);
    const pair = (predicate: Node): readonly Node[] =>
      recordCond(
        g,
        predicate,
        () => [g.mul(x, g.exp(y)), y],
        () => [g.add(x, 1), g.full([3], 3, "float32")],
      );
    const results = [...pair(positive), ...pair(g.not(positive))];
    return [...results, ...gradientsOf(g, results, [x, y])];
  },

  "a choice in a loop": (g) => {
    const [x, start] = [input([6, 2]), input([2])];
    const { carried, outputs } = recordLoop(g, { count: 6, carried: [start], scanned: [x] }, ([h], [slice]) => {
      const grows = g.reshape(g.gt(g.sum(slice!, [0]), 0), []);
      const [next] = recordCond(
        g,
        grows,
        () => [g.mul(h!, slice!)],
        () => [h!],
      );
      return { carried: [next!], outputs: [next!] };
    });
    const results = [...carried, ...outputs];
    return [...results, ...gradientsOf(g, results, [x, start])];
  },
};

function recurrence(g: GraphBuilder, reverse: boolean): Node[] {
  const [h, c, x] = [input([2, 4]), input([2, 4]), input([5, 2, 16])];
  const [weight, bias] = [input([16, 4]), input([16])];
  const { carried, outputs } = recordLoop(
    g,
    { count: 5, reverse, carried: [h, c], scanned: [x] },
    ([h0, c0], [step]) => {
      const gates = g.add(g.add(g.dot(h0!, weight, [[1], [1]]), step!), bias);
      const [i, f, o, z] = [0, 4, 8, 12].map((start) => g.sliceAxis(gates, 1, start, 4));
      const next = g.add(g.mul(g.sigmoid(f!), c0!), g.mul(g.sigmoid(i!), g.tanh(z!)));
      const out = g.mul(g.sigmoid(o!), g.tanh(next));
      return { carried: [out, next], outputs: [out] };
    },
  );
  const results = [...carried, ...outputs];
  return [...results, ...gradientsOf(g, results, [h, c, x, weight, bias])];
}

const gradientsOf = (g: GraphBuilder, roots: readonly Node[], leaves: readonly Node[]): Node[] => {
  const live = roots.filter((root) => root.requiresGrad);
  const ones = live.map((root) => g.full(root.shape, 1, root.dtype));
  return differentiate(g, live, ones, leaves).flatMap((grad) => (grad === null ? [] : [grad]));
};

const record = (make: (g: GraphBuilder) => Node[]): Node[] => withFreshInterning(() => make(new GraphBuilder()));

const cpuVariants = [jsDevice(), createWasmDevice()].flatMap((device) => [
  { device, fusion: true },
  { device, fusion: false },
  { device, fusion: true, dynamic: true },
]);

for (const [name, make] of Object.entries(graphs)) {
  test(`${name}: on CPU devices`, async () => {
    await expect(checkGraph(record(make), cpuVariants)).resolves.toBeUndefined();
  });
}

describe.skipIf(!hasWebGpu)("WebGPU", () => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());
  for (const [name, make] of Object.entries(graphs)) {
    test(`${name}: on WebGPU`, async () => {
      const variants = [
        { device, fusion: true },
        { device, fusion: false },
      ];
      await expect(checkGraph(record(make), variants)).resolves.toBeUndefined();
    });
  }
});

describe("the program of a loop", () => {
  const program = (roots: readonly Node[]): ReturnType<typeof compileGraph>["program"] =>
    compileGraph(roots, { device: "cpu", name: "loop" }).program;

  test("does not grow with the iterations", () => {
    const recurrenceOf = (count: number): Node[] =>
      record((g) => {
        const { outputs } = recordLoop(
          g,
          { count, carried: [input([4])], scanned: [input([count, 4])] },
          ([h], [slice]) => {
            const next = g.tanh(g.add(h!, slice!));
            return { carried: [next], outputs: [next] };
          },
        );
        return [...outputs];
      });
    expect(leafSteps(program(recurrenceOf(300)).steps)).toHaveLength(leafSteps(program(recurrenceOf(3)).steps).length);
  });

  test("its text and that of its kernel graph read back", () => {
    const roots = record(graphs["a choice in a loop"]!);
    const text = printProgram(program(roots));
    expect(printProgram(parseProgram(text))).toBe(text);
    const kernels = withFreshInterning(() => {
      const g = new GraphBuilder();
      g.gradEnabled = false;
      return fuse(decompose(g, mergeLoops(g, roots)));
    });
    verifyKernelGraph(kernels);
    const kernelText = printKernelGraph(kernels);
    const again = parseKernelGraph(kernelText);
    verifyKernelGraph(again);
    expect(printKernelGraph(again)).toBe(kernelText);
  });
});
