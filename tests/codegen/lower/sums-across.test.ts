/** Sums over rows and over columns of the same values, in one pass. */
import { expect, test } from "vitest";
import { compileGraph } from "../../../frontend/pipeline.ts";
import type { Node } from "../../../ir/graph.ts";
import { parseGraph } from "../../../ir/text/index.ts";
import { jsDevice } from "../../../runtime/js/device.ts";
import { createWasmDevice } from "../../../runtime/wasm/device.ts";
import { checkGraph } from "../../fuzz/run-graph.ts";

const devices = [jsDevice(), createWasmDevice()];

/** Rows less their mean, their sum down the columns, and that of their squares times a factor a column. */
const centred = (dtype: string, rows: readonly number[], columns: readonly number[]): Node[] => {
  const whole = [...rows, ...columns];
  const over = rows.map((_, i) => i).join();
  const along = columns.map((_, i) => rows.length + i).join();
  const type = (shape: readonly number[]): string => `${dtype}[${shape.join(", ")}]`;
  const row = type([...rows, ...columns.map(() => 1)]);
  const column = type([...rows.map(() => 1), ...columns]);
  return [
    ...parseGraph(
      `%1 = input ${type(whole)}
%2 = input ${type([...rows.map(() => 1), ...columns])}
%3 = reduce_sum ${row} %1 axes=[${along}]
%4 = constant ${dtype}[] value=0.015625
%5 = reshape ${type(whole.map(() => 1))} %4 shape=[${whole.map(() => 1).join()}]
%6 = expand ${row} %5 shape=[${[...rows, ...columns.map(() => 1)].join()}]
%7 = mul ${row} %3, %6
%8 = expand ${type(whole)} %7 shape=[${whole.join()}]
%9 = sub ${type(whole)} %1, %8
%10 = reduce_sum ${column} %1 axes=[${over}]
%11 = mul ${type(whole)} %9, %9
%12 = expand ${type(whole)} %2 shape=[${whole.join()}]
%13 = mul ${type(whole)} %11, %12
%14 = reduce_sum ${column} %13 axes=[${over}]
%15 = reduce_max ${row} %13 axes=[${along}]
return %9, %10, %14, %15
`,
    ),
  ];
};

test.each([
  ["float32", [128], [32]],
  ["float32", [4, 33], [5, 7]],
  ["float32", [1000], [257]],
  ["float32", [191], [40]],
  ["float64", [2, 97], [65]],
] as const)("%s, %j rows of %j", async (dtype, rows, columns) => {
  const graph = centred(dtype, rows, columns);
  const compiled = compileGraph(graph, { device: "cpu", name: "sums" });
  expect(compiled.program.steps).toHaveLength(2);
  await checkGraph(
    graph,
    devices.flatMap((device) => [
      { device, fusion: true },
      { device, fusion: true, dynamic: true },
      { device, fusion: false },
    ]),
  );
});

test("few rows are left to a kernel of their own", () => {
  const kernels = compileGraph(centred("float32", [100], [32]), { device: "cpu", name: "sums" }).program.steps;
  expect(kernels.length).toBeGreaterThan(2);
});

test("a kernel that was lowered before is bound to the sums at hand", async () => {
  const [a, b] = [centred("float32", [130], [36]), centred("float32", [130], [36])];
  await checkGraph([...a, ...b], [{ device: devices[1]!, fusion: true }]);
});

test("a sum that the rows wait for comes first", async () => {
  const graph = parseGraph(`%1 = input float32[200, 64]
%2 = reduce_sum float32[1, 64] %1 axes=[0]
%3 = expand float32[200, 64] %2 shape=[200,64]
%4 = sub float32[200, 64] %1, %3
%5 = reduce_sum float32[200, 1] %4 axes=[1]
%6 = expand float32[200, 64] %5 shape=[200,64]
%7 = add float32[200, 64] %4, %6
%8 = reduce_sum float32[1, 64] %7 axes=[0]
return %7, %8
`);
  await checkGraph(
    graph,
    devices.map((device) => ({ device, fusion: true })),
  );
});
