/** Calls that PyTorch refuses, and its key phrases. */
import { describe, expect, test } from "vitest";
import * as torch from "../../frontend/index.ts";
import { functional as F } from "../../frontend/nn/index.ts";

const { float16, int16, int64 } = torch;
const x = torch.ones(2, 3);
const zero = torch.tensor(1);
const whole = torch.ones(2, 3, { dtype: int64 });
const short = torch.ones(2, 3, { dtype: int16 });
const mask = torch.ones(2, 3, { dtype: torch.bool });
const complex = torch.ones(2, 3, { dtype: torch.complex64 });
const half = torch.ones(3, { dtype: float16 });
const loose = torch as unknown as Record<string, (...args: unknown[]) => unknown>;

describe("refused, as in PyTorch", () => {
  test.each<[string, () => unknown]>([
    ["expected scalar type Short but found Float", () => torch.cross(short, x)],
    ["linalg.cross: inputs must have the same number of dimensions", () => torch.cross(x, zero)],
    ["\"cross\" not implemented for 'Bool'", () => torch.linalg.cross(mask, mask)],
    ["Expected a floating point or complex tensor as input. Got Short", () => torch.linalg.vecdot(short, short)],
    ["found x of type Float and y of type ComplexFloat instead", () => torch.linalg.vecdot(x, complex)],
    ["Subtraction, the `-` operator, with two bool tensors is not supported", () => torch.dist(mask, mask)],
    ["Subtraction, the `-` operator, with a bool tensor is not supported", () => torch.dist(mask, x)],
    ['missing 1 required positional arguments: "dim"', () => loose["softmax"]!(x)],
    ['missing 1 required positional arguments: "dim"', () => loose["log_softmax"]!(x)],
    ['missing 1 required positional arguments: "dim"', () => loose["cumsum"]!(x)],
    ['missing 2 required positional argument: "dim", "index"', () => loose["gather"]!(x)],
    ["rfftn must transform at least one axis", () => torch.fft.rfftn(zero)],
    ["irfftn must transform at least one axis", () => torch.fft.irfft2(zero, { dim: [] })],
    ["hfftn must transform at least one axis", () => torch.fft.hfftn(zero)],
    ["invalid data type 'str'", () => torch.tensor("a" as unknown as number)],
    ["Could not infer dtype of NoneType", () => torch.tensor([1, null as unknown as number])],
    ["assign a gradient of size '[2]' to a tensor of size '[3]'", () => (torch.ones(3).grad = torch.ones(2))],
    ["assigned grad expected to be a Tensor or None", () => (torch.ones(3).grad = 3 as unknown as torch.Tensor)],
    ["`shifts` required", () => torch.fft.fftshift(zero)],
    ["Unsupported dtype BFloat16", () => torch.fft.fft(half.bfloat16())],
    ["rfftn expects a real-valued input tensor, but got ComplexFloat", () => torch.fft.rfft2(complex)],
    ["rfft expects a real input tensor, but got ComplexFloat", () => torch.fft.rfft(complex)],
    ["must be real number, not complex", () => torch.tensor([new torch.Complex(1, 2)], { dtype: torch.float32 })],
    [
      "'complex' object cannot be interpreted as an integer",
      () => torch.tensor(new torch.Complex(1, 2), { dtype: int64 }),
    ],
    ["\"arange_cpu\" not implemented for 'Bool'", () => torch.arange(3, { dtype: torch.bool })],
    ["\"round_cpu\" not implemented for 'Long'", () => torch.round(whole, { decimals: 1 })],
    ["quantile() input tensor must be either float or double dtype", () => torch.quantile(half, 0.5)],
    ["topk does not support bool dtypes on CPU", () => torch.topk(mask, 1)],
    ["\"kthvalue_cpu\" not implemented for 'Bool'", () => torch.kthvalue(mask, 1)],
    ["could not infer output dtype", () => torch.nanmean(x, { dtype: int64 })],
    ["but got Long", () => torch.nanmean(whole)],
    ["Expected a floating point or complex tensor as input. Got Long", () => torch.renorm(whole, 2, 0, 1)],
    ["Expected a floating point or complex tensor as input. Got Bool", () => torch.renorm(mask, 2, 0, 1)],
    [
      "jacfwd: Expected all inputs to be real but received complex tensor at flattened input idx: 0",
      () => torch.func.jacfwd((y: torch.Tensor) => y)(complex),
    ],
    ["view_as_real doesn't work on unresolved conjugated tensors", () => torch.view_as_real(complex.conj())],
    ["\"bessel_j0_cpu\" not implemented for 'ComplexFloat'", () => torch.special.bessel_j0(complex)],
    ["\"modified_bessel_i0_cpu\" not implemented for 'ComplexFloat'", () => torch.special.modified_bessel_i0(complex)],
    [
      "\"hermite_polynomial_h_cpu\" not implemented for 'ComplexFloat'",
      () => torch.special.hermite_polynomial_h(complex, 2),
    ],
    [
      "to jacobian must be either a Tensor or a tuple of Tensors",
      () => torch.autograd.functional.jacobian((() => 3) as never, zero),
    ],
    [
      "to jacobian must be either a Tensor or a tuple of Tensors",
      () => torch.autograd.functional.jacobian((y: torch.Tensor) => y, 3 as never),
    ],
    ["argument 'high' must be int, not float", () => torch.randint(10.5, [3])],
    [
      "The size of tensor a (2) must match the size of tensor b (0) at non-singleton dimension 0",
      () => torch.addcmul(whole.at(0).expand(2, 3), whole.at(0), torch.ones(0, 3, { dtype: int64 }), { value: -1 }),
    ],
    [
      "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true division",
      () => torch.addcdiv(whole, whole, whole),
    ],
    ["split_size can only be 0 if dimension size is 0, but got dimension size of 7", () => torch.ones(7).split(0)],
    ["\"hypot_cpu\" not implemented for 'Long'", () => torch.hypot(whole, whole)],
    ["\"lerp_kernel_scalar\" not implemented for 'Long'", () => torch.lerp(whole, whole, 0.5)],
    ["\"lerp_kernel_tensor\" not implemented for 'Long'", () => torch.lerp(whole, whole, whole)],
    ["\"histogram_cpu\" not implemented for 'Long'", () => torch.histc(whole)],
    ["\"logcumsumexp_out_cpu\" not implemented for 'Long'", () => torch.logcumsumexp(whole, 0)],
    [
      "masked_fill_ only supports boolean masks, but got mask with dtype long int",
      () => torch.masked_fill(x, whole, 1),
    ],
    [
      "masked_scatter_ only supports boolean masks, but got mask with dtype Long",
      () => torch.masked_scatter(x, whole, x),
    ],
    ["torch.cat(): expected a non-empty list of Tensors", () => torch.cat([])],
    ["std_mean only support floating point and complex dtypes", () => torch.std_mean(whole)],
    ["std and var only support floating point and complex dtypes", () => torch.var(whole)],
    ["max(): does not support complex input", () => torch.max(complex, 0)],
    ["isposinf does not support complex inputs", () => torch.isposinf(complex)],
    ["deg2rad is not supported for complex tensors", () => torch.deg2rad(complex)],
    ["nansum on CPU does not support complex inputs", () => torch.nansum(complex)],
    ["The `+` operator, on a bool tensor is not supported", () => torch.positive(mask)],
    ["got fweights with Float dtype", () => torch.cov(x, { fweights: torch.ones(3) })],
    ["nanmean(): expected input to have floating point or complex dtype but got Long", () => torch.nanmean(whole)],
    ["\"check_uniform_bounds\" not implemented for 'Long'", () => torch.rand(3, { dtype: int64 })],
    ["\"normal_kernel_cpu\" not implemented for 'Long'", () => whole.clone().normal_()],
    ["n cannot be greater than 2049 for Half type", () => torch.randperm(2050, { dtype: float16 })],
    ["to - 1 is out of bounds for unsigned char", () => torch.randint(300, [3], { dtype: torch.uint8 })],
    [
      "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you specified Long",
      () => whole.clone().exponential_(),
    ],
    [
      "Got in_dim=2 for some input, but that input is a Tensor of dimensionality 2 so expected in_dim to satisfy -2 <= in_dim < 2",
      () => torch.vmap((y: torch.Tensor) => y, 2)(x),
    ],
    ["must only return Tensors, got type number", () => torch.vmap((y: torch.Tensor) => y.ndim)(x)],
    ["Expected at least one Tensor to vmap over", () => torch.vmap((y: torch.Tensor) => y, [null])(x)],
    ["can not return a BatchedTensor", () => torch.vmap((y: torch.Tensor) => y, 0, null)(x)],
    [
      "Expected f(*args) to return a scalar Tensor, got tensor with 2 dims",
      () => torch.func.grad((y: torch.Tensor) => y)(x),
    ],
    ["Expected f(*args) to return a Tensor, got number", () => torch.func.grad((() => 3) as never)(x)],
    ["Expected primals to be a tuple", () => torch.func.jvp((y: torch.Tensor) => y, x as never, [x])],
    [
      "Expected primal to be floating point or complex, but got: torch.int64",
      () => torch.func.jvp((y: torch.Tensor) => y, [whole], [whole]),
    ],
    [
      "Mismatch in shape: grad_output[0] has a shape of torch.Size([3]) and output[0] has a shape of torch.Size([2, 3])",
      () => torch.func.vjp((y: torch.Tensor) => y, x)[1](half.float()),
    ],
    [
      "The Tensor returned by the function given to hessian should contain a single element",
      () => torch.autograd.functional.hessian((y: torch.Tensor) => y, x),
    ],
    [
      "the jacobian of the user-provided function with respect to input 0 is independent",
      () => torch.autograd.functional.hvp((y: torch.Tensor) => y.sum(), x, x, { strict: true }),
    ],
    [
      'Error(s) in reparametrizing for Linear: Unexpected key(s): "gain". Missing key(s): "bias".',
      () => {
        const model = new torch.nn.Linear(3, 3);
        torch.func.functional_call(model, { weight: model.weight, gain: zero }, [x], null, { strict: true });
      },
    ],
    ["\"max_all\" not implemented for 'ComplexFloat'", () => torch.max(complex)],
    [
      "The expanded size of the tensor (3) must match the existing size (2) at non-singleton dimension 0",
      () => x.clone().set_at(0, torch.ones(2)),
    ],
    [
      "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0",
      () => torch.ones(3).copy_(torch.ones(2)),
    ],
    ["output with shape [3] doesn't match the broadcast shape [2, 3]", () => torch.ones(3).copy_(x)],
    ["got a tensor of scalar type: Long", () => torch.view_as_complex(torch.ones(2, 2, { dtype: int64 }))],
    ["torch.bool is not supported by torch.iinfo", () => torch.iinfo(torch.bool)],
  ])("%s", (words, call) => {
    let error: unknown = null;
    try {
      call();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(torch.CressetError);
    expect(String(error)).toContain(words);
    expect(String(error)).not.toContain("IrError");
  });
});

test("what stands beside those is taken", () => {
  expect(F.softmax(x).tolist()).toEqual(torch.softmax(x, 1).tolist());
  expect(F.log_softmax(x, 1, 3, torch.float64).dtype).toBe(torch.float64);
  expect(new torch.nn.Softmax()(x).tolist()).toEqual(torch.softmax(x, 1).tolist());
  expect(torch.tensor([new torch.Complex(0, 2)], { dtype: torch.bool }).tolist()).toEqual([true]);
  expect(torch.fft.fftn(zero).shape).toEqual([]);
  expect(torch.dist(whole.float(), x).item()).toBe(0);
  expect(x.type(torch.LongTensor).dtype).toBe(int64);
});
