/** The arguments of one call: what a recording is made for, and their values. */
import { AutogradError } from "../../ir/errors.ts";
import { isPlainObject } from "../bind.ts";
import { parameterNames } from "../export/parameter-names.ts";
import { NamedResults } from "../named-results.ts";
import { isModule } from "../nn/module-internals.ts";
import { isTree } from "../pytree.ts";
import { recorder } from "../recorder.ts";
import { notesSites } from "../site.ts";
import { inference } from "../inference.ts";
import { activeHooks } from "../saved-hooks.ts";
import { anomaly } from "../saved-values.ts";
import { graph, settings } from "../state.ts";
import type { Storage } from "../storage.ts";
import { Tensor } from "../tensor.ts";
import { behindMarkers, valueOf, type Value } from "../value.ts";
import type { Failure } from "./guards.ts";
import { isFreshLeaf } from "./leaf-arguments.ts";
import { isOpenObject } from "./open-objects.ts";
import { Places } from "./places.ts";
import { stridesOf } from "./stand-ins.ts";

/** How messages call an argument at a path such as `[0].images`. */
export type ArgumentNames = (path: string) => string;

/** By the function's own parameter names, where its source tells them. */
export function argumentNames(fn: (...args: never[]) => unknown): ArgumentNames {
  const names = parameterNames(isModule(fn) ? fn.forward : fn);
  return (path) => {
    const place = /^\[(\d+)\]/.exec(path);
    const parameter = place === null ? undefined : names[Number(place[1])];
    const known = parameter !== undefined && !parameter.isRest ? parameter.name : null;
    return known === null || place === null ? `argument ${path}` : `${known}${path.slice(place[0].length)}`;
  };
}

/** Containers inside of each other beyond this many are taken for one that is inside of itself. */
const depthLimit = 500;
class Endless extends Error {}

/** Arguments that are others at each call and are taken for what they hold. */
export interface Opens {
  /** Objects of classes, as plain ones are. */
  readonly objects: boolean;
  /** Tensors that require grad, as others are: those whose storages have this id or a later one. */
  readonly leavesFrom: number;
}

/** What there are few kinds of: see `Failure`. */
const layouts = /^(\.|'s memory|'s identity|'s number|is_|are_|get_)/;

/** Walked at every call: names are worked out only when something differs. */
export class CallArguments {
  /** What the recording is made for, in the order of the walk. */
  readonly state: unknown[] = [];
  /** The tensors that a recording takes as inputs, each once: those that require no grad, and opened leaves. */
  get tensors(): readonly Tensor[] {
    return this.inputs.items;
  }
  /** Whether some tensor was computed from others that require grad. */
  haveHistory = false;
  /** Where the tensors are in the arguments. */
  private readonly paths: string[] = [];
  readonly args: readonly unknown[];
  /** What the function is a method of; undefined where it does not ask for that. */
  readonly self: unknown;
  private readonly opens: Opens;
  private readonly names: string[] | null;
  private readonly inputs = new Places<Tensor>();
  private readonly storages = new Places<Storage>();
  private known: Value[] | null = null;
  private held: readonly object[] | null = null;

  /** Null where an argument is inside of itself. */
  static of(args: readonly unknown[], self: unknown, opens: Opens): CallArguments | null {
    try {
      return new CallArguments(args, self, opens);
    } catch (error) {
      if (error instanceof Endless) return null;
      throw error;
    }
  }

  private constructor(args: readonly unknown[], self: unknown, opens: Opens, named = false) {
    this.args = args;
    this.self = self;
    this.opens = opens;
    this.names = named ? [] : null;
    this.walk(args, "", 0);
    if (self !== undefined) this.note(self, "", "this");
    this.note(graph.gradEnabled, "", "is_grad_enabled()");
    this.note(inference.enabled, "", "is_inference_mode_enabled()");
    this.note(activeHooks()?.hooks ?? null, "", "the hooks on saved tensors");
    this.note(settings.defaultDType, "", "get_default_dtype()");
    this.note(settings.defaultDevice, "", "get_default_device()");
    this.note(notesSites(), "", "the profiler's with_stack");
    this.note(settings.deterministic, "", "are_deterministic_algorithms_enabled()");
    this.note(anomaly.enabled, "", "is_anomaly_enabled()");
    this.note(anomaly.checkNan, "", "is_anomaly_check_nan_enabled()");
  }

  /** Their values, computed where they are pending. */
  get values(): readonly Value[] {
    return (this.known ??= this.tensors.map(currentValue));
  }

  /** Lists, Maps and plain objects among them and in them, each once, and the objects that are opened. */
  get containers(): readonly object[] {
    return (this.held ??= containersIn(this.args, (tree) => isTree(tree) || this.isOpened(tree)));
  }
  private isOpened(tree: unknown): tree is Record<string, unknown> {
    return this.opens.objects && isOpenObject(tree);
  }

  /** The place of the input that a tensor among the arguments is. */
  placeOf(tensor: Tensor): number {
    return this.inputs.find(tensor);
  }

  /** Whether a recording that was made for these would do for those. */
  isLike(state: readonly unknown[]): boolean {
    return this.state.length === state.length && this.state.every((value, i) => Object.is(value, state[i]));
  }

  /** Where they differ from the arguments that a recording was made for; -1 where they do not. */
  firstDifference(expected: readonly unknown[]): number {
    const { state } = this;
    for (let i = 0; i < state.length; i++) if (!Object.is(state[i], expected[i])) return i;
    return -1;
  }

  /** The name of the argument at a place. */
  nameOf(place: number, nameOf: ArgumentNames): string {
    return nameOf(new CallArguments(this.args, this.self, this.opens, true).paths[place]!);
  }

  /** What is different at a place. */
  failure(i: number, before: unknown, nameOf: ArgumentNames): Failure {
    const name = new CallArguments(this.args, this.self, this.opens, true).names![i]!;
    const [path, what] = name.split("\0") as [string, string];
    const guard = path === "" ? what : `${nameOf(path)}${what}`;
    return { guard, before, now: this.state[i], isLayout: layouts.test(what) };
  }

  private note(value: unknown, path: string, what: string): void {
    this.state.push(value);
    this.names?.push(`${path}\0${what}`);
  }

  private walk(tree: unknown, path: string, depth: number): void {
    if (depth > depthLimit) throw new Endless();
    if (tree instanceof Tensor) this.noteTensor(tree, path);
    else if (Array.isArray(tree)) {
      this.note(Array, path, "'s class");
      this.note(tree.length, path, ".length");
      for (let i = 0; i < tree.length; i++) this.walk(tree[i], this.names === null ? "" : `${path}[${i}]`, depth + 1);
    } else if (tree instanceof Map) {
      this.note(Map, path, "'s class");
      this.note(tree.size, path, ".size");
      for (const [key, value] of tree) this.walkMember(key, value, `${path}[${String(key)}]`, depth);
    } else if (isPlainObject(tree) || this.isOpened(tree)) {
      this.note((Object.getPrototypeOf(tree) as object | null)?.constructor, path, "'s class");
      const keys = Object.keys(tree);
      this.note(keys.length, path, "'s number of members");
      for (const key of keys) this.walkMember(key, tree[key], `${path}.${key}`, depth);
      for (const key of Object.getOwnPropertySymbols(tree))
        this.walkMember(key, (tree as Record<symbol, unknown>)[key], `${path}[${String(key)}]`, depth);
    } else this.note(tree, path, "");
  }

  private walkMember(key: unknown, value: unknown, path: string, depth: number): void {
    this.note(key, path, "'s name");
    this.walk(value, path, depth + 1);
  }

  private noteTensor(tensor: Tensor, path: string): void {
    const { shape, storage_, requires_grad } = tensor;
    this.note(tensor.constructor, path, "'s class");
    this.note(shape.length, path, ".ndim");
    for (let axis = 0; axis < shape.length; axis++)
      this.note(shape[axis], path, this.names === null ? "" : `.shape[${axis}]`);
    this.note(tensor.type_, path, ".dtype");
    this.note(storage_.device.name, path, ".device");
    this.note(stridesOf(tensor), path, ".stride()");
    this.note(requires_grad, path, ".requires_grad");
    this.note(tensor.is_inference(), path, ".is_inference()");
    this.note(this.storages.of(storage_), path, "'s memory");
    // Gradients accumulate in this very tensor.
    if (requires_grad && !isFreshLeaf(tensor, this.opens.leavesFrom)) {
      this.note(tensor, path, " itself");
      this.haveHistory ||= !tensor.is_leaf;
    } else {
      const count = this.tensors.length;
      // Which of those before it is it.
      this.note(this.inputs.of(tensor), path, "'s identity");
      if (this.names !== null && this.tensors.length > count) this.paths.push(path);
    }
  }
}

function containersIn(args: readonly unknown[], isContainer: (tree: unknown) => boolean): readonly object[] {
  const found = new Set<object>();
  const walk = (tree: unknown): void => {
    if (tree instanceof Tensor || tree instanceof NamedResults || found.has(tree as object)) return;
    if (!isContainer(tree)) return;
    found.add(tree as object);
    for (const item of tree instanceof Map ? tree.values() : Object.values(tree as object)) walk(item);
  };
  args.forEach(walk);
  return [...found];
}

function currentValue(tensor: Tensor): Value {
  const node = behindMarkers(tensor.node_());
  const known = valueOf(node);
  if (known !== null) return known;
  recorder.flush([{ node, hint: "escapes" }], tensor.storage_.device);
  const value = valueOf(node);
  if (value === null) throw new AutogradError("compile/argument", "compile: an argument could not be computed.");
  return value;
}
