/** The part of a module that is a tree: parameters, buffers and submodules by name. */
import { ArgumentError } from "../../ir/errors.ts";
import { signature, type CallOf } from "../arguments.ts";
import { Tensor } from "../tensor.ts";
import {
  attribute,
  callable,
  internalsOf,
  isModule,
  members,
  ownBuffers,
  ownChildren,
  ownParameters,
  setAttribute,
  walk,
} from "./module-internals.ts";
import type { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

const named = signature<[prefix: string, recurse: boolean, remove_duplicate: boolean]>()(
  "prefix?, recurse?, remove_duplicate?",
);
const namedModules = signature<[memo: Set<Module> | null, prefix: string, remove_duplicate: boolean]>()(
  "memo?, prefix?, remove_duplicate?",
);
const recurseFlag = signature<[recurse: boolean]>()("recurse?");
const duplicateFlag = signature<[remove_duplicate: boolean]>()("remove_duplicate?");
const persistentFlag = signature<[persistent: boolean]>()("persistent?");

/** Only modules extend this. */
const self = (tree: ModuleTree): Module => tree as unknown as Module;

export abstract class ModuleTree {
  constructor(run: (module: Module, args: readonly unknown[]) => unknown) {
    return callable(new.target.prototype, run);
  }

  /** All parameters of this module and its descendants, each once. */
  parameters(...args: CallOf<typeof recurseFlag>): Parameter[] {
    const { recurse = true } = recurseFlag.bind("parameters", args);
    return members(self(this), ownParameters, "", recurse, true).map(([, parameter]) => parameter);
  }
  named_parameters(...args: CallOf<typeof named>): [name: string, parameter: Parameter][] {
    const { prefix = "", recurse = true, remove_duplicate = true } = named.bind("named_parameters", args);
    return members(self(this), ownParameters, prefix, recurse, remove_duplicate);
  }
  buffers(...args: CallOf<typeof recurseFlag>): Tensor[] {
    const { recurse = true } = recurseFlag.bind("buffers", args);
    return members(self(this), ownBuffers, "", recurse, true).map(([, buffer]) => buffer);
  }
  named_buffers(...args: CallOf<typeof named>): [name: string, buffer: Tensor][] {
    const { prefix = "", recurse = true, remove_duplicate = true } = named.bind("named_buffers", args);
    return members(self(this), ownBuffers, prefix, recurse, remove_duplicate);
  }
  /** Immediate submodules, each once. */
  children(): Module[] {
    return [...new Set(ownChildren(self(this)).map(([, child]) => child))];
  }
  named_children(): [name: string, child: Module][] {
    const seen = new Set<Module>();
    return ownChildren(self(this)).filter(([, child]) => !seen.has(child) && seen.add(child));
  }
  /** This module and all its descendants, each once. */
  modules(...args: CallOf<typeof duplicateFlag>): Module[] {
    const { remove_duplicate = true } = duplicateFlag.bind("modules", args);
    return walk(self(this), "", remove_duplicate).map(([, module]) => module);
  }
  named_modules(...args: CallOf<typeof namedModules>): [name: string, module: Module][] {
    const { memo, prefix = "", remove_duplicate = true } = namedModules.bind("named_modules", args);
    return walk(self(this), prefix, remove_duplicate, memo ?? new Set());
  }

  /** The property `name` becomes this parameter (null: there is none yet). */
  register_parameter(name: string, param: Parameter | null): void {
    checkName(self(this), "parameter", name, (value) => value instanceof Parameter || value === null);
    if (param !== null && !(param instanceof Parameter))
      throw new ArgumentError(
        "module/parameter",
        `register_parameter: cannot assign '${describeKind(param)}' object to parameter '${name}' (torch.nn.Parameter or None required).`,
        "Wrap it: new torch.nn.Parameter(tensor).",
      );
    if (param !== null && !param.is_leaf)
      throw new ArgumentError(
        "module/parameter-leaf",
        `register_parameter: Cannot assign non-leaf Tensor to parameter '${name}'.`,
        "Model parameters must be created explicitly; to express one as a function of another Tensor, compute it in forward().",
      );
    setAttribute(self(this), name, param);
  }
  /** The property `name` becomes a buffer: part of the state (unless not persistent), not a parameter. */
  register_buffer(name: string, tensor: Tensor | null, ...args: CallOf<typeof persistentFlag>): void {
    const { persistent = true } = persistentFlag.bind("register_buffer", args);
    checkName(self(this), "buffer", name, () => internalsOf(self(this)).buffers.has(name));
    if (tensor !== null && !(tensor instanceof Tensor))
      throw new ArgumentError(
        "module/buffer",
        `register_buffer: cannot assign '${describeKind(tensor)}' object to buffer '${name}' (torch Tensor or None required).`,
      );
    internalsOf(self(this)).buffers.set(name, persistent);
    setAttribute(self(this), name, tensor);
  }
  add_module(name: string, module: Module | null): void {
    checkName(self(this), "module", name, (value) => isModule(value) || value === null);
    if (module !== null && !isModule(module))
      throw new ArgumentError("module/child", `add_module: ${describeKind(module)} is not a Module subclass.`);
    setAttribute(self(this), name, module);
    const { order } = internalsOf(self(this));
    if (order !== null && !order.includes(name)) order.push(name);
  }
  register_module(name: string, module: Module | null): void {
    this.add_module(name, module);
  }

  /** The descendant at a dotted path; "" is this module. */
  get_submodule(target: string): Module {
    let module = self(this);
    for (const name of target === "" ? [] : target.split(".")) {
      const child = attribute(module, name);
      if (child === undefined)
        throw new ArgumentError("module/path", `get_submodule: ${module._get_name()} has no attribute \`${name}\`.`);
      if (!isModule(child)) throw new ArgumentError("module/path", `get_submodule: \`${name}\` is not an nn.Module.`);
      module = child;
    }
    return module;
  }
  get_parameter(target: string): Parameter {
    const value = this.memberAt(target, "get_parameter");
    if (!(value instanceof Parameter))
      throw new ArgumentError("module/path", `get_parameter: \`${target}\` is not an nn.Parameter.`);
    return value;
  }
  get_buffer(target: string): Tensor {
    const value = this.memberAt(target, "get_buffer");
    if (!(value instanceof Tensor) || value instanceof Parameter)
      throw new ArgumentError("module/path", `get_buffer: \`${target}\` is not a buffer.`);
    return value;
  }
  private memberAt(target: string, operator: string): unknown {
    const dot = target.lastIndexOf(".");
    const owner = this.get_submodule(target.slice(0, Math.max(0, dot)));
    const value = attribute(owner, target.slice(dot + 1));
    if (value === undefined)
      throw new ArgumentError(
        "module/path",
        `${operator}: ${owner._get_name()} has no attribute \`${target.slice(dot + 1)}\`.`,
      );
    return value;
  }
}

const describeKind = (value: unknown): string =>
  value instanceof Tensor
    ? "torch.Tensor"
    : value === null
      ? "None"
      : isModule(value)
        ? value._get_name()
        : typeof value;

function checkName(module: Module, kind: string, name: string, replaceable: (value: unknown) => boolean): void {
  const refuse = (reason: string): never => {
    throw new ArgumentError(`module/${kind}-name`, `register_${kind}: ${reason}.`);
  };
  if (name === "") refuse(`${kind} name can't be empty string ""`);
  if (name.includes(".")) refuse(`${kind} name can't contain ".", got: ${name}`);
  if (
    name in module &&
    attribute(module, name) !== undefined &&
    !(Object.hasOwn(module, name) && replaceable(attribute(module, name)))
  )
    refuse(`attribute '${name}' already exists`);
}
