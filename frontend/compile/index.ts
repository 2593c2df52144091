/**
 * `torch.compile`: records a function once and replays it as one program.
 *
 * Each call re-checks the arguments (shape, dtype, device, requires_grad, which of them share memory with each other or
 * with what is written), the modules that were called, and the other guards; re-reads the storages that the recording
 * used, gradients, numbers with a source, and draws. Other values that the function closes over are fixed at recording.
 * A function whose results can still be differentiated is recorded with the graph around it at each call.
 * https://docs.pytorch.org/docs/stable/generated/torch.compile.html
 */
import { NotImplementedError } from "../../ir/errors.ts";
import { textOf } from "../function-text.ts";
import { bodyDepth } from "../body-scope.ts";
import type { Module } from "../nn/module.ts";
import { isModule } from "../nn/module-internals.ts";
import { recorder } from "../recorder.ts";
import { captureSite, locate } from "../site.ts";
import { graph, settings } from "../state.ts";
import { newestStorageId } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { traceObserver } from "../trace.ts";
import type { MemoryGuard } from "./aliases.ts";
import { argumentNames, CallArguments, type ArgumentNames, type Opens } from "./arguments.ts";
import { recompileOf, type Failure, type Guards, type Recompile } from "./guards.ts";
import { type PlainReason, readsValues } from "./observer.ts";
import { isFreshLeaf } from "./leaf-arguments.ts";
import { isOpenObject } from "./open-objects.ts";
import { checkCompile, type CompileOptions } from "./options.ts";
import { record, type Recorded } from "./record.ts";
import { release, type Programs, type Recording } from "./recording.ts";
import { noteResults } from "./results.ts";
import { replay } from "./run.ts";
import { verified } from "./verify.ts";

export type { Recompile } from "./guards.ts";
export type { CompileOptions } from "./options.ts";

export interface Compiled {
  /** Why the function was recorded again, in order: the last thousand times. */
  explain_recompiles(): readonly Recompile[];
  /** The program of the last call. */
  readonly statistics: {
    readonly kernels: number;
    /** Kernels before fusion. */ readonly operations: number;
    readonly compileMs: number;
    /**
     * How many programs the recordings of the function needed, the ones that check conditions beforehand included. What
     * was recorded before, here or elsewhere, is not compiled again.
     */
    readonly compileCount: number;
    readonly peakBytes: number;
  };
}
export interface CompiledFunction<A extends unknown[], R> extends Compiled {
  (...args: A): R;
}

const takesCycle: PlainReason = {
  does: "takes an argument that is inside of itself",
  instead: "pass what it is made of",
};

/**
 * How many recordings of one function are kept, those that were used last: so many, and of small ones more, as long as
 * they have no more inputs and results together.
 */
const recordingLimit = { fewest: 64, most: 512, parts: 8192 };

/**
 * How many recordings may change what they have found and not be replayed by a later call, as many as PyTorch makes of a
 * function.
 */
const selfChangeLimit = 8;
/** When so many recordings in a row have come to nothing, one call of so many is recorded. */
const vainLimit = { inRow: 8, every: 64 };
/** How many calls in a row may be recorded each for something that no call has found before. */
const newcomerLimit = 8;
/** How many lines `explain_recompiles()` has: the latest. */
const recompileLimit = 1000;

interface Known {
  /** The state of the arguments that it was recorded for. */
  readonly state: readonly unknown[];
  readonly guards: Guards;
  readonly memory: MemoryGuard;
  readonly recording: Recording;
}

/**
 * Compiles a function whose arguments and results are tensors, or the calls of a module: what is given back for one is
 * the module for all else (`parameters()`, `state_dict()`, `eval()`, its members).
 */
export function compile<M extends Module>(module: M, options?: CompileOptions): M & Compiled;
export function compile<A extends unknown[], R>(
  fn: (...args: A) => R,
  options?: CompileOptions,
): CompiledFunction<A, R>;
export function compile<A extends unknown[], R>(
  fn: (...args: A) => R,
  options: CompileOptions = {},
): CompiledFunction<A, R> {
  checkCompile(fn, options);
  const compiled = new Compilation(fn, options);
  recorder.guardPending();
  const call = function (this: unknown, ...args: A): R {
    // `withSite` without a function of its own for each call.
    try {
      return compiled.call(this, args);
    } catch (error) {
      locate(error);
      throw error;
    }
  };
  const extra: Compiled = {
    explain_recompiles: () => compiled.recompiles,
    get statistics() {
      return compiled.statistics;
    },
  };
  if (isModule(fn)) return calledBy(fn, call, extra) as never;
  return Object.defineProperties(call, Object.getOwnPropertyDescriptors(extra)) as CompiledFunction<A, R>;
}

/** A module whose calls are another function's, and that has more members. */
const calledBy = <A extends unknown[]>(module: Module, call: (...args: A) => unknown, extra: Compiled): Module =>
  new Proxy(module, {
    apply: (_, self, args) => Reflect.apply(call, self, args as A),
    has: (target, key) => key in target || key in extra,
    get: (target, key, receiver): unknown =>
      key in target || !Object.hasOwn(extra, key) ? Reflect.get(target, key, receiver) : extra[key as keyof Compiled],
  });

/** Devices keep what is prepared until it is released: programs of functions that nobody has any more are. */
const dropped = new FinalizationRegistry<Iterable<Programs>>((held) => {
  for (const programs of held) release(programs);
});

const partsOf = ({ inputs, roots }: Recording): number => inputs.length + roots.length;

class Compilation<A extends unknown[], R> {
  readonly recompiles: Recompile[] = [];
  private readonly fn: (...args: A) => R;
  private readonly options: CompileOptions;
  private readonly known: Known[] = [];
  /** Of all of them. */
  private parts = 0;
  /** Of the recordings that are known. */
  private readonly held = new Set<Programs>();
  private warned = false;
  /** What it does that no replay can do. */
  private plainBecause: PlainReason | null = null;
  private givesHistory = false;
  /** Recordings that changed what they had found and that no later call has found useful. */
  private readonly selfChanges = new Set<object>();
  /** How many recordings came to nothing, since their calls read values, after the last one that did not. */
  private vain = 0;
  /** The arguments of the last such call. */
  private vainState: readonly unknown[] = [];
  private opens: { -readonly [K in keyof Opens]: Opens[K] } = { objects: false, leavesFrom: Infinity };
  /** The next storage's id when it was called last. */
  private newest = 0;
  /** How many calls in a row were recorded for what no call had found before. */
  private newcomers = 0;
  /** The last call that no recording fitted: once there are many, the next one is recorded if it is like that. */
  private stranger: { readonly state: readonly unknown[]; readonly failure: Failure } | null = null;
  /** A call has made state. The next one either finds it, or makes it as every call does. */
  private makesState = false;
  /** Whether the function's text asks for what it is called on: any other need not be looked at. */
  private readonly usesThis: boolean;
  private calls = 0;
  private compileCount = 0;
  private compileMs = 0;
  private last: Recording | null = null;
  private names: ArgumentNames | null = null;

  constructor(fn: (...args: A) => R, options: CompileOptions) {
    this.fn = fn;
    this.usesThis = !isModule(fn) && /\b(?:this|super)\b/.test(textOf(fn));
    this.options = options;
    dropped.register(this, this.held);
  }

  call(caller: unknown, args: A): R {
    const { fn } = this;
    const { verify, disable } = this.options;
    const self = this.usesThis ? caller : undefined;
    // Inside another recording, or the body of a vmap, a scan or the like, it is part of that one.
    if (disable === true || traceObserver() !== null || bodyDepth() > 0) return Reflect.apply(fn, self, args);
    if (this.plainBecause !== null) {
      this.say(this.plainBecause);
      return this.asItStands(self, args);
    }
    const since = this.newest;
    this.newest = newestStorageId();
    if (this.opens.leavesFrom < Infinity) this.opens.leavesFrom = since;
    const given = CallArguments.of(args, self, this.opens);
    if (given === null) {
      this.say(takesCycle);
      return this.asItStands(self, args);
    }
    // A gradient has to flow on through what the function computes from it.
    if (graph.gradEnabled && (this.givesHistory || given.haveHistory)) return this.asItStands(self, args);
    this.calls++;
    let why: (() => Failure) | null = null;
    for (const known of this.known) {
      const { state, recording } = known;
      const place = given.firstDifference(state);
      const failed = place < 0 ? this.firstFailure(given, known) : null;
      if (place < 0 && failed === null) {
        this.noteUse(known);
        if (verify !== undefined && this.calls % verify === 0) return verified(fn, given, this.nameOf, recording);
        this.selfChanges.delete(recording);
        this.newcomers = 0;
        return replay(recording, given) as R;
      }
      why ??= () => failed ?? given.failure(place, state[place], this.nameOf);
    }
    const failure = why?.() ?? null;
    const opened = failure === null ? null : this.opened(failure, since);
    const again = opened === null ? null : CallArguments.of(args, self, opened);
    if (again !== null) {
      this.opens = opened!;
      for (const { recording } of this.known.splice(0)) this.forget(recording);
      this.selfChanges.clear();
      return this.recordCall(again, failure);
    }
    if (this.isInVain(given) || (failure !== null && !this.isWorthRecording(given, failure)))
      return this.asItStands(self, args);
    return this.recordCall(given, failure);
  }

  private asItStands(self: unknown, args: A): R {
    const result = Reflect.apply(this.fn, self, args);
    noteResults(result);
    return result;
  }

  /** Where an argument has come in the place of another one like it: from then on such are what they hold. */
  private opened({ before, now, isLayout }: Failure, leavesFrom: number): Opens | null {
    const { opens } = this;
    if (isLayout !== false) return null;
    // One that was there at the last call may be used by other ways, too.
    if (before instanceof Tensor && now instanceof Tensor && isFreshLeaf(now, leavesFrom))
      return opens.leavesFrom < Infinity ? null : { ...opens, leavesFrom };
    if (opens.objects || !isOpenObject(before) || !isOpenObject(now)) return null;
    return Object.getPrototypeOf(before) === Object.getPrototypeOf(now) ? { ...opens, objects: true } : null;
  }

  private get isFull(): boolean {
    const { fewest, most, parts } = recordingLimit;
    const { length } = this.known;
    return length >= fewest && (length >= most || this.parts > parts);
  }

  /** What is another number or object at each call would be compiled at each call: then only what comes again is. */
  private isWorthRecording(given: CallArguments, failure: Failure): boolean {
    const { stranger, known, newcomers, isFull } = this;
    this.stranger = { state: given.state, failure };
    const isKnown = stranger !== null && given.isLike(stranger.state) && Object.is(stranger.failure.now, failure.now);
    if (isKnown || (!isFull && (failure.isLayout === true || newcomers < newcomerLimit - 1))) {
      this.newcomers++;
      return true;
    }
    this.say({
      does: isFull
        ? `has been called in ${known.length} ways`
        : `finds another ${failure.guard.replace(" itself", "")} at each call`,
      instead: isFull ? "pad what it is given to fewer shapes" : "give it tensors, or the same object",
      therefore: "calls unlike those before are run as they stand",
    });
    return false;
  }

  /** A function that reads values is recorded now and then, lest it stops doing so. */
  private isInVain(given: CallArguments): boolean {
    const { inRow, every } = vainLimit;
    if (this.options.fullgraph === true) return false;
    if (this.vain < inRow || (this.known.length > 0 && !given.isLike(this.vainState))) return false;
    return ++this.vain % every !== 0;
  }

  /** Of arguments that do not differ by themselves. */
  private firstFailure(given: CallArguments, { guards, memory }: Known): Failure | null {
    return guards.firstFailure() ?? memory.firstFailure(given.tensors, (place) => given.nameOf(place, this.nameOf));
  }

  /** The recordings that are used stay, and are found soon. */
  private noteUse(known: Known): void {
    this.last = known.recording;
    if (this.known[0] === known) return;
    this.known.splice(this.known.indexOf(known), 1);
    this.known.unshift(known);
  }

  private readonly nameOf: ArgumentNames = (path) => (this.names ??= argumentNames(this.fn))(path);

  private recordCall(given: CallArguments, failure: Failure | null): R {
    const recorded = record(this.fn, given, this.nameOf, this.makesState);
    this.makesState ||= recorded.makesState;
    const { result, replayable, selfChange, error } = recorded;
    this.keep(recorded, given, failure);
    if (replayable !== null) this.vain = 0;
    else {
      this.vain++;
      this.vainState = given.state;
    }
    if (selfChange !== null && this.selfChanges.add(replayable?.recording ?? {}).size === selfChangeLimit)
      this.stayPlain({ does: `changes ${selfChange} at each call`, instead: "return it" });
    if (error !== null) throw error;
    return result;
  }

  private keep(recorded: Recorded<R>, given: CallArguments, failure: Failure | null): void {
    const { replayable, givesHistory, plainBecause } = recorded;
    // A function that reads values is recorded at each call, whatever the guards say.
    if (failure !== null && (replayable !== null || givesHistory))
      if (this.recompiles.push(recompileOf(failure, captureSite()())) > recompileLimit) this.recompiles.shift();
    if (replayable === null) {
      if (givesHistory) this.givesHistory = true;
      else if (plainBecause !== null) this.stayPlain(plainBecause);
      return;
    }
    const { recording } = replayable;
    this.compileCount += recording.compileCount;
    this.compileMs += recording.compileMs;
    if (this.isFull) this.forget(this.known.pop()!.recording);
    this.known.unshift({ state: given.state, ...replayable });
    this.held.add(recording.programs);
    this.parts += partsOf(recording);
    this.last = recording;
  }

  private forget(recording: Recording): void {
    const { programs } = recording;
    this.parts -= partsOf(recording);
    this.held.delete(programs);
    release(programs);
  }

  private stayPlain(reason: PlainReason): void {
    if (reason !== readsValues) {
      this.plainBecause = reason;
      for (const { recording } of this.known.splice(0)) this.forget(recording);
    }
    this.say(reason);
  }

  /** @throws NotImplementedError where a function that is not replayed is not wanted */
  private say({ does, instead, therefore = "every call is recorded again" }: PlainReason): void {
    if (this.options.fullgraph === true)
      throw new NotImplementedError(
        "compile/fullgraph",
        `compile: fullgraph=true, but the function ${does}.`,
        `${instead[0]!.toUpperCase()}${instead.slice(1)} instead; without fullgraph ${therefore}.`,
      );
    if (this.warned && !settings.warnAlways) return;
    this.warned = true;
    // oxlint-disable-next-line no-console -- once a function, and nobody else can tell
    console.warn(`torch.compile: the function ${does}, so ${therefore}; ${instead} instead.`);
  }

  get statistics(): CompiledFunction<A, R>["statistics"] {
    const { last, compileMs, compileCount } = this;
    return {
      kernels: last?.executable.kernelCount ?? 0,
      operations: last?.compiled.operationCount ?? 0,
      compileMs,
      compileCount,
      peakBytes: last?.executable.peakBytes ?? 0,
    };
  }
}
