import * as torch from "cresset";
import { afterEach, describe, expect, test, vi } from "vitest";

afterEach(() => torch.set_printoptions({ profile: "default" }));

describe.each(["cpu", "cpu:js"])("printing on %s", (device) => {
  test("print computes the values and writes what PyTorch writes", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const y = torch.tensor([[12], [39]], { device });
    await y.print();
    expect(log.mock.calls).toEqual([["tensor([[12.],\n        [39.]])"]]);
    log.mockRestore();
  });

  test("console.log shows what is known without computing", () => {
    const y = torch.ones([2, 1], { device }).mul(2);
    const shown = (value: torch.Tensor): unknown =>
      (value as unknown as Record<symbol, () => unknown>)[Symbol.for("nodejs.util.inspect.custom")]!();
    expect(shown(y)).toBe(`float32[2, 1] on ${device}, not computed yet`);
    y.tolist();
    expect(shown(y)).toBe(`float32[2, 1] on ${device}`);
  });

  test("a tensor that needs gradients says so, or says what made it", () => {
    const x = torch.tensor([1, -2], { device, requires_grad: true });
    expect(x.repr()).toBe("tensor([ 1., -2.], requires_grad=True)");
    expect(x.mul(2).repr()).toBe("tensor([ 2., -4.], grad_fn=<MulBackward0>)");
    expect(x.view(1, 2).repr()).toBe("tensor([[ 1., -2.]], grad_fn=<ViewBackward0>)");
    expect(x.log_softmax(0).grad_fn!.name()).toBe("LogSoftmaxBackward0");
    expect(x.detach().repr()).toBe("tensor([ 1., -2.])");
  });

  test("half floats print their values, not their bits", () => {
    expect(torch.tensor([0.5, 2], { device, dtype: "float16" }).repr()).toBe(
      "tensor([0.5000, 2.0000], dtype=torch.float16)",
    );
    expect(torch.tensor([1.5], { device, dtype: "bfloat16" }).repr()).toBe("tensor([1.5000], dtype=torch.bfloat16)");
  });
});

test("set_printoptions takes PyTorch's arguments by position and by name, and puts sci_mode back", () => {
  const x = torch.tensor([1e-6, 1]);
  torch.set_printoptions(2);
  expect(x.repr()).toBe("tensor([1.00e-06, 1.00e+00])");
  torch.set_printoptions({ precision: 3, sci_mode: false });
  // As wide as the notation that the values would choose: what PyTorch's recorded cases show.
  expect(x.repr()).toBe("tensor([    0.000,     1.000])");
  expect(torch.get_printoptions()).toMatchObject({ precision: 3, sci_mode: false });
  torch.set_printoptions({ profile: "short" });
  expect(torch.get_printoptions()).toMatchObject({ precision: 2, edgeitems: 2, sci_mode: null });
  expect(() => torch.set_printoptions({ precision: -1 })).toThrow("precision must be");
});

test("printoptions lasts for a function, also an async one", async () => {
  const x = torch.tensor([1 / 3]);
  expect(torch.printoptions({ precision: 1 }, () => x.repr())).toBe("tensor([0.3])");
  expect(await torch.printoptions({ precision: 2 }, () => x.reprAsync())).toBe("tensor([0.33])");
  expect(x.repr()).toBe("tensor([0.3333])");
});

test("named results print their fields", async () => {
  const result = torch
    .tensor([
      [1, 3],
      [4, 2],
    ])
    .max(1);
  expect(await result.reprAsync()).toBe("torch.return_types.max(\nvalues=tensor([3., 4.]),\nindices=tensor([1, 0]))");
  expect(result.map((tensor) => tensor.ndim)).toEqual([1, 1]);
});

test("parameters print as parameters", () => {
  expect(new torch.nn.Parameter(torch.tensor([1, 2])).repr()).toBe(
    "Parameter containing:\ntensor([1., 2.], requires_grad=True)",
  );
});

test("grad_fn leads back to the leaves", () => {
  const x = torch.ones([2], { requires_grad: true });
  const y = x
    .mul(2)
    .add(torch.ones([2]))
    .sum();
  expect(String(y.grad_fn)).toBe("<SumBackward0>");
  const [[add]] = y.grad_fn!.next_functions as [[NonNullable<typeof y.grad_fn>, number]];
  expect(add.name()).toBe("AddBackward0");
  const [[mul], [constant]] = add.next_functions as [[typeof add, number], [null, number]];
  expect([mul.name(), constant, mul.next_functions[0]![0]!.name()]).toEqual([
    "MulBackward0",
    null,
    "torch::autograd::AccumulateGrad",
  ]);
  expect(x.grad_fn).toBeNull();
});

test("sizes, devices, layouts and formats have PyTorch's names", () => {
  expect(String(torch.Size([2, 3]))).toBe("torch.Size([2, 3])");
  expect(new torch.Size([2, 3]).numel()).toBe(6);
  expect(torch.Size([2, 3]).map((n) => n * 2)).toEqual([4, 6]);
  const cpu = torch.device("cpu");
  expect([cpu instanceof torch.device, cpu.repr(), String(cpu)]).toEqual([true, "device(type='cpu')", "cpu"]);
  expect(new torch.device("cuda", 0).repr()).toBe("device(type='webgpu', index=0)");
  expect([torch.strided, torch.channels_last, torch.float32].map(String)).toEqual([
    "torch.strided",
    "torch.channels_last",
    "torch.float32",
  ]);
});
