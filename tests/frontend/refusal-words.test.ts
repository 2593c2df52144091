/** What PyTorch 2.13 says of calls that it refuses: sizes, element types, gradients. One line each. */
import { describe, expect, test } from "vitest";
import * as torch from "../../frontend/index.ts";
import { functional as F } from "../../frontend/nn/index.ts";

const { ones, linalg } = torch;
const x = ones(2, 3);
const whole = ones(2, 3, { dtype: torch.int64 });
const mask = ones(2, 3, { dtype: torch.bool });
const square = ones(2, 2);
const wholeSquare = square.long();
const halfSquare = square.half();
const bytes = ones(6, { dtype: torch.int8 });
const leaf = (): torch.Tensor => ones(2, { requires_grad: true });
const loose = torch as unknown as Record<string, (...args: unknown[]) => unknown>;
type Kind = new (...args: never[]) => Error;

describe("sizes", () => {
  test.each<[string, () => unknown, Kind?]>([
    [
      "Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got: [2, 5]",
      () => ones(3, 4).matmul(ones(2, 5, 6)),
    ],
    ["of batch2 tensor to be: [2, 3] but got: [2, 4]", () => ones(3).matmul(ones(2, 4, 5))],
    ["size mismatch, got input (3), mat (3x0), vec (1)", () => ones(1).matmul(ones(3, 0, 1))],
    [
      "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
      () => ones(2, 3, 4).matmul(ones(3, 5, 6)),
    ],
    [
      "The expanded size of the tensor (5) must match the existing size (3) at non-singleton dimension 1",
      () => x.expand(4, 5),
    ],
    ["The size of tensor a (2) must match the size of tensor b (3)", () => torch.broadcast_tensors(ones(2), ones(3))],
    [
      "The size of tensor a (2) must match the size of tensor b (3)",
      () => torch.where(ones(2).bool(), ones(3), ones(2)),
    ],
    [
      "contracted dimensions need to match, but first has size 3 in dim -1 and second has size 2 in dim 0",
      () => torch.tensordot(x, x, 1),
    ],
    ["invalid subscript given at index 4 in the equation string", () => torch.einsum("ij->1", x)],
    ["x must be a one-dimensional tensor", () => torch.vander(x)],
    ["corrcoef(): expected input to have two or fewer dimensions", () => torch.corrcoef(ones(2, 2, 2))],
    ["got repeats.size(0) = 4 and input.size(1) = 3", () => x.repeat_interleave(torch.tensor([1n, 2n, 3n, 4n]), 1)],
    [
      "self.size(-1) must be divisible by 4 to view Char as Int (different element sizes), but got 6",
      () => bytes.view(torch.int32),
    ],
    [
      "self.storage_offset() must be divisible by 2 to view Char as Short (different element sizes), but got 1",
      () => bytes.at("1:5").view(torch.int16),
    ],
    [
      "self.stride(-1) must be 1 to view Float as Double (different element sizes), but got 3",
      () => x.t().view(torch.float64),
    ],
    ["Dimension size must be non-negative", () => torch.zeros(-1)],
    ["pdist only supports 2D tensors, got: 1D", () => F.pdist(ones(2))],
    [
      "a list of length equal to 'self.dim() = 1', since dim argument was not given, but got a list of length 2",
      () => loose["gradient"]!(ones(4), { spacing: [1, 2] }),
    ],
    [
      "linalg.solve: Incompatible shapes of A and B for the equation AX = B (2x2 and 3x1)",
      () => linalg.solve(square, ones(3, 1)),
    ],
    ["If dim is specified, it must be of length 1 or 2. Got [0, 1, 2]", () => linalg.norm(ones(2, 3, 4), 1, [0, 1, 2])],
    ["the input must be 1D or 2D. Got 3D", () => linalg.norm(ones(2, 3, 4), 2)],
    ["Expected a strictly positive integer for 'ind', but got 0", () => linalg.tensorinv(square, 0)],
    ["linalg.pinv(Float{[2]}): expected a tensor with 2 or more dimensions", () => linalg.pinv(ones(2))],
    [
      "Dimension out of range (expected to be in range of [-3, 2], but got 99)",
      () => torch.fft.fft2(ones(2, 2, 2), [2, 2], [99]),
      torch.IndexError,
    ],
    ["too many indices for tensor of dimension 0", () => torch.tensor(1).at(0), torch.IndexError],
    ["slice step cannot be zero", () => x.at("::0"), torch.ValueError],
    ["step must be greater than zero", () => x.at("::-1"), torch.ValueError],
    ["(got float)", () => x.at(1.5), torch.IndexError],
    ["got window with size [5]", () => torch.stft(ones(10), 4, { window: ones(5), return_complex: true })],
  ])("%s", (phrase, action, kind = Error) => {
    expect(action).toThrow(phrase);
    expect(action).toThrow(kind);
  });
});

describe("values", () => {
  test.each<[string, () => unknown]>([
    ["torch.clamp: At least one of 'min' or 'max' must not be None", () => x.clamp()],
    ["torch.histc: max must be larger than min", () => torch.histc(x, 4, 3, 1)],
    ["torch.histc: range of [0, inf] is not finite", () => torch.histc(x, 4, 0, Infinity)],
    ["bins must be > 0, but got 0 for dimension 0", () => torch.histc(x, 0)],
    ["amax or amin, got foo", () => x.scatter_reduce(0, whole, x, "foo" as never)],
    ["unsupported range: 0 -> nan", () => torch.arange(0, NaN)],
    ["to be true, but got false", () => torch.bernoulli(torch.tensor([2])).tolist()],
    [
      "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to be 3",
      () => torch.set_rng_state(torch.zeros(3, { dtype: torch.uint8 })),
    ],
    ["RNG state must be a torch.ByteTensor", () => torch.set_rng_state(torch.zeros(3))],
    [
      "torch.linalg.solve: The solver failed because the input matrix is singular",
      () => linalg.solve(square, ones(2)).tolist(),
    ],
    ["linalg.inv: The diagonal element 1 is zero", () => linalg.matrix_power(torch.zeros(2, 2), -1).tolist()],
    ["Could not infer dtype of dict", () => torch.as_tensor({} as never)],
    ["return_complex=True in a future PyTorch release", () => torch.stft(ones(10), 4)],
    ["istft requires a complex-valued input tensor", () => torch.istft(x, 4)],
  ])("%s", (phrase, action) => {
    expect(action).toThrow(phrase);
  });
});

describe("element types", () => {
  test.each<[string, () => unknown]>([
    ["where expected condition to be a boolean tensor, but got a tensor with dtype Float", () => torch.where(x, x, x)],
    ["imag is not implemented for tensors with non-complex dtypes", () => torch.imag(x)],
    [
      "view_as_complex is only supported for half, float and double tensors",
      () => torch.view_as_complex(ones(3, 2).long()),
    ],
    ["\"cholesky_cpu\" not implemented for 'Half'", () => linalg.cholesky(halfSquare)],
    [
      "linalg.cholesky: Expected a floating point or complex tensor as input. Got Long",
      () => linalg.cholesky_ex(wholeSquare),
    ],
    ["\"lu_cpu\" not implemented for 'Long'", () => linalg.lu_factor(wholeSquare)],
    ["\"geqrf_cpu\" not implemented for 'Half'", () => linalg.qr(halfSquare)],
    ["Unknown Complex ScalarType for Long", () => linalg.eig(wholeSquare)],
    ["linalg.inv: Low precision dtypes not supported. Got Half", () => linalg.inv_ex(halfSquare)],
    ["linalg.pinv(Long{[2, 2]}): expected a tensor", () => linalg.pinv(wholeSquare)],
    ["linalg.matrix_norm: Low precision dtypes not supported. Got Half", () => torch.norm(halfSquare, "nuc")],
    ["\"histogramdd\" not implemented for 'Long'", () => torch.histogram(whole, 2)],
    ["cdist only supports floating-point dtypes, X1 got: Long", () => torch.cdist(whole, whole)],
    ["yet common dtype is Long", () => F.cosine_similarity(whole, whole)],
    ["\"mse_cpu\" not implemented for 'Long'", () => F.mse_loss(whole, whole)],
    ["\"smooth_l1_cpu\" not implemented for 'Bool'", () => F.smooth_l1_loss(mask, mask)],
    ["Boolean inputs not supported for relu", () => F.relu(mask)],
    ["Bool inputs not supported for hardtanh", () => F.relu6(mask)],
    ["kl_div: Integral inputs not supported", () => F.kl_div(whole, whole)],
    ["Subtraction, the `-` operator, with two bool tensors is not supported", () => F.l1_loss(mask, mask)],
    ["Subtraction, the `-` operator, with two bool tensors is not supported", () => F.pairwise_distance(mask, mask)],
    ["\"batch_norm\" not implemented for 'Long'", () => F.batch_norm(whole, null, null, null, null, true)],
    [
      "attempting to assign a gradient with dtype 'float64' to a tensor with grad_dtype 'Float'",
      () => (leaf().grad = ones(2).double()),
    ],
    ["data set to a tensor that requires gradients must be floating point", () => (leaf().data = ones(2).long())],
  ])("%s", (phrase, action) => {
    expect(action).toThrow(phrase);
    expect(action).toThrow(torch.DTypeError);
  });
});

describe("gradients", () => {
  class Doubled extends torch.autograd.Function {
    static override forward(ctx: torch.autograd.FunctionCtx, input: torch.Tensor): torch.Tensor {
      ctx.mark_dirty(input);
      return input.mul_(2);
    }
  }
  test.each<[string, () => unknown, Kind?]>([
    [
      "derivative for aten::floor_divide is not implemented",
      () => leaf().floor_divide(2).sum().backward(),
      torch.AutogradError,
    ],
    [
      "the derivative for 'zeta' is not implemented",
      () => torch.special.zeta(leaf(), leaf()).sum().backward(),
      torch.NotImplementedError,
    ],
    ["element 0 of tensors does not require grad", () => torch.autograd.grad(ones(2).sum(), ones(2))],
    [
      "grad_output[0] has a shape of torch.Size([3]) and output[0] has a shape of torch.Size([2])",
      () => leaf().mul(2).backward(ones(3)),
    ],
    [
      "mul(): functions with out=... arguments don't support automatic differentiation",
      () => torch.mul(leaf(), 2, { out: ones(2) }),
    ],
    [
      "assigned grad expected to be a Tensor or None but got grad of type int",
      () => (leaf().grad = 5 as never),
      torch.ArgumentError,
    ],
    ["cannot resize variables that require grad", () => leaf().resize_(3), torch.AutogradError],
    [
      "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor",
      () => torch.func.grad((y: torch.Tensor) => y)(ones(2)),
    ],
    [
      "but none of them have requires_grad=True",
      () => torch.autograd.gradcheck((y: torch.Tensor) => y, [ones(2).double()]),
    ],
    ["a leaf Variable that requires grad has been used in an in-place operation", () => Doubled.apply(leaf())],
    ["is not allowed.You can make a clone to get a normal tensor", () => torch.inference_mode(() => ones(2)).add_(1)],
  ])("%s", (phrase, action, kind = Error) => {
    expect(action).toThrow(phrase);
    expect(action).toThrow(kind);
  });
});
