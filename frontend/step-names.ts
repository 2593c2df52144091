/** The names of autograd's steps: PyTorch's, which numbers an operator's overloads and states some operators by others. */
import { isNode } from "../ir/builder.ts";
import { isComplex } from "../ir/dtype.ts";
import type { Node } from "../ir/graph.ts";

type Args = Readonly<Record<string, unknown>>;
type Rule = (args: Args) => string | number | null;

/** What an operator is called as a step: its own name, or another's, with the overload's number where that is not 0. */
export function stepOfCall(operator: string, args: Args): string {
  const dot = operator.indexOf(".");
  const name = dot < 0 ? operator : operator.slice(0, dot);
  const found = rules.get(operator)?.(args) ?? 0;
  return found === 0 ? name : typeof found === "string" ? found : `${name}:${found}`;
}

/** `log_softmax` is `LogSoftmaxBackward0`, `sum:1` `SumBackward1`; a user's Function says its whole name. */
export function gradientName(step: string): string {
  if (step === "CopySlices" || step.endsWith("Backward")) return step;
  const [own, overload] = step.split(":") as [string, string?];
  const [name, number = overload] = (Object.hasOwn(stated, own) ? stated[own]! : own).split(":");
  // A letter behind a digit is a capital, too: Log1P.
  const words = name!.replaceAll(
    /(^|_|\d)([a-z])/g,
    (_all, before: string, letter: string) => before + letter.toUpperCase(),
  );
  return `${words.replaceAll("_", "")}Backward${number ?? 0}`;
}

const given = (value: unknown): boolean => value !== null && value !== undefined;
const rank = (value: unknown): number => (isNode(value) ? value.shape.length : 0);
const when =
  (holds: (args: Args) => boolean, step: string | number, otherwise: string | number = 0): Rule =>
  (args) =>
    holds(args) ? step : otherwise;
/** Overload 1 is that with this argument, or with a tensor as this argument. */
const with1 = (name: string): Rule => when((args) => given(args[name]), 1);
const tensor1 = (name: string): Rule => when((args) => isNode(args[name]), 1);
/** The last step of losses that PyTorch states by other operators. */
const reduced =
  (unreduced: string | null): Rule =>
  ({ reduction }) =>
    reduction === "mean" || reduction === "sum" ? reduction : unreduced;
/** One-dimensional forms work on one more dimension; those without a batch on one more as well. */
const batched = (dimensions: number): Rule =>
  when((args) => rank(args["input"]) <= dimensions, "squeeze:1", "convolution");
const scalars: Rule = ({ input, other }) => (!isNode(input) ? 1 : isNode(other) ? 0 : 2);
const raised = when(({ input }) => rank(input) === 0, "view", "unsqueeze");
const padded: Readonly<Record<string, string>> = { reflect: "reflection_pad", replicate: "replication_pad" };
const transform: Rule = when(({ input }) => isComplex((input as Node).dtype), "fft_c2c", "fft_r2c");
/** By the ranks of both; of other ranks what a batched product is reshaped to. */
const products: Readonly<Record<string, string>> = { "1, 1": "dot", "2, 1": "mv", "2, 2": "mm" };

const rules = new Map<string, Rule>(
  Object.entries<Rule>({
    atleast_2d: raised,
    atleast_3d: raised,
    clamp: when((args) => !isNode(args["min"]) && !isNode(args["max"]), 1),
    clamp_max: tensor1("max"),
    clamp_min: tensor1("min"),
    conv1d: batched(2),
    conv2d: batched(3),
    conv3d: batched(4),
    conv_transpose1d: batched(2),
    conv_transpose2d: batched(3),
    conv_transpose3d: batched(4),
    copysign: when((args) => !isNode(args["other"]), 1),
    cross_entropy: when((args) => rank(args["input"]) > 2, "nll_loss2d", "nll_loss"),
    div: when((args) => given(args["rounding_mode"]), 2),
    fft_fft: transform,
    fft_ifft: transform,
    float_power: when((args) => isNode(args["exponent"]), "pow:1", "pow"),
    fmod: tensor1("other"),
    grid_sample: (args) => `grid_sampler${rank(args["input"]) - 2}d`,
    hinge_embedding_loss: reduced("add"),
    index_fill: tensor1("value"),
    interpolate: ({ input, mode, antialias }) =>
      mode === "area"
        ? rank(input) === 3
          ? "squeeze:1"
          : `adaptive_avg_pool${rank(input) - 2}d`
        : `upsample_${String(mode)
            .replace(/^(bi|tri)?(linear|cubic)$/, "$1$2")
            .replace("-", "_")}${rank(input) - 2}d${antialias === true ? "_aa" : ""}`,
    kl_div: reduced("sub"),
    l1_loss: reduced("abs"),
    lerp: tensor1("weight"),
    linear: ({ input, bias }) =>
      rank(input) === 2
        ? given(bias)
          ? "addmm"
          : "mm"
        : given(bias)
          ? "view"
          : rank(input) === 1
            ? "squeeze:4"
            : "unsafe_view",
    margin_ranking_loss: reduced("clamp_min"),
    masked_fill: tensor1("value"),
    matmul: ({ input, other }) => products[`${rank(input)}, ${rank(other)}`] ?? "unsafe_view",
    max: () => 1,
    mean: with1("dim"),
    "median.dim": () => 1,
    min: () => 1,
    "nanmedian.dim": () => 1,
    nll_loss: when((args) => rank(args["input"]) > 2, "nll_loss2d"),
    pad: ({ mode, pad }) =>
      mode === "constant"
        ? "constant_pad_nd"
        : Object.hasOwn(padded, String(mode))
          ? `${padded[String(mode)]!}${(pad as unknown[]).length / 2}d`
          : "CopySlices",
    poisson_nll_loss: reduced(null),
    pow: when((args) => isNode(args["exponent"]), 1),
    "prod.dim": () => 1,
    remainder: tensor1("other"),
    round: when((args) => Boolean(args["decimals"]), 1),
    rsub: when((args) => !isNode(args["other"]), 1),
    "scatter.value": () => 1,
    sort: when((args) => args["stable"] === true, 1),
    "split.sections": () => "split_with_sizes",
    squeeze: ({ dim }) => (given(dim) ? (Array.isArray(dim) && dim.length > 1 ? 2 : 1) : 0),
    sum: with1("dim"),
    triplet_margin_loss: reduced("clamp_min"),
    unique: when((args) => given(args["dim"]), "unique_dim", "_unique2"),
    xlog1py: scalars,
    xlogy: scalars,
  }),
);

/** Operators that PyTorch always states by others, whose steps have their names: by name, those that it is for. */
const stated: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    max_pool2d_with_indices: "max_pool2d",
    max_pool3d_with_indices: "max_pool3d",
    adaptive_max_pool2d: "adaptive_max_pool2d_with_indices",
    adaptive_max_pool3d: "adaptive_max_pool3d_with_indices",
    affine_grid_generator: "affine_grid",
    cat: "column_stack dstack gradient hstack linalg_vander vstack",
    col2im: "fold",
    convolution: "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    diag_embed: "diagflat",
    diagonal: "linalg_diagonal",
    div: "local_response_norm nanmean normalize softsign",
    elu: "selu",
    embedding_bag: "bags_of_embeddings",
    expand: "broadcast_tensors broadcast_to expand_as meshgrid",
    fft_c2c: "fft_fft2 fft_fftn fft_ifft2 fft_ifftn",
    fft_c2r: "fft_hfft fft_hfft2 fft_hfftn fft_irfft fft_irfft2 fft_irfftn",
    fft_r2c: "fft_rfft fft_rfft2 fft_rfftn",
    flip: "fliplr flipud",
    gather: "take_along_dim",
    hardtanh: "relu6",
    linalg_cholesky_ex: "linalg_cholesky",
    linalg_cross: "cross",
    linalg_det: "det",
    linalg_eig: "linalg_eigvals",
    linalg_eigh: "linalg_eigvalsh",
    linalg_householder_product: "orgqr",
    linalg_inv_ex: "inverse linalg_inv",
    linalg_lu_factor_ex: "linalg_lu_factor",
    linalg_lu_solve: "lu_solve",
    linalg_matrix_exp: "matrix_exp",
    linalg_pinv: "pinverse",
    linalg_slogdet: "slogdet",
    linalg_solve_ex: "linalg_solve",
    linalg_svd: "linalg_svdvals",
    linalg_vector_norm: "linalg_norm norm",
    log_sigmoid: "logsigmoid",
    mul: "outer",
    mvlgamma: "multigammaln",
    native_batch_norm: "batch_norm_inference batch_norm_training",
    native_group_norm: "group_norm",
    native_layer_norm: "layer_norm",
    "mul:1": "ndtr",
    "norm:1": "pairwise_distance",
    permute: "moveaxis movedim",
    pow: "lp_pool1d lp_pool2d lp_pool3d square",
    prelu_kernel: "prelu",
    repeat: "tile",
    roll: "fft_fftshift fft_ifftshift",
    sigmoid: "expit",
    slice: "dsplit hsplit narrow tensor_split vsplit",
    softmax: "softmin",
    sort: "msort",
    special_entr: "entr",
    special_erfcx: "erfcx",
    special_i0e: "i0e",
    special_log_ndtr: "log_ndtr",
    special_ndtri: "ndtri",
    special_xlog1py: "xlog1py",
    split: "chunk",
    squeeze: "cov",
    "squeeze:1":
      "adaptive_avg_pool1d adaptive_max_pool1d adaptive_max_pool1d_with_indices avg_pool1d max_pool1d max_pool1d_with_indices max_unpool1d",
    "squeeze:4": "nanquantile quantile",
    stack: "cartesian_prod combinations",
    sub: "diff tanhshrink",
    "sum:1": "cosine_similarity sum_to_size",
    to_copy: "cast",
    transpose: "svd swapaxes swapdims",
    unsafe_view: "kron",
    view: "atleast_1d flatten multi_dot linalg_tensorsolve ravel reshape reshape_as tensordot unflatten view_as",
  }).flatMap(([name, users]) => users.split(" ").map((user) => [user, name])),
);
