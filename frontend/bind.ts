/** Binding of call arguments to a signature: positional and named arguments, defaults, conversions, clear refusals. */
import { ArgumentError } from "../ir/errors.ts";
import type { Node } from "../ir/graph.ts";
import { type ArgumentType, parseSignature, type ParsedParameter, type ScalarArgument } from "../ir/signature.ts";
import { deviceName, type DeviceLike } from "./devices.ts";
import { dtypeName } from "./dtype.ts";
import { Tensor } from "./tensor.ts";
import { traceObserver } from "./trace.ts";

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
};

export const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

/** Marks an argument that a parameter's type does not take. */
class Mismatch extends Error {}

/**
 * Binds `args` to one of the signatures, in order of definition.
 * @throws ArgumentError when none fits, naming the operator and what arrived
 */
export function bind(
  operator: string,
  signatures: readonly string[],
  args: readonly unknown[],
): { bound: Bound; which: number } {
  const reasons: string[] = [];
  for (let which = 0; which < signatures.length; which++) {
    try {
      return { bound: bindOne(signatures[which]!, args), which };
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      reasons.push(error.message);
    }
  }
  throw new ArgumentError(
    "argument/mismatch",
    `${operator}: ${reasons.join("; or ")}`,
    `Its signature is ${signatures.join("  or  ")}.`,
  );
}

function bindOne(signature: string, args: readonly unknown[]): Bound {
  const { parameters } = parseSignature(signature);
  let positional = [...args];
  let named: Record<string, unknown> = {};
  const last = positional.at(-1);
  if (isPlainObject(last)) {
    named = { ...last };
    positional = positional.slice(0, -1);
  }
  while (positional.length > 0 && positional.at(-1) === undefined) positional.pop();
  const tensors: Tensor[] = [];
  const bound: Record<string, unknown> = {};
  let next = 0;
  for (const parameter of parameters) {
    const { name, type } = parameter;
    let value: unknown;
    let given = false;
    if (!parameter.keywordOnly && next < positional.length) {
      if (
        (type === "int..." && isNumber(positional[next])) ||
        (type === "Tensor..." && positional[next] instanceof Tensor)
      ) {
        value = positional.slice(next);
        next = positional.length;
      } else value = positional[next++];
      given = true;
    } else {
      const key =
        name in named
          ? name
          : (aliases[name] ?? []).find((alias) => alias in named && !parameters.some((p) => p.name === alias));
      if (key !== undefined) {
        value = named[key];
        delete named[key];
        given = value !== undefined;
      }
    }
    if (!given) {
      if (!parameter.optional) throw new Mismatch(`missing argument "${name}"`);
      bound[name] = defaultValue(parameter);
      continue;
    }
    bound[name] =
      value === null && parameter.optional && parameter.fallback === null ? null : convert(value, type, name, tensors);
  }
  if (tensors.length === 0 && parameters.filter((p) => p.type === "Tensor|Scalar" && !p.keywordOnly).length > 1)
    throw new Mismatch("at least one operand must be a Tensor");
  if (next < positional.length)
    throw new Mismatch(
      `takes ${parameters.filter((p) => !p.keywordOnly).length} positional arguments, got ${positional.length}`,
    );
  const unknown = Object.keys(named).filter((key) => named[key] !== undefined && !ignored.has(key));
  if (unknown.length > 0) throw new Mismatch(`unknown argument "${unknown[0]}"`);
  return { args: bound, tensors };
}

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

export function scalarArgument(value: number | bigint | boolean | HostScalar): ScalarArgument {
  if (value instanceof HostScalar) {
    const argument: ScalarArgument = { value: value.source(), category: "float", source: value.source };
    traceObserver()?.scalar(argument);
    return argument;
  }
  const category =
    typeof value === "boolean" ? "bool" : typeof value === "bigint" || Number.isInteger(value) ? "integer" : "float";
  return { value, category, source: null };
}

const describeArgument = (value: unknown): string =>
  value instanceof Tensor
    ? `a Tensor (${value.toString()})`
    : Array.isArray(value)
      ? `[${value.map(describeArgument).join(", ")}]`
      : typeof value === "object"
        ? value === null
          ? "null"
          : `a ${value.constructor?.name ?? "object"}`
        : `${typeof value} ${JSON.stringify(typeof value === "bigint" ? Number(value) : value)}`;

function convert(value: unknown, type: ArgumentType, name: string, tensors: Tensor[]): unknown {
  const refuse = (wanted: string): never => {
    throw new Mismatch(`"${name}" must be ${wanted}, got ${describeArgument(value)}`);
  };
  const tensor = (item: unknown): Node => {
    if (!(item instanceof Tensor)) return refuse("a Tensor");
    tensors.push(item);
    return item.node_();
  };
  const int = (item: unknown): number => {
    if (typeof item === "bigint") return Number(item);
    if (item instanceof Tensor && item.ndim === 0 && !item.is_floating_point()) return Number(item.item());
    return typeof item === "number" && Number.isInteger(item) ? item : refuse("an integer");
  };
  const isScalar = (item: unknown): item is number | bigint | boolean | HostScalar =>
    typeof item === "number" || typeof item === "bigint" || typeof item === "boolean" || item instanceof HostScalar;
  switch (type) {
    case "Tensor":
    case "Tensor?":
      return value === null && type === "Tensor?" ? null : tensor(value);
    case "Tensor[]":
    case "Tensor...":
      return Array.isArray(value)
        ? value.map(tensor)
        : value instanceof Tensor && type === "Tensor..."
          ? [tensor(value)]
          : refuse("a list of Tensors");
    case "Tensor?[]":
      return Array.isArray(value)
        ? value.map((item) => (item === null ? null : tensor(item)))
        : refuse("a list of Tensors");
    case "Scalar":
    case "Scalar?":
      if (value instanceof Tensor && value.ndim === 0) return scalarArgument(value.item());
      return isScalar(value) ? scalarArgument(value) : refuse("a number");
    case "Tensor|Scalar":
    case "Tensor|Scalar?":
      return isScalar(value)
        ? scalarArgument(value)
        : value instanceof Tensor
          ? tensor(value)
          : refuse("a Tensor or a number");
    case "number":
    case "number?":
      if (value instanceof Tensor && value.ndim === 0) return Number(value.item());
      return isNumber(value) ? Number(value) : refuse("a number");
    case "number[]":
    case "number[]?":
      return Array.isArray(value) ? value.map(Number) : isNumber(value) ? [Number(value)] : refuse("a list of numbers");
    case "int":
    case "int?":
      return int(value);
    case "int[]|string":
      if (typeof value === "string") return value;
      return Array.isArray(value) ? value.map(int) : [int(value)];
    case "int[]":
    case "int[]?":
    case "int...":
      if (value instanceof Tensor && value.ndim === 1 && !value.is_floating_point())
        return (value.tolist() as number[]).map(Number);
      return Array.isArray(value) ? value.map(int) : [int(value)];
    case "bool":
    case "bool?":
      return typeof value === "boolean" ? value : refuse("a boolean");
    case "string":
    case "string?":
      return typeof value === "string" ? value : refuse("a string");
    case "dtype":
    case "dtype?":
      // A size, alone or in a list, is for another signature.
      return typeof value === "number" || Array.isArray(value) ? refuse("a dtype") : dtypeName(value, name);
    case "device?":
      return deviceName(value as DeviceLike);
    case "any":
      return value;
  }
}
