/** Jacobians times vectors, from both sides. */
import { ArgumentError, ShapeError } from "../../ir/errors.ts";
import { formatShape, sameShape } from "../../ir/shape.ts";
import { tensorTree, type TensorTree } from "../pytree.ts";
import { isPlainObject } from "../bind.ts";
import type { Exact } from "../operator-types.ts";
import { withSite } from "../site.ts";
import {
  inputsOf,
  nested,
  pulled,
  pushed,
  released,
  split,
  type Func,
  type Inputs,
  type Output,
} from "./derivative.ts";

/**
 * The output, and the function from a cotangent of the output's structure to those of the primals.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.vjp.html
 */
export function vjp<A extends unknown[], R, X>(
  func: (...primals: A) => readonly [output: R, aux: X],
  ...primalsAndOptions: [...A, { readonly has_aux: true }]
): [output: R, vjp_fn: (cotangents: R) => A, aux: X];
export function vjp<A extends unknown[], R>(
  func: (...primals: A) => R,
  ...primals: A
): [output: R, vjp_fn: (cotangents: R) => A];
export function vjp(func: Func, ...args: unknown[]): unknown[] {
  return withSite(() => {
    const last = args.at(-1);
    const hasAux = isAuxOption(last) ? last.has_aux : null;
    const inputs = inputsOf("vjp: the primals", hasAux === null ? args : args.slice(0, -1));
    const { outputs, aux } = evaluated("vjp", func, inputs, hasAux ?? false);
    const pullback = (cotangents: unknown): unknown =>
      withSite(() => {
        const seeds = matching("vjp_fn: the cotangents", cotangents, outputs);
        return released(
          inputs,
          nested(() => inputs.rebuild(pulled(outputs.leaves, inputs.own, seeds.leaves))),
        );
      });
    const output = released(inputs, outputs.rebuild(outputs.leaves));
    return hasAux === true ? [output, pullback, released(inputs, aux)] : [output, pullback];
  });
}

/** What stands behind the primals: no primal has a boolean in it. */
const isAuxOption = (value: unknown): value is { readonly has_aux: boolean } =>
  isPlainObject(value) && Object.keys(value).join() === "has_aux" && typeof value["has_aux"] === "boolean";

interface Evaluated {
  readonly outputs: TensorTree;
  readonly aux: unknown;
}
function evaluated(name: string, func: Func, inputs: Inputs, hasAux: boolean): Evaluated {
  return nested(() => {
    const call = func as (...primals: readonly unknown[]) => unknown;
    const [output, aux] = split(name, call(...(inputs.rebuild(inputs.own) as unknown[])), hasAux);
    return { outputs: tensorTree(`${name}: the output`, output), aux };
  });
}

export interface JvpOptions {
  /** Whether the function returns [output, aux], of which only the first is differentiated. */
  readonly has_aux?: boolean;
  /** Whether an output that does not depend on the primals is an error; otherwise its tangent is zero. */
  readonly strict?: boolean;
}

/**
 * The output, and how it changes when the primals change along the tangents.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.jvp.html
 */
export function jvp<A extends unknown[], R, const O extends JvpOptions = Readonly<Record<never, never>>>(
  func: (...primals: A) => R,
  primals: readonly [...A],
  tangents: readonly [...A],
  options?: Exact<O, JvpOptions>,
): WithAuxLast<[output: Output<R, O>, tangent: Output<R, O>], R, O> {
  return withSite(() => {
    for (const [name, list] of Object.entries({ primals, tangents }))
      if (!Array.isArray(list))
        throw new ArgumentError(
          `jvp/${name}`,
          `jvp: Expected ${name} to be a tuple (an array), so that func(...${name}) is valid.`,
        );
    const inputs = inputsOf("jvp: the primals", primals);
    const found = nested(() => {
      const along = matching("jvp: the tangents", tangents, inputs);
      const { outputs, aux } = evaluated("jvp", func, inputs, options?.has_aux ?? false);
      const tangent = pushed(outputs.leaves, inputs.own, along.leaves, options?.strict);
      const pair = [outputs.rebuild(outputs.leaves), outputs.rebuild(tangent)];
      return options?.has_aux === true ? [...pair, aux] : pair;
    });
    return released(inputs, found) as WithAuxLast<[Output<R, O>, Output<R, O>], R, O>;
  });
}
/** With the function's aux behind. */
type WithAuxLast<T extends unknown[], R, O> = O extends { readonly has_aux: true }
  ? R extends readonly [unknown, infer X]
    ? [...T, aux: X]
    : never
  : T;

/**
 * The output, and its linear part at the primals: a function from tangents of the primals' structure to those of the
 * output. The function is recorded once.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.linearize.html
 */
export function linearize<A extends unknown[], R>(
  func: (...primals: A) => R,
  ...primals: A
): [output: R, jvp_fn: (...tangents: A) => R] {
  return withSite(() => {
    const inputs = inputsOf("linearize: the primals", primals);
    const outputs = nested(() => tensorTree("linearize: the output", func(...(inputs.rebuild(inputs.own) as A))));
    const push = (...tangents: A): R =>
      withSite(() => {
        const along = matching("jvp_fn: the tangents", tangents, inputs);
        return released(
          inputs,
          nested(() => outputs.rebuild(pushed(outputs.leaves, inputs.own, along.leaves)) as R),
        );
      });
    return [released(inputs, outputs.rebuild(outputs.leaves) as R), push];
  });
}

function matching(what: string, tree: unknown, like: TensorTree): TensorTree {
  const given = tensorTree(what, tree);
  const differs = given.leaves.findIndex((leaf, i) => !sameShape(leaf.shape, like.leaves[i]?.shape ?? []));
  if (given.paths.join() !== like.paths.join() || differs >= 0)
    throw new ShapeError(
      "func/structure",
      `${what} have {${described(given)}}, expected {${described(like)}}${differs < 0 || given.paths.join() !== like.paths.join() ? "" : `: ${mismatch(what, given, like, differs)}`}.`,
      "Structures and shapes are the same.",
    );
  return given;
}
/** PyTorch's words for a leaf of another shape. */
function mismatch(what: string, given: TensorTree, like: TensorTree, place: number): string {
  const [own, wanted] = [given, like].map(({ leaves }) => formatShape(leaves[place]!.shape));
  return what.startsWith("vjp")
    ? `Mismatch in shape: grad_output[${place}] has a shape of torch.Size(${own}) and output[${place}] has a shape of torch.Size(${wanted})`
    : `Trying to set a forward gradient that has a different size than that of the original Tensor. Tensor is of size ${wanted} while the given forward gradient is of size ${own}`;
}
const described = ({ leaves, paths }: TensorTree): string =>
  leaves.map(({ shape }, i) => `${paths[i]!}: ${formatShape(shape)}`).join(", ");
