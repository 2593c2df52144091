/** The base of all optimizers. */
import { ArgumentError, NotImplementedError, ValueError } from "../../ir/errors.ts";
import type { Device } from "../../runtime/device.ts";
import { isPlainObject } from "../bind.ts";
import { withSite } from "../call.ts";
import { checkCount } from "../checks.ts";
import { withGradMode } from "../grad-mode.ts";
import { asOwnWork, runHostEffect, tracing } from "../host-effects.ts";
import { isReachWatched, noteReached, numbersIn } from "../host-numbers.ts";
import { zeroGradient } from "../nn/module.ts";
import { recorder } from "../recorder.ts";
import { Tensor } from "../tensor.ts";
import type { RemovableHandle } from "../tensor-autograd.ts";
import { noteRareChange, traceObserver } from "../trace.ts";
import { rateOf, withRate, type Rate } from "./rate.ts";
import { optimizerText } from "./repr.ts";
import { loadStateDict, stateDictOf, type OptimizerStateDict } from "./state-dict.ts";

/** What every group has besides its parameters. */
export interface GroupOptions {
  lr: number;
}
/** A group: its parameters and their options. Options may be changed at any time; numbers compile nothing. */
export type ParamGroup<O extends GroupOptions = GroupOptions> = O & {
  params: Tensor[];
  /** Set by schedulers. */
  initial_lr?: number;
  param_names?: string[];
};
/** A group as it is given: what is left out is the optimizer's default. */
export type GivenGroup<O extends GroupOptions = GroupOptions> = Partial<Omit<O, "lr">> & {
  readonly lr?: Rate;
  readonly params: Tensor | Iterable<Tensor> | Iterable<readonly [string, Tensor]>;
};
/** An optimizer's options as they are given. */
export type GivenOptions<O extends GroupOptions = GroupOptions> = Omit<O, "lr"> & { readonly lr: Rate };
export type Params<O extends GroupOptions = GroupOptions> =
  Iterable<Tensor> | Iterable<readonly [string, Tensor]> | Iterable<GivenGroup<O>>;

export type StepHook = (
  optimizer: Optimizer,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
) => unknown;
/** State of one parameter: tensors and numbers by name. */
export type ParamState = object;

/** Options that choose among PyTorch's implementations; there is one here. */
export interface ImplementationOptions {
  foreach: boolean | null;
  capturable: boolean;
  differentiable: boolean;
  fused: boolean | null;
}

/** A change of it is told to compiled functions, which take the state in it for granted, and so is who looks into it. */
class StateMap<S extends object> extends Map<Tensor, S> {
  override get(param: Tensor): S | undefined {
    const state = super.get(param);
    if (state !== undefined && isReachWatched()) noteReached("an optimizer's state", state);
    return state;
  }
  override *values(): MapIterator<S> {
    for (const [, state] of this) yield state;
  }
  override forEach(each: (state: S, param: Tensor, map: Map<Tensor, S>) => void): void {
    for (const [param, state] of this) each(state, param, this);
  }
  override entries(): MapIterator<[Tensor, S]> {
    return this[Symbol.iterator]();
  }
  override *[Symbol.iterator](): MapIterator<[Tensor, S]> {
    for (const param of this.keys()) yield [param, this.get(param)!];
  }
  override set(param: Tensor, state: S): this {
    noteRareChange();
    return super.set(param, state);
  }
  override delete(param: Tensor): boolean {
    noteRareChange();
    return super.delete(param);
  }
  override clear(): void {
    noteRareChange();
    super.clear();
  }
}

class HookList<H> {
  /** Another list after each change. */
  entries: readonly { readonly hook: H }[] = [];
  add(hook: H): RemovableHandle {
    const entry = { hook };
    this.entries = [...this.entries, entry];
    noteRareChange();
    return {
      remove: () => {
        this.entries = this.entries.filter((other) => other !== entry);
        noteRareChange();
      },
    };
  }
  *[Symbol.iterator](): IterableIterator<H> {
    for (const { hook } of this.entries) yield hook;
  }
}

const isIterable = (value: unknown): boolean =>
  value !== null && value !== undefined && Symbol.iterator in Object(value);
const isModuleLike = (value: unknown): boolean => typeof value === "function" && "parameters" in value;

/**
 * Parameters in groups, state for each parameter, and `step()`. A step computes everything that is pending, in one
 * program; learning rates, betas and step counts are numbers of that program.
 * https://docs.pytorch.org/docs/stable/optim.html
 */
export class Optimizer<O extends GroupOptions = GroupOptions, S extends ParamState = ParamState> {
  readonly defaults: O;
  readonly state: Map<Tensor, S> = new StateMap<S>();
  private readonly groups: ParamGroup<O>[] = [];
  /** @internal The schedulers made for it. */
  readonly schedulers_: object[] = [];
  private readonly preHooks = new HookList<StepHook>();
  private readonly postHooks = new HookList<StepHook>();
  /** @internal How often step() was called. */
  stepCount_ = 0;

  constructor(params: Params<O>, defaults: GivenOptions<O>) {
    this.defaults = withRate({ ...defaults }) as unknown as O;
    traceObserver()?.ownerMade?.(this);
    if (params instanceof Tensor)
      throw new ArgumentError(
        "optimizer/params",
        "params argument given to the optimizer should be an iterable of Tensors or dicts, but got a Tensor.",
        "Put it in a list: [tensor].",
      );
    if (!isIterable(params))
      throw new ArgumentError(
        "optimizer/params",
        `params argument given to the optimizer should be an iterable of Tensors or dicts, but got ${isModuleLike(params) ? "a Module" : typeof params}.`,
        isModuleLike(params) ? "Pass its parameters: model.parameters()." : "Pass a list of tensors.",
      );
    const list = [...(params as Iterable<Tensor | readonly [string, Tensor] | GivenGroup<O>>)];
    withSite(() => {
      if (list.length === 0) throw new ValueError("optimizer/empty", "optimizer got an empty parameter list.");
    });
    if (isPlainObject(list[0])) for (const group of list) this.add_param_group(group as GivenGroup<O>);
    else this.add_param_group({ params: list as Iterable<Tensor> } as GivenGroup<O>);
  }

  get param_groups(): ParamGroup<O>[] {
    this.reached_();
    return this.groups;
  }

  add_param_group(given: GivenGroup<O>): void {
    withSite(() => {
      if (!isPlainObject(given))
        throw new ArgumentError("optimizer/group", `param_group must be a dict, but got ${typeof given}.`);
      const items: (Tensor | readonly [string, Tensor])[] =
        given.params instanceof Tensor ? [given.params] : [...given.params];
      const names = items.flatMap((item) => (Array.isArray(item) ? [item[0] as string] : []));
      const params = items.map((item) => (Array.isArray(item) ? (item[1] as Tensor) : (item as Tensor)));
      for (const param of params) {
        if (!(param instanceof Tensor))
          throw new ArgumentError(
            "optimizer/param",
            `optimizer can only optimize Tensors, but one of the params is ${typeof param}.`,
          );
        if (!param.is_leaf)
          throw new ValueError(
            "optimizer/non-leaf",
            `can't optimize a non-leaf Tensor, got ${String(param)}.`,
            "Pass the tensors that it is computed from.",
          );
      }
      const known = new Set(this.param_groups.flatMap((group) => group.params));
      if (params.some((param) => known.has(param)) || new Set(params).size < params.length)
        throw new ValueError("optimizer/duplicate", "some parameters appear in more than one parameter group.");
      this.param_groups.push(
        withRate({
          ...this.defaults,
          lr: rateOf(this.defaults),
          ...given,
          params,
          ...(names.length > 0 ? { param_names: names } : {}),
        }),
      );
    });
  }

  /** Forgets the gradients, or makes them zeros. */
  zero_grad(given: boolean | { readonly set_to_none?: boolean } = true): void {
    const setToNone = typeof given === "boolean" ? given : (given.set_to_none ?? true);
    for (const group of this.param_groups) for (const param of group.params) zeroGradient(param, setToNone);
  }

  /** One update of all parameters that have gradients. A closure computes the loss and the gradients anew, and is returned. */
  step(): null;
  step<T>(closure: () => T): T;
  step<T>(closure: (() => T) | null): T | null;
  step<T>(closure: (() => T) | null = null): T | null {
    return withSite(() => {
      this.reached_();
      const observer = traceObserver();
      observer?.guard(`${this.constructor.name}.step's pre-hooks`, () => this.preHooks.entries, { rare: true });
      observer?.guard(`${this.constructor.name}.step's post-hooks`, () => this.postHooks.entries, { rare: true });
      for (const hook of this.preHooks) hook(this, closure === null ? [] : [closure], {});
      const loss = closure === null ? null : withGradMode(true, closure);
      const restore = asOwnWork(() => this.savedStates_());
      observer?.undoable?.(restore);
      const update = (): void => asOwnWork(() => withGradMode(false, () => this.update_()));
      if (observer?.changing === undefined) update();
      else observer.changing(this, update);
      runHostEffect(
        () => void this.stepCount_++,
        () => [[this, "stepCount_"]],
      );
      for (const hook of this.postHooks) hook(this, closure === null ? [] : [closure], {});
      try {
        this.flush_();
      } catch (error) {
        restore();
        throw error;
      }
      return loss;
    });
  }

  /** What the parameters' states are now, to be put back if the step cannot be computed: uncompiled, only a condition can tell so late. */
  private savedStates_(): () => void {
    if (checkCount() === 0 && traceObserver() === null) return () => undefined;
    const { stepCount_ } = this;
    const states = [...this.state].map(([param, state]) => [param, state, { ...state }] as const);
    return () => {
      this.stepCount_ = stepCount_;
      this.state.clear();
      for (const [param, state, before] of states) {
        for (const key of Object.keys(state)) if (!(key in before)) Reflect.deleteProperty(state, key);
        this.state.set(param, Object.assign(state, before));
      }
    };
  }

  /** @internal Records the update of every group. */
  protected update_(): void {
    this.structuralList_("param_groups", () => this.param_groups);
    for (const [i, group] of this.param_groups.entries()) {
      this.structuralList_(`param_groups[${i}].params`, () => group.params);
      const params = group.params.filter((param) => param.grad !== null);
      if (params.length === 0) continue;
      this.updateGroup_(group, params, `param_groups[${i}]`);
      for (const param of params) this.guardState_(this.state.get(param));
    }
  }
  /** The tensors in a state are written where they are: another one in their place is another recording. */
  private guardState_(state: S | undefined): void {
    const observer = traceObserver();
    if (observer === null) return;
    const members = state as Readonly<Record<string, unknown>> | undefined;
    for (const [name, value] of Object.entries(members ?? {}))
      if (value instanceof Tensor) observer.guard(`${this.constructor.name}.state's ${name}`, () => members![name]);
  }
  /** Records the update of one group's parameters that have gradients. A subclass overrides this, or step(). */
  protected updateGroup_(_group: ParamGroup<O>, _params: readonly Tensor[], _path: string): void {
    throw new NotImplementedError(
      "optimizer/step",
      `${this.constructor.name}: neither step() nor updateGroup_() is overridden.`,
    );
  }

  /** @internal Something that decides which operations are recorded: a compiled function is recorded again when it changes. */
  protected structural_<T>(name: string, read: () => T): T {
    traceObserver()?.guard(`${this.constructor.name}.${name}`, read);
    return read();
  }
  /** The same of a list that may be changed where it is. */
  private structuralList_(name: string, read: () => readonly unknown[]): void {
    const before = [...read()];
    const isSame = (list: readonly unknown[]): boolean =>
      list.length === before.length && list.every((item, i) => item === before[i]);
    this.structural_(name, () => (isSame(read()) ? before : read()));
  }
  /** @internal Changes numbers of the host's now, and at every replay of a compiled function. `counters`: whose, if not the states' */
  protected hostEffect_(effect: () => void, counters: Iterable<object> = this.state.values()): void {
    runHostEffect(effect, () => [...counters].flatMap((counter) => numbersIn(counter)));
  }
  /** @internal Somebody is about to read or assign its numbers, or its schedulers': a compiled function is told of them. */
  reached_(): void {
    if (!isReachWatched()) return;
    const { name } = this.constructor;
    noteReached(`${name}.defaults`, this.defaults);
    this.groups.forEach((group, i) => noteReached(`${name}.param_groups[${i}]`, group));
    for (const scheduler of this.schedulers_) noteReached(scheduler.constructor.name, scheduler);
  }
  /** @internal A parameter's state, made when it is first needed. */
  protected stateOf_(param: Tensor, create: () => S): S {
    const known = `${this.constructor.name}.state`;
    const observer = traceObserver();
    observer?.guard(known, () => this.state.get(param), { expect: "at the end", rare: true });
    observer?.stateUsed?.(this, () => this.state.get(param));
    let state = this.state.get(param);
    if (state === undefined) this.state.set(param, (state = create()));
    return state;
  }
  /** @internal Computes what is pending; a compiled function does that by itself. */
  protected flush_(): void {
    if (tracing.active) return;
    const devices = new Set<Device>();
    for (const group of this.param_groups) for (const param of group.params) devices.add(param.storage_.device);
    for (const device of devices) recorder.flush([], device);
  }

  /** @internal Numbers of the state that PyTorch keeps in 0-d tensors. */
  readonly tensorNumbers_: readonly string[] = ["step"];

  /** State by parameter number, and the groups with numbers for parameters, as PyTorch saves them. */
  state_dict(): OptimizerStateDict {
    return stateDictOf(this);
  }
  /** @throws ValueError when the groups differ from this optimizer's */
  load_state_dict(
    state_dict: OptimizerStateDict | Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>,
  ): void {
    withSite(() => loadStateDict(this as Optimizer, state_dict));
  }

  register_step_pre_hook(hook: StepHook): RemovableHandle {
    return this.preHooks.add(hook);
  }
  register_step_post_hook(hook: StepHook): RemovableHandle {
    return this.postHooks.add(hook);
  }

  toString(): string {
    return optimizerText(this);
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** @throws ValueError naming the hyperparameter, unless `valid` */
export function requireValue(valid: boolean, what: string, value: unknown): void {
  withSite(() => {
    if (!valid) throw new ValueError("optimizer/value", `Invalid ${what}: ${String(value)}.`);
  });
}
export function requireBetas(betas: readonly number[]): void {
  betas.forEach((beta, i) => requireValue(beta >= 0 && beta < 1, `beta parameter at index ${i}`, beta));
}
