import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { DeviceError, DeviceLostError, OutOfMemoryError, ReadError } from "../../../ir/errors.ts";
import { f32 } from "../../../ir/loop.ts";
import type { Program, Slot, Step } from "../../../ir/program.ts";
import { supports, type Memory } from "../../../runtime/device.ts";
import type { WebGpuDevice } from "../../../runtime/webgpu/device.ts";
import { add, buffer, float, kernel, load, mul, parallel, param, ref, store } from "../../codegen/wgsl/build.ts";
import { hasWebGpu, openDevice, pack, singleKernel, unpack } from "./support.ts";

const i = ref("i");
const floats = (values: number[]) => pack("float32", values);
const count = 1000;

/** to[i] = from[i] * scale + shift */
const affine = (scale: number, shift: number, elements = count) =>
  kernel(
    [buffer("from", "float32", elements), buffer("to", "float32", elements)],
    [parallel("i", elements, [store("to", i, add(mul(load("from", i), float(scale)), float(shift)))])],
  );

const slot = (id: number, place: Slot["place"], elements = count): Slot => ({
  id,
  dtype: "float32",
  shape: [elements],
  bytes: 4 * elements,
  place,
});
const run = (body: ReturnType<typeof affine>, ...buffers: number[]): Step => ({
  kind: "kernel",
  kernel: body,
  buffers,
  numbers: [],
});
const program = (slots: Slot[], steps: Step[], rest: Partial<Program> = {}): Program => ({
  name: "test",
  slots,
  numbers: [],
  steps,
  inputCount: slots.filter(({ place }) => place.kind === "input").length,
  outputCount: slots.filter(({ place }) => place.kind === "output" || place.kind === "donated").length,
  arenaBytes: 0,
  ...rest,
});

/** x -> (x * 2 + 1) in place. */
const step = program(
  [slot(0, { kind: "input", index: 0 }), slot(1, { kind: "donated", index: 0, of: 0 })],
  [run(affine(2, 1), 0, 1)],
);

const readNumbers = async (device: WebGpuDevice, memory: Memory) => unpack("float32", await device.read(memory));

/** Runs the callback with the device's object-making methods counted. */
async function countCreations(callback: () => Promise<void>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const { globals } = await import("webgpu");
  const prototype = (globals as { GPUDevice: { prototype: Record<string, (...args: unknown[]) => unknown> } }).GPUDevice
    .prototype;
  const names = ["createBuffer", "createBindGroup", "createShaderModule", "createComputePipeline"];
  const originals = [...names, "createComputePipelineAsync"].map((name) => [name, prototype[name]!] as const);
  for (const [name, original] of originals) {
    prototype[name] = function (...args) {
      counts[name] = (counts[name] ?? 0) + 1;
      return original.apply(this, args);
    };
  }
  try {
    await callback();
  } finally {
    for (const [name, original] of originals) prototype[name] = original;
  }
  return counts;
}

describe.skipIf(!hasWebGpu)("the WebGPU device", () => {
  let device: WebGpuDevice;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.destroy());

  test("values of every dtype survive upload and read", async () => {
    for (const dtype of ["float32", "float16", "bfloat16", "int8", "int16", "int32", "uint8", "bool"] as const) {
      const memory = device.upload(pack(dtype, [1, 0, 3, 100, 7]), dtype);
      expect(unpack(dtype, await device.read(memory))).toEqual([1, 0, 3, 100, 7]);
      memory.release();
    }
    const longs = [1n, -(2n ** 63n), 2n ** 40n];
    expect(unpack("int64", await device.read(device.upload(pack("int64", longs))))).toEqual(longs);
    expect((await device.read(device.upload(new Float32Array(0)))).byteLength).toBe(0);
    expect(supports(device.name, "float64")).toBe(false);
    expect(supports(device.name, "int64")).toBe(true);
  });

  test("a value may lie anywhere in its buffer, or in memory shared by threads", async () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(32));
    bytes.set(new Uint8Array(Float32Array.of(1, 2, 3).buffer), 5);
    const memory = device.upload(bytes.subarray(5, 17), "float32");
    expect(await readNumbers(device, memory)).toEqual([1, 2, 3]);
  });

  test("a synchronous read throws and names its twins", () => {
    expect(() => device.readSync(device.upload(floats([1])))).toThrow(DeviceError);
    expect(() => device.readSync(device.upload(floats([1])))).toThrow(/itemAsync/);
  });

  test("runs, writes and reads happen in the order of the calls while kernels still compile", async () => {
    // A kernel that no other test has, so that it must compile.
    const fresh = program(step.slots as Slot[], [run(affine(2, 0.125), 0, 1)]);
    const memory = device.upload(floats(new Array<number>(count).fill(1)));
    const executable = device.prepare(fresh);
    const data = new Float32Array(count).fill(1);
    executable.run([memory], [], [], []);
    const first = device.read(memory);
    device.write(memory, data);
    data.fill(99);
    const second = device.read(memory);
    executable.run([memory], [], [], []);
    executable.run([memory], [], [], []);
    const third = device.read(memory);
    memory.release();
    // Takes the released block at once, although the runs are still queued.
    const other = device.upload(new Float32Array(count).fill(-1));
    const values = await Promise.all([first, second, third, device.read(other)]);
    expect(values.map((bytes) => new Float32Array(bytes)[count - 1])).toEqual([2.125, 1, 4.375, -1]);
    expect(() => device.write(memory, data)).toThrow(ReadError);
    executable.release();
  });

  test("temporaries, copies and several outputs", async () => {
    const slots = [
      slot(0, { kind: "input", index: 0 }),
      slot(1, { kind: "temporary", offset: 0 }),
      slot(2, { kind: "temporary", offset: 4096 }),
      slot(3, { kind: "output", index: 1 }),
      slot(4, { kind: "output", index: 0 }),
    ];
    const steps: Step[] = [
      run(affine(2, 0), 0, 1),
      run(affine(1, 5), 1, 2),
      { kind: "copy", from: 2, to: 3 },
      run(affine(10, 0), 2, 4),
    ];
    const executable = device.prepare(program(slots, steps, { arenaBytes: 8192 }));
    expect(executable.kernelCount).toBe(4);
    expect(executable.peakBytes).toBe(8192 + 2 * 4096);
    const [scaled, copied] = executable.run([device.upload(new Float32Array(count).fill(3))], [], [], []);
    expect((await readNumbers(device, scaled!))[0]).toBe(110);
    expect((await readNumbers(device, copied!))[count - 1]).toBe(11);
    executable.release();
    expect(() => executable.run([], [], [], [])).toThrow(ReadError);
  });

  test("temporaries of narrow dtypes get the room that they need here", async () => {
    const elements = 500;
    const truth = (id: number, place: Slot["place"]): Slot => ({
      id,
      dtype: "bool",
      shape: [elements],
      bytes: elements,
      place,
    });
    const buffers = [buffer("from", "bool", elements), buffer("to", "bool", elements)];
    const not = kernel(buffers, [
      parallel("i", elements, [
        store("to", i, {
          op: "not",
          type: { kind: "bool", lanes: 1 },
          args: [load("from", i, { kind: "bool", lanes: 1 })],
        }),
      ]),
    ]);
    const copy = kernel(buffers, [
      parallel("i", elements, [store("to", i, load("from", i, { kind: "bool", lanes: 1 }))]),
    ]);
    const slots = [
      truth(0, { kind: "input", index: 0 }),
      truth(1, { kind: "temporary", offset: 0 }),
      truth(2, { kind: "temporary", offset: 512 }),
      truth(3, { kind: "output", index: 0 }),
      truth(4, { kind: "output", index: 1 }),
    ];
    const steps = [run(not, 0, 1), run(copy, 0, 2), run(copy, 1, 3), run(copy, 2, 4)];
    const executable = device.prepare(program(slots, steps, { arenaBytes: 1024 }));
    const input = Uint8Array.from({ length: elements }, (_, k) => k % 2);
    const outputs = executable.run([device.upload(input, "bool")], [], [], []);
    expect(new Uint8Array(await device.read(outputs[0]!))).toEqual(input.map((x) => 1 - x));
    expect(new Uint8Array(await device.read(outputs[1]!))).toEqual(input);
  });

  test("numbers of every kind reach the kernel, and new ones need no new code", async () => {
    const code = kernel(
      [buffer("y", "float32", 4)],
      [
        parallel("i", param("n"), [
          store(
            "y",
            i,
            add(mul(param("a", f32), float(2)), {
              op: "cast",
              type: f32,
              args: [param("big", { kind: "i64", lanes: 1 })],
            }),
          ),
        ]),
      ],
      {
        numbers: [
          { name: "n", kind: "i32" },
          { name: "a", kind: "f32" },
          { name: "big", kind: "i64" },
        ],
      },
    );
    const executable = device.prepare(singleKernel(code, ["y"]));
    const y = device.upload(new Float32Array(4));
    await device.synchronize();
    executable.run([y], [2, 0.25, 2n ** 33n], [], []);
    expect(await readNumbers(device, y)).toEqual([2 ** 33, 2 ** 33, 0, 0]);
    const created = await countCreations(async () => {
      executable.run([y], [3, 1.5, -1], [], []);
      expect(await readNumbers(device, y)).toEqual([2, 2, 2, 0]);
    });
    expect(created).toEqual({});
  });

  test("draws are made in order, before the kernels that use them", async () => {
    // The second draw overwrites arena memory that the first kernel reads.
    const slots = [
      slot(0, { kind: "temporary", offset: 0 }),
      slot(1, { kind: "output", index: 0 }),
      slot(2, { kind: "temporary", offset: 0 }),
      slot(3, { kind: "output", index: 1 }),
      slot(4, { kind: "temporary", offset: 4096 }),
      slot(5, { kind: "output", index: 2 }),
    ];
    const steps: Step[] = [
      { kind: "draw", slot: 0, draw: 0 },
      run(affine(1, 0), 0, 1),
      { kind: "draw", slot: 2, draw: 1 },
      run(affine(10, 0), 2, 3),
      { kind: "draw", slot: 4, draw: 0 },
      run(affine(100, 0), 4, 5),
    ];
    const executable = device.prepare(program(slots, steps, { arenaBytes: 8192 }));
    let drawn = 0;
    const source = (by: number) => (target: ArrayBufferView) => void (target as Float32Array).fill(++drawn * by);
    for (let turn = 0; turn < 3; turn++) {
      drawn = 0;
      const outputs = executable.run([], [], [source(1), source(1000)], []);
      const values = await Promise.all(outputs.map((memory) => readNumbers(device, memory)));
      expect(values.map((list) => list[count - 1])).toEqual([1, 20000, 300]);
      for (const memory of outputs) memory.release();
    }
  });

  test("a donated input is overwritten in place, and 2,000 runs make no objects and use no more memory", async () => {
    const increment = program(step.slots as Slot[], [run(affine(1, 1), 0, 1)]);
    const executable = device.prepare(increment);
    const state = device.upload(new Float32Array(count));
    const [same] = executable.run([state], [], [], ["state"]);
    expect(same).toBe(state);
    await device.read(state);
    const before = device.statistics();
    const created = await countCreations(async () => {
      for (let turn = 0; turn < 1999; turn++) executable.run([state], [], [], []);
      expect((await readNumbers(device, state))[count - 1]).toBe(2000);
    });
    expect(created).toEqual({});
    expect(device.statistics().allocations).toBe(before.allocations);
    // Less when values of other tests were collected meanwhile.
    expect(device.statistics().liveBytes).toBeLessThanOrEqual(before.liveBytes);
  });

  test("outputs of 2,000 runs reuse the memory of released ones, and objects with them", async () => {
    const slots = [slot(0, { kind: "input", index: 0 }), slot(1, { kind: "output", index: 0 })];
    const executable = device.prepare(program(slots, [run(affine(1, 1), 0, 1)]));
    let value: Memory = device.upload(new Float32Array(count));
    const turn = () => {
      const [next] = executable.run([value], [], [], []);
      value.release();
      value = next!;
    };
    turn();
    turn();
    await device.read(value);
    const before = device.statistics();
    const created = await countCreations(async () => {
      for (let k = 0; k < 1998; k++) turn();
      expect((await readNumbers(device, value))[0]).toBe(2000);
    });
    expect(created).toEqual({});
    expect(device.statistics().liveBytes).toBeLessThanOrEqual(before.liveBytes);
    expect(device.statistics().peakBytes).toBe(before.peakBytes);
  });

  test("kernels with the same text share a pipeline", async () => {
    const slots = [slot(0, { kind: "input", index: 0 }), slot(1, { kind: "donated", index: 0, of: 0 })];
    const twice = program(slots, [run(affine(1, 0.5), 0, 1), run(affine(1, 0.5), 0, 1)]);
    const state = device.upload(new Float32Array(count));
    const created = await countCreations(async () => {
      device.prepare(twice).run([state], [], [], []);
      expect((await readNumbers(device, state))[0]).toBe(1);
    });
    expect(created["createComputePipelineAsync"]).toBe(1);
    expect(created["createComputePipeline"]).toBe(undefined);
  });

  test("values in different GPU buffers", async () => {
    const small = await openDevice({ firstChunkBytes: 256 });
    const sum = kernel(
      ["a", "b", "c"].map((name) => buffer(name, "float32", count)),
      [parallel("i", count, [store("c", i, add(load("a", i), load("b", i)))])],
    );
    const executable = small.prepare(singleKernel(sum, ["a", "b"]));
    const a = small.upload(new Float32Array(count).fill(1));
    const b = small.upload(new Float32Array(count).fill(2));
    const [c] = executable.run([a, b], [], [], []);
    const [d] = executable.run([c!, c!], [], [], []);
    const [e] = executable.run([d!, a], [], [], []);
    expect((await readNumbers(small, e!))[count - 1]).toBe(7);
    small.destroy();
  });

  test("beyond the memory limit a run throws and leaves everything as it was", async () => {
    const limited = await openDevice({ firstChunkBytes: 16384, memoryLimitBytes: 16384 });
    const slots = [0, 1, 2, 3].map((id) =>
      slot(id, id === 0 ? { kind: "input", index: 0 } : { kind: "output", index: id - 1 }),
    );
    const many = limited.prepare(
      program(
        slots,
        [1, 2, 3].map((id) => run(affine(1, id), 0, id)),
      ),
    );
    const input = limited.upload(new Float32Array(count).fill(5));
    const extra = limited.upload(new Float32Array(count));
    const before = limited.statistics().liveBytes;
    expect(() => many.run([input], [], [], [])).toThrow(OutOfMemoryError);
    expect(limited.statistics().liveBytes).toBe(before);
    expect((await readNumbers(limited, input))[0]).toBe(5);
    extra.release();
    expect((await readNumbers(limited, many.run([input], [], [], [])[2]!))[0]).toBe(8);
    limited.destroy();
  });

  test("a refusal by the GPU itself rejects the reads of what was to lie there", async () => {
    const own = await openDevice({ firstChunkBytes: 4096 });
    const kept = own.upload(floats([7]));
    const state = own.upload(new Float32Array(count));
    // Really exhausting memory would take the machine's: the GPU's answer is replaced.
    const { globals } = (await import("webgpu")) as unknown as { globals: { GPUDevice: { prototype: GPUDevice } } };
    const slots = [
      slot(0, { kind: "input", index: 0 }),
      slot(1, { kind: "output", index: 0 }, 100_000),
      slot(2, { kind: "donated", index: 1, of: 0 }),
    ];
    const steps = [run(affine(1, 1), 0, 2), run(kernel([buffer("to", "float32", 100_000)], []), 1)];
    const executable = own.prepare(program(slots, steps));
    const answers = vi.spyOn(globals.GPUDevice.prototype, "popErrorScope");
    answers.mockResolvedValueOnce({ message: "no memory left" });
    const [output] = executable.run([state], [], [], []);
    answers.mockRestore();
    await expect(own.read(output!)).rejects.toThrow(OutOfMemoryError);
    expect((await readNumbers(own, state))[0]).toBe(0);
    expect(await readNumbers(own, kept)).toEqual([7]);
    own.destroy();
  });

  test("a refused shader rejects the reads of what it should have made", async () => {
    const broken = kernel(
      [buffer("y", "float32", 4)],
      [parallel("i", 4, [store("y", i, { op: "var", type: f32, name: "nobody" })])],
    );
    const [y] = device.prepare(singleKernel(broken, [])).run([], [], [], []);
    await expect(device.read(y!)).rejects.toThrow(/refused/);
    await device.synchronize();
  });

  test("a lost device rejects pending and later reads", async () => {
    const own = await openDevice();
    const memory = own.upload(floats([1]));
    const pending = own.read(memory);
    own.destroy();
    await expect(pending).rejects.toThrow(DeviceLostError);
    await expect(own.read(memory)).rejects.toThrow(DeviceLostError);
    await expect(own.synchronize()).rejects.toThrow(DeviceLostError);
    expect(() => own.upload(floats([1]))).toThrow(DeviceLostError);
  });

  test("inputs are checked", () => {
    const executable = device.prepare(step);
    expect(() => executable.run([], [], [], [])).toThrow(/takes 1 inputs, got 0/);
    expect(() => executable.run([device.upload(new Float32Array(3))], [], [], [])).toThrow(/must be 4000 bytes/);
    expect(() => executable.run([device.upload(new Uint8Array(4000))], [], [], [])).toThrow(/elements of 1/);
  });
});
