/** What the derivatives of `torch.func` share: their options and types, inputs of their own, nesting. */
import { ArgumentError, AutogradError } from "../../ir/errors.ts";
import type { Node } from "../../ir/graph.ts";
import { enterScope } from "../../ir/interning.ts";
import { NodeFlag } from "../../ir/node-notes.ts";
import { pushForward } from "../../passes/push-forward.ts";
import { grad as gradientsOf } from "../autograd.ts";
import { zeros_like } from "../creation.ts";
import { enable_grad } from "../grad-mode.ts";
import { ownerOfLeaf } from "../leaf-owners.ts";
import { mapTree, tensorTree, type TensorTree } from "../pytree.ts";
import type { Randomness } from "../random/examples.ts";
import { graph } from "../state.ts";
import { Tensor } from "../tensor.ts";

export type Func = (...args: never[]) => unknown;
/** One argument by its position, or a list of them. */
export type Places = number | readonly number[];
export interface DerivativeOptions {
  /** Which arguments to differentiate by: the gradient has the structure of one, or is a list of them. */
  readonly argnums?: Places;
  /** Whether the function returns [output, aux], of which only the first is differentiated. */
  readonly has_aux?: boolean;
}
export interface JacobianOptions extends DerivativeOptions {
  /** Without effect: one product is recorded after the other. */
  readonly chunk_size?: number | null;
  /** What draws inside are under vmap; the function is called once. Without effect. */
  readonly randomness?: Randomness;
}
/** `has_aux` behind `argnums`: by position or by name. */
export type Aux<H extends boolean> = H | { readonly has_aux?: H };
/** What a call by position says, as options. */
export type Placed<N, H extends boolean> = { readonly argnums: N; readonly has_aux: H };

type At<A extends readonly unknown[], N> = N extends keyof A ? A[N] : N extends number ? A[number] : never;
/** Of the structure of the chosen argument, or of a list of them. */
export type PerArgument<A extends readonly unknown[], N> = N extends readonly number[]
  ? { -readonly [K in keyof N]: At<A, N[K]> }
  : N extends number
    ? At<A, N>
    : A[0];
/** What `argnums` says; the first argument when it is left out. */
export type Argnums<O> = O extends { readonly argnums: infer N } ? N : 0;
/** A function's result without aux. */
export type Output<R, O> = O extends { readonly has_aux: true }
  ? R extends readonly [infer V, unknown]
    ? V
    : never
  : R;
export type WithAux<T, R, O> = O extends { readonly has_aux: true }
  ? R extends readonly [unknown, infer X]
    ? [T, X]
    : never
  : T;
/** How many derivatives are being taken around: what is inside of one has to be differentiable itself. */
let depth = 0;
export function nested<T>(body: () => T): T {
  depth++;
  try {
    return enable_grad(body);
  } finally {
    depth--;
  }
}

/** The inputs of derivatives that do not require grad outside of them. */
const ownLeaves = new NodeFlag();

/**
 * What a derivative gives: cut off from it unless another one is taken around, or an argument, or a tensor that the
 * function closes over, requires grad.
 */
export const released = <T>(inputs: Inputs, tree: T): T =>
  depth > 0 || inputs.isFollowed
    ? tree
    : (mapTree(tree, (leaf) => (leaf instanceof Tensor && !restsOnOthers(leaf) ? leaf.detach() : leaf)) as T);

/** Whether gradients of a tensor go to leaves besides the inputs of derivatives. */
function restsOnOthers(tensor: Tensor): boolean {
  const seen = new Set<Node>();
  const stack = [tensor.node_()];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (!node.requiresGrad || seen.has(node) || ownLeaves.has(node)) continue;
    if (node.op === "leaf") {
      const owner = ownerOfLeaf(node);
      if (owner === null || !ownLeaves.has(owner.node_())) return true;
      continue;
    }
    seen.add(node);
    stack.push(...node.inputs);
  }
  return false;
}

export interface Inputs extends TensorTree {
  /** The leaves as inputs of the derivative's own. */
  readonly own: readonly Tensor[];
  /** Whether a leaf requires grad by itself. */
  readonly isFollowed: boolean;
}

/** A tree of tensors as inputs of its own. */
export function inputsOf(what: string, tree: unknown): Inputs {
  const taken = tensorTree(what, tree);
  const own = taken.leaves.map((leaf) => {
    if (!leaf.is_floating_point() && !leaf.is_complex())
      throw new ArgumentError(
        "func/dtype",
        `${what}: Expected primal to be floating point or complex, but got: ${String(leaf.dtype)}, ${String(leaf)}.`,
      );
    if (leaf.requires_grad) return enable_grad(() => leaf.view_as(leaf));
    const input = leaf.detach().requires_grad_();
    ownLeaves.set(input.node_());
    return input;
  });
  return { ...taken, own, isFollowed: taken.leaves.some((leaf) => leaf.requires_grad) };
}

/** Gradients of outputs by inputs, zero where there is no way. */
export function pulled(outputs: readonly Tensor[], inputs: readonly Tensor[], seeds: readonly Tensor[]): Tensor[] {
  const live = outputs.flatMap((output, i) => (output.requires_grad ? [i] : []));
  if (live.length === 0) return inputs.map((input) => zeros_like(input));
  const found = gradientsOf(
    live.map((i) => outputs[i]!),
    inputs,
    { grad_outputs: live.map((i) => seeds[i]!), create_graph: true, allow_unused: true },
  );
  return found.map((gradient, i) => gradient ?? zeros_like(inputs[i]!));
}

/** How outputs change when the inputs change along tangents; zero where there is no way, unless that is an error. */
export function pushed(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  tangents: readonly Tensor[],
  strict = false,
): Tensor[] {
  const { device } = inputs[0]!.storage_;
  enterScope(device.name);
  const along = new Map(inputs.map((input, i) => [input.node_(), graph.cast(tangents[i]!.node_(), input.type_)]));
  const found = pushForward(
    graph,
    outputs.map((output) => output.node_()),
    along,
  );
  if (strict && found.includes(null))
    throw new AutogradError(
      "jvp/strict",
      "jvp: The output of f is independent of the inputs. This is not allowed with strict=True.",
      "Leave strict out to get zeros.",
    );
  return found.map((node, i) => (node === null ? zeros_like(outputs[i]!) : Tensor.ofNode(node, device)));
}

export function split(name: string, result: unknown, hasAux: boolean): [output: unknown, aux: unknown] {
  if (!hasAux) return [result, null];
  if (!Array.isArray(result) || result.length !== 2)
    throw new ArgumentError(`${name}/aux`, `${name}: with has_aux the function must return [output, aux].`);
  return [result[0], result[1]];
}

export interface Chosen {
  /** The function of the chosen arguments alone, as one list. */
  readonly of: (chosen: readonly unknown[]) => unknown;
  readonly chosen: readonly unknown[];
  readonly single: boolean;
}
export function choose(name: string, func: Func, args: readonly unknown[], argnums: Places): Chosen {
  const list: readonly number[] = typeof argnums === "object" ? argnums : [argnums];
  if (!list.every(Number.isInteger))
    throw new ArgumentError(
      `${name}/argnums`,
      `${name}: argnums must be int or Tuple[int, ...], got: ${JSON.stringify(argnums)}.`,
    );
  if (list.length === 0) throw new ArgumentError(`${name}/argnums`, `${name}: argnums must be non-empty, got [].`);
  const places = list.map((place) => {
    const at = place < 0 ? place + args.length : place;
    if (!(at in args))
      throw new ArgumentError(
        `${name}/argnums`,
        `${name}: Got argnum=${place}, but only ${args.length} positional inputs.`,
      );
    return at;
  });
  if (new Set(places).size < places.length)
    throw new ArgumentError(`${name}/argnums`, `${name}: argnums elements must be unique, got [${places.join(", ")}].`);
  const of = (chosen: readonly unknown[]): unknown => {
    const all = [...args];
    places.forEach((place, i) => (all[place] = chosen[i]));
    return (func as (...args: readonly unknown[]) => unknown)(...all);
  };
  return { of, chosen: places.map((place) => args[place]), single: list !== argnums };
}
