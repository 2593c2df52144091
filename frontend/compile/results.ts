/** A function's result, as a recording keeps it and as each call makes it anew. */
import type { DType } from "../../ir/dtype.ts";
import { withGradMode } from "../grad-mode.ts";
import type { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { NamedResults } from "../named-results.ts";
import { noteReturned } from "../nn/returned.ts";
import { type ViewStep } from "../views.ts";
import { contentsOf, type Contents } from "./contents.ts";
import type { Observer } from "./observer.ts";
import type { Places } from "./places.ts";
import type { Roots } from "./roots.ts";

/** A view that the function made. */
interface MadeView {
  readonly step: ViewStep;
  /** Whether gradients flow through it: it was not made under no_grad. */
  readonly recordsGrad: boolean;
}

/** Stands in a result for an argument that is returned, or a view of one. */
class ArgumentMark {
  readonly place: number;
  readonly steps: readonly MadeView[];
  constructor(place: number, steps: readonly MadeView[]) {
    this.place = place;
    this.steps = steps;
  }
}

/** Stands in a result for a gradient, or a view of one. */
class GradientMark {
  readonly owner: Tensor;
  /** Of what was in `.grad` when the call began: which of the tensors that are held (-1: what is there after it). */
  readonly held: number;
  readonly steps: readonly MadeView[];
  constructor(owner: Tensor, held: number, steps: readonly MadeView[]) {
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
  readonly steps: readonly MadeView[];
  /** Of memory that several results share: which. */
  readonly memory: number | null;
  /** Whether it was made in inference_mode. */
  readonly isInference: boolean;
  constructor(root: number, { type_, isInference_ }: Tensor, steps: readonly MadeView[], memory: number | null) {
    this.root = root;
    this.dtype = type_;
    this.steps = steps;
    this.memory = memory;
    this.isInference = isInference_;
  }
}

/** In the place of a value that each call makes, and of one that it makes others of: which. */
class LeafPlace {
  readonly place: number;
  constructor(place: number) {
    this.place = place;
  }
}
class PartPlace {
  readonly place: number;
  constructor(place: number) {
    this.place = place;
  }
}

/** A result as a recording keeps it: an item, and what the items are made of. */
export interface Template {
  readonly item: unknown;
  readonly marks: readonly unknown[];
  readonly parts: readonly { readonly contents: Contents; readonly items: readonly unknown[] }[];
}

/** An object that is found in a result. */
interface Found {
  readonly contents: Contents;
  readonly foundIn: Found[];
}
export interface Reached {
  readonly objects: ReadonlyMap<unknown, Found>;
  readonly tensors: ReadonlySet<Tensor>;
  /** Objects and functions that are not looked into, besides those that `isLeaf` says. */
  readonly closed: ReadonlySet<unknown>;
}

/** All that is in a result, each once; what `isLeaf` says is not looked into. */
export function reached(result: unknown, isLeaf: (value: unknown) => boolean): Reached {
  const objects = new Map<unknown, Found>();
  const tensors = new Set<Tensor>();
  const closed = new Set<unknown>();
  const stack: { readonly value: unknown; readonly from: Found | null }[] = [{ value: result, from: null }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, from } = next;
    if (value instanceof Tensor) tensors.add(value);
    if (value instanceof Tensor || isLeaf(value)) continue;
    let found = objects.get(value);
    if (found === undefined) {
      const contents = contentsOf(value);
      if (contents === null) {
        if (Object(value) === value) closed.add(value);
        continue;
      }
      objects.set(value, (found = { contents, foundIn: [] }));
      for (let i = contents.items.length - 1; i >= 0; i--) stack.push({ value: contents.items[i], from: found });
    }
    if (from !== null) found.foundIn.push(from);
  }
  return { objects, tensors, closed };
}

/** Of a call that is run as it stands: they can be read as late as those of a replay. */
export const noteResults = (results: unknown): void => noteReturned([...reached(results, () => false).tensors]);

/** A result with something else in the places of what it consists of; objects stay the ones they are. */
export function withReplaced(
  result: unknown,
  replace: (item: unknown) => unknown,
  isLeaf: (value: unknown) => boolean,
): unknown {
  const replaced = (item: unknown): unknown =>
    item instanceof NamedResults ? item.mapped((each) => replace(each)) : replace(item);
  for (const [object, { contents }] of reached(result, isLeaf).objects) {
    const items = contents.items.map(replaced);
    if (!Object.isFrozen(object) && items.some((item, i) => !Object.is(item, contents.items[i])))
      contents.fill(object as object, items);
  }
  return replaced(result);
}

/**
 * The result, with marks for what each call makes anew. Tensors from before the recording stay what they are, and so do
 * objects of classes in which there is nothing else.
 * `stands`: in the place of arguments; `held` gets the tensors whose gradients from before the call are in it;
 * `keptMark`: of an object that stays the one it is, or null
 */
export function templateOf(
  result: unknown,
  roots: Roots,
  stands: readonly Tensor[],
  observer: Observer,
  held: Places<Tensor>,
  keptMark: (value: unknown) => KeptMark | null,
): Template {
  const { objects, tensors } = reached(result, (value) => keptMark(value) !== null);
  const memories = sharedMemories(tensors);
  const gradientMark = (leaf: Tensor): GradientMark | null => {
    const gradient = observer.gradients.ownerOf(leaf.storage_);
    if (gradient === null) return null;
    const { owner, isBefore } = gradient;
    return new GradientMark(owner, isBefore ? held.of(owner) : -1, stepsBetween(leaf, leaf.root_));
  };
  const tensorMark = (leaf: Tensor): unknown => {
    const given = viewOfArgument(leaf, stands);
    if (given !== null) return new ArgumentMark(given.place, given.steps);
    const gradient = gradientMark(leaf);
    if (gradient !== null) return gradient;
    if (leaf.storage_.id < observer.firstStorageId) return null;
    const memory = memories.indexOf(leaf.storage_);
    if (memory < 0 && standsAlone(leaf)) return new RootMark(roots.placeOf(leaf.node_(), "escapes"), leaf, [], null);
    const { root_ } = leaf;
    const steps = stepsBetween(leaf, root_);
    return new RootMark(roots.placeOf(root_.node_(), "escapes"), root_, steps, memory < 0 ? null : memory);
  };
  const marks: unknown[] = [];
  const places = new Map<unknown, LeafPlace | null>();
  const leafPlace = (value: unknown): LeafPlace | null => {
    let place = places.get(value);
    if (place !== undefined) return place;
    const mark = value instanceof Tensor ? tensorMark(value) : keptMark(value);
    places.set(value, (place = mark === null ? null : new LeafPlace(marks.push(mark) - 1)));
    return place;
  };
  const varying = varyingIn(objects, (item) => leafPlace(item) !== null);
  const parts: { contents: Contents; items: unknown[] }[] = [];
  const unfinished: { readonly of: readonly unknown[]; readonly items: unknown[] }[] = [];
  const partPlaces = new Map<unknown, PartPlace>();
  const itemOf = (value: unknown): unknown => {
    const leaf = leafPlace(value);
    if (leaf !== null) return leaf;
    const found = objects.get(value);
    if (found === undefined || !(found.contents.isTree || varying.has(found))) return value;
    let part = partPlaces.get(value);
    if (part === undefined) {
      const { items: of, ...contents } = found.contents;
      const items: unknown[] = [];
      partPlaces.set(value, (part = new PartPlace(parts.push({ contents: { ...contents, items }, items }) - 1)));
      unfinished.push({ of, items });
    }
    return part;
  };
  const item = itemOf(result);
  for (let next = unfinished.pop(); next !== undefined; next = unfinished.pop())
    for (const each of next.of) next.items.push(itemOf(each));
  return { item, marks, parts };
}

/** The objects in which there is something that varies, however deep. */
function varyingIn(objects: Reached["objects"], isVarying: (item: unknown) => boolean): ReadonlySet<Found> {
  const varying = new Set<Found>();
  const stack = [...objects.values()].filter(({ contents }) => contents.items.some(isVarying));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (varying.has(next)) continue;
    varying.add(next);
    for (const outer of next.foundIn) stack.push(outer);
  }
  return varying;
}

/** Whether nobody sees what a tensor is a view of: it lies row by row, or its memory holds more than it shows. */
const standsAlone = (tensor: Tensor): boolean =>
  tensor.parent_ === null || tensor.is_contiguous() || tensor.root_.numel() > tensor.numel();

/** The argument that a result is a view of, and how. */
export function viewOfArgument(
  tensor: Tensor,
  stands: readonly Tensor[],
): { readonly place: number; readonly steps: readonly MadeView[] } | null {
  const place = stands.findIndex(({ storage_ }) => storage_ === tensor.storage_);
  return place < 0 ? null : { place, steps: stepsBetween(tensor, stands[place]!) };
}

/** The steps that make `tensor` of `base`. */
export function stepsBetween(tensor: Tensor, base: Tensor): MadeView[] {
  const steps: MadeView[] = [];
  let current = tensor;
  for (; current !== base && current.parent_ !== null; current = current.parent_)
    steps.unshift({ step: current.step_!, recordsGrad: current.recordsGrad_ });
  return steps;
}

/** Memory that is shown by more than one tensor in a result. */
function sharedMemories(tensors: Iterable<Tensor>): readonly Storage[] {
  const seen = new Set<Storage>();
  const shared = new Set<Storage>();
  for (const { storage_ } of tensors) (seen.has(storage_) ? shared : seen).add(storage_);
  return [...shared];
}

/**
 * The result of one call. `make`: a tensor of the root's value; `given`: the arguments; `held`: gradients from before;
 * `kept`: what a mark stands for
 */
export function resultOf(
  { item, marks, parts }: Template,
  make: (root: number, dtype: DType) => Tensor,
  given: readonly Tensor[],
  held: readonly Tensor[],
  kept: (object: object | number) => object,
): unknown {
  if (item === undefined) return undefined;
  const memories: Tensor[] = [];
  const made = ({ root, dtype, isInference }: RootMark): Tensor =>
    isInference ? Object.assign(make(root, dtype), { isInference_: true }) : make(root, dtype);
  const leaves = marks.map((mark) => {
    if (mark instanceof RootMark) {
      const { steps, memory } = mark;
      return viewed(memory === null ? made(mark) : (memories[memory] ??= made(mark)), steps);
    }
    if (mark instanceof ArgumentMark) return viewed(given[mark.place]!, mark.steps);
    if (mark instanceof GradientMark)
      return viewed(mark.held < 0 ? mark.owner.gradient_! : held[mark.held]!, mark.steps);
    return kept((mark as KeptMark).object);
  });
  if (item instanceof LeafPlace) return leaves[item.place];
  if (!(item instanceof PartPlace)) return item;
  const all = parts.map(({ items }) => items.map((each) => (each instanceof LeafPlace ? leaves[each.place] : each)));
  const objects = parts.map(({ contents }, i) => contents.make(all[i]!));
  parts.forEach(({ contents }, i) => {
    const items = all[i]!.map((each) => (each instanceof PartPlace ? objects[each.place] : each));
    contents.fill(objects[i]!, items);
  });
  return objects[item.place];
}

/** A tensor seen by these steps. */
export const viewed = (base: Tensor, steps: readonly MadeView[]): Tensor =>
  steps.reduce((tensor, { step, recordsGrad }) => withGradMode(recordsGrad, () => tensor.viewBy_(step)), base);
