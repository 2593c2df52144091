/// <reference lib="esnext.disposable" preserve="true" />
/** Sources of random numbers, and the one that is used when none is named. */
import { ArgumentError, DTypeError } from "../../ir/errors.ts";
import { CpuGenerator } from "../../runtime/random/index.ts";
import { withSite } from "../call.ts";
import { currentDevice } from "../devices.ts";
import { runHostEffect } from "../host-effects.ts";
import { scoped } from "../scope.ts";
import { Tensor } from "../tensor.ts";
import { traceObserver } from "../trace.ts";

/** A source of random numbers. https://docs.pytorch.org/docs/stable/generated/torch.Generator.html */
export class Generator {
  /** @internal */ readonly cpu_ = new CpuGenerator();
  /** Of Philox: the seed (null: the initial one), and how often it was drawn from. */
  private words: { readonly seed: number | bigint | null; draws: number } = { seed: null, draws: 0 };

  /** Starts the stream of a seed; returns this generator. */
  manual_seed(seed: number | bigint): this {
    if (typeof seed !== "number" && typeof seed !== "bigint")
      throw new ArgumentError("random/seed", `manual_seed: a seed is a whole number, got ${typeof seed}.`);
    this.change_(() => this.cpu_.manual_seed(seed));
    this.restartWords(seed);
    return this;
  }
  initial_seed(): number | bigint {
    return this.cpu_.initial_seed();
  }
  /** Seeds from the machine's entropy and returns the seed. */
  seed(): number {
    let found = 0;
    this.change_(() => (found = this.cpu_.seed()));
    this.restartWords(null);
    return found;
  }
  /** The state as PyTorch lays it out (uint8[5056]). */
  get_state(): Tensor {
    return Tensor.ofArray(this.cpu_.get_state(), [this.cpu_.get_state().length], "uint8", currentDevice("cpu"));
  }
  set_state(state: Tensor): this {
    if (!(state instanceof Tensor) || state.type_ !== "uint8")
      throw new DTypeError(
        "random/state",
        `set_state: RNG state must be a torch.ByteTensor, got ${state instanceof Tensor ? state.toString() : typeof state}.`,
        "Pass what get_state() gave.",
      );
    this.cpu_.set_state(new Uint8Array(state.readSync_().buffer.slice(0)));
    this.words = { ...this.words, seed: null };
    return this;
  }
  /** Another generator, whose stream goes on where this one is. */
  clone_state(): Generator {
    const copy = new Generator();
    copy.set_state(this.get_state());
    copy.words = { seed: this.words.seed ?? this.cpu_.initial_seed(), draws: this.words.draws };
    return copy;
  }
  get device(): string {
    return "cpu";
  }
  /** @internal Number of this Philox draw: every draw has its own counter range. */
  nextDraw_(): number {
    return this.words.draws++;
  }
  /** @internal The seed of its words. */
  get wordsSeed_(): bigint {
    return BigInt.asUintN(64, BigInt(this.words.seed ?? this.cpu_.initial_seed()));
  }
  /** @internal Changes the stream of the CPU devices: again, among the draws, at each replay of a compiled function. */
  change_(change: () => void): void {
    change();
    traceObserver()?.generatorChanged?.(change);
  }
  /** @internal Gives what brings the streams back to where they are now. */
  saved_(): () => void {
    let state = this.cpu_.get_state();
    let words = this.words;
    this.change_(() => (state = this.cpu_.get_state()));
    runHostEffect(() => (words = { ...this.words }));
    return () => {
      this.change_(() => void this.cpu_.set_state(state));
      runHostEffect(() => (this.words = { ...words }));
    };
  }
  /** The same of the GPU's: replays evaluate its numbers later, in order with other changes of host state. */
  private restartWords(seed: number | bigint | null): void {
    runHostEffect(() => (this.words = { seed, draws: 0 }));
  }
}

/** The generator used when none is named. */
export const default_generator = new Generator();

/**
 * Seeds the default generator and returns it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.manual_seed.html
 */
export const manual_seed = (seed: number | bigint): Generator => withSite(() => default_generator.manual_seed(seed));
/**
 * Seeds the default generator with a number that nobody chose, and returns it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.seed.html
 */
export const seed = (): number => default_generator.seed();
/**
 * The number that the default generator was seeded with.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.initial_seed.html
 */
export const initial_seed = (): number | bigint => default_generator.initial_seed();
/**
 * The state of the default generator, for `set_rng_state`.
 *
 * Shape: `-> uint8[5056]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.get_rng_state.html
 */
export const get_rng_state = (): Tensor => default_generator.get_state();
/**
 * Puts the default generator in a state that `get_rng_state` gave.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.set_rng_state.html
 */
export const set_rng_state = (state: Tensor): void => void default_generator.set_state(state);

export interface ForkOptions {
  /** Whether anything is restored. */
  readonly enabled?: boolean;
  /** Accepted: the one generator serves every device. */
  readonly devices?: unknown;
}

/**
 * Runs `body` and then restores the generator, so that what it drew is drawn again after; without a body, when the scope
 * is disposed of: `using fork = torch.random.fork_rng()`.
 * https://docs.pytorch.org/docs/stable/random.html#torch.random.fork_rng
 */
export function fork_rng(options?: ForkOptions): Disposable;
export function fork_rng<T>(body: () => T, options?: ForkOptions): T;
export function fork_rng<T>(first?: (() => T) | ForkOptions, second?: ForkOptions): T | Disposable {
  const body = typeof first === "function" ? first : null;
  const { enabled = true } = (body === null ? (first as ForkOptions | undefined) : second) ?? {};
  const restore = enabled ? default_generator.saved_() : (): void => {};
  return scoped(restore, body ?? undefined);
}
