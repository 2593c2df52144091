/** Whole graphs, compiled for WebGPU, against the same graphs in JavaScript loops. */
import "../../../frontend/gpu-kernels.ts";
import "../../../frontend/sorts.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileGraph } from "../../../frontend/pipeline.ts";
import { GraphBuilder } from "../../../ir/builder.ts";
import type { DType } from "../../../ir/dtype.ts";
import { leafNode, type Node } from "../../../ir/graph.ts";
import { elementCount, type Shape } from "../../../ir/shape.ts";
import type { Device, ScalarValue } from "../../../runtime/device.ts";
import { jsDevice } from "../../../runtime/js/device.ts";
import { typedArray, typedView } from "../../../runtime/typed-array.ts";
import type { WebGpuDevice } from "../../../runtime/webgpu/device.ts";
import { hasWebGpu, openDevice } from "../../runtime/webgpu/support.ts";

const g = new GraphBuilder();
const input = (shape: Shape, dtype: DType = "float32"): Node => leafNode("input", dtype, shape, null);

/** Numbers without pattern, the same every time. */
function fill(node: Node, seed: number): ArrayBufferView {
  const values = typedArray(node.dtype, elementCount(node.shape));
  let state = seed * 7919 + 1;
  const next = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < values.length; i++) {
    if (node.dtype === "int64") (values as BigInt64Array)[i] = BigInt(Math.floor(next() * 2000 - 1000));
    else if (node.dtype === "bool") values[i] = next() < 0.5 ? 0 : 1;
    else if (node.dtype === "float32") values[i] = next() * 4 - 2;
    else values[i] = Math.floor(next() * 20) - (node.dtype === "uint8" ? 0 : 10);
  }
  return values;
}

async function run(device: Device, roots: readonly Node[], fusion: boolean): Promise<(number | bigint)[][]> {
  const compiled = compileGraph(roots, { device: device.name, name: "test", fusion });
  const executable = device.prepare(compiled.program);
  const order = compiled.inputs.map((node) => node.id).sort((a, b) => a - b);
  const inputs = compiled.inputs.map((node) => device.upload(fill(node, order.indexOf(node.id) + 1), node.dtype));
  const numbers = compiled.scalars.map((): ScalarValue => 0.5);
  const outputs = executable.run(inputs, numbers, [], []);
  return Promise.all(
    compiled.results.map(async (result, i) => {
      if (!("output" in result)) throw new Error("a root is an input");
      const memory = outputs[result.output]!;
      return Array.from(typedView(roots[i]!.dtype, await device.read(memory)) as Iterable<number | bigint>);
    }),
  );
}

function softmax(x: Node, axis: number): Node {
  const shifted = g.sub(x, g.reduce("reduce_max", x, [axis]));
  const e = g.exp(shifted);
  return g.div(e, g.sum(e, [axis]));
}

const graphs: Record<string, () => Node[]> = {
  "elementwise, broadcast": () => {
    const [a, b] = [input([33, 17]), input([17])];
    return [g.add(g.mul(a, b), g.where(g.lt(a, 0), g.neg(a), g.exp(b)))];
  },
  "softmax of long rows": () => [softmax(input([9, 300]), 1)],
  "softmax of short rows": () => [softmax(input([50, 10]), 1)],
  "softmax of columns": () => [softmax(input([70, 40]), 0)],
  "several reductions of one row": () => {
    const x = input([12, 1000]);
    const mean = g.mul(g.sum(x, [1]), 1 / 1000);
    const centred = g.sub(x, mean);
    const variance = g.mul(g.sum(g.mul(centred, centred), [1]), 1 / 1000);
    return [g.div(centred, g.sqrt(g.add(variance, 1e-5))), mean, variance];
  },
  "a sum of everything": () => [g.sum(input([123, 45]), [0, 1])],
  "sums of columns, minima, products": () => {
    const x = input([37, 65]);
    return [g.sum(x, [0]), g.reduce("reduce_min", x, [1]), g.reduce("reduce_prod", g.add(g.mul(x, 0.01), 1), [1])];
  },
  "argmax and argmin": () => {
    const x = input([20, 100]);
    return [g.argReduce("argmax", x, 1), g.argReduce("argmin", x, 0)];
  },
  "a matrix product with a bias and relu": () => {
    const [a, b, c] = [input([40, 50]), input([50, 30]), input([30])];
    return [g.max(g.add(g.dot(a, b, [[1], [0]]), c), 0)];
  },
  "a batched product of transposed operands": () => {
    const [a, b] = [input([3, 20, 16]), input([3, 24, 16])];
    return [g.dot(a, b, [[2], [2]], [[0], [0]])];
  },
  "slices, flips, padding, joining": () => {
    const x = input([10, 12]);
    const parts = [g.sliceAxis(x, 1, 2, 5, 2), g.flip(x, [1]), g.pad(x, [0, 1], [0, 2], 3)];
    return [g.concat(parts, 1)];
  },
  "scans and sorting": () => {
    const x = input([13, 100]);
    const [values, indices] = g.sort(x, 1, true);
    return [g.scan("sum", x, 1), g.scan("max", x, 0), values, indices];
  },
  "gather and scatter": () => {
    const [x, index] = [input([11, 7]), g.cast(g.abs(input([6], "int32")), "int64")];
    const rows = g.gather(x, [0], [index]);
    return [
      rows,
      g.scatter("add", x, rows, [0], [index]),
      g.scatter("set", g.full([11, 7], 0, "float32"), rows, [0], [index]),
    ];
  },
  "integers of 64 bits": () => {
    const [a, b] = [input([100], "int64"), input([100], "int64")];
    return [
      g.mul(g.add(a, b), a),
      g.binary("div", a, b),
      g.cast(g.lt(a, b), "int64"),
      g.sum(a, [0]),
      g.cast(a, "float32"),
    ];
  },
  "narrow integers and truth values": () => {
    const [a, b, c] = [input([64, 3], "int8"), input([64, 3], "uint8"), input([64, 3], "bool")];
    return [
      g.mul(a, a),
      g.add(b, b),
      g.or(c, g.gt(a, 0)),
      g.reduce("reduce_max", c, [0]),
      g.sum(g.cast(c, "int64"), [0, 1]),
    ];
  },
  "half types": () => {
    const x = input([32, 40]);
    const half = g.cast(x, "float16");
    const brain = g.cast(x, "bfloat16");
    return [g.mul(half, half), g.add(brain, brain), g.sum(half, [1]), g.cast(g.mul(brain, 3), "float32")];
  },
  "iota, comparisons, bit operations": () => {
    const x = input([500], "int32");
    const position = g.iota(500, "int32");
    return [g.binary("xor", g.mul(position, 7), x), g.eq(g.binary("rem", position, 3), 0), g.binary("shl", x, 3)];
  },
  "random words": () => {
    const number = (value: number): Node => g.constant(value, "int32");
    return [g.philox(1000, [number(1234), number(0)], [number(5), number(0)])];
  },
};

const distance = (a: number | bigint, b: number | bigint): number =>
  typeof a === "bigint" || typeof b === "bigint" ? Number(a !== b) : Math.abs(a - b) / (1 + Math.abs(a));
/** NaN is the worst. */
const worse = (a: number, b: number): number => Math.max(a, b);

describe.skipIf(!hasWebGpu)("graphs on WebGPU", () => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  describe.each([true, false])("fusion: %s", (fusion) => {
    test.each(Object.keys(graphs))("%s", async (name) => {
      const roots = graphs[name]!();
      const expected = await run(jsDevice(), roots, fusion);
      const actual = await run(device, roots, fusion);
      for (const [k, root] of roots.entries()) {
        // Sums are made in another order; integers must be the same.
        const tolerance = root.dtype === "float32" ? 1e-5 : 0;
        const furthest = expected[k]!.map((value, i) => distance(value, actual[k]![i]!)).reduce(worse, 0);
        expect(furthest).toBeLessThanOrEqual(tolerance);
        expect(actual[k]).toHaveLength(elementCount(root.shape));
      }
    });
  });
});
