/**
 * `torch.autograd.functional`: Jacobians, Hessians and their products with vectors, as lazy as everything else.
 * https://docs.pytorch.org/docs/stable/autograd.html#functional-higher-level-api
 */
import "../ir/ops/joining.ts";
import { ArgumentError, AutogradError, NotImplementedError, ShapeError } from "../ir/errors.ts";
import { formatShape, sameShape } from "../ir/shape.ts";
import { grad } from "./autograd.ts";
import { callOperator } from "./call.ts";
import { ones_like, zeros_like } from "./creation.ts";
import { columnsByProducts } from "./func/jacobians.ts";
import { enable_grad } from "./grad-mode.ts";
import { withSite } from "./site.ts";
import { Tensor } from "./tensor.ts";

type Tensors = Tensor | readonly Tensor[];
/** What a function takes: one tensor, or several. */
type Arguments<I extends Tensors> = I extends Tensor
  ? [Tensor]
  : I extends readonly Tensor[]
    ? { -readonly [K in keyof I]: Tensor }
    : never;
/** One result for each input, or one for the only one. */
type Per<I extends Tensors, R> = I extends Tensor ? R : { -readonly [K in keyof I]: R };
type Func<I extends Tensors, O extends Tensors = Tensors> = (...inputs: Arguments<I>) => O;

export interface FunctionalOptions {
  /** Whether the result can be differentiated further. */
  readonly create_graph?: boolean;
  /** Whether an input that an output does not depend on is an error; otherwise its derivative is zero. */
  readonly strict?: boolean;
}
export interface JacobianOptions extends FunctionalOptions {
  readonly vectorize?: boolean;
  readonly strategy?: "reverse-mode" | "forward-mode";
}
export interface HessianOptions extends FunctionalOptions {
  readonly vectorize?: boolean;
  readonly outer_jacobian_strategy?: "reverse-mode" | "forward-mode";
}

const list = (tensors: Tensors): readonly Tensor[] => (tensors instanceof Tensor ? [tensors] : tensors);

interface Evaluation {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly single: { readonly input: boolean; readonly output: boolean };
}

/** @throws AutogradError for what is neither a tensor nor a list of tensors */
function requireTensors(name: string, what: string, given: unknown): void {
  const wrong = Array.isArray(given) ? given.findIndex((item) => !(item instanceof Tensor)) : -1;
  if (given instanceof Tensor || (Array.isArray(given) && wrong < 0)) return;
  const which = wrong < 0 ? typeof given : `${typeof (given as unknown[])[wrong]} at index ${wrong}`;
  throw new AutogradError(
    "functional/tensors",
    `${name}: The ${what} to ${name} must be either a Tensor or a tuple of Tensors, got ${which}.`,
  );
}

/** The function on inputs of its own, which need gradients. */
function evaluated<I extends Tensors>(name: string, func: Func<I>, given: I, create: boolean): Evaluation {
  requireTensors(name, "inputs given", given);
  const inputs = list(given).map((input) =>
    create && input.requires_grad ? input.view_as(input) : input.detach().requires_grad_(),
  );
  const result = enable_grad(() => (func as (...inputs: readonly Tensor[]) => Tensors)(...inputs));
  requireTensors(name, "outputs of the user-provided function given", result);
  const outputs = list(result);
  return { inputs, outputs, single: { input: given instanceof Tensor, output: result instanceof Tensor } };
}

interface Request {
  readonly name: string;
  readonly create: boolean;
  readonly strict: boolean;
  /** What is differentiated is the first derivative. */
  readonly isSecond?: boolean;
}

/** Gradients of outputs; zeros where an output does not depend on an input, unless that is an error. */
function gradients(
  request: Request,
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  seeds: readonly Tensor[],
): Tensor[] {
  const { name, create, strict, isSecond = false } = request;
  const live = outputs.flatMap((output, i) => (output.requires_grad ? [i] : []));
  if (strict && live.length < outputs.length)
    throw independent(
      name,
      outputs.findIndex((output) => !output.requires_grad),
      null,
      isSecond,
    );
  const found: (Tensor | null)[] =
    live.length === 0
      ? inputs.map(() => null)
      : enable_grad(() =>
          grad(
            live.map((i) => outputs[i]!),
            inputs,
            { grad_outputs: live.map((i) => seeds[i]!), create_graph: create, retain_graph: true, allow_unused: true },
          ),
        );
  return found.map((gradient, k) => {
    if (gradient === null && strict) throw independent(name, 0, k, isSecond);
    return gradient ?? zeros_like(inputs[k]!);
  });
}
const independent = (name: string, output: number, input: number | null, isSecond = false): AutogradError =>
  new AutogradError(
    "functional/independent",
    isSecond
      ? `${name}: While computing the hessian, found that the jacobian of the user-provided function with respect to input ${input ?? output} is independent of the input. This is not allowed in strict mode.`
      : input === null
        ? `${name}: Output ${output} of the user-provided function does not require gradients. The outputs must be computed in a differentiable manner from the input when running in strict mode.`
        : `${name}: The output of the user-provided function is independent of input ${input}. This is not allowed in strict mode.`,
    "Leave strict out to get zeros.",
  );

const released = (tensor: Tensor, create: boolean): Tensor => (create ? tensor : tensor.detach());
const per = <R>(single: boolean, values: readonly R[]): R | R[] => (single ? values[0]! : [...values]);

const strategies = ["reverse-mode", "forward-mode"];

/** Whether Jacobians are computed by forward mode. */
function isForward(name: string, strategy: string | undefined, options: JacobianOptions): boolean {
  if (strategy !== undefined && !strategies.includes(strategy))
    throw new ArgumentError(
      "functional/strategy",
      `${name}: Expected strategy to be either "forward-mode" or "reverse-mode", got ${JSON.stringify(strategy)}.`,
    );
  if (strategy !== "forward-mode") return false;
  for (const option of ["create_graph", "strict"] as const)
    if (options[option] === true)
      throw new NotImplementedError(
        "functional/forward",
        `${name}: ${option} and strategy "forward-mode" are not supported together (yet).`,
        'Leave the strategy at "reverse-mode".',
      );
  if (options.vectorize !== true)
    throw new NotImplementedError(
      "functional/forward",
      `${name}: Computing Jacobian using forward-AD or forward-over-reverse Hessian is only implemented for vectorize=True.`,
      "Pass { vectorize: true }.",
    );
  return true;
}

/** Weights of the products: given, or one where there is a single number. */
function vectors(name: string, given: Tensors | null | undefined, like: readonly Tensor[], what: string): Tensor[] {
  if (given === null || given === undefined) {
    if (like.length !== 1 || like[0]!.numel() !== 1)
      throw new ShapeError(
        "functional/vector",
        `${name}: The vector v can only be None if the ${what === "output" ? "user-provided function returns" : "input to the user-provided function is"} a single Tensor with a single element.`,
        `Pass v, of the shape of the ${what}s.`,
      );
    return [ones_like(like[0]!)];
  }
  const v = list(given);
  if (v.length !== like.length)
    throw new ShapeError(
      "functional/vector",
      `${name}: v is a tuple of invalid length: should be ${like.length} but got ${v.length}.`,
    );
  v.forEach((vector, i) => {
    if (!sameShape(vector.shape, like[i]!.shape))
      throw new ShapeError(
        "functional/vector",
        `${name}: v has invalid size: should be ${formatShape(like[i]!.shape)} but got ${formatShape(vector.shape)}${v.length > 1 ? ` at entry ${i}` : ""}.`,
      );
  });
  return [...v];
}

/**
 * All derivatives of all outputs by all inputs: of the output's shape, then the input's.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.jacobian.html
 */
export function jacobian<const I extends Tensors>(
  func: Func<I, Tensor>,
  inputs: I,
  options?: JacobianOptions,
): Per<I, Tensor>;
export function jacobian<const I extends Tensors>(
  func: Func<I, readonly Tensor[]>,
  inputs: I,
  options?: JacobianOptions,
): Per<I, Tensor>[];
export function jacobian<const I extends Tensors>(func: Func<I>, given: I, options: JacobianOptions = {}): unknown {
  return withSite(() => {
    const { create_graph: create = false, strict = false, strategy } = options;
    const forward = isForward("jacobian", strategy, options);
    if (strict && options.vectorize === true)
      throw new NotImplementedError(
        "functional/strict",
        "jacobian: `strict=True` and `vectorized=True` are not supported together.",
        "Please either set `strict=False` or `vectorize=False`.",
      );
    const { inputs, outputs, single } = evaluated("jacobian", func, given, create);
    const request = { name: "jacobian", create, strict };
    if (forward) {
      const blocks = enable_grad(() => columnsByProducts({ leaves: outputs }, inputs));
      const byOutput = blocks.map((row) =>
        per(
          single.input,
          row.map((block) => block.detach()),
        ),
      );
      return per(single.output, byOutput);
    }
    const rows = outputs.map((output) => {
      const flat = output.requires_grad ? enable_grad(() => [...output.reshape(-1)]) : null;
      if (flat === null && strict) throw independent("jacobian", outputs.indexOf(output), null);
      const byElement = (flat ?? []).map((element) => gradients(request, [element], inputs, [ones_like(element)]));
      return inputs.map((input, k) => {
        const shape = [...output.shape, ...input.shape];
        if (byElement.length === 0) return zeros_like(input).expand(shape).clone();
        const stacked = enable_grad(() =>
          (callOperator("stack", [byElement.map((row) => row[k]!)]) as Tensor).reshape(shape),
        );
        return released(stacked, create);
      });
    });
    const byOutput = rows.map((row) => per(single.input, row));
    return per(single.output, byOutput);
  });
}

/**
 * All second derivatives of a function with one number as its result.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hessian.html
 */
export function hessian<const I extends Tensors>(
  func: Func<I, Tensor>,
  inputs: I,
  options: HessianOptions = {},
): Per<I, Per<I, Tensor>> {
  return withSite(() => {
    const { create_graph = false, strict = false, vectorize = false, outer_jacobian_strategy } = options;
    const isOuterForward = isForward("hessian", outer_jacobian_strategy, options);
    const slopes = (...args: Arguments<I>): Tensors => {
      const value = oneElement("hessian", func(...args));
      const tensors = args as readonly Tensor[];
      return gradients({ name: "hessian", create: true, strict }, [value], tensors, [ones_like(value)]);
    };
    const byRow = jacobian(slopes as Func<I, readonly Tensor[]>, inputs, {
      create_graph,
      strict,
      vectorize,
      strategy: isOuterForward ? "forward-mode" : "reverse-mode",
    });
    return per(inputs instanceof Tensor, byRow) as Per<I, Per<I, Tensor>>;
  });
}

function scalarResult(name: string, { outputs, single }: Evaluation): Tensor {
  if (!single.output)
    throw new ShapeError(
      "functional/scalar",
      `${name}: The function given to ${name} should return a single Tensor, got an array of ${outputs.length}.`,
    );
  return oneElement(name, outputs[0]!);
}

function oneElement(name: string, value: Tensor): Tensor {
  if (!(value instanceof Tensor) || value.numel() !== 1)
    throw new ShapeError(
      "functional/scalar",
      `${name}: The function given to ${name} must return a single Tensor: The Tensor returned by the function given to ${name} should contain a single element, got ${String(value)}.`,
    );
  return value.reshape([]);
}

/**
 * The results, and the gradients that `v` at the outputs gives at the inputs.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vjp.html
 */
export function vjp<const I extends Tensors, O extends Tensors>(
  func: Func<I, O>,
  inputs: I,
  v: Tensors | null = null,
  options: FunctionalOptions = {},
): [outputs: O, vjp: Per<I, Tensor>] {
  return withSite(() => {
    const { create_graph: create = false, strict = false } = options;
    const found = evaluated("vjp", func, inputs, create);
    const weights = vectors("vjp", v, found.outputs, "output");
    const products = gradients({ name: "vjp", create, strict }, found.outputs, found.inputs, weights);
    return paired(found, products, create) as [O, Per<I, Tensor>];
  });
}

function paired(
  { outputs, single }: Evaluation,
  products: readonly Tensor[],
  create: boolean,
  perOutput = false,
): [unknown, unknown] {
  const release = (tensors: readonly Tensor[], one: boolean): unknown =>
    per(
      one,
      tensors.map((tensor) => released(tensor, create)),
    );
  return [release(outputs, single.output), release(products, perOutput ? single.output : single.input)];
}

/**
 * The results, and how they change along `v` at the inputs.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.jvp.html
 */
export function jvp<const I extends Tensors, O extends Tensors>(
  func: Func<I, O>,
  inputs: I,
  v: Tensors | null = null,
  options: FunctionalOptions = {},
): [outputs: O, jvp: O] {
  return withSite(() => {
    const { create_graph: create = false, strict = false } = options;
    const found = evaluated("jvp", func, inputs, create);
    const weights = vectors("jvp", v, found.inputs, "input");
    // The gradient is linear in what flows in: its derivative by that, along v, is the product.
    const seeds = found.outputs.map((output) => ones_like(output.detach()).requires_grad_());
    const slopes = gradients({ name: "jvp", create: true, strict }, found.outputs, found.inputs, seeds);
    const products = gradients({ name: "jvp", create, strict }, slopes, seeds, weights);
    return paired(found, products, create, true) as [O, O];
  });
}

/**
 * The result, and `v` times the Hessian.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vhp.html
 */
export function vhp<const I extends Tensors>(
  func: Func<I, Tensor>,
  inputs: I,
  v: Tensors | null = null,
  options: FunctionalOptions = {},
): [output: Tensor, vhp: Per<I, Tensor>] {
  return withSite(() => {
    const { create_graph: create = false, strict = false } = options;
    const found = evaluated("vhp", func, inputs, create);
    const weights = vectors("vhp", v, found.inputs, "input");
    const value = scalarResult("vhp", found);
    const slopes = gradients({ name: "vhp", create: true, strict }, [value], found.inputs, [ones_like(value)]);
    const products = gradients({ name: "vhp", create, strict, isSecond: true }, slopes, found.inputs, weights);
    return paired(found, products, create) as [Tensor, Per<I, Tensor>];
  });
}

/**
 * The result, and the Hessian times `v`: the same numbers as vhp, which is cheaper.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hvp.html
 */
export function hvp<const I extends Tensors>(
  func: Func<I, Tensor>,
  inputs: I,
  v: Tensors | null = null,
  options: FunctionalOptions = {},
): [output: Tensor, hvp: Per<I, Tensor>] {
  return withSite(() => {
    const { create_graph: create = false, strict = false } = options;
    const found = evaluated("hvp", func, inputs, create);
    const weights = vectors("hvp", v, found.inputs, "input");
    const value = scalarResult("hvp", found);
    const slopes = gradients({ name: "hvp", create: true, strict }, [value], found.inputs, [ones_like(value)]);
    const seeds = found.inputs.map((input) => ones_like(input.detach()).requires_grad_());
    const across = gradients({ name: "hvp", create: true, strict: false }, slopes, found.inputs, seeds);
    const products = gradients({ name: "hvp", create, strict, isSecond: true }, across, seeds, weights);
    return paired(found, products, create) as [Tensor, Per<I, Tensor>];
  });
}
