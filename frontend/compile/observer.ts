/** What is noted beside the graph while a function is recorded. */
import type { Node } from "../../ir/graph.ts";
import { elementCount, formatShape } from "../../ir/shape.ts";
import type { ScalarArgument } from "../../ir/signature.ts";
import { typedArray, type TypedArray } from "../../runtime/typed-array.ts";
import { isTree, mapTree } from "../pytree.ts";
import type { Place } from "../host-numbers.ts";
import { reachesLeaf } from "../saved-values.ts";
import { newestStorageId, type Storage } from "../storage.ts";
import { Parameter } from "../nn/parameter.ts";
import { Tensor } from "../tensor.ts";
import type { GuardOptions, TraceObserver } from "../trace.ts";
import type { Value } from "../value.ts";
import type { Aliases } from "./aliases.ts";
import { heldIn, holderOf, isModule } from "../nn/module-internals.ts";
import { absent, areAlike, HeldGuard, HeldObjects, Like, type Change, type Held } from "./held.ts";
import { kindOf } from "./holders.ts";
import { MadeInCall } from "./made-in-call.ts";
import { ObservedGradients, sharesGradients } from "./observed-gradients.ts";
import { UsedNumbers } from "./counters.ts";
import { Guards, type Guard } from "./guards.ts";
import { reached } from "./results.ts";
import type { Event } from "./recording.ts";

export class Observer implements TraceObserver {
  readonly events: Event[] = [];
  readonly draws = new Map<Value, TypedArray>();
  /** Storages from before the recording that it uses. */
  readonly captured = new Set<Storage>();
  /** Those and gradients: whatever was looked at once. */
  private readonly used = new Set<Storage>();
  /** Tensors from before whose `requires_grad` and memory are guarded. */
  private readonly flagged = new Set<Tensor>();
  /** Leaves from before that got hooks, and which they had. */
  private readonly hooks = new Map<Tensor, string>();
  /** Those that the function has made. */
  private readonly views = new WeakSet<Tensor>();
  /** Memory in which places were compared. */
  readonly compared = new Set<Storage>();
  /** What tensors were that have become something else. */
  readonly formers = new Map<Tensor, Tensor>();
  /** Tensors whose `.data` was assigned. */
  readonly reassigned = new Set<Tensor>();
  /** What the function has changed in objects that it uses, and in copies of arguments. */
  changes: readonly Change[] = [];
  /** What each call leaves there. */
  readonly assigned: Change[] = [];
  /** Whether another call can leave what this one does. */
  isRepeatable = true;
  plainBecause: PlainReason | null = null;
  /** Objects that the function makes, and storages made here that are state of others. */
  private readonly madeOwners = new WeakSet();
  private readonly kept = new Set<Storage>();
  private readonly states: (() => object | undefined)[] = [];
  /** Storages made here that begin as the same at each call, and are written. */
  private readonly begun = new Set<Storage>();
  private makesOwners = false;
  /** Whether numbers are those of an object that the function makes. */
  private isOwnChange = false;
  readonly firstStorageId = newestStorageId();
  readonly made: MadeInCall;
  /** Set before the function is called. */
  aliases: Aliases | null = null;
  private readonly restores: (() => void)[] = [];
  private readonly always: Guard[] = [];
  private readonly rare: Guard[] = [];
  private readonly unsettled: { readonly guard: Guard; readonly options: GuardOptions }[] = [];
  readonly numbers = new UsedNumbers();
  readonly gradients = new ObservedGradients(this);
  readonly held = new HeldObjects(this.madeOwners);
  private readonly heldGuards: HeldGuard[] = [];
  /** What it changes such that the next call finds something else than this one did. */
  selfChange: string | null = null;

  constructor(fn: (...args: never[]) => unknown) {
    this.made = new MadeInCall(fn, this.firstStorageId);
  }

  /** What is used gets a value of its own, which each replay reads again. */
  storageUsed(storage: Storage): void {
    if (storage.id < this.firstStorageId) {
      // A replay would start from its value, and cut it from what it was computed from.
      if (hasHistory(storage.node)) return void (this.plainBecause ??= usesHistory);
      if (!this.gradients.found.has(storage)) this.captured.add(storage);
      const { version } = storage;
      if (!this.used.has(storage)) {
        this.used.add(storage);
        storage.forgetViews();
      }
      storage.takeForReplay(this.firstStorageId);
      if (storage.version !== version) this.aliases?.renumbered(storage, version);
    }
    this.aliases?.using(storage);
  }

  sharesMemory(a: Storage, b: Storage): boolean {
    const memory = this.memoryOf(a);
    if (memory !== this.memoryOf(b)) return false;
    this.compared.add(memory);
    return true;
  }
  placeUsed(storage: Storage): void {
    const memory = this.memoryOf(storage);
    if (memory !== storage) this.compared.add(memory);
  }
  private memoryOf(storage: Storage): Storage {
    return this.aliases?.memoryOf(storage) ?? storage;
  }

  gaveWay(tensor: Tensor, former: Tensor): void {
    if (!this.formers.has(tensor)) this.formers.set(tensor, former);
  }
  viewMade(tensor: Tensor): void {
    this.views.add(tensor);
  }
  /** Whether the function makes this tensor anew at each call: then it is nothing to guard, or to leave. */
  isMadeHere(tensor: Tensor): boolean {
    return tensor.storage_.id >= this.firstStorageId || this.views.has(tensor);
  }

  hooksChanged(leaf: Tensor): void {
    if (!this.isMadeHere(leaf) && !this.hooks.has(leaf)) this.hooks.set(leaf, hooksOf(leaf));
  }

  flagUsed(tensor: Tensor): void {
    if (this.isMadeHere(tensor) || this.flagged.has(tensor)) return;
    this.flagged.add(tensor);
    const name = `requires_grad of a closed-over ${tensor.type_}${formatShape(tensor.shape)}`;
    this.guard(name, () => tensor.requiresGradNow_, { expect: "unless changed", rare: true });
  }

  /** A parameter may have been taken from its module by hand: `F.linear(x, model.weight)`. */
  private guardHolder(tensor: Tensor): void {
    const holder = holderOf(tensor);
    if (holder === null || this.held.has(holder.module)) return;
    this.guard(`${holder.module._get_name()}.${holder.name}`, () => heldIn(holder));
  }

  /** Whether the function uses a tensor by another way than as an argument. */
  usesItself(tensor: Tensor): boolean {
    return this.flagged.has(tensor) || this.gradients.touched.has(tensor);
  }

  draw(value: Value, fill: (target: TypedArray) => void): void {
    const target = typedArray(value.dtype, elementCount(value.shape));
    this.draws.set(value, target);
    this.made.sources.add(value);
    this.events.push({ kind: "draw", target, fill });
  }
  generatorChanged(change: () => void): void {
    this.events.push({ kind: "generator", change });
  }
  scalar(argument: ScalarArgument): void {
    if (!this.isOwnChange) this.events.push({ kind: "scalar", argument });
  }
  effect(change: () => void, places: readonly Place[]): void {
    if (this.isOwnChange) return;
    this.numbers.changing(places);
    this.events.push({ kind: "effect", change });
  }

  guard(name: string, read: () => unknown, options: GuardOptions = {}): void {
    const guard = { name, read, expected: read() };
    if (options.expect === undefined) this.listFor(options).push(guard);
    else this.unsettled.push({ guard, options });
  }
  ownerMade(owner: object): void {
    this.makesOwners = true;
    this.madeOwners.add(owner);
  }
  makes(owner: unknown): boolean {
    return this.madeOwners.has(owner as object);
  }
  stateUsed(owner: object, read: () => object | undefined): void {
    if (!this.madeOwners.has(owner)) this.states.push(read);
  }
  changing<T>(owner: object, change: () => T): T {
    const before = this.isOwnChange;
    this.isOwnChange ||= this.madeOwners.has(owner);
    try {
      return change();
    } finally {
      this.isOwnChange = before;
    }
  }
  storageWritten(storage: Storage, before: Node): void {
    if (storage.id >= this.firstStorageId && this.made.isConstant(before)) this.begun.add(storage);
  }
  /** Whether it makes what may be there at the next call, in a variable that the function closes over: state. */
  get makesState(): boolean {
    return this.makesOwners || [...this.begun].some((storage) => !this.lasts(storage));
  }
  /** Whether a storage is there at the next call: what the function makes for itself is made anew, but for arrays. */
  lasts(storage: Storage): boolean {
    return storage.id < this.firstStorageId || storage.isShared || this.kept.has(storage);
  }

  /** What the function has changed in objects. */
  noteChanges(): void {
    this.changes = this.held.changes();
  }

  /** The function has returned. `written`: what it wrote */
  ended(written: readonly Storage[], result: unknown): void {
    // Nobody can tell whether the array is a new one at each call.
    if (written.some((storage) => storage.isShared && storage.id >= this.firstStorageId))
      this.plainBecause ??= writesArray;
    for (const read of this.states) mapTree(read(), (leaf) => leaf instanceof Tensor && this.kept.add(leaf.storage_));
    for (const [leaf, before] of this.hooks) if (hooksOf(leaf) !== before) this.plainBecause ??= leavesHook;
    if (this.gradients.hasShared) this.plainBecause ??= sharesGradients;
    this.settleHeld();
    for (const tensor of this.flagged) this.guardHolder(tensor);
    this.refuseMoves(result);
    this.settleMade();
    this.settleNumbers();
    for (const { guard, options } of this.unsettled) {
      const expected = guard.read();
      if (options.expect === "at the end" || Object.is(guard.expected, expected))
        this.listFor(options).push({ ...guard, expected });
    }
  }
  get guards(): Guards {
    return new Guards([...this.always, ...this.numbers.guards], this.rare, this.heldGuards, [...this.flagged]);
  }
  private listFor({ rare }: GuardOptions): Guard[] {
    return rare === true ? this.rare : this.always;
  }

  undoable(restore: () => void): void {
    this.restores.push(restore);
  }
  /** The call that was recorded cannot be computed: it has not happened. `written`: the storages that it wrote */
  undo(written: readonly Storage[], error: unknown): void {
    this.gradients.undo();
    for (const storage of written) storage.undoWrites(error);
    for (const restore of this.restores.reverse()) restore();
    this.numbers.undo();
  }

  gradAssigned(tensor: Tensor): void {
    this.gradients.assigned(tensor);
  }
  gradRead(tensor: Tensor): void {
    this.gradients.read(tensor);
  }

  valueRead(): void {
    this.plainBecause ??= readsValues;
  }
  hostDrew(): void {
    this.plainBecause ??= drawsNumbers;
  }
  dataAssigned(tensor: Tensor): void {
    this.reassigned.add(tensor);
    this.plainBecause = { does: "assigns .data of a tensor", instead: "write it with .data.copy_()" };
  }

  placeChanged(tensor: Tensor): void {
    if (this.isMadeHere(tensor)) return;
    this.reassigned.add(tensor);
    this.plainBecause ??= { does: "gives a tensor another shape or memory", instead: "make a view of it" };
  }

  objectUsed(label: string, owner: object): void {
    this.held.use(label, owner);
  }

  /** What objects hold: the same at a later call, unless the function itself leaves something new there at each. */
  private settleHeld(): void {
    this.noteChanges();
    for (const held of this.held.objects) {
      const own = this.changes.filter((change) => change.held === held);
      if (held.isArgument) own.forEach((change) => this.leave(change, change.was instanceof Tensor));
      else this.guardHeld(held, own);
    }
  }

  private settleNumbers(): void {
    const { assigned, readAndChanged } = this.numbers;
    if (assigned !== null)
      this.plainBecause ??= {
        does: `assigns ${assigned}`,
        instead: "step a scheduler in it, or assign before the call",
      };
    else if (readAndChanged !== null)
      this.plainBecause ??= { does: `reads ${readAndChanged}, which it changes`, instead: "read it after the call" };
  }

  /** A tensor that a member gives up and that goes on elsewhere would be the first call's for ever. */
  private refuseMoves(result: unknown): void {
    const moved = new Map<unknown, string>();
    for (const { held, key, was } of this.changes)
      if (was instanceof Tensor && !held.isArgument) moved.set(was, held.kind.name(held.label, key));
    if (moved.size === 0) return;
    for (const tensor of reached([result, ...this.changes.map(({ is }) => is)], (value) => this.held.has(value))
      .tensors) {
      const name = moved.get(tensor);
      if (name !== undefined)
        this.plainBecause ??= { does: `hands on the tensor that it replaces in ${name}`, instead: "hand on a clone()" };
    }
  }

  /** What later calls make anew, or go on with. */
  private settleMade(): void {
    for (const storage of this.kept) storage.madeIn = null;
    for (const { gradient_ } of this.gradients.touched.keys()) if (gradient_ !== null) gradient_.storage_.madeIn = null;
    for (const { is } of this.changes) if (is instanceof Parameter) is.storage_.madeIn = null;
  }

  private guardHeld(held: Held, changes: readonly Change[]): void {
    const guard = new HeldGuard(held);
    const changed = new Map(changes.map((change) => [change.key, change]));
    for (const [key, value] of held.before)
      if (!changed.has(key) && held.read?.has(key) !== false) guard.expect(key, value);
    for (const change of changes) {
      const { key, was, is } = change;
      const isRead = was === absent || held.read?.has(key) !== false;
      const name = held.kind.name(held.label, key);
      if (is instanceof Parameter || was instanceof Parameter) guard.expect(key, was);
      else if (is instanceof Tensor && was instanceof Tensor && this.captured.has(was.storage_))
        this.plainBecause ??= { does: `replaces ${name}`, instead: "write it with copy_()" };
      else if (areAlike(was, is)) {
        if (isRead) guard.expect(key, new Like(was, (now) => areAlike(was, now)));
      } else {
        const isReplaced = was instanceof Tensor && is instanceof Tensor;
        if (isReplaced) guard.expect(key, new Like(was, (now) => now instanceof Tensor));
        else if (isRead) guard.expect(key, was);
        this.leave(change, isReplaced || !isRead || (is instanceof Tensor && !(was instanceof Tensor)));
      }
    }
    this.heldGuards.push(guard);
  }

  /** Each call makes this change. `again`: also after the one before */
  private leave(change: Change, again: boolean): void {
    const { held, key, is } = change;
    this.assigned.push(change);
    if (!again || this.hidesTensors(is)) this.selfChange ??= held.kind.name(held.label, key);
    if (this.hidesTensors(is)) this.isRepeatable = false;
  }

  /** Whether there is something in a value that each call makes anew, and where it cannot be put in its place. */
  private hidesTensors(value: unknown, isHidden = false, seen = new Set<unknown>()): boolean {
    if (value instanceof Tensor) return isHidden && !this.lasts(value.storage_);
    if (this.madeOwners.has(value as object)) return true;
    const kind = kindOf(value);
    if (kind === null || isModule(value) || this.held.has(value) || seen.has(value)) return false;
    seen.add(value);
    const owner = value as object;
    return kind.keys(owner).some((key) => {
      const item = value instanceof Set ? key : kind.get(owner, key);
      return this.hidesTensors(item, isHidden || !isTree(value), seen);
    });
  }
}

/** What a function does that a replay cannot do, and what to do instead. */
export interface PlainReason {
  readonly does: string;
  readonly instead: string;
  /** What follows: unless told otherwise, that every call is recorded. */
  readonly therefore?: string;
}
export const readsValues: PlainReason = {
  does: "reads values while it is recorded",
  instead: "read its results after the call",
};
const drawsNumbers: PlainReason = {
  does: "calls Math.random()",
  instead: "draw with torch.rand(), or pass the number as an argument",
};

const leavesHook: PlainReason = { does: "leaves a hook on a tensor", instead: "remove() it, or register it before" };
const hooksOf = ({ hooks_, accumulateHooks_ }: Tensor): string =>
  [...(hooks_?.keys() ?? []), ...(accumulateHooks_?.keys() ?? [])].join();

/** Whether what a storage holds was computed from tensors that require grad. */
export function hasHistory(contents: Node): boolean {
  let node = contents;
  while (node.op === "as_complex") node = node.inputs[0]!;
  return node.op !== "leaf" && reachesLeaf(node);
}

const usesHistory: PlainReason = {
  does: "closes over a tensor that was computed from ones that require grad",
  instead: "pass it as an argument, or detach() it",
};

const writesArray: PlainReason = {
  does: "writes a tensor that shares memory with an array",
  instead: "copy the array with torch.tensor()",
};
