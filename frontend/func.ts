/**
 * `torch.func`: derivatives of functions as functions. They can be nested; nothing needs `requires_grad`.
 * https://docs.pytorch.org/docs/stable/func.html
 */
import { ArgumentError, ShapeError } from "../ir/errors.ts";
import { formatShape, sameShape } from "../ir/shape.ts";
import { grad as gradientsOf } from "./autograd.ts";
import { ones_like, zeros_like } from "./creation.ts";
import { stack } from "./generated/functions.ts";
import { enable_grad } from "./grad-mode.ts";
import { mapTree, tensorTree, type TensorTree } from "./pytree.ts";
import { withSite } from "./site.ts";
import { Tensor } from "./tensor.ts";

export { functional_call } from "./nn/utils/stateless.ts";
export { vmap, type BatchDimension, type VmapOptions } from "./vmap.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- a function of any arguments
type Func = (...args: any[]) => unknown;
export interface DerivativeOptions {
  /** Which arguments to differentiate by: the gradient has the structure of one, or is a list of them. */
  readonly argnums?: number | readonly number[];
  /** Whether the function returns [output, aux], of which only the first is differentiated. */
  readonly has_aux?: boolean;
}

/** How many derivatives are being taken around: what is inside of one has to be differentiable itself. */
let depth = 0;
function nested<T>(body: () => T): T {
  depth++;
  try {
    return enable_grad(body);
  } finally {
    depth--;
  }
}

/** What a derivative gives: cut off from it unless another one is taken around, or an argument requires grad. */
const released = <T>(inputs: Inputs, tree: T): T =>
  depth > 0 || inputs.isFollowed
    ? tree
    : (mapTree(tree, (leaf) => (leaf instanceof Tensor ? leaf.detach() : leaf)) as T);

interface Inputs extends TensorTree {
  /** The leaves as inputs of the derivative's own. */
  readonly own: readonly Tensor[];
  /** Whether a leaf requires grad by itself. */
  readonly isFollowed: boolean;
}

/** A tree of tensors as inputs of its own. */
function inputsOf(what: string, tree: unknown): Inputs {
  const taken = tensorTree(what, tree);
  const own = taken.leaves.map((leaf) => {
    if (!leaf.is_floating_point() && !leaf.is_complex())
      throw new ArgumentError(
        "func/dtype",
        `${what}: only floating point tensors can be differentiated by, got ${leaf}.`,
      );
    return leaf.requires_grad ? enable_grad(() => leaf.view_as(leaf)) : leaf.detach().requires_grad_();
  });
  return { ...taken, own, isFollowed: taken.leaves.some((leaf) => leaf.requires_grad) };
}

/** Gradients of outputs by inputs, zero where there is no way. */
function pulled(outputs: readonly Tensor[], inputs: readonly Tensor[], seeds: readonly Tensor[]): Tensor[] {
  const live = outputs.flatMap((output, i) => (output.requires_grad ? [i] : []));
  if (live.length === 0) return inputs.map((input) => zeros_like(input));
  const found = gradientsOf(
    live.map((i) => outputs[i]!),
    inputs,
    { grad_outputs: live.map((i) => seeds[i]!), create_graph: true, allow_unused: true },
  );
  return found.map((gradient, i) => gradient ?? zeros_like(inputs[i]!));
}

function split(name: string, result: unknown, hasAux: boolean): [output: unknown, aux: unknown] {
  if (!hasAux) return [result, null];
  if (!Array.isArray(result) || result.length !== 2)
    throw new ArgumentError(`${name}/aux`, `${name}: with has_aux the function must return [output, aux].`);
  return [result[0], result[1]];
}

interface Chosen {
  /** The function of the chosen arguments alone, as one list. */
  readonly of: (chosen: readonly unknown[]) => unknown;
  readonly chosen: readonly unknown[];
  readonly single: boolean;
}
function choose(name: string, func: Func, args: readonly unknown[], argnums: number | readonly number[]): Chosen {
  const single = typeof argnums === "number";
  const places = (single ? [argnums] : argnums).map((place) => {
    const at = place < 0 ? place + args.length : place;
    if (!(at in args))
      throw new ArgumentError(
        `${name}/argnums`,
        `${name}: Got argnum=${place}, but only ${args.length} positional inputs.`,
      );
    return at;
  });
  const of = (chosen: readonly unknown[]): unknown => {
    const all = [...args];
    places.forEach((place, i) => (all[place] = chosen[i]));
    return func(...all);
  };
  return { of, chosen: places.map((place) => args[place]), single };
}

/** What `func` gives as [gradient, value, aux]. */
function gradientAndValue(name: string, func: Func, args: readonly unknown[], options: DerivativeOptions): unknown[] {
  return withSite(() => {
    const { of, chosen, single } = choose(name, func, args, options.argnums ?? 0);
    const inputs = inputsOf(`${name}: the inputs`, chosen);
    const found = nested(() => {
      const [value, aux] = split(name, of(inputs.rebuild(inputs.own) as unknown[]), options.has_aux ?? false);
      if (!(value instanceof Tensor) || value.numel() !== 1 || value.ndim !== 0)
        throw new ShapeError(
          `${name}/scalar`,
          `${name}: Expected f(*args) to return a scalar tensor, got ${value instanceof Tensor ? `tensor with ${value.ndim} dims` : typeof value}.`,
        );
      const gradients = inputs.rebuild(pulled([value], inputs.own, [ones_like(value)])) as unknown[];
      return [single ? gradients[0] : gradients, value, aux];
    });
    return released(inputs, found);
  });
}

/**
 * The gradient of a function with one number as its result, as a function.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.grad.html
 */
export function grad<A extends unknown[]>(
  func: (...args: A) => Tensor | readonly [Tensor, unknown],
  options: DerivativeOptions = {},
  // oxlint-disable-next-line typescript/no-explicit-any -- of the chosen arguments' structure
): (...args: A) => any {
  return (...args) => {
    const [gradient, , aux] = gradientAndValue("grad", func, args, options);
    return options.has_aux === true ? [gradient, aux] : gradient;
  };
}

/**
 * The gradient and the value: [gradient, value], or [gradient, [value, aux]].
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.grad_and_value.html
 */
export function grad_and_value<A extends unknown[]>(
  func: (...args: A) => Tensor | readonly [Tensor, unknown],
  options: DerivativeOptions = {},
  // oxlint-disable-next-line typescript/no-explicit-any -- of the chosen arguments' structure
): (...args: A) => [gradient: any, value: any] {
  return (...args) => {
    const [gradient, value, aux] = gradientAndValue("grad_and_value", func, args, options);
    return [gradient, options.has_aux === true ? [value, aux] : value];
  };
}

/**
 * The output, and the function from a cotangent of the output's structure to those of the primals.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.vjp.html
 */
export function vjp<A extends unknown[], R>(
  func: (...primals: A) => R,
  ...primals: A
): [output: R, vjp_fn: (cotangents: R) => A] {
  return withSite(() => {
    const inputs = inputsOf("vjp: the primals", primals);
    const outputs = nested(() => tensorTree("vjp: the output", func(...(inputs.rebuild(inputs.own) as A))));
    const pullback = (cotangents: R): A =>
      withSite(() => {
        const seeds = matching("vjp_fn: the cotangents", cotangents, outputs);
        return released(
          inputs,
          nested(() => inputs.rebuild(pulled(outputs.leaves, inputs.own, seeds.leaves)) as A),
        );
      });
    return [released(inputs, outputs.rebuild(outputs.leaves) as R), pullback];
  });
}

/**
 * The output, and how it changes when the primals change along the tangents.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.jvp.html
 */
export function jvp<A extends unknown[], R>(
  func: (...primals: A) => R,
  primals: readonly [...A],
  tangents: readonly [...A],
): [output: R, tangent: R] {
  return withSite(() => {
    const inputs = inputsOf("jvp: the primals", primals);
    return released(
      inputs,
      nested(() => {
        const along = matching("jvp: the tangents", tangents, inputs);
        const outputs = tensorTree("jvp: the output", func(...(inputs.rebuild(inputs.own) as A)));
        return [outputs.rebuild(outputs.leaves) as R, outputs.rebuild(pushed(outputs, inputs.own, along.leaves)) as R];
      }),
    );
  });
}

/** The gradient is linear in what flows in: its derivative by that, along the tangents, is the product. */
function pushed({ leaves }: TensorTree, inputs: readonly Tensor[], tangents: readonly Tensor[]): Tensor[] {
  const seeds = leaves.map((output) => zeros_like(output.detach()).requires_grad_());
  return pulled(pulled(leaves, inputs, seeds), seeds, tangents);
}

function matching(what: string, tree: unknown, like: TensorTree): TensorTree {
  const given = tensorTree(what, tree);
  const differs = given.leaves.findIndex((leaf, i) => !sameShape(leaf.shape, like.leaves[i]?.shape ?? []));
  if (given.paths.join() !== like.paths.join() || differs >= 0)
    throw new ShapeError(
      "func/structure",
      `${what} have {${described(given)}}, expected {${described(like)}}.`,
      "Structures and shapes are the same.",
    );
  return given;
}
const described = ({ leaves, paths }: TensorTree): string =>
  leaves.map(({ shape }, i) => `${paths[i]!}: ${formatShape(shape)}`).join(", ");

/**
 * The Jacobian by the chosen arguments, as a function: of the output's shape, then the argument's; one gradient for each
 * element of the output.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.jacrev.html
 */
export function jacrev<A extends unknown[]>(
  func: (...args: A) => unknown,
  options: DerivativeOptions = {},
  // oxlint-disable-next-line typescript/no-explicit-any -- the output's structure around the arguments'
): (...args: A) => any {
  return (...args) => jacobian("jacrev", func, args, options, rowsByGradients);
}

/**
 * The same numbers as jacrev, with one product for each element of the arguments: cheaper where these are fewer.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.jacfwd.html
 */
export function jacfwd<A extends unknown[]>(
  func: (...args: A) => unknown,
  options: DerivativeOptions = {},
  // oxlint-disable-next-line typescript/no-explicit-any -- the output's structure around the arguments'
): (...args: A) => any {
  return (...args) => jacobian("jacfwd", func, args, options, columnsByProducts);
}

/** blocks[output][input], each of both shapes joined. */
type Blocks = (outputs: TensorTree, inputs: readonly Tensor[]) => Tensor[][];

function jacobian(
  name: string,
  func: Func,
  args: readonly unknown[],
  options: DerivativeOptions,
  blocks: Blocks,
): unknown {
  return withSite(() => {
    const { of, chosen, single } = choose(name, func, args, options.argnums ?? 0);
    const inputs = inputsOf(`${name}: the inputs`, chosen);
    return released(
      inputs,
      nested(() => {
        const [value, aux] = split(name, of(inputs.rebuild(inputs.own) as unknown[]), options.has_aux ?? false);
        const outputs = tensorTree(`${name}: the output`, value);
        const all = blocks(outputs, inputs.own);
        let next = 0;
        const result = mapTree(value, () => {
          const row = inputs.rebuild(all[next++]!) as unknown[];
          return single ? row[0] : row;
        });
        return options.has_aux === true ? [result, aux] : result;
      }),
    );
  });
}

/** Tensors of one shape along a new first dimension; of that shape when there is none. */
const stacked = (tensors: readonly Tensor[], shape: readonly number[], like: Tensor): Tensor =>
  tensors.length === 0
    ? zeros_like(like)
        .reshape(-1)
        .sum()
        .expand([...shape])
        .clone()
    : stack([...tensors]).reshape([...shape]);

const rowsByGradients: Blocks = ({ leaves }, inputs) =>
  leaves.map((output) => {
    const rows = [...output.reshape(-1)].map((element) => pulled([element], inputs, [ones_like(element)]));
    return inputs.map((input, k) =>
      stacked(
        rows.map((row) => row[k]!),
        [...output.shape, ...input.shape],
        input,
      ),
    );
  });

const columnsByProducts: Blocks = (outputs, inputs) => {
  const seeds = outputs.leaves.map((output) => zeros_like(output.detach()).requires_grad_());
  const slopes = pulled(outputs.leaves, inputs, seeds);
  const byInput = slopes.map((slope) =>
    [...slope.reshape(-1)].map((element) => pulled([element], seeds, [ones_like(element)])),
  );
  return outputs.leaves.map((output, o) =>
    inputs.map((input, k) => {
      const columns = stacked(
        byInput[k]!.map((row) => row[o]!),
        [input.numel(), output.numel()],
        input,
      );
      return columns.t().reshape([...output.shape, ...input.shape]);
    }),
  );
};

/**
 * The Hessian of a function, as a function: jacfwd of jacrev.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.hessian.html
 */
export function hessian<A extends unknown[]>(
  func: (...args: A) => unknown,
  options: Pick<DerivativeOptions, "argnums"> = {},
  // oxlint-disable-next-line typescript/no-explicit-any -- the output's structure around the arguments' twice
): (...args: A) => any {
  return jacfwd(jacrev(func, options), options);
}
