import * as torch from "cresset";
import { describe, expect, test, vi } from "vitest";

describe.each(["cpu", "cpu:js"])("memory shared with the user on %s", (device) => {
  const withDevice = (body: () => void) => () => {
    torch.set_default_device(device);
    try {
      body();
    } finally {
      torch.set_default_device(null);
    }
  };

  test(
    "from_numpy: each side sees what the other writes",
    withDevice(() => {
      const array = Float32Array.of(1, 2, 3);
      const t = torch.from_numpy(array);
      expect(t.device.name).toBe(device);
      array[0] = 10;
      expect(t.tolist()).toEqual([10, 2, 3]);
      t.mul_(2);
      expect([...array]).toEqual([20, 4, 6]);
      t.at("1:").zero_();
      expect([...array]).toEqual([20, 0, 0]);
      array[2] = 7;
      expect(t.sum().item()).toBe(27);
    }),
  );

  test(
    "what was recorded keeps the values that it was recorded with",
    withDevice(() => {
      const array = Float32Array.of(1, 2);
      const t = torch.from_numpy(array);
      const before = t.add(1);
      array.fill(100);
      const after = t.add(1);
      expect([before.tolist(), after.tolist()]).toEqual([
        [2, 3],
        [101, 101],
      ]);
    }),
  );

  test(
    "numpy() of a tensor shares with it and with its views",
    withDevice(() => {
      const t = torch.arange(6, { dtype: "float32" }).reshape(2, 3);
      const array = t.numpy() as Float32Array;
      const row = t.at(1).numpy() as Float32Array;
      expect([...row]).toEqual([3, 4, 5]);
      row[0] = -1;
      expect(t.tolist()).toEqual([
        [0, 1, 2],
        [-1, 4, 5],
      ]);
      t.add_(1);
      expect([...array]).toEqual([1, 2, 3, 0, 5, 6]);
      expect([...row]).toEqual([0, 5, 6]);
    }),
  );

  test(
    "numpy() of elements that do not lie in a row is a copy",
    withDevice(() => {
      const t = torch.arange(4, { dtype: "float32" }).reshape(2, 2);
      const array = t.t().numpy();
      expect([...array]).toEqual([0, 2, 1, 3]);
      array[0] = 9;
      expect(t.tolist()).toEqual([
        [0, 1],
        [2, 3],
      ]);
    }),
  );

  test(
    "not-a-number and signed zeros count as what they are",
    withDevice(() => {
      const array = Float64Array.of(NaN, 0);
      const t = torch.from_numpy(array);
      const first = t.clone();
      array[1] = -0;
      expect(t.tolist()).toEqual([NaN, -0]);
      expect(first.tolist()).toEqual([NaN, 0]);
      expect(t._version).toBe(0);
    }),
  );

  test(
    "many shared writes take nothing away from what is still pending",
    withDevice(() => {
      const arrays = Array.from({ length: 8 }, (_, i) => Float32Array.of(i));
      const tensors = arrays.map((array) => torch.from_numpy(array));
      const total = torch.cat(tensors).sum();
      for (const t of tensors) t.add_(1);
      expect(total.item()).toBe(28);
      expect(arrays.map(([x]) => x)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }),
  );

  test(
    "a compiled function reads what the user wrote and writes what the user sees",
    withDevice(() => {
      const array = Float32Array.of(1, 2);
      const state = torch.from_numpy(array);
      const step = torch.compile((x: torch.Tensor) => {
        state.add_(x);
        return state.sum();
      });
      expect(step(torch.ones([2])).item()).toBe(5);
      expect([...array]).toEqual([2, 3]);
      array[0] = 10;
      expect(step(torch.ones([2])).item()).toBe(15);
      expect([...array]).toEqual([11, 4]);
      expect(step(torch.ones([2])).item()).toBe(17);
      expect([...array]).toEqual([12, 5]);
      expect(step.statistics.compileCount).toBe(1);
    }),
  );

  test(
    "writes of a compiled function that reads, or that throws, reach the user too",
    withDevice(() => {
      const array = Float32Array.of(1);
      const state = torch.from_numpy(array);
      const reads = torch.compile(() => state.add_(1).item());
      const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
      expect([reads(), array[0]]).toEqual([2, 2]);
      warn.mockRestore();
      const throws = torch.compile(() => {
        state.add_(1);
        throw new Error("stop");
      });
      expect(throws).toThrow("stop");
      expect([state.item(), array[0]]).toEqual([3, 3]);
    }),
  );

  test(
    "a parameter over shared memory trains in it",
    withDevice(() => {
      const array = Float32Array.of(3, 4);
      const p = new torch.nn.Parameter(torch.from_numpy(array));
      p.pow(2).sum().backward();
      expect(p.grad!.tolist()).toEqual([6, 8]);
      torch.no_grad(() => p.sub_(p.grad!.mul(0.5)));
      expect([...array]).toEqual([0, 0]);
      array.fill(1);
      p.grad = null;
      p.pow(2).sum().backward();
      expect(p.grad!.tolist()).toEqual([2, 2]);
    }),
  );

  test(
    "gradients reach a shared leaf that the user writes after the forward pass",
    withDevice(() => {
      const array = Float32Array.of(3);
      const x = torch.from_numpy(array).requires_grad_();
      const y = x.mul(2).sum();
      array[0] = 5;
      y.backward();
      expect(x.grad!.tolist()).toEqual([2]);
      expect(x.tolist()).toEqual([5]);
    }),
  );

  test(
    "out= cannot make shared memory larger, and then nothing has changed",
    withDevice(() => {
      const array = Float32Array.of(1, 2, 3);
      const out = torch.from_numpy(array);
      expect(() => torch.add(torch.ones(4), 1, { out })).toThrow("storage that is not resizable");
      expect([out.shape, ...array]).toEqual([[3], 1, 2, 3]);
      torch.add(torch.ones(3), 1, { out });
      expect([...array]).toEqual([2, 2, 2]);
    }),
  );
});

describe("tensors from data", () => {
  test("frombuffer shares a part of a buffer", () => {
    const buffer = Int16Array.of(1, 2, 3, 4).buffer;
    const t = torch.frombuffer(buffer, { dtype: torch.int16, count: 2, offset: 2 });
    expect(t.tolist()).toEqual([2, 3]);
    t.fill_(9);
    expect([...new Int16Array(buffer)]).toEqual([1, 9, 9, 4]);
    expect(() => torch.frombuffer(buffer, { dtype: torch.int32, offset: 1 })).toThrow(
      "must be a multiple of element size (4)",
    );
    expect(() => torch.frombuffer(buffer, { dtype: torch.int32, offset: 2, count: 1 })).toThrow(
      "memory cannot be shared",
    );
    expect(() => torch.frombuffer(buffer, { dtype: torch.int64, count: 2 })).toThrow(
      "must not be greater than actual buffer length",
    );
  });

  test("as_tensor returns what fits, shares arrays, and copies lists", () => {
    const x = torch.ones(2);
    expect(torch.as_tensor(x)).toBe(x);
    expect(torch.as_tensor(x, { dtype: "float64" }).dtype).toBe(torch.float64);
    const array = Float32Array.of(1, 2);
    const t = torch.as_tensor(array);
    array[0] = 5;
    expect(t.tolist()).toEqual([5, 2]);
    const converted = torch.as_tensor(array, { dtype: "int64" });
    array[0] = 6;
    expect(converted.tolist()).toEqual([5, 2]);
    expect(torch.as_tensor([[1n], [2n]]).dtype).toBe(torch.int64);
  });

  test("asarray copies or shares as it is told", () => {
    const array = Float32Array.of(1, 2);
    const copy = torch.asarray(array, { copy: true });
    const alias = torch.asarray(array, { copy: false });
    array[0] = 9;
    expect([copy.tolist(), alias.tolist()]).toEqual([
      [1, 2],
      [9, 2],
    ]);
    expect(() => torch.asarray([1, 2], { copy: false })).toThrow("can't alias");
    expect(() => torch.asarray(array, { copy: false, dtype: "float64" })).toThrow("can't alias");
    const x = torch.ones(1, { requires_grad: true }).mul(2);
    expect(torch.asarray(x)).toBe(x);
    expect(torch.asarray(x, { requires_grad: false }).requires_grad).toBe(false);
    expect(torch.asarray(Float32Array.of(1, 2).buffer).tolist()).toEqual([1, 2]);
  });

  test("new_ methods take type and device from their tensor", () => {
    const x = torch.tensor([1n], { dtype: "int32", device: "cpu:js" });
    const made = [
      x.new_zeros(2),
      x.new_ones([2]),
      x.new_full([2], 7),
      x.new_tensor([1, 2]),
      x.new_empty_strided([2], [3]),
    ];
    for (const t of made) expect([t.dtype, t.device.name, t.shape]).toEqual([torch.int32, "cpu:js", [2]]);
    expect(made.slice(0, 4).map((t) => t.tolist())).toEqual([
      [0, 0],
      [1, 1],
      [7, 7],
      [1, 2],
    ]);
    expect(x.new_zeros(2, { dtype: "float64" }).dtype).toBe(torch.float64);
  });

  test("sequences include their ends", () => {
    expect(torch.linspace(3, 10, { steps: 5 }).tolist()).toEqual([3, 4.75, 6.5, 8.25, 10]);
    expect(torch.logspace(0, 3, 4).tolist()).toEqual([1, 10, 100, 1000]);
    expect(torch.logspace(0, 3, 4, 2, { dtype: "int64" }).tolist()).toEqual([1, 2, 4, 8]);
    expect(torch.range(1, 2, 0.5).tolist()).toEqual([1, 1.5, 2]);
    expect(torch.range(3).tolist()).toEqual([0, 1, 2, 3]);
    expect(() => torch.range(1, 3, -1)).toThrow("inconsistent with step sign");
  });

  test("legacy constructors take sizes or data, with and without new", () => {
    expect(torch.FloatTensor(5, 7, 3).shape).toEqual([5, 7, 3]);
    expect(new torch.FloatTensor().shape).toEqual([0]);
    expect(torch.LongTensor([[1, 2]]).dtype).toBe(torch.int64);
    expect(new torch.BoolTensor([true]).tolist()).toEqual([true]);
  });

  test("empty_strided lays elements out as asked", () => {
    const x = torch.empty_strided([2, 3], [1, 2]);
    expect([x.shape, x.stride(), x.is_contiguous()]).toEqual([[2, 3], [1, 2], false]);
  });

  test("scalar_tensor is 0-d and of the default float type", () => {
    const x = torch.scalar_tensor(5n);
    expect([x.shape, x.dtype, x.item()]).toEqual([[], torch.float32, 5]);
  });
});

test("tensors that alias each other have one storage", () => {
  const x = torch.zeros(2, 3);
  const [storage, other] = [x.at(1).untyped_storage(), torch.zeros(2, 3).untyped_storage()];
  expect([torch.is_storage(storage), torch.is_storage(x)]).toEqual([true, false]);
  expect([storage.nbytes(), storage.data_ptr() === x.data_ptr()]).toEqual([24, true]);
  expect(storage.data_ptr()).not.toBe(other.data_ptr());
});

test("a copy of a tensor is on its device, or on the one that is asked for", () => {
  const there = torch.rand(3).to("cpu:js");
  expect(torch.tensor(there).device.name).toBe("cpu:js");
  expect(torch.tensor(there).tolist()).toEqual(there.tolist());
  expect(torch.tensor(there, { device: "cpu" }).add(torch.zeros(3)).tolist()).toEqual(there.tolist());
});
