/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `torch.autograd.forward_ad`: tensors that carry tangents along. What is computed of them inside a level carries its own.
 * https://docs.pytorch.org/docs/stable/autograd.html#forward-mode-automatic-differentiation
 */
import { AutogradError, DTypeError } from "../ir/errors.ts";
import { checkedTangent, closeLevel, dualStep, isLevelOpen, openLevel, tangentsOfNodes } from "./dual-level.ts";
import { NamedResults } from "./named-results.ts";
import { scoped, type Scope } from "./scope.ts";
import { withSite } from "./site.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";

/** What `unpack_dual` gives: by position and by name. */
export type UnpackedDualTensor = readonly [primal: Tensor, tangent: Tensor | null] & {
  readonly primal: Tensor;
  readonly tangent: Tensor | null;
};

/**
 * Opens a level of forward-mode differentiation, for a body or until it is disposed of. Its tangents are gone afterwards.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.dual_level.html
 */
export function dual_level(): Scope;
export function dual_level<T>(body: () => T): T;
export function dual_level<T>(body?: () => T): T | Scope {
  return withSite(() => scoped(openLevel(), body));
}
/** https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.enter_dual_level.html */
export function enter_dual_level(): number {
  return withSite(() => {
    openLevel();
    return 0;
  });
}
/** https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.exit_dual_level.html */
export function exit_dual_level(): void {
  withSite(() => {
    if (!isLevelOpen()) throw noLevel("exit_dual_level");
    closeLevel();
  });
}

const noLevel = (name: string): AutogradError =>
  new AutogradError(
    "forward-ad/level",
    `${name}: Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first.`,
  );

/**
 * A view of `tensor` that changes along `tangent`.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.make_dual.html
 */
export function make_dual(tensor: Tensor, tangent: Tensor): Tensor {
  return withSite(() => {
    if (!isLevelOpen()) throw noLevel("make_dual");
    for (const [name, each] of Object.entries({ primal: tensor, tangent }))
      if (!each.is_floating_point() && !each.is_complex())
        throw new DTypeError(
          "forward-ad/dtype",
          `make_dual: Expected ${name} to be floating point or complex, but got: ${String(each.dtype)}.`,
        );
    if (tangentsOfNodes([tensor.node_()])[0] !== null)
      throw new AutogradError(
        "forward-ad/twice",
        "make_dual: Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not supported.",
      );
    return tensor.viewBy_(dualStep(tensor, checkedTangent("make_dual", tensor, tangent)));
  });
}

/**
 * The tensor without its tangent, and the tangent: null where there is none.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.forward_ad.unpack_dual.html
 */
export function unpack_dual(tensor: Tensor): UnpackedDualTensor {
  return withSite(() => {
    const [node] = tangentsOfNodes([tensor.node_()]) as [ReturnType<Tensor["node_"]> | null];
    const tangent = node === null ? null : Tensor.ofNode(node, tensor.storage_.device);
    const primal = node === null || tensor.requires_grad ? tensor : tensor.detach();
    return new NamedResults("UnpackedDualTensor", [primal, released(tangent)] as Tensor[], [
      "primal",
      "tangent",
    ]) as unknown as UnpackedDualTensor;
  });
}

/** A tangent that no leaf is behind keeps nothing. */
const released = (tangent: Tensor | null): Tensor | null =>
  tangent === null || tangent.requires_grad
    ? tangent
    : Tensor.ofNode(graph.detach(tangent.node_()), tangent.storage_.device);
