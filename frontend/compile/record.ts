/** Records a call of a function, builds its program, and runs it for the first time. */
import { ValueError } from "../../ir/errors.ts";
import { forgetInterned } from "../../ir/interning.ts";
import { setHostEffectHook, tracing } from "../host-effects.ts";
import { guardModule } from "../nn/guards.ts";
import { isModule } from "../nn/module-internals.ts";
import { recorder } from "../recorder.ts";
import { isGivenUp, reachesLeaf } from "../saved-values.ts";
import { requestOf, takeWritten, type Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { setTraceObserver } from "../trace.ts";
import { alter, alterAll, altersArguments, isAltered } from "./altered-arguments.ts";
import { Aliases, MemoryGuard } from "./aliases.ts";
import { ArgumentCopies } from "./argument-copies.ts";
import type { ArgumentNames, CallArguments } from "./arguments.ts";
import { build, type Built } from "./build.ts";
import { hidingIn } from "./contents.ts";
import type { Guards } from "./guards.ts";
import { watchHostDraws } from "./host-draws.ts";
import { leaveGradients, settleGradients } from "./leaf-arguments.ts";
import { hasHistory, Observer, type PlainReason } from "./observer.ts";
import { release, type Recording } from "./recording.ts";
import { noteResults, reached, viewed, viewOfArgument, withReplaced } from "./results.ts";
import { firstFailed, firstRun } from "./run.ts";
import { standIn } from "./stand-ins.ts";
import { putting, switchesNow } from "./switches.ts";

export interface Recorded<R> {
  readonly result: R;
  /** With what it takes for granted; null where every call has to be recorded. */
  readonly replayable: { readonly recording: Recording; readonly guards: Guards; readonly memory: MemoryGuard } | null;
  /** Whether a result can be differentiated on: then a replay would cut the graph. */
  readonly givesHistory: boolean;
  /** Why there can be no replay, where it is for what the function does. */
  readonly plainBecause: PlainReason | null;
  /** Of the first condition that does not hold in this call: then there is no result. */
  readonly error: Error | null;
  /** What it changes such that the next call finds something else than this one did. */
  readonly selfChange: string | null;
  /** It makes state: whether at each call, or for later ones, the next call shows. */
  readonly makesState: boolean;
}

/** The arguments as the function gets them: inputs have stand-ins. */
interface Stands {
  readonly given: CallArguments;
  readonly tensors: readonly Tensor[];
  readonly aliases: Aliases;
  readonly copies: ArgumentCopies;
}

export function record<A extends unknown[], R>(
  fn: (...args: A) => R,
  given: CallArguments,
  nameOf: ArgumentNames,
  mayMakeState: boolean,
): Recorded<R> {
  // What was written before belongs to the past.
  flushWrites(takeWritten());
  recorder.notePending();
  const observer = new Observer(fn);
  // Each has a value of its own, so that two arguments that happen to be equal stay two.
  const values = given.values.map((value) => value.alias());
  const tensors = given.tensors.map((tensor, i) => standIn(tensor, values[i]!).requires_grad_(tensor.requires_grad));
  values.forEach((value) => observer.made.sources.add(value));
  for (const { storage_ } of tensors) storage_.madeIn = observer.made;
  const { args, self } = given;
  const standFor = (tensor: Tensor): Tensor => tensors[given.placeOf(tensor)]!;
  const copies = new ArgumentCopies(args, given, nameOf, observer.held, standFor);
  const stands = { given, tensors, copies, aliases: new Aliases(given.tensors, tensors, observer.formers) };
  const switches = switchesNow();
  const { result, takeIn } = trace(fn, self, args.map((arg) => copies.of(arg)) as A, observer, stands);
  const put = putting(switches);
  if (put !== null) observer.effect(put.put, put.places);
  const written = takeWritten();
  // The storages hold what was recorded by now: the first run starts from what they held before.
  let built: Built | null = null;
  try {
    observer.ended(written, result);
    leaveGradients(given, tensors, observer);
    const givesHistory = lookThrough(result, written, observer, stands);
    const { plainBecause, selfChange, makesState } = observer;
    const outcome = (value: unknown, replayable: Recorded<R>["replayable"]): Recorded<R> => ({
      result: value as R,
      replayable,
      givesHistory,
      plainBecause,
      error: null,
      selfChange,
      makesState,
    });
    if (plainBecause !== null || givesHistory || !observer.isRepeatable || (makesState && !mayMakeState)) {
      takeIn();
      return outcome(finishPlain(result, written, observer, stands), null);
    }
    built = build(result, observer, written, { ...stands, values, stands: tensors });
    forgetInterned();
    if (built === null) return outcome(finishPlain(result, written, observer, stands), null);
    const { recording } = built;
    const memory = new MemoryGuard(given.tensors, memoryAtStake(observer, written, tensors));
    const replayable = { recording, guards: observer.guards, memory };
    const error = recording.checksFirst === null ? null : firstFailed(recording, built.beforeChecks);
    if (error === null) return outcome(firstRun(built, given), replayable);
    observer.undo(written, error);
    return { ...outcome(undefined, replayable), error };
  } catch (error) {
    if (built !== null) release(built.recording.programs);
    observer.undo(written, error);
    forgetInterned();
    throw error;
  }
}

/** Whether results, or what was written, can be differentiated on; notes what else a replay could not do. */
function lookThrough(
  result: unknown,
  written: readonly Storage[],
  observer: Observer,
  { given, tensors }: Stands,
): boolean {
  if (tensors.some((stand, i) => isAltered(stand, given.tensors[i]!, observer.formers.get(stand))))
    observer.plainBecause ??= altersArguments;
  const isKept = (value: unknown): boolean => observer.held.has(value);
  const { closed } = reached(result, (value) => isKept(value) || given.state.includes(value));
  for (const value of closed) {
    const what = observer.makes(value) ? "what it has made for itself" : hidingIn(value);
    if (what !== null) observer.plainBecause ??= hides(what);
  }
  // What is written to memory that is there after the call may have come from what requires grad.
  const stays = (storage: Storage): boolean =>
    storage.id < observer.firstStorageId
      ? !observer.gradients.found.has(storage)
      : tensors.some(({ storage_ }) => storage_ === storage);
  // What a backward pass within the call went through, the next call would go through again.
  if (written.some((storage) => stays(storage) && (hasHistory(storage.node) || isGivenUp(storage.node)))) return true;
  const left = [...observer.changes, ...observer.assigned].filter(({ held }) => held.isArgument).map(({ is }) => is);
  return [...reached([result, left], isKept).tensors].some(
    (leaf) => !tensors.includes(leaf) && isNewWithHistory(leaf, observer),
  );
}

function trace<A extends unknown[], R>(
  fn: (...args: A) => R,
  self: unknown,
  args: A,
  observer: Observer,
  stands: Stands,
): { readonly result: R; readonly takeIn: () => void } {
  const { aliases } = stands;
  observer.aliases = aliases;
  setTraceObserver(observer);
  setHostEffectHook((change, places) => observer.effect(change, places()));
  tracing.active = true;
  const thrown: unknown[] = [];
  const unwatchDraws = watchHostDraws(() => observer.hostDrew());
  let recorded: ReturnType<typeof recorder.aside<R | null>>;
  try {
    observer.numbers.watch();
    if (isModule(self)) guardModule(self);
    else if (self !== undefined) observer.held.use("this", self as object);
    recorded = recorder.aside(callOf(fn, self, args, thrown));
    if (thrown.length === 0) aliases.settle();
  } finally {
    unwatchDraws();
    observer.held.release();
    observer.numbers.release();
    setTraceObserver(null);
    setHostEffectHook(null);
    tracing.active = false;
  }
  const { result, takeIn } = recorded;
  if (result instanceof Promise)
    thrown.push(new ValueError("compile/async", "compile: the function must be synchronous; it returned a promise."));
  if (thrown.length === 0) return { result: result as R, takeIn };
  takeIn();
  leaveWhatWasDone(observer, stands);
  throw thrown[0];
}

/** The function has thrown: what it did before stays, as in any other function. */
function leaveWhatWasDone(observer: Observer, stands: Stands): void {
  const written = takeWritten();
  try {
    observer.noteChanges();
    settlePlain(null, written, observer, stands);
  } catch (error) {
    // Its own error tells more than that what it wrote cannot be computed.
    observer.undo(written, error);
  }
}

/** By itself, since what notes the user's line keeps the functions on the stack, and all that is around them. */
const callOf =
  <A extends unknown[], R>(fn: (...args: A) => R, self: unknown, args: A, thrown: unknown[]) =>
  (): R | null => {
    try {
      return Reflect.apply(fn, self, args);
    } catch (error) {
      thrown.push(error);
      return null;
    }
  };

/** The call was a plain one: what it wrote is computed, and arguments are the caller's own again. */
const finishPlain = (result: unknown, written: readonly Storage[], observer: Observer, stands: Stands): unknown =>
  settlePlain(result, written, observer, stands)(result);

/** Gives what the function was given, and views of it, in the place of what stood for that; it may be in objects. */
type Own = (value: unknown) => unknown;

function settlePlain(
  result: unknown,
  written: readonly Storage[],
  { reassigned, changes, formers }: Observer,
  { given, tensors, aliases, copies }: Stands,
): Own {
  noteResults([result, changes.map(({ is }) => is)]);
  flushWrites(written);
  const altered = tensors.flatMap((stand, i) => (isAltered(stand, given.tensors[i]!, formers.get(stand)) ? [i] : []));
  settleGradients(given, tensors);
  const isOther = (i: number): boolean => formers.has(tensors[i]!);
  for (const i of altered) if (!isOther(i)) alter(given.tensors[i]!, tensors[i]!);
  aliases.giveBack();
  alterAll(given.tensors, tensors, formers, altered.filter(isOther));
  const views = new Map<Tensor, Tensor>();
  const ofArgument = (tensor: Tensor): Tensor => {
    const place = tensors.indexOf(tensor);
    if (place >= 0) return given.tensors[place]!;
    const view = viewOfArgument(tensor, tensors);
    if (view === null) return tensor;
    const own = views.get(tensor) ?? viewed(given.tensors[view.place]!, view.steps);
    views.set(tensor, own);
    return own;
  };
  for (const tensor of reassigned) {
    const memory = ofArgument(tensor);
    if (memory !== tensor) tensor.become_(memory);
  }
  const own: Own = (value) =>
    withReplaced(
      value,
      (item) => (item instanceof Tensor ? ofArgument(item) : copies.originalOf(item)),
      (item) => copies.placeOf(item) !== undefined,
    );
  copies.settle(changes, own);
  return own;
}

const hides = (what: string): PlainReason => ({
  does: `returns ${what}, and what tensors that holds cannot be seen`,
  instead: "return the tensors",
});

/** The storages for which it matters where in them an argument lies, or whether: what is written, here or there. */
function memoryAtStake(observer: Observer, written: readonly Storage[], stands: readonly Tensor[]): Set<Storage> {
  const { captured, firstStorageId } = observer;
  const own = written.filter(({ id }) => id < firstStorageId);
  const writesArguments = stands.some(({ storage_ }) => written.includes(storage_));
  return new Set([...observer.compared, ...own, ...(writesArguments ? captured : [])]);
}

/** Whether a result of the function's can be differentiated on. */
const isNewWithHistory = (tensor: Tensor, observer: Observer): boolean =>
  tensor.storage_.id >= observer.firstStorageId && reachesLeaf(tensor.node_());

/** One flush a device: values that others of them rest on are given up after a few. */
function flushWrites(written: readonly Storage[]): void {
  for (const device of new Set(written.map((storage) => storage.device)))
    recorder.flush(
      written.filter((storage) => storage.device === device).map((storage) => requestOf(storage)),
      device,
    );
  for (const storage of written) storage.value();
}
