/** Gradients of functions with one number as their result. */
import { ShapeError } from "../../ir/errors.ts";
import { ones_like } from "../creation.ts";
import { signature } from "../arguments.ts";
import type { Exact } from "../operator-types.ts";
import { withSite } from "../site.ts";
import { Tensor } from "../tensor.ts";
import {
  choose,
  inputsOf,
  nested,
  pulled,
  released,
  split,
  type Argnums,
  type Aux,
  type DerivativeOptions,
  type Func,
  type PerArgument,
  type Placed,
  type Places,
  type WithAux,
} from "./derivative.ts";

const given = signature<[argnums: Places, has_aux: boolean]>()("argnums?, has_aux?");

/** What `func` gives as [gradient, value, aux]. */
function gradientAndValue(
  name: string,
  func: Func,
  args: readonly unknown[],
  options: { readonly argnums: Places | undefined; readonly has_aux: boolean | undefined },
): readonly [gradient: unknown, value: Tensor, aux: unknown] {
  return withSite(() => {
    const { of, chosen, single } = choose(name, func, args, options.argnums ?? 0);
    const inputs = inputsOf(`${name}: the inputs`, chosen);
    const found = nested(() => {
      const [value, aux] = split(name, of(inputs.rebuild(inputs.own) as unknown[]), options.has_aux ?? false);
      if (!(value instanceof Tensor) || value.numel() !== 1 || value.ndim !== 0)
        throw new ShapeError(
          `${name}/scalar`,
          value instanceof Tensor
            ? `grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with ${value.ndim} dims.`
            : `grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got ${typeof value}.`,
        );
      const gradients = inputs.rebuild(pulled([value], inputs.own, [ones_like(value)])) as unknown[];
      return [single ? gradients[0] : gradients, value, aux] as const;
    });
    return released(inputs, found);
  });
}

/**
 * The gradient of a function with one number as its result, as a function.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.grad.html
 */
export function grad<
  A extends unknown[],
  R extends Tensor | readonly [Tensor, unknown],
  const O extends DerivativeOptions = Readonly<Record<never, never>>,
>(
  func: (...args: A) => R,
  options?: Exact<O, DerivativeOptions>,
): (...args: A) => WithAux<PerArgument<A, Argnums<O>>, R, O>;
export function grad<
  A extends unknown[],
  R extends Tensor | readonly [Tensor, unknown],
  const N extends Places,
  const H extends boolean = false,
>(func: (...args: A) => R, argnums: N, has_aux?: Aux<H>): (...args: A) => WithAux<PerArgument<A, N>, R, Placed<N, H>>;
export function grad(func: Func, ...rest: unknown[]): (...args: unknown[]) => unknown {
  const options = withSite(() => given.bind("grad", rest));
  return (...args) => {
    const [gradient, , aux] = gradientAndValue("grad", func, args, options);
    return options.has_aux === true ? [gradient, aux] : gradient;
  };
}

/**
 * The gradient and the value: [gradient, value], or [gradient, [value, aux]].
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.grad_and_value.html
 */
export function grad_and_value<
  A extends unknown[],
  R extends Tensor | readonly [Tensor, unknown],
  const O extends DerivativeOptions = Readonly<Record<never, never>>,
>(
  func: (...args: A) => R,
  options?: Exact<O, DerivativeOptions>,
): (...args: A) => [gradient: PerArgument<A, Argnums<O>>, value: R];
export function grad_and_value<
  A extends unknown[],
  R extends Tensor | readonly [Tensor, unknown],
  const N extends Places,
  const H extends boolean = false,
>(func: (...args: A) => R, argnums: N, has_aux?: Aux<H>): (...args: A) => [gradient: PerArgument<A, N>, value: R];
export function grad_and_value(func: Func, ...rest: unknown[]): (...args: unknown[]) => unknown {
  const options = withSite(() => given.bind("grad_and_value", rest));
  return (...args) => {
    const [gradient, value, aux] = gradientAndValue("grad_and_value", func, args, options);
    return [gradient, options.has_aux === true ? [value, aux] : value];
  };
}
