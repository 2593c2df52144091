/** Messages hold the words that PyTorch 2.13 has for the same mistake: people search for them. */
import * as torch from "cresset";
import { describe, expect, it } from "vitest";

const F = torch.nn.functional;
const ones = (...size: number[]): torch.Tensor => torch.ones(size);
const at = (...positions: bigint[]): torch.Tensor => torch.tensor(positions);
const scalar = torch.tensor(1);
const bytes = torch.tensor([1, 0], { dtype: torch.uint8 });
const no = torch.tensor([true, false]);
const doubles = torch.ones(2, 2, { dtype: torch.float64 });

type Case = readonly [name: string, call: () => unknown, kind: typeof torch.CressetError, phrase: string];

/** Reads what a call gives: some mistakes are found when values are known. */
function read(value: unknown): void {
  if (value instanceof torch.Tensor) value.tolist();
  else if (Array.isArray(value)) value.forEach(read);
}

function refusals(list: readonly Case[]): void {
  it.each(list)("%s", (_name, call, kind, phrase) => {
    const error = (() => {
      try {
        read(call());
      } catch (thrown) {
        return thrown as Error;
      }
      throw new Error("nothing was thrown");
    })();
    expect(error.message).toContain(phrase);
    expect(error).toBeInstanceOf(kind);
  });
}

describe("values outside of what is allowed", () => {
  refusals([
    [
      "a class too large",
      () => F.one_hot(at(5n), 3),
      torch.ValueError,
      "Class values must be smaller than num_classes.",
    ],
    ["a negative class", () => F.one_hot(at(-1n), 3), torch.ValueError, "Class values must be non-negative."],
    [
      "a negative class among others",
      () => F.one_hot(at(-1n, 2n)),
      torch.ValueError,
      "Class values must be non-negative.",
    ],
    ["nothing but a negative class", () => F.one_hot(at(-1n)), torch.ValueError, "Class values must be non-negative."],
    [
      "a margin",
      () => F.triplet_margin_loss(ones(1, 2), ones(1, 2), ones(1, 2), { margin: -1 }),
      torch.ArgumentError,
      "margin must be greater than 0, got -1",
    ],
    [
      "a margin over a distance",
      () => F.triplet_margin_with_distance_loss(ones(1, 2), ones(1, 2), ones(1, 2), { margin: -1 }),
      torch.ArgumentError,
      "margin must be greater than 0, got -1",
    ],
    [
      "analytic weights",
      () => torch.cov(ones(1, 2), { aweights: torch.tensor([-1.5, 1]) }),
      torch.ArgumentError,
      "cov(): aweights cannot be negative",
    ],
    [
      "a large filler",
      () => at(1n, 2n).masked_fill(no, 1e30),
      torch.ValueError,
      "value cannot be converted to type int64_t without overflow",
    ],
    [
      "a filler of bytes",
      () => bytes.masked_fill(no, 300),
      torch.ValueError,
      "value cannot be converted to type uint8_t without overflow",
    ],
    [
      "a full tensor of bytes",
      () => torch.full([1], 300, { dtype: torch.uint8 }),
      torch.ValueError,
      "value cannot be converted to type uint8_t without overflow",
    ],
    [
      "a full tensor of integers",
      () => torch.full([1], 2n ** 63n),
      torch.ValueError,
      "value cannot be converted to type int64_t without overflow",
    ],
    ["integers of 64 bits", () => at(2n ** 63n), torch.ValueError, "Overflow when unpacking long long"],
    ["integers of more", () => at(-(2n ** 70n)), torch.ValueError, "Overflow when unpacking long long"],
    [
      "bytes",
      () => torch.tensor([300n], { dtype: torch.uint8 }),
      torch.ValueError,
      "value cannot be converted to type uint8 without overflow",
    ],
    [
      "NaN as an integer",
      () => torch.tensor([NaN], { dtype: torch.int32 }),
      torch.ValueError,
      "cannot be converted to type int32 without overflow",
    ],
    ["a summand of more than 64 bits", () => at(1n).add(2n ** 70n), torch.ValueError, "int too big to convert"],
    [
      "sizes that no number holds",
      () => torch.unravel_index(at(5n), [1, Number(2n ** 63n - 1n)]),
      torch.ShapeError,
      "beyond 2 ** 53",
    ],
    [
      "a filler of halves",
      () => ones(2).half().masked_fill(no, 1e5),
      torch.ValueError,
      "value cannot be converted to type c10::Half without overflow",
    ],
  ]);
  it("takes infinities, and bytes down to -255", () => {
    expect(ones(2).half().masked_fill(no, -Infinity).tolist()).toEqual([-Infinity, 1]);
    expect(bytes.masked_fill(no, -255).tolist()).toEqual([1, 0]);
    expect(torch.tensor([-255, 255.0], { dtype: torch.uint8 }).tolist()).toEqual([1, 255]);
    expect(ones(1).half().fill_(1e5).tolist()).toEqual([Infinity]);
    expect(torch.full([1], -1e39, { dtype: torch.bfloat16 }).tolist()).toEqual([-Infinity]);
    expect(torch.tensor([2n ** 63n - 1n, -(2n ** 63n)]).tolist({ bigint: true })).toEqual([
      2n ** 63n - 1n,
      -(2n ** 63n),
    ]);
  });
});

describe("tensors without the dimension that is asked for", () => {
  const { fft } = torch;
  refusals([
    ...(["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"] as const).map((name): Case => [
      name,
      () => fft[name](scalar),
      torch.IndexError,
      "Dimension specified as -1 but tensor has no dimensions",
    ]),
    [
      "fftn",
      () => fft.fftn(scalar, { dim: [0] }),
      torch.IndexError,
      "Dimension specified as 0 but tensor has no dimensions",
    ],
    ["roll", () => torch.roll(scalar, 1, 0), torch.IndexError, "Dimension specified as 0 but tensor has no dimensions"],
    ["fliplr", () => ones(2).fliplr(), torch.ShapeError, "Input must be >= 2-d"],
    ["flipud", () => scalar.flipud(), torch.ShapeError, "Input must be >= 1-d"],
    ["diag", () => torch.diag(scalar), torch.ShapeError, "diag(): Supports 1D or 2D tensors. Got 0D"],
    ["t", () => ones(2, 3, 4).t(), torch.ShapeError, "t() expects a tensor with <= 2 dimensions, but self is 3D"],
    [
      "multi_margin_loss",
      () => F.multi_margin_loss(ones(5, 4), ones(5, 4).long()),
      torch.ShapeError,
      "target tensor should be 1-D with size equal to the number of input samples (batch size)",
    ],
    [
      "classes of nothing",
      () => F.multi_margin_loss(ones(0), at(0n)),
      torch.ShapeError,
      "Expected non-empty vector or matrix with optional 0-dim batch size",
    ],
  ]);
});

describe("reductions of nothing", () => {
  refusals([
    [
      "max",
      () => torch.max(ones(0)),
      torch.ShapeError,
      "max(): Expected reduction dim to be specified for input.numel() == 0",
    ],
    [
      "amax",
      () => torch.amax(ones(0)),
      torch.ShapeError,
      "amax(): Expected reduction dim to be specified for input.numel() == 0",
    ],
    [
      "amax of a dim",
      () => torch.amax(ones(0, 2), 0),
      torch.IndexError,
      "amax(): Expected reduction dim 0 to have non-zero size.",
    ],
    [
      "max of a dim",
      () => torch.max(ones(0, 2), 0),
      torch.IndexError,
      "max(): Expected reduction dim 0 to have non-zero size.",
    ],
    [
      "argmax",
      () => torch.argmax(ones(0)),
      torch.IndexError,
      "argmax(): Expected reduction dim to be specified for input.numel() == 0.",
    ],
    [
      "aminmax",
      () => torch.aminmax(ones(0, 2), { dim: 0 }),
      torch.IndexError,
      "aminmax: Expected reduction dim 0 to have non-zero size.",
    ],
    [
      "amax's out",
      () => torch.amax(ones(2, 2), 0, { out: torch.ones(2, { dtype: torch.int32 }) }),
      torch.DTypeError,
      "Expected the dtype for input and out to match, but got",
    ],
  ]);
});

describe("sizes and dimensions", () => {
  refusals([
    [
      "cat's ranks",
      () => torch.cat([ones(2, 3), ones(2, 3, 1)]),
      torch.ShapeError,
      "Tensors must have same number of dimensions: got 2 and 3",
    ],
    [
      "cat's sizes",
      () => torch.cat([ones(3, 2), ones(4, 2)], 1),
      torch.ShapeError,
      "Sizes of tensors must match except in dimension 1. Expected size 3 but got size 4 for tensor number 1 in the list",
    ],
    [
      "hstack",
      () => torch.hstack([ones(2), ones(2, 3)]),
      torch.ShapeError,
      "Tensors must have same number of dimensions: got 1 and 2",
    ],
    [
      "vstack",
      () => torch.vstack([ones(2), ones(2, 3, 4)]),
      torch.ShapeError,
      "Tensors must have same number of dimensions: got 2 and 3",
    ],
    [
      "dstack",
      () => torch.dstack([ones(2), ones(2, 3, 4, 5)]),
      torch.ShapeError,
      "Tensors must have same number of dimensions: got 3 and 4",
    ],
    [
      "gather's index",
      () => ones(2, 2).gather(1, at(23n).reshape(1, 1)),
      torch.IndexError,
      "is out of bounds for dimension 1 with size 2",
    ],
    [
      "scatter's index",
      () => ones(2, 2).scatter(1, at(23n).reshape(1, 1), 1),
      torch.IndexError,
      "is out of bounds for dimension 1 with size 2",
    ],
    [
      "gather's sizes",
      () => ones(2, 2).gather(1, ones(3, 1).long()),
      torch.ShapeError,
      "Size does not match at dimension 0 expected index [3, 1] to be no larger than self [2, 2] apart from dimension 1",
    ],
    ["two sizes to find", () => ones(2, 3).reshape(-1, -1), torch.ShapeError, "only one dimension can be inferred"],
    [
      "a size of nothing",
      () => ones(0, 3).view(0, -1),
      torch.ShapeError,
      "cannot reshape tensor of 0 elements into shape [0, -1] because the unspecified dimension size -1 can be any value and is ambiguous",
    ],
    ["view", () => ones(2, 3).view(4), torch.ShapeError, "shape '[4]' is invalid for input of size 6"],
    ["permute", () => ones(2, 3).permute(0, 0), torch.ShapeError, "permute(): duplicate dims are not allowed"],
    [
      "hsplit",
      () => ones(4).hsplit(0),
      torch.ShapeError,
      "torch.hsplit attempted to split along dimension 0, but the size of the dimension 4 is not divisible by the split_size 0!",
    ],
    [
      "movedim",
      () => ones(2, 3, 4).movedim([0, 0], [1, 2]),
      torch.ShapeError,
      "movedim: repeated dim in `source` ([0, 0])",
    ],
    [
      "narrow's start",
      () => ones(3).narrow(0, 4, 1),
      torch.IndexError,
      "start out of range (expected to be in range of [-3, 3], but got 4)",
    ],
    [
      "arange's step",
      () => torch.arange(0, 3, -1),
      torch.ArgumentError,
      "upper bound and lower bound inconsistent with step sign",
    ],
    ["arange's end", () => torch.arange(0, Infinity), torch.ArgumentError, "unsupported range: 0 -> inf"],
  ]);
});

describe("dims, copies and slices", () => {
  const x = ones(2, 3);
  const three = ones(3);
  refusals([
    ["squeeze", () => x.squeeze([0, 0]), torch.ShapeError, "dim 0 appears multiple times in the list of dims"],
    ["sum", () => x.sum([0, -2]), torch.ShapeError, "dim 0 appears multiple times in the list of dims"],
    ["tile", () => x.tile(-1), torch.ShapeError, "Trying to create tensor with negative dimension -3: [2, -3]"],
    ["repeat", () => x.repeat(-1, 2), torch.ShapeError, "Trying to create tensor with negative dimension -2: [-2, 6]"],
    ["view", () => x.view(-2, 3), torch.ShapeError, "invalid shape dimension -2 at index 0 of shape [-2, 3]"],
    ["eye", () => torch.eye(2, -1), torch.ShapeError, "m must be greater or equal to 0, got -1"],
    [
      "unflatten",
      () => x.unflatten(0, [3, 3]),
      torch.ShapeError,
      "Provided sizes [3, 3] don't multiply up to the size of dim 0 (2) in the input tensor",
    ],
    [
      "broadcast_to",
      () => x.broadcast_to(3),
      torch.ShapeError,
      "the number of sizes provided (1) must be greater or equal to the number of dimensions in the tensor (2)",
    ],
    [
      "expand",
      () => three.expand(-1, 3),
      torch.ShapeError,
      "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension 0",
    ],
    [
      "index_add",
      () => x.index_add(0, at(1n, 1n), ones(3, 3)),
      torch.ShapeError,
      "Number of indices (2) should be equal to source.size(dim): (3), for dim: 0",
    ],
    [
      "index_copy",
      () => x.index_copy(0, at(1n, 1n), ones(2)),
      torch.ShapeError,
      "source tensor shape must match self tensor shape, excluding the specified dimension.",
    ],
    [
      "index_fill",
      () => three.index_fill(0, ones(1, 1).long(), 1),
      torch.IndexError,
      "Index has to be a vector/scalar",
    ],
    ["take", () => three.take(ones(1)), torch.DTypeError, "Expected a long tensor for index, but got Float"],
    [
      "linspace",
      () => torch.linspace(ones(2), 3, 5),
      torch.ShapeError,
      "only supports 0-dimensional start and end tensors",
    ],
    [
      "a filler's tensor",
      () => at(1n, 2n).masked_fill(no, torch.tensor(1e30)),
      torch.ValueError,
      "value cannot be converted to type int64_t without overflow",
    ],
    [
      "a filler's imaginary part",
      () => ones(2).masked_fill(no, torch.complex(torch.tensor(2), scalar)),
      torch.ValueError,
      "value cannot be converted to type float without overflow",
    ],
  ]);
  it("a filler's tensor that fits is converted", () => {
    expect(at(1n, 2n).masked_fill(no, torch.tensor(3.5)).tolist()).toEqual([3, 2]);
    expect(ones(2).half().masked_fill(no, torch.tensor(Infinity)).tolist()).toEqual([Infinity, 1]);
    expect(
      ones(2)
        .masked_fill(no, torch.complex(torch.tensor(2), torch.tensor(0)))
        .tolist(),
    ).toEqual([2, 1]);
    expect(ones(0).tile(-1).shape).toEqual([0]);
  });
});

describe("ranks of products, and convolutions", () => {
  const x = ones(2, 3);
  const image = ones(1, 2, 4, 4);
  refusals([
    ["mm", () => ones(2).mm(x), torch.ShapeError, "self must be a matrix"],
    ["mm's second", () => x.mm(ones(2)), torch.ShapeError, "mat2 must be a matrix"],
    ["addmm", () => torch.addmm(x, ones(2), ones(2)), torch.ShapeError, "mat1 must be a matrix, got 1-D tensor"],
    ["bmm", () => torch.bmm(x, x), torch.ShapeError, "batch1 must be a 3D tensor"],
    ["mv", () => torch.mv(ones(2), ones(2)), torch.ShapeError, "vector + matrix @ vector expected, got 1, 1, 1"],
    ["mv's sizes", () => torch.mv(x, ones(2)), torch.ShapeError, "size mismatch, got input (2), mat (2x3), vec (2)"],
    ["outer", () => torch.outer(x, x), torch.ShapeError, "outer: Expected 1-D argument self, but got 2-D"],
    [
      "groups",
      () => F.conv2d(image, ones(3, 1, 1, 1), null, 1, 0, 1, 2),
      torch.ShapeError,
      "Given groups=2, expected weight to be divisible by 2 at dimension 0, but got weight of size [3, 1, 1, 1] instead",
    ],
    [
      "a weight",
      () => F.conv2d(image, ones(1, 2, 2)),
      torch.ShapeError,
      "Expected 3-dimensional input for 3-dimensional weight[1, 2, 2], but got 4-dimensional input of size [1, 2, 4, 4]",
    ],
    [
      "a normalisation's weight",
      () => F.layer_norm(x, [3], ones(2)),
      torch.ShapeError,
      "Expected weight to be of same shape as normalized_shape, but got weight of shape [2] and normalized_shape = [3]",
    ],
    [
      "a tolerance",
      () => torch.isclose(x, x, 1, -1),
      torch.ArgumentError,
      "atol must be greater than or equal to zero, but got -1",
    ],
    [
      "an operand that is no tensor",
      () => torch.maximum(x, 2 as never),
      torch.ArgumentError,
      "maximum(): argument 'other' (position 2) must be Tensor, not",
    ],
  ]);
});

describe("types and products", () => {
  refusals([
    ["neg", () => no.neg(), torch.DTypeError, "Negation, the `-` operator, on a bool tensor is not supported"],
    ["masked_fill", () => ones(2).masked_fill(bytes, 1), torch.DTypeError, "masked_fill_ only supports boolean masks"],
    [
      "masked_scatter",
      () => ones(2).masked_scatter(bytes, ones(2)),
      torch.DTypeError,
      "masked_scatter_ only supports boolean masks",
    ],
    [
      "masked_select",
      () => ones(2).masked_select(bytes),
      torch.DTypeError,
      "masked_select: expected BoolTensor for mask",
    ],
    ["mm", () => ones(2, 2).mm(doubles), torch.DTypeError, "expected m1 and m2 to have the same dtype, but got:"],
    [
      "dot",
      () => ones(4).dot(doubles.flatten()),
      torch.DTypeError,
      "dot : expected both vectors to have same dtype, but found",
    ],
    [
      "matmul of matrices",
      () => ones(4, 2, 3).matmul(ones(2, 3)),
      torch.ShapeError,
      "mat1 and mat2 shapes cannot be multiplied (8x3 and 2x3)",
    ],
    ["matmul with a vector", () => ones(2, 3).matmul(ones(2)), torch.ShapeError, "size mismatch"],
  ]);
});

describe("complex numbers where there is no order", () => {
  const z = torch.complex(ones(3), ones(3));
  const refuses = (name: string, call: () => unknown, phrase: string): Case => [name, call, torch.DTypeError, phrase];
  refusals([
    refuses("clamp", () => z.clamp(0, 1), "clamp is not supported for complex types"),
    refuses("floor", () => z.floor_(), "floor is not supported for complex inputs"),
    refuses("sort", () => z.sort(), "Sort does not support complex dtypes on CPU"),
    refuses("argmax", () => z.argmax(), "argmax(): does not support complex input"),
    refuses("maximum", () => torch.maximum(z, z), "maximum not implemented for complex tensors"),
    refuses("sign", () => z.sign(), "Please use torch.sgn instead."),
    refuses(
      "the operator called, not a step of it",
      () => z.remainder(2),
      "\"remainder_cpu\" not implemented for 'ComplexFloat'",
    ),
    refuses("and so in place", () => z.round_(), "\"round_cpu\" not implemented for 'ComplexFloat'"),
  ]);
});

describe("sizes, types and parameters", () => {
  refusals([
    [
      "a view past the end of the storage, in bytes",
      () => ones(2, 3).as_strided([2, 2], [200, 200]),
      torch.IndexError,
      "itemsize 4 requiring a storage size of 1604 are out of bounds for storage of size 24",
    ],
    [
      "a bias of another size than the weight's",
      () => F.conv2d(ones(1, 2, 4, 4), ones(3, 2, 1, 1), ones(2)),
      torch.ShapeError,
      "Given weight of size [3, 2, 1, 1], expected bias to be 1-dimensional with 3 elements, but got bias of size [2]",
    ],
    [
      "an axis too many",
      () => ones(3).permute(0, 1),
      torch.ShapeError,
      "input.dim() = 1 is not equal to len(dims) = 2",
    ],
    [
      "which operand of einsum does not fit",
      () => torch.einsum("ij,jk", ones(2, 3), ones(2, 3)),
      torch.ArgumentError,
      "subscript j has size 2 for operand 1 which does not broadcast",
    ],
    [
      "a negative rate",
      () => torch.poisson(torch.tensor([-1])),
      torch.ValueError,
      "invalid Poisson rate, expected rate to be non-negative",
    ],
    [
      "a probability above one",
      () => torch.bernoulli(torch.tensor([2])),
      torch.ValueError,
      "Expected p_in >= 0 && p_in <= 1 to be true",
    ],
    ["a scale of nothing", () => ones(2).cauchy_(0, 0), torch.ValueError, "expects sigma > 0.0, but found sigma=0"],
    [
      "a permutation of a negative number",
      () => torch.randperm(-1),
      torch.ArgumentError,
      "Trying to create tensor with negative dimension -1: [-1]",
    ],
    [
      "a window in half floats",
      () => torch.signal.windows.hann(3, { dtype: torch.bfloat16 }),
      torch.DTypeError,
      "expects float32 or float64 dtypes, got: torch.bfloat16",
    ],
    [
      "a window without coefficients",
      () => torch.signal.windows.general_cosine(3, { a: 1 as never }),
      torch.ArgumentError,
      "Coefficients must be a list/tuple",
    ],
    ["a vector for a table", () => F.embedding(at(0n), ones(2)), torch.ShapeError, "'weight' must be 2-D"],
  ]);
});
