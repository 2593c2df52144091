/** `tensor.grad_fn`: how a value was made, as PyTorch shows it. Read from the recorded graph when asked for. */
import { isComplex } from "../ir/dtype.ts";
import type { Node } from "../ir/graph.ts";
import { NodeNote } from "../ir/node-notes.ts";
import {
  type GradInputsHook,
  type GradOutputsHook,
  hooksOf,
  inputsOfStep,
  type RemovableHandle,
} from "./node-hooks.ts";
import { operationOf, stepped } from "./operations.ts";

/** The results that nodes are, which only tell how those lie in memory: no steps. */
export const laidOutOf = new NodeNote<Node>();

/** A step is one object, whoever asks for it. */
const functions = new NodeNote<GradientFunction>();

/** The step that made a node. */
export function gradientFunction(node: Node): GradientFunction {
  const step = stepOf(node);
  let found = functions.get(step);
  if (found === undefined) functions.set(step, (found = new GradientFunction(step)));
  return found;
}

/** Which of its step's results a node is. */
export function outputNumber(node: Node): number {
  const made = behindBarriers(node);
  return made.op === "pick" ? made.attrs.index : 0;
}

/**
 * A step of the recorded graph that gradients pass through.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.Node.html
 */
export class GradientFunction {
  private readonly node: Node;
  private kept: Record<string, unknown> | null = null;

  /** @internal Use tensor.grad_fn. */
  constructor(node: Node) {
    this.node = node;
  }

  /** Such as `MulBackward0`. */
  name(): string {
    if (this.node.op === "leaf") return "torch::autograd::AccumulateGrad";
    return gradientName(operatorOf(this.node));
  }

  /** The steps that gradients go to next, each with the number of the result that is meant; null for what needs none. */
  get next_functions(): readonly (readonly [GradientFunction | null, number])[] {
    if (this.node.op === "leaf") return [];
    return inputsOfStep(this.node).map(
      (input) => [input.requiresGrad ? gradientFunction(input) : null, outputNumber(input)] as const,
    );
  }

  /** Whatever a program keeps with a step. https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.Node.metadata.html */
  get metadata(): Record<string, unknown> {
    return (this.kept ??= {});
  }

  /** The tensor whose gradients a leaf's step accumulates; of no other step. */
  get variable(): object | undefined {
    return this.node.op === "leaf" ? (this.node.binding as object) : undefined;
  }

  /**
   * Calls `fn` with the gradients of the step's inputs (null where there is none) and of its results whenever they have
   * been computed; the gradients that it returns replace those of the inputs.
   * https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.Node.register_hook.html
   */
  register_hook(fn: GradInputsHook): RemovableHandle {
    return hooksOf(this.node).after.add(fn);
  }

  /**
   * Calls `fn` with the gradients of the step's results before those of its inputs are computed; the gradients that it
   * returns replace them.
   * https://docs.pytorch.org/docs/stable/generated/torch.autograd.graph.Node.register_prehook.html
   */
  register_prehook(fn: GradOutputsHook): RemovableHandle {
    return hooksOf(this.node).before.add(fn);
  }

  toString(): string {
    return `<${this.name().split("::").at(-1)!}>`;
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * Barriers keep equal tensors apart; those that no operator has recorded mean nothing. How a result lies is no step of
 * its own.
 */
function behindBarriers(node: Node): Node {
  let current = stepped(node);
  for (;;) {
    const result = laidOutOf.get(current);
    if (result !== undefined) current = stepped(result);
    else if (current.op === "barrier" && operationOf(current) === null) current = stepped(current.inputs[0]!);
    else return current;
  }
}
/** One for all results of an operator. */
function stepOf(node: Node): Node {
  const made = behindBarriers(node);
  return made.op === "pick" ? made.inputs[0]! : made;
}

/** Movements that views are replayed with: no operator recorded them. */
const views: Readonly<Record<string, string>> = { reshape: "view", gather: "index" };

function operatorOf(node: Node): string {
  const operation = operationOf(node);
  if (operation !== null) return byOperands[operation.name]?.([...operation.inputs], node) ?? operation.name;
  if (node.op === "call") return node.attrs.name;
  return views[node.op] ?? node.op.replace("reduce_", "");
}

/** Operators that PyTorch states by others, which depend on what they are given. */
const byOperands: Readonly<Record<string, (operands: readonly Node[], step: Node) => string | null>> = {
  fft_fft: ([x]) => (isComplex(x!.dtype) ? "fft_c2_c" : "fft_r2_c"),
  fft_ifft: ([x]) => (isComplex(x!.dtype) ? "fft_c2_c" : "fft_r2_c"),
  linear: ([x, _weight, bias]) => (x!.shape.length === 2 ? (bias === undefined ? "mm" : "addmm") : null),
  unique: (_operands, step) => (step.op === "call" ? String(step.attrs.attrs["named"]) : null),
  matmul: ([a, b = a]) => products[`${a!.shape.length}, ${b!.shape.length}`] ?? null,
};
/** By the ranks of both. */
const products: Readonly<Record<string, string>> = { "1, 1": "dot", "2, 1": "mv", "2, 2": "mm" };

/** Operators that PyTorch always states by others, whose steps have their names: by name, those that it is for. */
const stated: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    adaptive_avg_pool2_D: "adaptive_avg_pool2d",
    adaptive_avg_pool3_D: "adaptive_avg_pool3d",
    adaptive_max_pool2_D: "adaptive_max_pool2d_with_indices",
    adaptive_max_pool3_D: "adaptive_max_pool3d_with_indices",
    avg_pool2_D: "avg_pool2d",
    avg_pool3_D: "avg_pool3d",
    cat: "column_stack dstack hstack vstack",
    convolution: "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    deg2_rad: "deg2rad",
    expand: "broadcast_tensors broadcast_to expand_as meshgrid",
    fft_c2_c: "fft_fft2 fft_fftn fft_ifft2 fft_ifftn",
    fft_c2_r: "fft_hfft fft_irfft fft_irfft2 fft_irfftn",
    fft_r2_c: "fft_rfft fft_rfft2 fft_rfftn",
    flip: "fliplr flipud",
    gather: "take_along_dim",
    linalg_cholesky_ex: "linalg_cholesky",
    linalg_cross: "cross",
    linalg_det: "det",
    linalg_eig: "linalg_eigvals",
    linalg_eigh: "linalg_eigvalsh",
    linalg_inv_ex: "inverse linalg_inv",
    linalg_lu_factor_ex: "linalg_lu_factor",
    linalg_lu_solve: "lu_solve",
    linalg_matrix_exp: "matrix_exp",
    linalg_slogdet: "slogdet",
    linalg_solve_ex: "linalg_solve",
    linalg_svd: "linalg_svdvals svd",
    linalg_vector_norm: "linalg_norm norm",
    log1_P: "log1p",
    max_pool2_D_with_indices: "max_pool2d",
    max_pool3_D_with_indices: "max_pool3d",
    mul: "outer",
    native_batch_norm: "batch_norm_inference batch_norm_training",
    native_group_norm: "group_norm",
    native_layer_norm: "layer_norm",
    nll_loss: "cross_entropy",
    permute: "moveaxis movedim",
    pow: "square",
    rad2_deg: "rad2deg",
    repeat: "tile",
    roll: "fft_fftshift fft_ifftshift",
    slice: "narrow",
    sort: "msort",
    split: "chunk",
    to_copy: "cast",
    transpose: "swapaxes swapdims",
    view: "atleast_1d flatten ravel reshape reshape_as unflatten view_as",
  }).flatMap(([name, users]) => users.split(" ").map((user) => [user, name])),
);

/** `log_softmax` is `LogSoftmaxBackward0`; a user's Function says its whole name. */
export function gradientName(operator: string): string {
  if (operator === "CopySlices" || operator.endsWith("Backward")) return operator;
  const name = operator.split(".")[0]!;
  const words = (Object.hasOwn(stated, name) ? stated[name]! : name).split("_").filter(Boolean);
  return `${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")}Backward0`;
}
