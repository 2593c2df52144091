/** Makes a recording of what was noted while a function ran: its roots, its program, and what to do with the results. */
import { canonicalOrder } from "../../ir/walks.ts";
import { type Node } from "../../ir/graph.ts";
import { graphKey } from "../../ir/graph-key.ts";
import type { Program } from "../../ir/program.ts";
import { elementCount } from "../../ir/shape.ts";
import type { Device, OutputHint } from "../../runtime/device.ts";
import { statusOf } from "../checks.ts";
import type { Compiled } from "../pipeline.ts";
import { hold, type CacheEntry } from "../program-cache.ts";
import { placeOf } from "../program-values.ts";
import { recorder } from "../recorder.ts";
import type { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { valueOf, type Value } from "../value.ts";
import type { Aliases } from "./aliases.ts";
import type { ArgumentCopies } from "./argument-copies.ts";
import type { CallArguments } from "./arguments.ts";
import { Counters } from "./counters.ts";
import type { Observer } from "./observer.ts";
import { GivenTensor, type ChecksFirst, type GradResult, type Left, type Recording, type Source } from "./recording.ts";
import { membersOf, Places } from "./places.ts";
import { KeptMark, reached, templateOf } from "./results.ts";
import { Roots, type Write } from "./roots.ts";

interface Stands {
  readonly given: CallArguments;
  readonly values: readonly Value[];
  readonly stands: readonly Tensor[];
  readonly aliases: Aliases;
  readonly copies: ArgumentCopies;
}

const isLeaf = (node: Node): boolean => valueOf(node) !== null;

/** A recording with what its first run starts from. */
export interface Built {
  readonly recording: Recording;
  readonly before: readonly Value[];
  /** For the program of the conditions. */
  readonly beforeChecks: readonly Value[];
  /** What `gradWrites` are of, and what `held` had: the function may have put others in their places since. */
  readonly gradients: readonly Storage[];
  readonly held: readonly Tensor[];
}

/** Null when there is nothing to compute. */
export function build(result: unknown, observer: Observer, written: readonly Storage[], args: Stands): Built | null {
  const roots = new Roots();
  const { assigned } = observer;
  const outcome = assigned.length === 0 ? result : [result, ...assigned.map(({ is }) => is)];
  const held = new Places<Tensor>();
  const keptMark = (value: unknown): KeptMark | null =>
    observer.held.has(value) ? new KeptMark(args.copies.placeOf(value) ?? (value as object)) : null;
  const template = templateOf(outcome, roots, args.stands, observer, held, keptMark);
  const state = stateOf(observer, written, args, roots);
  const status = statusOf(roots.nodes);
  const device =
    written[0]?.device ??
    [...observer.gradients.touched.keys()][0]?.storage_.device ??
    args.stands[0]?.storage_.device ??
    deviceIn(result, observer);
  if (device === null) return null;
  // Where values can be read at once, conditions are checked before anything is overwritten.
  const first = status !== null && device.synchronous;
  if (status !== null && !first)
    roots.keepOnFailure(status, [...state.writes, ...state.gradWrites, ...state.argumentWrites]);
  const statusRoot = status === null || first ? -1 : roots.placeOf(status.node, "escapes");
  const order = canonicalOrder(roots.nodes, isLeaf);
  const donated = donationsOf(order, roots.nodes, state.writes, args);
  const key = { ...graphKey(order, roots.nodes, isLeaf), donated };
  const { compileMs } = recorder;
  const sourceOf = sourcesOf(observer, args.values);
  const checks = first ? prepareChecks(status.node, device, sourceOf) : null;
  const program = recorder.program({ order, roots: roots.nodes, isLeaf, key }, device);
  const { compiled, executable } = program;
  const programs = checks === null ? [program] : [program, checks.program];
  programs.forEach(hold);
  const given = compiled.results.flatMap((item) => ("input" in item ? [item.input] : []));
  const leaves = [...new Set([...compiled.inputs, ...given])];
  const leafPlaces = new Map(leaves.map((leaf, place) => [leaf, place]));
  const before = leaves.map((leaf) => valueOf(order[placeOf(leaf)]!)!);
  const recording: Recording = {
    made: observer.made,
    ...state,
    gradWrites: state.gradWrites.map(({ owner, root }) => ({ owner, root })),
    argumentWrites: state.argumentWrites.map(({ place, root }) => ({ place, root })),
    device,
    executable,
    programs,
    compiled,
    compileMs: recorder.compileMs - compileMs,
    compileCount: programs.reduce((sum, { compileCount }) => sum + compileCount, 0),
    events: observer.events,
    counters: new Counters(observer.numbers.changed),
    inputs: before.map(sourceOf),
    handedOn: compiled.results.map((item) => ("input" in item ? leafPlaces.get(item.input)! : -1)),
    replaced: replacedContents(compiled, state.writes),
    overwritten: overwrittenInputs(compiled.program),
    scalars: compiled.scalars.map((leaf) => order[placeOf(leaf)]!),
    hints: outputHints(compiled, roots.hints),
    roots: roots.nodes.map(({ dtype, shape }) => ({ dtype, shape })),
    signature: program.signature,
    result: template,
    held: held.items,
    assigned: assigned.map(({ held: { owner, kind }, key }) => ({ owner: ownerOf(owner, args), kind, key })),
    checks: status?.checks ?? [],
    checksFirst: checks?.checks ?? null,
    statusRoot,
  };
  return {
    recording,
    before,
    beforeChecks: checks?.before ?? [],
    gradients: state.gradWrites.map(({ storage }) => storage),
    held: held.items.map((owner) => observer.gradients.touched.get(owner)!),
  };
}

/** An argument is another one at each call. */
function ownerOf(owner: object, { copies, given }: Stands): Left["owner"] {
  const place = owner instanceof Tensor ? given.placeOf(owner) : -1;
  return place >= 0 ? new GivenTensor(place) : (copies.placeOf(owner) ?? owner);
}

type State = Pick<Recording, "grads" | "cleared"> & {
  readonly writes: readonly Write[];
  readonly gradWrites: readonly (Write & { readonly owner: Tensor })[];
  readonly argumentWrites: readonly (Write & { readonly place: number })[];
};

/** What the function leaves behind: contents of storages, and gradients. */
function stateOf(observer: Observer, written: readonly Storage[], { stands, aliases }: Stands, roots: Roots): State {
  const standStorages = stands.map((stand) => stand.storage_);
  const isStand = membersOf(standStorages);
  const isWritten = membersOf(written);
  const isOld = ({ id }: Storage): boolean => id < observer.firstStorageId;
  const rootOf = (storage: Storage): number => roots.placeOf(storage.node, "state");
  const gradWrites = [...observer.gradients.found].flatMap(([storage, owner]) =>
    isWritten(storage) ? [{ storage, owner, root: rootOf(storage) }] : [],
  );
  const argumentWrites = standStorages.flatMap((storage, place) =>
    isWritten(storage) && !aliases.isCarried(place) ? [{ storage, place, root: rootOf(storage) }] : [],
  );
  const grads: GradResult[] = [];
  const cleared: Tensor[] = [];
  for (const owner of observer.gradients.touched.keys()) {
    const { gradient_ } = owner;
    if (gradient_ === null) cleared.push(owner);
    else if (!isOld(gradient_.storage_))
      grads.push({ owner, holder: null, root: roots.placeOf(gradient_.node_(), "state"), left: null });
    else if (observer.gradients.found.get(gradient_.storage_) !== owner) grads.push({ owner, holder: gradient_ });
  }
  // A gradient that is new at each call is no state: whoever kept an older one keeps its values.
  const made = new Set(grads.flatMap(({ owner, holder }) => (holder === null ? [owner.gradient_!.storage_] : [])));
  const isState = (storage: Storage): boolean =>
    observer.lasts(storage) && !isStand(storage) && !observer.gradients.found.has(storage) && !made.has(storage);
  const writes = written.filter(isState).map((storage) => ({ storage, root: rootOf(storage) }));
  return { writes, gradWrites, argumentWrites, grads, cleared };
}

/** New contents may overwrite the old ones, where nobody but the storage holds them: places of roots and of leaves. */
function donationsOf(
  order: readonly Node[],
  roots: readonly Node[],
  writes: Recording["writes"],
  { values, aliases }: Stands,
): number[] {
  const isArgument = membersOf(values);
  const leaves = new Map<unknown, number>();
  for (const [place, node] of order.entries()) {
    const value = valueOf(node);
    if (value === null || value.owner === null || value.holders > 1 || isArgument(value)) continue;
    if (!leaves.has(value.owner)) leaves.set(value.owner, place);
  }
  const donated: number[] = [];
  for (const { storage, root } of writes) {
    if (aliases.touch(storage)) continue;
    const leaf = leaves.get(storage);
    if (leaf !== undefined && sameBytes(order[leaf]!, roots[root]!) && !isLeaf(roots[root]!)) donated.push(root, leaf);
  }
  return donated;
}

const sameBytes = (a: Node, b: Node): boolean => a.dtype === b.dtype && elementCount(a.shape) === elementCount(b.shape);

function sourcesOf(observer: Observer, argumentValues: readonly Value[]): (value: Value) => Source {
  const places = new Map<Value, number>();
  for (const [i, value] of argumentValues.entries()) if (!places.has(value)) places.set(value, i);
  return (value) => {
    const { draws, gradients } = observer;
    const index = places.get(value);
    if (index !== undefined) return { kind: "argument", index };
    const target = draws.get(value);
    if (target !== undefined) return { kind: "draw", value, target };
    const storage = value.owner as Storage | null;
    if (storage === null || !observer.lasts(storage)) return fixed(value);
    const owner = gradients.found.get(storage);
    return owner === undefined ? { kind: "storage", storage } : { kind: "grad", owner };
  };
}

/** What each call starts from again: held here, so that nobody overwrites it. */
function fixed(value: Value): Source {
  value.holders++;
  return { kind: "fixed", value };
}

/** A program of the conditions alone. */
function prepareChecks(status: Node, device: Device, sourceOf: (value: Value) => Source): PreparedChecks {
  const order = canonicalOrder([status], isLeaf);
  const key = { ...graphKey(order, [status], isLeaf), donated: [] };
  const program = recorder.program({ order, roots: [status], isLeaf, key, name: "checks" }, device);
  const before = program.inputLeaves.map((place) => valueOf(order[place]!)!);
  const scalars = program.scalarLeaves.map((place) => order[place]!);
  return { program, before, checks: { executable: program.executable, inputs: before.map(sourceOf), scalars } };
}

interface PreparedChecks {
  readonly program: CacheEntry;
  readonly checks: ChecksFirst;
  readonly before: readonly Value[];
}

function outputHints({ program, results }: Compiled, rootHints: readonly OutputHint[]): OutputHint[] {
  const hints = new Array<OutputHint>(program.outputCount).fill("escapes");
  results.forEach((item, i) => {
    if ("output" in item && rootHints[i] === "state") hints[item.output] = "state";
  });
  return hints;
}

/** Contents that come to lie in memory which is none of the inputs'. */
function replacedContents({ program, results }: Compiled, writes: readonly Write[]): Recording["replaced"] {
  const own = new Set(program.slots.flatMap(({ place }) => (place.kind === "output" ? [place.index] : [])));
  return writes.flatMap(({ storage, root }) => {
    const result = results[root]!;
    return "output" in result && own.has(result.output) ? [{ storage, output: result.output }] : [];
  });
}

/** Which inputs a program overwrites in place. */
function overwrittenInputs(program: Program): number[] {
  const slots = new Map(program.slots.map((slot) => [slot.id, slot]));
  return program.slots.flatMap(({ place }) => {
    const donor = place.kind === "donated" ? slots.get(place.of) : undefined;
    return donor?.place.kind === "input" ? [donor.place.index] : [];
  });
}

function deviceIn(result: unknown, { held }: Observer): Device | null {
  const [first] = reached(result, (value) => held.has(value)).tensors;
  return first?.storage_.device ?? null;
}
