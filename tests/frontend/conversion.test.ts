import { describe, expect, it, test } from "vitest";
import * as torch from "cresset";

describe("conversion", () => {
  test("nothing changes, nothing is copied", () => {
    const x = torch.ones(2);
    expect(x.to("float32")).toBe(x);
    expect(x.to(torch.float32, { copy: true }) === x).toBe(false);
    expect(x.float()).toBe(x);
    expect(x.contiguous()).toBe(x);
    expect(x.cpu()).toBe(x);
    expect(x.to("cpu")).toBe(x);
  });

  test.each([
    ["double", "float64"],
    ["half", "float16"],
    ["bfloat16", "bfloat16"],
    ["long", "int64"],
    ["int", "int32"],
    ["short", "int16"],
    ["char", "int8"],
    ["byte", "uint8"],
    ["bool", "bool"],
  ] as const)("%s gives %s", (method, name) => {
    const converted = torch.tensor([0, 1.5, 100])[method]();
    expect(converted.dtype.name).toBe(name);
    expect(converted.float().tolist()).toEqual(
      name === "bool"
        ? [0, 1, 1]
        : [0, method.endsWith("h") && name.startsWith("i") ? 1 : name.includes("int") ? 1 : 1.5, 100],
    );
  });

  test("to takes a type, a device, another tensor, or options, in any order", () => {
    const x = torch.tensor([1.7]);
    expect(x.to(torch.int64).tolist()).toEqual([1]);
    expect(x.to("cpu", "float64").dtype).toBe(torch.float64);
    expect(x.to({ dtype: "int8" }).dtype).toBe(torch.int8);
    expect(x.to(torch.zeros(1, { dtype: "bool" })).tolist()).toEqual([true]);
    expect(x.type_as(torch.zeros(1, { dtype: "int32" })).dtype).toBe(torch.int32);
    expect(x.type()).toBe("torch.FloatTensor");
    expect(x.type("torch.DoubleTensor").dtype).toBe(torch.float64);
    expect(() => x.to("nowhere" as string)).toThrow("neither a device nor a dtype");
  });

  test("gradients come back in the type that they left in", () => {
    const x = torch.tensor([1, 2], { requires_grad: true });
    x.double().mul(2).sum().backward();
    expect(x.grad!.dtype).toBe(torch.float32);
    expect(x.grad!.tolist()).toEqual([2, 2]);
  });

  test("values and gradients move between devices", () => {
    const x = torch.tensor([1, 2], { requires_grad: true });
    const moved = x.mul(3).to("cpu:js");
    expect(moved.device.name).toBe("cpu:js");
    expect(moved.tolist()).toEqual([3, 6]);
    moved.mul(2).sum().backward();
    expect(x.grad!.tolist()).toEqual([6, 6]);
    expect(x.grad!.device.name).toBe("cpu");
    expect(() => x.add(moved)).toThrow("on the same device");
  });

  test("T, mT, H and mH are views with dimensions exchanged", () => {
    const x = torch.arange(6).reshape(2, 3);
    expect(x.T.tolist()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(x.H.tolist()).toEqual(x.T.tolist());
    expect(torch.zeros(2, 3, 4).mT.shape).toEqual([2, 4, 3]);
    expect(torch.zeros(2, 3, 4).T.shape).toEqual([4, 3, 2]);
    expect(() => torch.zeros(2, 3, 4).H).toThrow("only supported on matrices");
    x.T.at(0).zero_();
    expect(x.tolist()).toEqual([
      [0, 1, 2],
      [0, 4, 5],
    ]);
  });

  test("a contiguous copy is a tensor of its own", () => {
    const x = torch.arange(6).reshape(2, 3).t();
    const copy = x.contiguous();
    expect([x.is_contiguous(), copy.is_contiguous()]).toEqual([false, true]);
    copy.zero_();
    expect(x.at(0, 1).item()).toBe(3);
  });
});

describe("questions about types", () => {
  test("promotion and casts", () => {
    expect(torch.promote_types("uint8", "int8")).toBe(torch.int16);
    expect(torch.result_type(torch.tensor([1n]), 1.5)).toBe(torch.float32);
    expect(torch.result_type(torch.tensor([1n]), torch.tensor(1.5))).toBe(torch.float32);
    expect(torch.can_cast(torch.float32, torch.int64)).toBe(false);
    expect(torch.can_cast("int64", "uint8")).toBe(true);
    expect(torch.broadcast_shapes([2, 1], [3], [1, 1, 1])).toEqual([1, 2, 3]);
    expect(() => torch.broadcast_shapes([2], [3])).toThrow("Attempting to broadcast a dimension of length");
  });

  test("numeric limits", () => {
    expect(torch.finfo("float16")).toMatchObject({ bits: 16, eps: 2 ** -10, max: 65504, tiny: 2 ** -14 });
    expect(torch.finfo(torch.float64).max).toBe(Number.MAX_VALUE);
    expect(String(torch.finfo("float16"))).toBe(
      "finfo(resolution=0.001, min=-65504, max=65504, eps=0.000976562, smallest_normal=6.10352e-05, tiny=6.10352e-05, dtype=float16)",
    );
    expect(String(torch.iinfo("int64"))).toBe("iinfo(min=-9.22337e+18, max=9.22337e+18, dtype=int64)");
    expect(torch.iinfo("int8")).toMatchObject({ bits: 8, min: -128, max: 127 });
    expect(torch.iinfo(torch.int64).max).toBe(2n ** 63n - 1n);
    expect(() => torch.finfo("int8")).toThrow("Use torch.iinfo");
  });

  test("the default type decides what new floats are", () => {
    torch.set_default_dtype(torch.float64);
    try {
      expect(torch.tensor([1]).dtype).toBe(torch.float64);
      expect(torch.tensor([1n]).div(2).dtype).toBe(torch.float64);
    } finally {
      torch.set_default_dtype("float32");
    }
    expect(torch.get_default_dtype()).toBe(torch.float32);
    expect(() => torch.set_default_dtype("int64")).toThrow("only floating-point types");
  });

  test("kinds of tensors", () => {
    expect([torch.is_tensor(torch.ones(1)), torch.is_tensor([1])]).toEqual([true, false]);
    expect(torch.is_floating_point(torch.ones(1))).toBe(true);
    expect(torch.numel(torch.ones(2, 3))).toBe(6);
    expect(torch.is_nonzero(torch.tensor([0]))).toBe(false);
    expect(() => torch.is_nonzero(torch.ones(2))).toThrow("ambiguous");
    expect(torch.ones(1).is_same_size(torch.zeros(1))).toBe(true);
    expect(torch.ones(1).get_device()).toBe(-1);
  });
});

describe("memory formats", () => {
  test("channels last is a view of a permuted copy", () => {
    const x = torch.arange(48).reshape(2, 2, 3, 4);
    const last = x.contiguous({ memory_format: torch.channels_last });
    expect(last.stride()).toEqual([24, 1, 8, 2]);
    expect(last.tolist()).toEqual(x.tolist());
    expect(last.is_contiguous()).toBe(false);
    expect(last.is_contiguous({ memory_format: torch.channels_last })).toBe(true);
    expect(last.contiguous(torch.channels_last)).toBe(last);
    expect(last.contiguous().stride()).toEqual([24, 12, 4, 1]);
    expect(() => torch.ones(2).contiguous(torch.channels_last)).toThrow("required rank 4");
  });
});

it("sums and products are computed in the type of out", () => {
  const x = torch.full([2, 2], 1.5);
  const [whole, wide] = [torch.zeros(2, { dtype: torch.int64 }), torch.zeros(2, { dtype: torch.float64 })];
  expect(torch.sum(x, 0, { out: whole }).tolist()).toEqual([2, 2]);
  expect(torch.prod(x, 0, { out: whole }).tolist()).toEqual([1, 1]);
  expect(torch.prod(x, 0, { out: wide }).tolist()).toEqual([2.25, 2.25]);
  const running = torch.zeros(2, 2, { dtype: torch.int64 });
  expect(torch.cumsum(x, 0, { out: running }).tolist()).toEqual([
    [1, 1],
    [2, 2],
  ]);
});
