/** Binding of call arguments to a signature: positional and named arguments, defaults, conversions, clear refusals. */
import { ArgumentError, ValueError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import type { ArgumentType, ParsedParameter, ParsedSignature, ScalarArgument } from "../ir/signature.ts";
import { Complex } from "./complex-number.ts";
import { deviceName, type DeviceLike } from "./devices.ts";
import { dtypeName } from "./dtype.ts";
import type { HostNumber } from "./elements.ts";
import { pythonType } from "./python-type.ts";
import { Tensor } from "./tensor.ts";
import { traceObserver } from "./trace.ts";
import { isInteger } from "../ir/dtype.ts";

/** A number whose value is computed anew before each replay of a compiled function. */
export class HostScalar {
  readonly source: () => number;
  constructor(source: () => number) {
    this.source = source;
  }
}

export interface Bound {
  /** Arguments as `record` takes them. */
  readonly args: Record<string, unknown>;
  /** The tensors among them, in order. */
  readonly tensors: Tensor[];
}

const aliases: Readonly<Record<string, readonly string[]>> = {
  dim: ["axis"],
  input: ["self", "x"],
  keepdim: ["keepdims"],
  other: ["x2", "y"],
  dims: ["dim", "axis"],
  size: ["shape"],
  shape: ["size"],
  split_size_or_sections: ["split_size"],
  indices_or_sections: ["indices", "sections"],
  dim0: ["axis0"],
  dim1: ["axis1"],
};

export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

/** Marks arguments that a signature does not take; the message follows the operator's name. */
class Mismatch extends Error {
  /** The parameter whose argument is wrong, where it is one. */
  readonly parameter: string | null;
  constructor(message: string, parameter: string | null = null) {
    super(message);
    this.parameter = parameter;
  }
}

/** In PyTorch's words, whose binding counts from 1. */
function reasonOf({ message, parameter }: Mismatch, { parameters }: ParsedSignature): string {
  if (parameter === null) return message;
  const at = parameters.findIndex(({ name }) => name === parameter);
  const position = parameters[at]!.keywordOnly ? "" : ` (position ${at + 1})`;
  return `argument '${parameter}'${position} ${message}`;
}

/** The trailing object of a call, which names arguments; null where there is none. */
export function optionsOf(args: readonly unknown[]): Readonly<Record<string, unknown>> | null {
  const last = args.length > 0 ? args[args.length - 1] : null;
  // The usual case first: it costs less to see that this is a tensor than that it is not a plain object.
  return !(last instanceof Tensor) && isPlainObject(last) ? last : null;
}

/**
 * Binds `args`, whose last may be `options`, to one of the signatures, in order of definition.
 * @throws ArgumentError when none fits, naming the operator and what arrived
 */
export function bind(
  operator: string,
  signatures: readonly ParsedSignature[],
  args: readonly unknown[],
  options: Readonly<Record<string, unknown>> | null,
): { readonly bound: Bound; readonly which: number } {
  const reasons: string[] = [];
  for (let which = 0; which < signatures.length; which++) {
    try {
      return { bound: bindOne(signatures[which]!.parameters, args, options), which };
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      reasons.push(reasonOf(error, signatures[which]!));
    }
  }
  // An operand that may be a number is two signatures of PyTorch's.
  const several = signatures.length > 1 || signatures[0]!.parameters.some(({ type }) => type === "Tensor|Scalar");
  const said = several
    ? " received an invalid combination of arguments - "
    : /^(argument|expected)/.test(reasons[0]!)
      ? ": "
      : " ";
  throw new ArgumentError(
    "argument/mismatch",
    `${operator}()${said}${reasons.join("; or ")}`,
    `Its signature is ${signatures.map(({ text }) => text).join("  or  ")}.`,
  );
}

/** Takes the arguments by name; nothing here is made where a call has none. */
class Named {
  private readonly left: Record<string, unknown>;
  constructor(options: Readonly<Record<string, unknown>>) {
    this.left = { ...options };
  }

  take({ name }: ParsedParameter, parameters: readonly ParsedParameter[]): unknown {
    const key =
      name in this.left
        ? name
        : aliases[name]?.find((alias) => alias in this.left && !parameters.some((p) => p.name === alias));
    if (key === undefined) return undefined;
    const value = this.left[key];
    delete this.left[key];
    return value;
  }

  refuseUnknown(): void {
    for (const key of Object.keys(this.left))
      if (this.left[key] !== undefined && !ignored.has(key))
        throw new Mismatch(`got an unexpected keyword argument '${key}'`);
  }
}

function bindOne(
  parameters: readonly ParsedParameter[],
  args: readonly unknown[],
  options: Readonly<Record<string, unknown>> | null,
): Bound {
  const named = options === null ? null : new Named(options);
  let count = options === null ? args.length : args.length - 1;
  while (count > 0 && args[count - 1] === undefined) count--;
  const tensors: Tensor[] = [];
  const bound: Record<string, unknown> = {};
  let next = 0;
  for (const parameter of parameters) {
    const { name, type } = parameter;
    let value: unknown;
    let given = false;
    if (!parameter.keywordOnly && next < count) {
      if (takesRest(type, args[next])) {
        value = args.slice(next, count);
        next = count;
      } else value = args[next++];
      given = true;
    } else if (named !== null) {
      value = named.take(parameter, parameters);
      given = value !== undefined;
    }
    if (!given && type === "Tensor..." && count === 0) bound[name] = [];
    else if (!given) {
      if (!parameter.optional) throw new Mismatch(missing(parameters, parameter, named));
      bound[name] = defaultValue(parameter);
    } else if (value === null && parameter.optional && parameter.fallback === null) bound[name] = null;
    else bound[name] = convert(value, parameter, tensors, parameters);
  }
  if (tensors.length === 0 && parameters.filter((p) => p.type === "Tensor|Scalar" && !p.keywordOnly).length > 1)
    throw new Mismatch("at least one operand must be a Tensor");
  if (next < count)
    throw new Mismatch(
      surplus(parameters.filter((p) => !p.optional).length, parameters.filter((p) => !p.keywordOnly).length, count),
    );
  named?.refuseUnknown();
  return { args: bound, tensors };
}

/** PyTorch's words, its plural included. */
function missing(parameters: readonly ParsedParameter[], first: ParsedParameter, named: Named | null): string {
  const names = parameters
    .slice(parameters.indexOf(first))
    .filter((parameter) => !parameter.optional && named?.take(parameter, parameters) === undefined)
    .map(({ name }) => `"${name}"`);
  return `missing ${names.length} required positional argument${names.length === 1 ? "s" : ""}: ${names.join(", ")}`;
}

/** What is wrong with more positional arguments than there are, in Python's words. */
export const surplus = (least: number, most: number, given: number): string =>
  `takes ${least < most ? `from ${least} to ` : ""}${most} positional argument${most === 1 ? "" : "s"} but ${given} ${given === 1 ? "was" : "were"} given`;

const takesRest = (type: ArgumentType, first: unknown): boolean =>
  (type === "int..." && isNumber(first)) || (type === "Tensor..." && first instanceof Tensor);

/** Arguments of PyTorch's that change nothing here. */
const ignored = new Set(["pin_memory", "layout", "non_blocking", "memory_format", "device", "requires_grad"]);

function defaultValue(parameter: ParsedParameter): unknown {
  const { type, fallback } = parameter;
  if (fallback === null) return null;
  if (type === "Scalar" || type === "Scalar?" || type === "Tensor|Scalar" || type === "Tensor|Scalar?")
    return scalarArgument(fallback as number);
  return fallback;
}

const isNumber = (value: unknown): boolean => typeof value === "number" || typeof value === "bigint";

export function scalarArgument(value: HostNumber | HostScalar): ScalarArgument {
  if (value instanceof Complex) return { value: value.re, imaginary: value.im, category: "complex", source: null };
  if (value instanceof HostScalar) {
    const argument: ScalarArgument = { value: value.source(), category: "float", source: value.source };
    traceObserver()?.scalar(argument);
    return argument;
  }
  return { value, category: categoryOf(value), source: null };
}

/** A whole number is an integer as far as there are such. @throws ValueError for a bigint beyond 64 bits */
function categoryOf(value: number | bigint | boolean): "bool" | "integer" | "float" {
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? "integer" : "float";
  if (value < -(2n ** 63n) || value >= 2n ** 64n)
    throw new ValueError("argument/int64", `${value}: int too big to convert: integers have 64 bits.`, "Use a number.");
  return "integer";
}

export function describeArgument(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(describeArgument).join(", ")}]`;
  if (value instanceof Tensor) return `Tensor (${value.toString()})`;
  const kind = pythonType(value);
  if (typeof value === "string") return `${kind} ${JSON.stringify(value)}`;
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
    ? `${kind} ${value}`
    : kind;
}

/** Why a parameter does not take a value. */
function refuse(value: unknown, name: string, wanted: string): never {
  throw new Mismatch(`must be ${wanted}, not ${describeArgument(value)}`, name);
}

function tensorNode(item: unknown, value: unknown, name: string, tensors: Tensor[]): Node {
  if (!(item instanceof Tensor)) return refuse(value, name, "Tensor");
  tensors.push(item);
  return item.node_();
}

function integer(item: unknown, value: unknown, name: string): number {
  if (typeof item === "bigint") return Number(item);
  if (item instanceof Tensor && item.ndim === 0 && isInteger(item.type_)) return Number(item.item());
  if (item instanceof Tensor)
    throw new Mismatch(`must be int, not ${describeArgument(item)}: ${name} must be an 0-dim integral Tensor`, name);
  return typeof item === "number" && Number.isInteger(item) ? item : refuse(value, name, "int");
}

const integers = (list: readonly unknown[], name: string): number[] => list.map((item) => integer(item, list, name));

export const isScalar = (item: unknown): item is HostNumber | HostScalar =>
  typeof item === "number" ||
  typeof item === "bigint" ||
  typeof item === "boolean" ||
  item instanceof HostScalar ||
  item instanceof Complex;

function convert(
  value: unknown,
  { type, name }: ParsedParameter,
  tensors: Tensor[],
  parameters: readonly ParsedParameter[],
): unknown {
  switch (type) {
    case "Tensor":
    case "Tensor?":
      return value === null && type === "Tensor?" ? null : tensorNode(value, value, name, tensors);
    case "Tensor[]":
    case "Tensor...":
      if (value instanceof Tensor && type === "Tensor...") return [tensorNode(value, value, name, tensors)];
      return Array.isArray(value)
        ? value.map((item, i) => {
            if (!(item instanceof Tensor))
              throw new Mismatch(
                `expected Tensor as element ${i} in argument ${parameters.findIndex((p) => p.name === name)}, but got ${pythonType(item)}`,
              );
            return tensorNode(item, value, name, tensors);
          })
        : refuse(value, name, "tuple of Tensors");
    case "Tensor?[]":
      return Array.isArray(value)
        ? value.map((item) => (item === null ? null : tensorNode(item, value, name, tensors)))
        : refuse(value, name, "tuple of Tensors");
    case "Scalar":
    case "Scalar?":
      if (value instanceof Tensor && value.ndim === 0) return scalarArgument(value.item());
      return isScalar(value) ? scalarArgument(value) : refuse(value, name, "Number");
    case "Tensor|Scalar":
    case "Tensor|Scalar?":
      if (value instanceof Tensor) return tensorNode(value, value, name, tensors);
      return isScalar(value) ? scalarArgument(value) : refuse(value, name, "Tensor or Number");
    case "number|string":
    case "number|string?":
      if (typeof value === "string") return value;
      return isNumber(value) ? Number(value) : refuse(value, name, "Number or str");
    case "number":
    case "number?":
      if (value instanceof Tensor && value.ndim === 0) return Number(value.item());
      return isNumber(value) ? Number(value) : refuse(value, name, "Number");
    case "number[]":
    case "number[]?":
      if (Array.isArray(value)) return value.map(Number);
      return isNumber(value) ? [Number(value)] : refuse(value, name, "tuple of floats");
    case "int":
    case "int?":
      return integer(value, value, name);
    case "int?[]":
      return (Array.isArray(value) ? (value as unknown[]) : [value]).map((item) =>
        item === null ? null : integer(item, value, name),
      );
    case "int[][]":
      return Array.isArray(value) && value.every(Array.isArray)
        ? value.map((list: readonly unknown[]) => integers(list, name))
        : refuse(value, name, "tuple of tuples of ints");
    case "int[]|string":
      if (typeof value === "string") return value;
      return Array.isArray(value) ? integers(value, name) : [integer(value, value, name)];
    case "int[]":
    case "int[]?":
    case "int...":
      if (value instanceof Tensor && value.ndim === 1 && !value.is_floating_point())
        return (value.tolist() as number[]).map(Number);
      return Array.isArray(value) ? integers(value, name) : [integer(value, value, name)];
    case "bool":
    case "bool?":
      return typeof value === "boolean" ? value : refuse(value, name, "bool");
    case "string":
    case "string?":
      return typeof value === "string" ? value : refuse(value, name, "str");
    case "dtype":
    case "dtype?":
      // A size, alone or in a list, is for another signature.
      return typeof value === "number" || Array.isArray(value)
        ? refuse(value, name, "torch.dtype")
        : dtypeName(value, name);
    case "device?":
      return deviceName(value as DeviceLike);
    case "memory_format?":
      return value;
  }
}
