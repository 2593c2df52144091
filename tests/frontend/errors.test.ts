/** Mistakes are answered at the call that is wrong: by a typed error with the operator, what arrived, and the user's line. */
import * as torch from "cresset";
import { describe, expect, it, test } from "vitest";
import { webgpuAvailable } from "../support/webgpu.ts";

const { nn } = torch;
const F = nn.functional;
const leaf = (...size: number[]): torch.Tensor => torch.ones(size, { requires_grad: true });
const x = torch.ones(2, 3);

/** The error of a call; none is a failure. */
function caught(call: () => unknown): torch.CressetError {
  try {
    call();
  } catch (error) {
    if (error instanceof torch.CressetError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

type Mistake = readonly [call: () => unknown, text: string];
/** Each call throws this class, says this, and ends with this file's line. */
function mistakes(kind: typeof torch.CressetError, list: Readonly<Record<string, Mistake>>): void {
  it.each(Object.entries(list))("%s", (_name, [call, text]) => {
    const error = caught(call);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toContain(text);
    expect(error.message).toMatch(/\n {2}at [^\n]*errors\.test\.ts:\d+:\d+$/);
    expect(error.code).toMatch(/^[\w.-]+\/[\w.-]+$/);
  });
}

describe("shapes that do not fit", () => {
  mistakes(torch.ShapeError, {
    matmul: [
      () => torch.ones(8, 3, 64).matmul(torch.ones(8, 5, 64)),
      "matmul: inner sizes differ: input float32[8, 3, 64] @ other float32[8, 5, 64]",
    ],
    mm: [() => x.mm(x), "mm: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"],
    add: [
      () => x.add(torch.ones(2, 2)),
      "add: The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 1: input float32[2, 3], other float32[2, 2]",
    ],
    reshape: [() => x.reshape(4, 2), "reshape: shape '[4, 2]' is invalid for input of size 6: input float32[2, 3]"],
    view: [() => x.t().view(6), "view: view size is not compatible with input tensor's size and stride"],
    cat: [
      () => torch.cat([x, torch.ones(2, 2)]),
      "cat: Sizes of tensors must match except in dimension 0. Expected size 3 but got size 2 for tensor number 1 in the list: float32[2, 3] and float32[2, 2]",
    ],
    expand: [() => x.expand(4, 3), "expand: The expanded size of the tensor (4) must match the existing size (2)"],
    "a row that is too short": [
      () => torch.tensor([[1, 2], [3]]),
      "tensor: expected sequence of length 2 at dim 1 (got 1)",
    ],
    "a negative size": [
      () => torch.zeros(-1),
      "zeros: Dimension size must be non-negative. Trying to create tensor with negative dimension -1",
    ],
    "an in-place result that does not fit": [
      () => torch.ones(3).add_(x),
      "add_: output with shape [3] doesn't match the broadcast shape [2, 3]",
    ],
    "a linear layer": [
      () => new nn.Linear(4, 2)(x),
      "linear: mat1 and mat2 shapes cannot be multiplied: input float32[2, 3], weight float32[2, 4]",
    ],
    "a convolution": [
      () => new nn.Conv2d(1, 3, 2)(torch.ones(1, 2, 4, 4)),
      "conv2d: Given groups=1, weight of size [3, 1, 2, 2], expected input[1, 2, 4, 4] to have 1 channels, but got 2 channels instead",
    ],
    "a batch norm": [() => new nn.BatchNorm1d(4)(x), "batch_norm: running_mean should contain 3 elements not 4"],
    "a loss": [
      () => F.cross_entropy(x, torch.tensor([0n])),
      "cross_entropy: Expected target size [2], got [1] (input float32[2, 3])",
    ],
    "dims named twice": [() => x.flip(0, 0), "flip: dim 0 appears multiple times in the list of dims"],
    load_state_dict: [
      () => new nn.Linear(3, 2).load_state_dict(new nn.Linear(4, 2).state_dict()),
      "size mismatch for weight: copying a param with shape torch.Size([2, 4]) from checkpoint, the shape in current model is torch.Size([2, 3])",
    ],
  });
});

describe("element types that do not fit", () => {
  mistakes(torch.DTypeError, {
    index_select: [
      () => x.index_select(0, torch.ones(1)),
      "index_select(): Expected dtype int32 or int64 for index, but got: Float: float32[1].\n  Convert it with index.long()",
    ],
    embedding: [
      () => F.embedding(torch.ones(2), x),
      "embedding(): Expected tensor for argument 'indices' to have one of the following scalar types: Long, Int; but got Float: float32[2]",
    ],
    bitwise_and: [() => x.bitwise_and(1), "bitwise_and: \"bitwise_and_cpu\" not implemented for 'Float'"],
    mean: [
      () => torch.tensor([1n]).mean(),
      "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: Long, int64[1]",
    ],
    mm: [
      () => x.mm(torch.ones(3, 2, { dtype: "float64" })),
      "mm: expected m1 and m2 to have the same dtype, but got: float != double: float32[2, 3] and float64[3, 2]",
    ],
    "an in-place result": [
      () => torch.tensor([1n]).add_(0.5),
      "add_: result type Float can't be cast to the desired output type Long",
    ],
    softmax: [() => torch.tensor([1n]).softmax(0), "softmax: \"softmax_cpu\" not implemented for 'Long', got int64[1]"],
  });
});

describe("devices", () => {
  mistakes(torch.DeviceError, {
    "two devices in an operation": [
      () => x.add(torch.ones(2, 3, { device: "cpu:js" })),
      "add: Expected all tensors to be on the same device, got float32[2, 3] on cpu",
    ],
    "two devices in a list": [
      () => torch.cat([x, torch.ones(2, 3, { device: "cpu:js" })]),
      'Move one with tensor.to("cpu")',
    ],
    "a module elsewhere": [
      () => new nn.Linear(3, 2)(torch.ones(1, 3, { device: "cpu:js" })),
      "linear: Expected all tensors to be on the same device",
    ],
  });
  mistakes(torch.ArgumentError, {
    "an unknown one": [() => x.to("tpu" as string), 'to: "tpu" is neither a device nor a dtype'],
  });

  test("the cure for two devices works", () => {
    const there = torch.ones(2, 3, { device: "cpu:js" });
    const target = /tensor\.to\("([^"]+)"\)/.exec(caught(() => x.add(there)).message)![1]!;
    expect(x.to(target).add(there.to(target)).sum().item()).toBe(12);
  });
});

describe("indices and dimensions", () => {
  mistakes(torch.IndexError, {
    at: [() => x.at(5), "index 5 is out of bounds for dimension 0 with size 2: float32[2, 3]"],
    "too many": [() => x.at(0, 1, 2), "too many indices for tensor of dimension 2: float32[2, 3]"],
    "no integer": [() => x.at(1.5), "only integers, slices"],
    "a mask": [
      () => x.at(torch.ones(3, { dtype: "bool" })),
      "The shape of the mask [3] at index 0 does not match the shape of the indexed tensor [2, 3]",
    ],
    select: [() => x.select(1, 3), "select(): index 3 out of range for tensor of size [2, 3] at dimension 1"],
    narrow: [() => x.narrow(1, 2, 2), "narrow: start (2) + length (2) exceeds dimension size (3)"],
    sum: [() => x.sum(2), "sum: Dimension out of range (expected to be in range of [-2, 1], but got 2)"],
    size: [() => x.size(2), "size: Dimension out of range (expected to be in range of [-2, 1], but got 2)"],
    // Known when the values are: at the read, with the line of the call.
    "index_select's values": [
      () => x.index_select(0, torch.tensor([0n, 5n])).tolist(),
      "index_select: index out of range in self: index 5 is out of bounds for dimension 0 with size 2",
    ],
    "gather's values": [() => x.gather(1, torch.tensor([[0n], [7n]])).tolist(), "gather: index out of range"],
    "embedding's values": [() => F.embedding(torch.tensor([9n]), x).tolist(), "embedding: index out of range"],
    "a loss's classes": [
      () => F.cross_entropy(x, torch.tensor([0n, 9n])).item(),
      "cross_entropy: Target 9 is out of bounds",
    ],
  });

  test("an index that one tensor refuses suits another, and is refused again by the first", () => {
    const index = torch.tensor([0n, 5n]);
    const narrow = x.index_select(0, index);
    expect(() => narrow.tolist()).toThrow("out of range");
    expect(torch.ones(6).index_select(0, index).tolist()).toEqual([1, 1]);
    expect(() => narrow.tolist()).toThrow("out of range");
  });

  test("a gradient of a wrong index is refused, too, and names the line of the forward call", () => {
    const weight = leaf(2, 3);
    const rows = F.embedding(torch.tensor([5n]), weight);
    const line = Number(/:(\d+):\d+\)?$/.exec(new Error().stack!.split("\n")[1]!)![1]) - 1;
    rows.sum().backward();
    expect(caught(() => weight.grad!.tolist()).message).toMatch(new RegExp(`errors\\.test\\.ts:${line}:\\d+$`));
  });
});

describe("gradients", () => {
  const twice = (): void => {
    const y = leaf(2).pow(2).sum();
    y.backward();
    y.backward();
  };
  const saved = (): void => {
    const y = leaf(2).exp();
    y.mul_(2);
    y.sum().backward();
  };
  mistakes(torch.AutogradError, {
    "backward of several numbers": [
      () => leaf(2).mul(2).backward(),
      "backward: grad can be implicitly created only for scalar outputs, got float32[2]",
    ],
    "backward twice": [twice, "Trying to backward through the graph a second time"],
    "backward without a graph": [
      () => x.sum().backward(),
      "element 0 of tensors does not require grad and does not have a grad_fn",
    ],
    "an overwritten value": [
      saved,
      "has been modified by an inplace operation: exp saved a float32[2], changed since by mul_ (now at version 1)",
    ],
    "a leaf in place": [
      () => leaf(2).add_(1),
      "add_: a leaf Variable that requires grad is being used in an in-place operation",
    ],
    "a view of a leaf in place": [
      () => leaf(2).at(0).add_(1),
      "add_: a view of a leaf Variable that requires grad is being used in an in-place operation",
    ],
    "an unused input": [
      () => torch.autograd.grad(leaf(2).sum(), [leaf(2)]),
      "The differentiated Tensor at index 0 appears to not have been used in the graph",
    ],
    "a gradient of the wrong shape": [
      () => leaf(2).backward(torch.ones(3)),
      "Mismatch in shape: grad_output[0] has a shape of torch.Size([3]) and output[0] has a shape of torch.Size([2])",
    ],
    "integers that require grad": [
      () => torch.tensor([1n]).requires_grad_(),
      "only Tensors of floating point and complex dtype can require gradients",
    ],
    numpy: [
      () => leaf(2).numpy(),
      "Can't call numpy() on Tensor that requires grad.\n  Use tensor.detach().numpy() instead",
    ],
    "a hook": [() => x.register_hook(() => {}), "cannot register a hook on a tensor that doesn't require gradient"],
    retain_grad: [() => x.retain_grad(), "can't retain_grad on Tensor that has requires_grad=False"],
    "out= in a graph": [
      () => torch.add(leaf(2), 1, { out: torch.empty(2) }),
      "functions with out=... arguments don't support automatic differentiation",
    ],
  });
});

describe("arguments", () => {
  mistakes(torch.ArgumentError, {
    "an unknown name": [
      () => x.sum({ dims: 1 } as never),
      "sum() got an unexpected keyword argument 'dims'\n  Its signature is sum(Tensor input",
    ],
    "a wrong kind": [
      () => x.add("1" as never),
      `add() received an invalid combination of arguments - argument 'other' (position 2) must be Tensor or Number, not str "1"`,
    ],
    "too many": [
      () => (x.exp as (...args: unknown[]) => unknown).call(x, 1),
      "takes 1 positional argument but 2 were given",
    ],
    "no dtype": [() => torch.zeros(2, { dtype: "float8" as never }), "zeros: float8 is not a dtype"],
    "a seed": [() => torch.manual_seed("x" as never), "a seed is a whole number, got string"],
    "a generator": [() => torch.rand(2, { generator: 3 as never }), "generator must be a torch.Generator, got number"],
  });
  mistakes(torch.ValueError, {
    item: [() => x.item(), "item: a Tensor with 6 elements cannot be converted to Scalar, got float32[2, 3]"],
    "a learning rate": [() => new torch.optim.SGD([leaf(1)], { lr: -1 }), "Invalid learning rate: -1"],
    "no parameters": [() => new torch.optim.SGD([]), "optimizer got an empty parameter list"],
  });
});

describe("a call that fails leaves everything as it was", () => {
  test("in place", () => {
    const integers = torch.tensor([1n, 2n]);
    const row = torch.ones(3);
    expect(() => integers.add_(0.5)).toThrow(torch.DTypeError);
    expect(() => row.add_(x)).toThrow(torch.ShapeError);
    expect(() => row.at("1:").copy_(torch.ones(5))).toThrow(torch.ShapeError);
    expect([integers.tolist(), row.tolist(), integers._version, row._version, row.shape]).toEqual([
      [1, 2],
      [1, 1, 1],
      0,
      0,
      [3],
    ]);
  });

  test("out=, of one result and of several", () => {
    const out = torch.tensor([7n]);
    expect(() => torch.add(x, 0.5, { out })).toThrow(torch.DTypeError);
    expect([out.tolist(), out.shape, out._version]).toEqual([[7], [1], 0]);
    const values = torch.zeros(1);
    const indices = torch.zeros(1);
    expect(() => torch.max(x, 1, { out: [values, indices] })).toThrow(torch.DTypeError);
    expect([values.shape, values.tolist(), indices.tolist()]).toEqual([[1], [0], [0]]);
    const shared = torch.from_numpy(Float32Array.of(0, 0));
    expect(() => torch.add(x, 1, { out: shared })).toThrow("Trying to resize storage that is not resizable");
    expect(shared.tolist()).toEqual([0, 0]);
  });

  test("load_state_dict", () => {
    const layer = new nn.Linear(2, 1);
    const before = layer.weight.detach().tolist();
    expect(() => layer.load_state_dict({ weight: torch.ones(1, 2), bias: torch.ones(3) })).toThrow(torch.ShapeError);
    expect(layer.weight.detach().tolist()).toEqual(before);
  });

  test("an optimizer's step whose gradient is refused", () => {
    const p = leaf(2);
    const optimizer = new torch.optim.SGD([p], { lr: 1 });
    expect(() => p.mul(torch.ones(3)).sum().backward()).toThrow(torch.ShapeError);
    optimizer.step();
    expect([p.grad, p.detach().tolist()]).toEqual([null, [1, 1]]);
  });
});

test("the line is the call's, also in functions and callbacks", () => {
  const here = (): number => Number(/:(\d+):\d+\)?$/.exec(new Error().stack!.split("\n")[2]!)![1]);
  const lineOf = (call: () => unknown): number => Number(/:(\d+):\d+$/.exec(caught(call).message)![1]);
  const wrong = (): unknown => x.mm(x);
  const line = here() - 1;
  expect(lineOf(wrong)).toBe(line);
  expect(lineOf(() => torch.no_grad(wrong))).toBe(line);
  expect(lineOf(() => torch.compile(wrong)())).toBe(line);
});

describe.skipIf(!(await webgpuAvailable()))("reading a tensor of the GPU synchronously", () => {
  test("names the twin that works", async () => {
    await torch.webgpu.init();
    const y = torch.ones([2], { device: "webgpu" });
    const readers: readonly [() => unknown, string][] = [
      [
        () => y.tolist(),
        "tolist: reading a tensor on webgpu takes a promise, got float32[2] on webgpu, not computed yet.\n  Use the ...Async twin: await tensor.tolistAsync()",
      ],
      [() => y.sum().item(), "await tensor.itemAsync()"],
      [() => y.numpy(), "await tensor.numpyAsync()"],
      [() => y.repr(), "await tensor.reprAsync()"],
      [() => torch.save(y), "await torch.saveAsync("],
      [() => y.nonzero(), "nonzeroAsync"],
      [() => y.to("cpu"), 'await tensor.toAsync("cpu")'],
    ];
    for (const [call, text] of readers) {
      const error = caught(call);
      expect(error.message).toContain(text);
      expect(error.message).toMatch(/errors\.test\.ts:\d+:\d+$/);
    }
    expect(await y.tolistAsync()).toEqual([1, 1]);
    expect((torch.load(await torch.saveAsync(y)) as torch.Tensor).tolist()).toEqual([1, 1]);
    expect((torch.load(torch.save(torch.ones(2)), "webgpu") as torch.Tensor).device.name).toBe("webgpu");
  });
});
