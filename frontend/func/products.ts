/** Jacobians times vectors, from both sides. */
import { ShapeError } from "../../ir/errors.ts";
import { formatShape, sameShape } from "../../ir/shape.ts";
import { tensorTree, type TensorTree } from "../pytree.ts";
import { withSite } from "../site.ts";
import { inputsOf, nested, pulled, pushed, released } from "./derivative.ts";

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
        return [
          outputs.rebuild(outputs.leaves) as R,
          outputs.rebuild(pushed(outputs.leaves, inputs.own, along.leaves)) as R,
        ];
      }),
    );
  });
}

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
      `${what} have {${described(given)}}, expected {${described(like)}}.`,
      "Structures and shapes are the same.",
    );
  return given;
}
const described = ({ leaves, paths }: TensorTree): string =>
  leaves.map(({ shape }, i) => `${paths[i]!}: ${formatShape(shape)}`).join(", ");
