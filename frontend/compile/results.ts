/** A function's result, as a recording keeps it and as each call makes it anew. */
import type { DType } from "../../ir/dtype.ts";
import type { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { mapTree } from "../pytree.ts";
import { type ViewStep } from "../views.ts";
import type { Observer } from "./observer.ts";
import type { Places } from "./places.ts";
import type { Roots } from "./roots.ts";

/** Stands in a result for an argument that is returned, or a view of one. */
class ArgumentMark {
  readonly place: number;
  readonly steps: readonly ViewStep[];
  constructor(place: number, steps: readonly ViewStep[]) {
    this.place = place;
    this.steps = steps;
  }
}

/** Stands in a result for a gradient, or a view of one. */
class GradientMark {
  readonly owner: Tensor;
  /** Of what was in `.grad` when the call began: which of the tensors that are held (-1: what is there after it). */
  readonly held: number;
  readonly steps: readonly ViewStep[];
  constructor(owner: Tensor, held: number, steps: readonly ViewStep[]) {
    this.owner = owner;
    this.held = held;
    this.steps = steps;
  }
}

/** Stands in a result for an object that is the same at each call, or for an argument (see `containersIn`). */
export class KeptMark {
  readonly object: object | number;
  constructor(object: object | number) {
    this.object = object;
  }
}

/** Stands in a result for a tensor that each call makes anew, or a view of one. */
class RootMark {
  readonly root: number;
  readonly dtype: DType;
  readonly steps: readonly ViewStep[];
  /** Of memory that several results share: which. */
  readonly memory: number | null;
  constructor(root: number, dtype: DType, steps: readonly ViewStep[], memory: number | null) {
    this.root = root;
    this.dtype = dtype;
    this.steps = steps;
    this.memory = memory;
  }
}

/**
 * The result, with marks for what each call makes anew. Tensors from before the recording stay what they are.
 * `stands`: in the place of arguments; `held` gets the tensors whose gradients from before the call are in it
 */
export function templateOf(
  result: unknown,
  roots: Roots,
  stands: readonly Tensor[],
  observer: Observer,
  held: Places<Tensor>,
): unknown {
  const memories = sharedMemories(result);
  const markOf = (leaf: Tensor): GradientMark | null => {
    const gradient = observer.gradientIn(leaf.storage_);
    if (gradient === null) return null;
    const { owner, isBefore } = gradient;
    return new GradientMark(owner, isBefore ? held.of(owner) : -1, stepsBetween(leaf, leaf.root_));
  };
  return mapTree(result, (leaf) => {
    if (!(leaf instanceof Tensor)) return leaf;
    const given = viewOfArgument(leaf, stands);
    if (given !== null) return new ArgumentMark(given.place, given.steps);
    const gradient = markOf(leaf);
    if (gradient !== null) return gradient;
    if (leaf.storage_.id < observer.firstStorageId) return leaf;
    const memory = memories.indexOf(leaf.storage_);
    if (memory < 0 && standsAlone(leaf))
      return new RootMark(roots.placeOf(leaf.node_(), "escapes"), leaf.type_, [], null);
    const { root_ } = leaf;
    const steps = stepsBetween(leaf, root_);
    return new RootMark(roots.placeOf(root_.node_(), "escapes"), root_.type_, steps, memory < 0 ? null : memory);
  });
}

/** Whether nobody sees what a tensor is a view of: it lies row by row, or its memory holds more than it shows. */
const standsAlone = (tensor: Tensor): boolean =>
  tensor.parent_ === null || tensor.is_contiguous() || tensor.root_.numel() > tensor.numel();

/** The argument that a result is a view of, and how. */
export function viewOfArgument(
  tensor: Tensor,
  stands: readonly Tensor[],
): { readonly place: number; readonly steps: readonly ViewStep[] } | null {
  const place = stands.findIndex(({ storage_ }) => storage_ === tensor.storage_);
  return place < 0 ? null : { place, steps: stepsBetween(tensor, stands[place]!) };
}

/** The steps that make `tensor` of `base`. */
function stepsBetween(tensor: Tensor, base: Tensor): ViewStep[] {
  const steps: ViewStep[] = [];
  let current = tensor;
  for (; current !== base && current.parent_ !== null; current = current.parent_) steps.unshift(current.step_!);
  return steps;
}

/** Memory that is shown by more than one tensor in a result. */
function sharedMemories(result: unknown): readonly Storage[] {
  const seen = new Map<Storage, Tensor>();
  const shared = new Set<Storage>();
  mapTree(result, (leaf) => {
    if (!(leaf instanceof Tensor)) return leaf;
    const other = seen.get(leaf.storage_);
    if (other === undefined) seen.set(leaf.storage_, leaf);
    else shared.add(leaf.storage_);
    return leaf;
  });
  return [...shared];
}

/**
 * The tensors of one call. `make`: a tensor of the root's value; `given`: the arguments; `held`: gradients from before;
 * `kept`: what a mark stands for
 */
export function resultOf(
  template: unknown,
  make: (root: number, dtype: DType) => Tensor,
  given: readonly Tensor[],
  held: readonly Tensor[],
  kept: (object: object | number) => object,
): unknown {
  // The most common ones are not worth a walk.
  if (template === undefined) return undefined;
  if (template instanceof RootMark) return viewed(make(template.root, template.dtype), template.steps);
  const memories: Tensor[] = [];
  return mapTree(template, (item) => {
    if (item instanceof ArgumentMark) return viewed(given[item.place]!, item.steps);
    if (item instanceof GradientMark)
      return viewed(item.held < 0 ? item.owner.gradient_! : held[item.held]!, item.steps);
    if (item instanceof KeptMark) return kept(item.object);
    if (!(item instanceof RootMark)) return item;
    const { root, dtype, steps, memory } = item;
    const base = memory === null ? make(root, dtype) : (memories[memory] ??= make(root, dtype));
    return viewed(base, steps);
  });
}

/** A tensor seen by these steps. */
export const viewed = (base: Tensor, steps: readonly ViewStep[]): Tensor =>
  steps.reduce((tensor, step) => tensor.viewBy_(step), base);
