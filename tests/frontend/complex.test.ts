/** Complex tensors: memory and views of parts, scalars, gradients, what is refused. */
import * as torch from "cresset";
import { describe, expect, it } from "vitest";
import { webgpuAvailable } from "../support/webgpu.ts";
import { complexSigned } from "./gradients/inputs.ts";

const devices = (await webgpuAvailable()) ? ["cpu", "cpu:js", "webgpu"] : ["cpu", "cpu:js"];

const { Complex } = torch;
const z = () => torch.tensor([new Complex(1, 2), new Complex(3, -4)]);
const values = (tensor: torch.Tensor) => torch.view_as_real(tensor.resolve_conj()).flatten().tolist() as number[];

describe.each(devices)("complex64 on %s", (device) => {
  it("computes products, quotients and sizes", async () => {
    if (device === "webgpu") await torch.webgpu.init();
    const x = torch.tensor([new Complex(1, 2), new Complex(3, -4)], { device });
    const list = async (tensor: torch.Tensor) => Array.from((await tensor.numpyAsync()) as Float32Array);
    expect(await list(x.mul(x))).toEqual([-3, 4, -7, -24]);
    expect(await list(x.div(new Complex(0, 1)))).toEqual([2, -1, -4, -3]);
    expect((await list(x.abs()))[1]).toBe(5);
    expect(await list(torch.eye(2, { dtype: torch.complex64, device }).matmul(x))).toEqual([1, 2, 3, -4]);
  });
});

describe("memory of complex tensors", () => {
  it("holds the parts in turns, seen and written from all sides", () => {
    const x = z();
    const memory = x.numpy() as Float32Array;
    expect([...memory]).toEqual([1, 2, 3, -4]);
    memory[0] = 10;
    expect(values(x)).toEqual([10, 2, 3, -4]);
    x.real.mul_(2);
    x.imag = 7;
    expect([...memory]).toEqual([20, 7, 6, 7]);
    torch.view_as_real(x).at(1, 0).fill_(-1);
    expect(values(x)).toEqual([20, 7, -1, 7]);
    expect(torch.view_as_real(x).stride()).toEqual([2, 1]);
    expect(x.imag.storage_offset()).toBe(1);
  });

  it("is shared by the real tensor that complex numbers are seen in", () => {
    const pairs = torch.arange(6).float().reshape(3, 2);
    const x = torch.view_as_complex(pairs);
    x.mul_(new Complex(0, 1));
    expect(pairs.tolist()).toEqual([
      [-1, 0],
      [-3, 2],
      [-5, 4],
    ]);
    expect(() => torch.view_as_complex(pairs.t())).toThrow(/last dimension of size 2/);
    expect(() => torch.view_as_complex(torch.zeros(2, 2).t())).toThrow(/stride 1/);
  });

  it("is written through conjugates and adjoints", () => {
    const x = z();
    const turned = x.conj();
    expect([turned.is_conj(), turned.conj().is_conj(), turned.resolve_conj().is_conj()]).toEqual([true, false, false]);
    turned.add_(new Complex(0, 1));
    expect(values(x)).toEqual([1, 1, 3, -5]);
    const matrix = torch.zeros(2, 2, { dtype: torch.complex64 });
    matrix.mH.at(0, 1).fill_(new Complex(1, 2));
    expect(values(matrix)).toEqual([0, 0, 0, 0, 1, -2, 0, 0]);
  });
});

describe("products of complex vectors", () => {
  it("conjugate where PyTorch's do", () => {
    expect(torch.dot(z(), z()).item()).toEqual(new Complex(-10, -20));
    expect(torch.vdot(z(), z()).item()).toEqual(new Complex(30, 0));
    expect(torch.linalg.vecdot(z(), z()).item()).toEqual(new Complex(30, 0));
    const turned = torch.eye(2, { dtype: torch.complex64 }).mul(new Complex(0, 1)).mH;
    expect(values(turned.resolve_conj())[1]).toBe(-1);
  });
});

describe("complex numbers of JavaScript", () => {
  it("are items, list elements and operands", () => {
    expect(z().at(1).item()).toEqual(new Complex(3, -4));
    expect(z().tolist()).toEqual([new Complex(1, 2), new Complex(3, -4)]);
    expect(torch.ones(1).add(new Complex(0, 1)).dtype).toBe(torch.complex64);
    expect(torch.ones(1, { dtype: torch.float64 }).mul(new Complex(0, 1)).dtype).toBe(torch.complex128);
    expect(torch.full([2], new Complex(1, 1)).tolist()).toEqual([new Complex(1, 1), new Complex(1, 1)]);
    expect(String(new Complex(1, -2))).toBe("(1-2j)");
  });

  it("are refused where a real type is fixed", () => {
    expect(() => torch.ones(2).mul_(new Complex(0, 1))).toThrow(/can't be cast to the desired output type Float/);
    expect(() => torch.addmm(torch.ones(1), torch.ones(1, 1), torch.ones(1, 1), { alpha: new Complex(0, 1) })).toThrow(
      /cannot be converted to type float without overflow/,
    );
  });
});

describe("what complex numbers do not have", () => {
  it.each([
    ["order", () => z().lt(z())],
    ["a largest one", () => z().max()],
    ["an order to sort by", () => z().sort()],
    ["whole parts", () => z().floor()],
    ["an error function", () => z().erf()],
    ["a mean squared error", () => torch.nn.functional.mse_loss(z(), z())],
    ["layer normalisation", () => torch.nn.functional.layer_norm(z(), [2])],
    ["a remainder", () => z().remainder(2)],
  ])("%s", (_what, call) => expect(call).toThrow(/not implemented for 'ComplexFloat'/));
});

describe("gradients of complex functions", () => {
  const unary =
    "exp log sqrt sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh sigmoid reciprocal rsqrt square abs angle sgn conj log2 log10 log1p expm1 exp2 sinc".split(
      " ",
    );
  it.each(unary)("%s", (name) => {
    const call = (x: torch.Tensor) => (torch as unknown as Record<string, (x: torch.Tensor) => torch.Tensor>)[name]!(x);
    expect(torch.autograd.gradcheck(call, complexSigned(2, 3))).toBe(true);
    expect(torch.autograd.gradgradcheck(call, complexSigned(2, 3), { fast_mode: true })).toBe(true);
  });

  const binary: Readonly<Record<string, (x: torch.Tensor, y: torch.Tensor) => torch.Tensor>> = {
    mul: (x, y) => x.mul(y),
    div: (x, y) => x.div(y),
    pow: (x, y) => x.pow(y),
    matmul: (x, y) => x.matmul(y.mT),
    einsum: (x, y) => torch.einsum("ij,kj->ik", x, y),
    "a product over an axis": (x, y) => x.mul(y).prod(0),
    cumprod: (x, y) => x.cumprod(1).add(y.cumsum(0)),
    norm: (x, y) => torch.linalg.vector_norm(x.sub(y), 3),
    variance: (x, y) => x.add(y).var(1),
    where: (x, y) => torch.where(x.abs().gt(0.8), x, y),
    convolution: (x, y) => torch.nn.functional.conv1d(x.unsqueeze(0), y.unsqueeze(1).at(":", ":", ":2"), { groups: 2 }),
    "a write into a view": (x, y) => {
      const copy = x.clone();
      copy.at(0).mul_(y.at(1));
      copy.real.mul_(2);
      return copy;
    },
  };
  it.each(Object.entries(binary))("%s", (_name, call) => {
    const inputs = [
      complexSigned(2, 3),
      complexSigned(2, 3).mul(new Complex(0.6, 0.7)).detach().requires_grad_(),
    ] as const;
    expect(torch.autograd.gradcheck(call, inputs)).toBe(true);
    expect(torch.autograd.gradgradcheck(call, inputs, { fast_mode: true })).toBe(true);
  });

  it("keep the real part for a real input, and need a seed for a complex output", () => {
    const x = torch.tensor([1, 2], { requires_grad: true });
    const y = x.mul(new Complex(0, 1));
    const [gradient] = torch.autograd.grad(y, [x], { grad_outputs: torch.ones(2, { dtype: torch.complex64 }) });
    expect(gradient.tolist()).toEqual([0, 0]);
    expect(() => y.sum().backward()).toThrow(/grad can be implicitly created only for real scalar outputs/);
  });
});

describe("complex tensors in programs", () => {
  it("are arguments, state and results of compiled functions", () => {
    const state = z();
    const step = torch.compile((x: torch.Tensor) => {
      state.mul_(new Complex(0, 1));
      return x.mul(state);
    });
    const eager = z();
    for (let i = 0; i < 4; i++) {
      eager.mul_(new Complex(0, 1));
      expect(values(step(z()))).toEqual(values(z().mul(eager)));
    }
    expect(values(state)).toEqual(values(eager));
  });

  it("go through loops, with gradients of what the steps read", () => {
    const w = torch.tensor(new Complex(0.5, 1), { requires_grad: true });
    const looped = torch.scan(
      (state: torch.Tensor, x: torch.Tensor) => [state.mul(x).mul(w), state],
      torch.tensor(new Complex(1, 0)),
      z(),
    );
    const plain = z().at(0).mul(w).mul(z().at(1)).mul(w);
    expect(torch.allclose(looped[0], plain)).toBe(true);
    const gradient = (x: torch.Tensor) => torch.autograd.grad(x.abs(), [w])[0];
    expect(torch.allclose(gradient(looped[0]), gradient(plain))).toBe(true);
  });

  it.each([true, false])("are chosen between by a tensor, with the chosen branch's gradients (%s)", (chosen) => {
    const w = z().requires_grad_();
    const doubled = w.mul(2);
    const square = (x: torch.Tensor): torch.Tensor => x.mul(x);
    const turned = (x: torch.Tensor): torch.Tensor => x.conj().mul(w);
    const picked = torch.cond(torch.tensor(chosen), square, turned, [doubled]);
    const plain = (chosen ? square : turned)(doubled);
    expect(torch.allclose(picked, plain)).toBe(true);
    const gradient = (x: torch.Tensor) => torch.autograd.grad(x.abs().sum(), [w], { retain_graph: true })[0];
    expect(torch.allclose(gradient(picked), gradient(plain))).toBe(true);
    const same = torch.cond(
      torch.tensor(chosen),
      (x: torch.Tensor) => x,
      (x: torch.Tensor) => x.clone(),
      [doubled],
    );
    expect(values(same)).toEqual(values(doubled));
  });

  it("train: a complex parameter moves against its gradient", () => {
    const w = z().requires_grad_();
    const optimizer = new torch.optim.SGD([w], { lr: 0.5 });
    for (let i = 0; i < 60; i++) {
      optimizer.zero_grad();
      w.sub(new Complex(2, 1)).abs().square().sum().mul(0.3).backward();
      optimizer.step();
    }
    expect(torch.allclose(w.detach(), torch.full([2], new Complex(2, 1)), 0, 1e-4)).toBe(true);
  });

  it("draw their parts in turns", () => {
    torch.manual_seed(3);
    const drawn = torch.randn(20, { dtype: torch.complex64 });
    torch.manual_seed(3);
    expect(torch.allclose(torch.view_as_real(drawn), torch.randn(20, 2).mul(Math.SQRT1_2))).toBe(true);
  });

  it("are written to files and read back", async () => {
    const wide = z().cdouble().conj();
    const loaded = torch.load(torch.save({ x: z(), wide })) as Record<string, torch.Tensor>;
    expect(values(loaded["x"]!)).toEqual([1, 2, 3, -4]);
    expect([loaded["wide"]!.dtype, ...values(loaded["wide"]!)]).toEqual([torch.complex128, 1, -2, 3, 4]);
    const tensors = torch.safetensors.load(torch.safetensors.save({ x: z() }));
    expect(values(tensors["x"]!)).toEqual([1, 2, 3, -4]);
  });
});

describe("complex numbers beside real ones", () => {
  it("have parts of the type of what has dimensions", () => {
    const one = torch.ones([], { dtype: torch.complex128 });
    const beside = (dtype: torch.dtype) => [
      torch.ones([1], { dtype }).mul(one).dtype,
      torch.result_type(torch.ones([1], { dtype }), one),
    ];
    expect(beside(torch.float32)).toEqual([torch.complex64, torch.complex64]);
    expect(beside(torch.float64)).toEqual([torch.complex128, torch.complex128]);
    expect(beside(torch.int32)).toEqual([torch.complex128, torch.complex128]);
    expect(torch.where(torch.tensor([true]), torch.ones(1), one).dtype).toBe(torch.complex64);
    expect(torch.ones([]).mul(one).dtype).toBe(torch.complex128);
  });
});
