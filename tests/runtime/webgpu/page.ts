/** Runs in a browser page: a softmax of rows in one workgroup each, by the device that users get there. */
import { emitKernel } from "../../../codegen/wgsl/index.ts";
import { f32 } from "../../../ir/loop.ts";
import type { Program } from "../../../ir/program.ts";
import { createWebGpuDevice } from "../../../runtime/webgpu/index.ts";
import {
  add,
  assign,
  barrier,
  buffer,
  call,
  declare,
  float,
  int,
  kernel,
  lane,
  load,
  localIndex,
  mul,
  parallel,
  ref,
  serial,
  store,
} from "../../codegen/wgsl/build.ts";

const rows = 5;
const columns = 100;
const size = 32;

function rowSoftmax(): Program {
  const at = add(mul(ref("i"), int(columns)), ref("j"));
  /** Every invocation's part goes to shared memory, and each folds all of them. */
  const join = (name: string, op: "add" | "max") => [
    store("shared", localIndex, ref(name, f32)),
    barrier,
    assign(name, load("shared", int(0))),
    serial(`${name}_k`, size, [assign(name, call(op, f32, ref(name, f32), load("shared", ref(`${name}_k`))))], 1, 1),
    barrier,
  ];
  const body = [
    parallel("i", rows, [
      declare("top", float(-Infinity)),
      lane("j", columns, [assign("top", call("max", f32, ref("top", f32), load("x", at)))]),
      ...join("top", "max"),
      declare("sum", float(0)),
      lane("j", columns, [
        assign("sum", add(ref("sum", f32), call("exp", f32, call("sub", f32, load("x", at), ref("top", f32))))),
      ]),
      ...join("sum", "add"),
      lane("j", columns, [
        store(
          "y",
          at,
          call("div", f32, call("exp", f32, call("sub", f32, load("x", at), ref("top", f32))), ref("sum", f32)),
        ),
      ]),
    ]),
  ];
  const count = rows * columns;
  const buffers = [
    buffer("x", "float32", count),
    buffer("y", "float32", count),
    buffer("shared", "float32", size, "workgroup"),
  ];
  const slot = { dtype: "float32", shape: [count], bytes: 4 * count } as const;
  return {
    name: "softmax",
    slots: [
      { ...slot, id: 0, place: { kind: "input", index: 0 } },
      { ...slot, id: 1, place: { kind: "output", index: 0 } },
    ],
    numbers: [],
    steps: [{ kind: "kernel", kernel: kernel(buffers, body, { workgroupSize: size }), buffers: [0, 1], numbers: [] }],
    inputCount: 1,
    outputCount: 1,
    arenaBytes: 0,
  };
}

/** The largest difference from a softmax in float64, and whether the bytes of a bool survive. */
async function check(): Promise<{ difference: number; bytes: number[] }> {
  const device = await createWebGpuDevice({ compileKernel: emitKernel });
  const x = Float32Array.from({ length: rows * columns }, (_, k) => ((k * 37) % 101) / 10);
  const [y] = device.prepare(rowSoftmax()).run([device.upload(x)], [], [], []);
  const values = new Float32Array(await device.read(y!));
  let difference = 0;
  for (let row = 0; row < rows; row++) {
    const exps = Array.from(x.subarray(row * columns, (row + 1) * columns), Math.exp);
    const sum = exps.reduce((a, b) => a + b, 0);
    exps.forEach((e, k) => (difference = Math.max(difference, Math.abs(e / sum - values[row * columns + k]!))));
  }
  const bytes = Array.from(new Uint8Array(await device.read(device.upload(Uint8Array.of(1, 0, 1), "bool"))));
  device.destroy();
  return { difference, bytes };
}

Object.assign(globalThis, { check });
