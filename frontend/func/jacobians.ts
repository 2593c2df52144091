/** All derivatives of all outputs by all elements of the chosen arguments. */
import { DTypeError, ValueError } from "../../ir/errors.ts";
import { signature } from "../arguments.ts";
import { ones_like, zeros, zeros_like } from "../creation.ts";
import { stack } from "../generated/functions.ts";
import { mapTree, tensorTree, type TensorTree } from "../pytree.ts";
import type { Exact } from "../operator-types.ts";
import type { Randomness } from "../random/examples.ts";
import { withSite } from "../site.ts";
import type { Tensor } from "../tensor.ts";
import {
  choose,
  inputsOf,
  nested,
  pulled,
  released,
  split,
  type Argnums,
  type Aux,
  type JacobianOptions,
  type Func,
  type Output,
  type PerArgument,
  type Placed,
  type Places,
  type WithAux,
} from "./derivative.ts";

/** Derivatives of each tensor of the output; of one tensor, by one argument or several. */
type Jacobian<A extends readonly unknown[], R, O> = WithAux<
  Output<R, O> extends Tensor ? PerArgument<A, Argnums<O>> : unknown,
  R,
  O
>;

const given = signature<[argnums: Places, has_aux: boolean, chunk_size: number | null, randomness: Randomness]>()(
  "argnums?, has_aux?, *, chunk_size?, randomness?",
);
type Given = ReturnType<(typeof given)["bind"]>;

/**
 * The Jacobian by the chosen arguments, as a function: of the output's shape, then the argument's; one gradient for each
 * element of the output.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.jacrev.html
 */
export function jacrev<A extends unknown[], R, const O extends JacobianOptions = Readonly<Record<never, never>>>(
  func: (...args: A) => R,
  options?: Exact<O, JacobianOptions>,
): (...args: A) => Jacobian<A, R, O>;
export function jacrev<A extends unknown[], R, const N extends Places, const H extends boolean = false>(
  func: (...args: A) => R,
  argnums: N,
  has_aux?: Aux<H>,
): (...args: A) => Jacobian<A, R, Placed<N, H>>;
export function jacrev(func: Func, ...rest: unknown[]): (...args: unknown[]) => unknown {
  const options = withSite(() => given.bind("jacrev", rest));
  return (...args) => jacobian("jacrev", func, args, options, rowsByGradients);
}

/**
 * The same numbers as jacrev, with one product for each element of the arguments: cheaper where these are fewer.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.jacfwd.html
 */
export function jacfwd<A extends unknown[], R, const O extends JacobianOptions = Readonly<Record<never, never>>>(
  func: (...args: A) => R,
  options?: Exact<O, JacobianOptions>,
): (...args: A) => Jacobian<A, R, O>;
export function jacfwd<A extends unknown[], R, const N extends Places, const H extends boolean = false>(
  func: (...args: A) => R,
  argnums: N,
  has_aux?: Aux<H>,
): (...args: A) => Jacobian<A, R, Placed<N, H>>;
export function jacfwd(func: Func, ...rest: unknown[]): (...args: unknown[]) => unknown {
  const options = withSite(() => given.bind("jacfwd", rest));
  return (...args) => jacobian("jacfwd", func, args, options, columnsByProducts);
}

/** blocks[output][input], each of both shapes joined. */
type Blocks = (outputs: Pick<TensorTree, "leaves">, inputs: readonly Tensor[]) => Tensor[][];

function jacobian(name: string, func: Func, args: readonly unknown[], options: Given, blocks: Blocks): unknown {
  return withSite(() => {
    if ((options.chunk_size ?? 1) <= 0)
      throw new ValueError(`${name}/chunk-size`, `${name}: \`chunk_size\` should be greater than 0.`);
    const { of, chosen, single } = choose(name, func, args, options.argnums ?? 0);
    const inputs = inputsOf(`${name}: the inputs`, chosen);
    refuseComplexInputs(name, inputs.own);
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

/** @throws DTypeError for complex inputs, whose Jacobian would be of twice as many numbers */
function refuseComplexInputs(name: string, inputs: readonly Tensor[]): void {
  const place = inputs.findIndex((input) => input.is_complex());
  if (place >= 0)
    throw new DTypeError(
      `${name}/complex`,
      `${name}: Expected all inputs to be real but received complex tensor at flattened input idx: ${place}, ${String(inputs[place])}.`,
      "Take the Jacobian by the real and imaginary parts.",
    );
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

/** One product for each element of the inputs; whole numbers and booleans do not change with them. */
export const columnsByProducts: Blocks = (outputs, inputs) => {
  const smooth = outputs.leaves.filter((output) => output.is_floating_point() || output.is_complex());
  // Of ones, as in passes/push-forward: zero has no sign.
  const seeds = smooth.map((output) => ones_like(output.detach()).requires_grad_());
  const slopes = pulled(smooth, inputs, seeds);
  const byInput = slopes.map((slope) =>
    [...slope.reshape(-1)].map((element) => pulled([element], seeds, [ones_like(element)])),
  );
  return outputs.leaves.map((output) => {
    const { dtype, device } = output;
    const o = smooth.indexOf(output);
    if (o < 0) return inputs.map((input) => zeros([...output.shape, ...input.shape], { dtype, device }));
    return inputs.map((input, k) => {
      const columns = stacked(
        byInput[k]!.map((row) => row[o]!),
        [input.numel(), output.numel()],
        input,
      );
      return columns.t().reshape([...output.shape, ...input.shape]);
    });
  });
};

/**
 * The Hessian of a function, as a function: jacfwd of jacrev.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.hessian.html
 */
export function hessian<A extends unknown[], R>(
  func: (...args: A) => R,
  argnums?: number | { readonly argnums?: number },
): (...args: A) => R extends Tensor ? Tensor : unknown;
export function hessian<A extends unknown[], R>(
  func: (...args: A) => R,
  argnums: readonly number[] | { readonly argnums: readonly number[] },
): (...args: A) => R extends Tensor ? Tensor[][] : unknown;
export function hessian(func: Func, ...rest: unknown[]): (...args: unknown[]) => unknown {
  const { argnums = 0 } = withSite(() => signature<[argnums: Places]>()("argnums?").bind("hessian", rest));
  return jacfwd(jacrev(func, argnums) as (...args: unknown[]) => unknown, argnums);
}
