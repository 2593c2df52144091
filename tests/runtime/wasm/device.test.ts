import { describe, expect, test } from "vitest";
import { OutOfMemoryError } from "../../../ir/errors.ts";
import { f32, type Expr, type LoopKernel, type Stmt } from "../../../ir/loop.ts";
import type { Program, Slot, SlotKind, Step } from "../../../ir/program.ts";
import type { DType } from "../../../ir/dtype.ts";
import { dtypeBytes } from "../../../ir/dtype.ts";
import type { Device, Memory } from "../../../runtime/device.ts";
import { createWasmDevice } from "../../../runtime/wasm/device.ts";

const n = 1000;
const type = (lanes: number) => ({ kind: "f32", lanes }) as const;
const index: Expr = { op: "var", type: { kind: "i32", lanes: 1 }, name: "i" };
const read = (buffer: string): Expr => ({ op: "load", type: type(4), buffer, index });
const scaled: Expr = { op: "splat", type: type(4), args: [{ op: "param", type: f32, name: "scale" }] };

/** out = a * scale + b */
function axpy(name: string, count = n): LoopKernel {
  const value: Expr = { op: "madd", type: type(4), args: [read("a"), scaled, read("b")] };
  const body: Stmt[] = [
    {
      kind: "for",
      name: "i",
      start: { op: "const", type: { kind: "i32", lanes: 1 }, value: 0 },
      end: { op: "const", type: { kind: "i32", lanes: 1 }, value: count },
      step: 4,
      mode: "parallel",
      body: [{ kind: "store", buffer: "out", index, value }],
    },
  ];
  const param = (name: string) =>
    ({ name, dtype: "float32", elements: count, access: "readwrite", scope: "argument" }) as const;
  return {
    name,
    buffers: [param("a"), param("b"), param("out")],
    numbers: [{ name: "scale", kind: "f32" }],
    body,
    workgroupSize: 1,
  };
}

const slot = (id: number, place: SlotKind, dtype: DType = "float32", count = n): Slot => ({
  id,
  dtype,
  shape: [count],
  bytes: count * dtypeBytes(dtype),
  place,
});
const kernelStep = (buffers: number[], numbers: number[], kernel = axpy("axpy")): Step => ({
  kind: "kernel",
  kernel,
  buffers,
  numbers,
});

function programOf(slots: Slot[], steps: Step[], arenaBytes = 0): Program {
  const inputs = slots.filter(({ place }) => place.kind === "input").length;
  const outputs = slots.filter(({ place }) => place.kind === "output" || place.kind === "donated").length;
  return {
    name: "test",
    slots,
    numbers: [
      { id: 0, dtype: "float32" },
      { id: 1, dtype: "float64" },
    ],
    steps,
    inputCount: inputs,
    outputCount: outputs,
    arenaBytes,
  };
}

const floats = (value: (i: number) => number): Float32Array => Float32Array.from({ length: n }, (_, i) => value(i));
const values = (device: Device, memory: Memory): number[] => Array.from(new Float32Array(device.readSync(memory)));

/** out = (a * s + b) * t + b, with a temporary between. */
const chain = programOf(
  [
    slot(10, { kind: "input", index: 0 }),
    slot(11, { kind: "input", index: 1 }),
    slot(12, { kind: "temporary", offset: 64 }),
    slot(13, { kind: "output", index: 0 }),
  ],
  [kernelStep([10, 11, 12], [0]), kernelStep([12, 11, 13], [1], axpy("same but for its name"))],
  64 + n * 4,
);

describe("programs", () => {
  test("several kernels with temporaries; the numbers change from run to run", () => {
    const device = createWasmDevice();
    const run = device.prepare(chain);
    const [a, b] = [device.upload(floats((i) => i)), device.upload(floats((i) => 2 * i))];
    for (const [s, t] of [
      [2, 3],
      [0.5, -1],
      [1, 0],
      [4, 4],
    ] as const) {
      const [out] = run.run([a, b], [s, t], [], ["escapes"]);
      expect(values(device, out!)).toEqual(
        Array.from({ length: n }, (_, i) => Math.fround(Math.fround(i * s + 2 * i) * t + 2 * i)),
      );
    }
    expect(run.kernelCount).toBe(2);
    expect(run.compileMs).toBeGreaterThan(0);
  });

  test("equal kernels are one function, and equal programs one module", () => {
    const device = createWasmDevice();
    const { Module } = WebAssembly;
    const sizes: number[] = [];
    WebAssembly.Module = class extends Module {
      constructor(bytes: BufferSource) {
        super(bytes);
        sizes.push(bytes.byteLength);
      }
    };
    try {
      device.prepare(chain);
      device.prepare(chain);
      device.prepare(programOf([...chain.slots], [chain.steps[0]!, ...chain.steps], chain.arenaBytes));
    } finally {
      WebAssembly.Module = Module;
    }
    expect(sizes).toHaveLength(2);
    expect(sizes[1]! - sizes[0]!).toBeLessThan(40);
  });

  test("a donated input is overwritten and handed back", () => {
    const device = createWasmDevice();
    const run = device.prepare(
      programOf(
        [
          slot(0, { kind: "input", index: 0 }),
          slot(1, { kind: "input", index: 1 }),
          slot(2, { kind: "donated", index: 0, of: 0 }),
        ],
        [kernelStep([0, 1, 2], [0])],
      ),
    );
    const weights = device.upload(floats(() => 1));
    const step = device.upload(floats(() => 2));
    for (let i = 1; i <= 5; i++) {
      const [out] = run.run([weights, step], [1, 0], [], ["state"]);
      expect(out).toBe(weights);
      expect(values(device, weights)[n - 1]).toBe(1 + 2 * i);
    }
  });

  test("a copy step copies, and draws fill their slots in order between the kernels", () => {
    const device = createWasmDevice();
    const run = device.prepare(
      programOf(
        [
          slot(0, { kind: "input", index: 0 }),
          slot(1, { kind: "temporary", offset: 0 }),
          slot(2, { kind: "output", index: 0 }),
          slot(3, { kind: "output", index: 1 }),
          slot(4, { kind: "output", index: 2 }, "int64", 2),
        ],
        [
          { kind: "draw", slot: 1, draw: 1 },
          kernelStep([0, 1, 2], [0]),
          { kind: "draw", slot: 1, draw: 0 },
          { kind: "copy", from: 1, to: 3 },
          { kind: "draw", slot: 4, draw: 0 },
        ],
        n * 4,
      ),
    );
    const order: string[] = [];
    const input = device.upload(floats(() => 1));
    const outputs = run.run(
      [input],
      [10, 0],
      [
        (target) => {
          order.push(`0 ${target.constructor.name}`);
          if (target instanceof BigInt64Array) target.fill(-3n);
          else (target as Float32Array).fill(7);
        },
        (target) => {
          order.push(`1 ${target.constructor.name}`);
          (target as Float32Array).fill(5);
        },
      ],
      ["escapes", "state", "escapes"],
    );
    expect(order).toEqual(["1 Float32Array", "0 Float32Array", "0 BigInt64Array"]);
    expect(values(device, outputs[0]!)[3]).toBe(15);
    expect(values(device, outputs[1]!)[n - 1]).toBe(7);
    expect(new BigInt64Array(device.readSync(outputs[2]!))).toEqual(BigInt64Array.of(-3n, -3n));
  });
});

describe("memory", () => {
  test("stays flat over 10,000 runs, with escaping, state and donated outputs", () => {
    const device = createWasmDevice();
    const run = device.prepare(chain);
    const [a, b] = [device.upload(floats((i) => i)), device.upload(floats((i) => i))];
    let state = run.run([a, b], [0.5, 0.25], [], ["state"])[0]!;
    for (let i = 0; i < 3; i++) run.run([a, b], [1, 1], [], ["escapes"]);
    const { liveBytes } = device.statistics();
    device.resetPeak();
    for (let i = 0; i < 10_000; i++) {
      const [next] = run.run([state, b], [0.5, 0.25], [], [i % 2 === 0 ? "state" : "escapes"]);
      state.release();
      state = next!;
    }
    // The last run escaped, so its output is outside the heap.
    expect(device.statistics().liveBytes).toBeLessThanOrEqual(liveBytes);
    expect(device.statistics().peakBytes).toBeLessThanOrEqual(liveBytes + 2 * n * 4 + 256);
  });

  test("a released memory can no longer be used, and its block is free", () => {
    const device = createWasmDevice();
    const run = device.prepare(chain);
    const a = device.upload(floats((i) => i));
    const before = device.statistics().liveBytes;
    const [state] = run.run([a, a], [1, 1], [], ["state"]);
    state!.release();
    state!.release();
    expect(() => device.readSync(state!)).toThrow("released");
    expect(() => run.run([state!, a], [1, 1], [], [])).toThrow("released");
    run.release();
    expect(device.statistics().liveBytes).toBeLessThanOrEqual(before);
  });

  test("write changes what later runs see, also of a value that has a copy in the heap", () => {
    const device = createWasmDevice();
    const run = device.prepare(chain);
    const a = device.upload(floats(() => 1));
    for (let i = 0; i < 4; i++) {
      device.write(
        a,
        floats(() => i),
      );
      const [out] = run.run([a, a], [1, 1], [], ["escapes"]);
      expect(values(device, out!)[0]).toBe(3 * i);
      expect(values(device, a)[5]).toBe(i);
    }
    expect(() => device.write(a, new Uint8Array(3))).toThrow("3 bytes");
  });

  test("exhaustion is a typed error that leaves inputs intact, and the device usable", () => {
    const device = createWasmDevice({ maximumBytes: 2 ** 20 + 3 * 65536 });
    const large = 40_000;
    const program = programOf(
      [
        slot(0, { kind: "input", index: 0 }),
        slot(1, { kind: "input", index: 1 }, "float32", large),
        slot(2, { kind: "donated", index: 0, of: 0 }),
        slot(3, { kind: "output", index: 1 }, "float32", large),
      ],
      [kernelStep([0, 0, 2], [0]), { kind: "copy", from: 1, to: 3 }],
    );
    const run = device.prepare(program);
    const small = device.upload(floats((i) => i));
    const big = device.upload(new Float32Array(large));
    expect(() => run.run([small, big], [1, 1], [], ["state", "state"])).toThrow(OutOfMemoryError);
    expect(() => run.run([small, big], [1, 1], [], ["state", "state"])).toThrow(/160000 bytes|320000 bytes|bytes/);
    expect(values(device, small)).toEqual(Array.from(floats((i) => i)));
    const [out] = device.prepare(chain).run([small, small], [1, 1], [], ["escapes"]);
    expect(values(device, out!)[2]).toBe(6);
  });

  test("copies of values that live elsewhere make room when it is needed", () => {
    const device = createWasmDevice({ copyBudgetBytes: 3 * n * 4 });
    const run = device.prepare(chain);
    const inputs = Array.from({ length: 20 }, (_, k) => device.upload(floats((i) => i + k)));
    const before = device.statistics().liveBytes;
    for (let turn = 0; turn < 3; turn++) {
      inputs.forEach((input, k) => {
        const [out] = run.run([input, input], [1, 1], [], ["escapes"]);
        expect(values(device, out!)[1]).toBe(3 * (1 + k));
      });
    }
    expect(device.statistics().liveBytes - before).toBeLessThan(8 * n * 4);
  });

  test("a large input that is used once leaves nothing in the heap", () => {
    const device = createWasmDevice();
    const large = 300_000;
    const run = device.prepare(
      programOf(
        [slot(0, { kind: "input", index: 0 }, "float32", large), slot(1, { kind: "output", index: 0 })],
        [{ kind: "kernel", kernel: axpy("head"), buffers: [0, 0, 1], numbers: [0] }],
      ),
    );
    const before = device.statistics().liveBytes;
    for (let i = 0; i < 3; i++) {
      const [out] = run.run([device.upload(new Float32Array(large).fill(i))], [1, 1], [], ["escapes"]);
      expect(values(device, out!)[n - 1]).toBe(2 * i);
    }
    expect(device.statistics().liveBytes - before).toBeLessThan(2 * n * 4);
    expect(device.statistics().peakBytes).toBeLessThan(large * 4 + 4 * n * 4);
  });

  test("wrong inputs are refused before anything runs", () => {
    const device = createWasmDevice();
    const run = device.prepare(chain);
    const a = device.upload(floats((i) => i));
    expect(() => run.run([a], [1, 1], [], [])).toThrow("2 inputs");
    expect(() => run.run([a, device.upload(new Float32Array(3))], [1, 1], [], [])).toThrow(
      "input 1 must be 4000 bytes",
    );
    expect(() => run.run([a, createWasmDevice().upload(floats(() => 0))], [1, 1], [], [])).toThrow("input 1");
  });
});
