import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WebGpuDevice } from "../../../runtime/webgpu/device.ts";
import { hasWebGpu, openDevice, runKernel } from "../../runtime/webgpu/support.ts";
import {
  add,
  assign,
  barrier,
  bind,
  buffer,
  call,
  declare,
  float,
  int,
  kernel,
  lane,
  less,
  load,
  localIndex,
  mul,
  parallel,
  param,
  ref,
  serial,
  store,
  when,
} from "./build.ts";
import { bool, f32, i32 } from "../../../ir/loop.ts";

const range = (count: number, value: (i: number) => number = (i) => i): number[] =>
  Array.from({ length: count }, (_, i) => value(i));
const i = ref("i");
const j = ref("j");

describe.skipIf(!hasWebGpu)("loops in WGSL", () => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  test("a parallel loop runs every iteration once, with a tail", async () => {
    const x = buffer("x", "float32", 100);
    const y = buffer("y", "float32", 100);
    const body = [parallel("i", 100, [store("y", i, add(load("x", i), float(0.5)))])];
    const result = await runKernel(device, kernel([x, y], body), { x: range(100) });
    expect(result["y"]).toEqual(range(100, (k) => k + 0.5));
  });

  test("nested parallel loops are one grid, with starts and steps", async () => {
    const y = buffer("y", "int32", 60);
    const index = add(mul(i, int(10)), j);
    const body = [parallel("i", 6, [parallel("j", 10, [store("y", index, mul(index, int(3)))], 3, 1)], 2, 1)];
    const result = await runKernel(device, kernel([y], body), { y: range(60, () => -1) });
    const expected = range(60, (k) => ([1, 3, 5].includes(Math.floor(k / 10)) && (k % 10) % 3 === 1 ? k * 3 : -1));
    expect(result["y"]).toEqual(expected);
  });

  test("more than 65,535 workgroups are spread over two dimensions", async () => {
    const count = 70_001;
    const y = buffer("y", "int32", count);
    const body = [parallel("i", count, [store("y", i, i)])];
    const result = await runKernel(device, kernel([y], body, { workgroupSize: 1 }), {});
    expect(result["y"]).toEqual(range(count));
  });

  test("a serial loop with an accumulator, a while loop and a branch", async () => {
    const y = buffer("y", "int32", 8);
    const n = ref("n");
    const body = [
      parallel("i", 8, [
        declare("sum", int(0)),
        serial("j", i, [assign("sum", add(ref("sum"), j))]),
        declare("n", i),
        { kind: "while", condition: less(n, int(5)), body: [assign("n", add(n, int(1)))] },
        when(call("eq", bool, i, int(3)), [store("y", i, int(-3))], [store("y", i, add(mul(ref("sum"), int(100)), n))]),
      ]),
    ];
    const result = await runKernel(device, kernel([y], body), {});
    const expected = range(8, (k) => (k === 3 ? -3 : ((k * (k - 1)) / 2) * 100 + Math.max(5, k)));
    expect(result["y"]).toEqual(expected);
  });

  test("sizes given as numbers decide the grid", async () => {
    const y = buffer("y", "int32", 100);
    const body = [
      bind("rows", call("div", i32, param("n"), int(2))),
      parallel("i", ref("rows"), [parallel("j", param("m"), [store("y", add(mul(i, param("m")), j), int(7))])]),
    ];
    const numbers = [
      { name: "n", kind: "i32" },
      { name: "m", kind: "i32" },
    ] as const;
    const zeros = range(100, () => 0);
    const run = (n: number, m: number) => runKernel(device, kernel([y], body, { numbers }), { y: zeros }, [n, m]);
    expect((await run(9, 10))["y"]).toEqual(range(100, (k) => (k < 40 ? 7 : 0)));
    expect((await run(1, 10))["y"]).toEqual(zeros);
  });

  test("lanes reduce rows through workgroup memory", async () => {
    const rows = 37;
    const columns = 100;
    const size = 32;
    const x = buffer("x", "float32", rows * columns);
    const y = buffer("y", "float32", rows);
    const shared = buffer("shared", "float32", size, "workgroup");
    const at = add(mul(i, int(columns)), j);
    const body = [
      parallel("i", rows, [
        declare("sum", float(0)),
        lane("j", columns, [assign("sum", add(ref("sum", f32), load("x", at)))]),
        store("shared", localIndex, ref("sum", f32)),
        barrier,
        declare("width", int(size / 2)),
        {
          kind: "while",
          condition: less(int(0), ref("width")),
          body: [
            when(less(localIndex, ref("width")), [
              store(
                "shared",
                localIndex,
                add(load("shared", localIndex), load("shared", add(localIndex, ref("width")))),
              ),
            ]),
            barrier,
            assign("width", call("shr", i32, ref("width"), int(1))),
          ],
        },
        store("y", i, load("shared", int(0))),
      ]),
    ];
    const result = await runKernel(device, kernel([x, y, shared], body, { workgroupSize: size }), {
      x: range(rows * columns, (k) => k % 17),
    });
    const expected = range(rows, (row) => range(columns, (k) => (row * columns + k) % 17).reduce((a, b) => a + b, 0));
    expect(result["y"]).toEqual(expected);
  });

  test("what all invocations of a workgroup store alike is stored once", async () => {
    const y = buffer("y", "int32", 5);
    const z = buffer("z", "int32", 64 * 5);
    // y[i] = y[i] + 1: sixty-four invocations must not add sixty-four.
    const body = [
      parallel("i", 5, [
        bind("next", add(load("y", i, i32), int(1))),
        store("y", i, ref("next")),
        lane("j", 64, [store("z", add(mul(i, int(64)), j), ref("next"))]),
      ]),
    ];
    const result = await runKernel(device, kernel([y, z], body), { y: [0, 10, 20, 30, 40] });
    expect(result["y"]).toEqual([1, 11, 21, 31, 41]);
    expect(result["z"]).toEqual(range(320, (k) => Math.floor(k / 64) * 10 + 1));
  });

  test("several parallel loops share a dispatch, and dependent ones do not", async () => {
    const buffers = ["a", "b", "c"].map((name) => buffer(name, "int32", 200));
    const body = [
      parallel("i", 200, [store("a", i, i)]),
      parallel("j", 3, [lane("k", 50, [store("b", add(mul(j, int(50)), ref("k")), j)])]),
      bind("one", int(1)),
      parallel("l", 150, [
        store("c", ref("l"), add(load("a", add(ref("l"), int(50)), i32), add(load("b", ref("l"), i32), ref("one")))),
      ]),
      store("c", int(199), int(5)),
      parallel("m", 1, [store("a", int(0), load("c", int(199), i32))]),
    ];
    const { emitKernel } = await import("../../../codegen/wgsl/emit-kernel.ts");
    const code = kernel(buffers, body);
    expect(emitKernel(code).dispatches.map(({ workgroups }) => workgroups)).toEqual([4 + 3, 3, 1, 1]);
    const result = await runKernel(device, code, {});
    expect(result["a"]).toEqual([5, ...range(199, (k) => k + 1)]);
    expect(result["b"]!.slice(0, 150)).toEqual(range(150, (k) => Math.floor(k / 50)));
    expect(result["c"]!.slice(0, 150)).toEqual(range(150, (k) => k + 50 + Math.floor(k / 50) + 1));
    expect(result["c"]![199]).toBe(5);
  });

  test("a kernel without a parallel loop runs in one invocation, in order", async () => {
    const y = buffer("y", "int32", 10);
    const body = [
      declare("sum", int(0)),
      serial("i", 10, [assign("sum", add(ref("sum"), i)), store("y", i, ref("sum"))]),
    ];
    const result = await runKernel(device, kernel([y], body), {});
    expect(result["y"]).toEqual([0, 1, 3, 6, 10, 15, 21, 28, 36, 45]);
  });

  test.each([8, 1000])("scratch of %i elements belongs to one iteration", async (elements) => {
    const rows = 3000;
    const y = buffer("y", "int32", rows);
    const scratch = buffer("s", "int32", elements, "scratch");
    const last = int(elements - 1);
    const body = [
      parallel("i", rows, [
        serial("j", elements, [store("s", j, add(i, j))]),
        store("y", i, add(load("s", last, i32), load("s", int(0), i32))),
      ]),
    ];
    const result = await runKernel(device, kernel([y, scratch], body), {});
    expect(result["y"]).toEqual(range(rows, (k) => 2 * k + elements - 1));
  });

  test.each([8, 1000, 20_000])("lanes share scratch of %i elements", async (elements) => {
    const rows = 1500;
    const y = buffer("y", "int32", rows);
    const scratch = buffer("s", "int32", elements, "scratch");
    const body = [
      parallel("i", rows, [
        lane("j", elements, [store("s", j, add(i, j))]),
        barrier,
        store("y", i, add(load("s", int(elements - 1), i32), load("s", int(3), i32))),
      ]),
    ];
    const result = await runKernel(device, kernel([y, scratch], body), {});
    expect(result["y"]).toEqual(range(rows, (k) => 2 * k + elements - 1 + 3));
  });

  test("four lanes, aligned and not", async () => {
    const four = { kind: "f32", lanes: 4 } as const;
    const x = buffer("x", "float32", 41);
    const y = buffer("y", "float32", 40);
    const aligned = [
      parallel("i", 40, [store("y", i, add(load("x", i, four), call("splat", four, load("x", int(2)))))], 4),
    ];
    const given = { x: range(41) };
    const wide = await runKernel(device, kernel([x, y], aligned), given);
    expect(wide["y"]).toEqual(range(40, (k) => k + 2));
    const shifted = [parallel("i", 40, [store("y", i, load("x", add(i, int(1)), four))], 4)];
    expect((await runKernel(device, kernel([x, y], shifted), given))["y"]).toEqual(range(40, (k) => k + 1));
  });

  test("workgroup buffers that are too large together are kept in memory", async () => {
    const elements = 3000;
    const rows = 20;
    const y = buffer("y", "int32", rows);
    const locals = ["s", "t", "u"].map((name) => buffer(name, "int32", elements, "workgroup"));
    const mirrored = add(int(elements - 1), mul(j, int(-1)));
    const body = [
      parallel("i", rows, [
        lane("j", elements, [store("s", j, add(i, j)), store("t", j, i), store("u", j, int(1))]),
        barrier,
        declare("sum", int(0)),
        lane("j2", 1, [
          serial("j", elements, [
            assign("sum", add(ref("sum"), add(load("s", mirrored, i32), mul(load("t", j, i32), load("u", j, i32))))),
          ]),
          store("y", i, ref("sum")),
        ]),
      ]),
    ];
    const result = await runKernel(device, kernel([y, ...locals], body), {});
    expect(result["y"]).toEqual(range(rows, (k) => 2 * k * elements + (elements * (elements - 1)) / 2));
  });

  test("expressions may be deep, and share parts", async () => {
    const y = buffer("y", "float32", 4);
    let deep = load("y", i);
    for (let k = 0; k < 20_000; k++) deep = add(deep, float(1));
    let shared = load("y", i);
    for (let k = 0; k < 60; k++) shared = mul(add(shared, shared), float(0.5));
    const body = [parallel("i", 2, [store("y", i, deep), store("y", add(i, int(2)), shared)])];
    expect((await runKernel(device, kernel([y], body), { y: [1, 2, 3, 4] }))["y"]).toEqual([
      20001, 20002, 20001, 20002,
    ]);
  });
});
