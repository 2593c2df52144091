import * as torch from "cresset";
import { describe, expect, it } from "vitest";

describe("how tensors are held", () => {
  it("is dense, and what would be otherwise says so", () => {
    const x = torch.ones(2, 3);
    expect([x.layout, x.dense_dim(), x.sparse_dim(), x.is_sparse, x.is_quantized]).toEqual([
      torch.strided,
      2,
      0,
      false,
      false,
    ]);
    expect(x.to_dense()).toBe(x);
    expect(x.to_dense(torch.float64).dtype).toBe(torch.float64);
    for (const refused of [() => x.to_sparse(), () => x.to_mkldnn(), () => x.chalf(), () => x.dequantize()])
      expect(refused).toThrow(torch.NotImplementedError);
    expect(() => torch.sparse_coo_tensor(x, x)).toThrow("there are no sparse tensors yet");
    expect(() => torch.quantize_per_tensor(x, 0.1, 0, "quint8")).toThrow("there are no quantised tensors yet");
    expect(x.pin_memory()).toBe(x);
    expect(x.is_pinned()).toBe(false);
  });

  it("can be in memory that threads share", () => {
    const x = torch.arange(4).float();
    expect(x.is_shared()).toBe(false);
    expect(x.share_memory_()).toBe(x);
    const memory = x.numpy();
    expect([x.is_shared(), memory.buffer instanceof SharedArrayBuffer]).toEqual([true, true]);
    const elsewhere = torch.from_numpy(new Float32Array(memory.buffer));
    x.at("1:3").mul_(10);
    expect(elsewhere.tolist()).toEqual([0, 10, 20, 3]);
    elsewhere.add_(1);
    expect([x.tolist(), x.reshape(2, 2).is_shared()]).toEqual([[1, 11, 21, 4], true]);
  });

  it("loses its history in place, but for views", () => {
    const a = torch.ones(2, { requires_grad: true });
    const b = a.mul(2);
    expect(b.detach_()).toBe(b);
    expect([b.requires_grad, b.is_leaf, b.grad_fn, b.tolist()]).toEqual([false, true, null, [2, 2]]);
    const leaf = torch.ones(2, { requires_grad: true });
    expect([leaf.detach_().requires_grad, leaf.is_leaf]).toEqual([false, true]);
    expect(() => a.mul(2).at(0).detach_()).toThrow("Can't detach views in-place");
    const loaded = torch.zeros(2).module_load(torch.ones(2));
    expect([loaded.tolist(), loaded.requires_grad]).toEqual([[1, 1], false]);
    const other = torch.ones(3);
    expect(torch.zeros(2).module_load(other, { assign: true }).is_set_to(other)).toBe(true);
  });
});

describe("functions of the user's on each element", () => {
  it("replace elements, converted to the tensor's type", () => {
    expect(
      torch
        .ones(2, 2)
        .t()
        .apply_((v) => (v as number) + 1)
        .tolist(),
    ).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(
      torch
        .tensor([1n, 2n])
        .apply_((v) => (v as number) / 2)
        .tolist(),
    ).toEqual([0, 1]);
    const x = torch.zeros(2, 2);
    x.at(0).map_(torch.tensor([5]), (a, b) => (a as number) + (b as number));
    expect(x.tolist()).toEqual([
      [5, 5],
      [0, 0],
    ]);
    expect(x._version).toBe(1);
  });

  it("are refused where gradients, types or results do not fit", () => {
    const x = torch.ones(2);
    expect(() => torch.ones(2, { requires_grad: true }).apply_((v) => v)).toThrow("Can't call apply_()");
    expect(() => x.apply_(() => "a" as never)).toThrow("must return a number");
    expect(() => x.map_(torch.tensor([1n]), (a) => a)).toThrow(torch.DTypeError);
    expect(() => x.map_(torch.ones(3), (a) => a)).toThrow("expanded size");
  });
});

describe("memory that is exchanged", () => {
  it("is seen from both sides, whatever its strides", () => {
    const x = torch.arange(6).float().reshape(2, 3);
    const y = torch.from_dlpack(x.t());
    expect([y.shape, y.stride(), y.tolist()]).toEqual([
      [3, 2],
      [1, 3],
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
    ]);
    y.at(2, 0).fill_(-1);
    x.at(1, 0).fill_(-2);
    expect([x.tolist(), y.at(0).tolist()]).toEqual([
      [
        [0, 1, -1],
        [-2, 4, 5],
      ],
      [0, -2],
    ]);
    const z = torch.from_dlpack(torch.complex(torch.ones(2), torch.zeros(2)));
    expect([z.dtype, z.shape]).toEqual([torch.complex64, [2]]);
    expect(x.__dlpack_device__()).toEqual(["cpu", 0]);
  });

  it("is taken once, and not of tensors with gradients", () => {
    const memory = torch.ones(2).__dlpack__();
    torch.from_dlpack(memory);
    expect(() => torch.from_dlpack(memory)).toThrow("consumed only once");
    expect(() => torch.ones(2, { requires_grad: true }).__dlpack__()).toThrow(
      "Can't export tensors that require gradient",
    );
  });
});

describe("switches for the whole process", () => {
  it("are kept as PyTorch keeps them", () => {
    torch.use_deterministic_algorithms(true, { warn_only: true });
    expect([
      torch.are_deterministic_algorithms_enabled(),
      torch.is_deterministic_algorithms_warn_only_enabled(),
      torch.get_deterministic_debug_mode(),
    ]).toEqual([true, true, 1]);
    torch.set_deterministic_debug_mode("default");
    expect(torch.are_deterministic_algorithms_enabled()).toBe(false);
    expect(() => torch.set_deterministic_debug_mode("loud" as never)).toThrow("invalid value of debug_mode");
    torch.set_float32_matmul_precision("high");
    expect(torch.get_float32_matmul_precision()).toBe("high");
    torch.set_float32_matmul_precision("highest");
    expect(() => torch.set_float32_matmul_precision("low" as never)).toThrow('"highest"');
    // Nothing flushes denormal numbers, and they are computed with.
    expect(torch.set_flush_denormal(true)).toBe(false);
    expect(torch.tensor([1e-40]).mul(2).item()).toBeGreaterThan(0);
  });

  it("make warnings that come once come each time", () => {
    const { warn } = console;
    const warnings: string[] = [];
    console.warn = (text: string) => warnings.push(text);
    try {
      const x = torch.ones(2, 3, 4);
      const first = [x.T.shape, x.T.shape];
      expect([first, warnings.length]).toEqual([
        [
          [4, 3, 2],
          [4, 3, 2],
        ],
        1,
      ]);
      torch.set_warn_always(true);
      void x.T;
      expect([torch.is_warn_always_enabled(), warnings.length]).toEqual([true, 2]);
    } finally {
      torch.set_warn_always(false);
      console.warn = warn;
    }
  });
});
