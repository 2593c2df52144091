/**
 * The worked examples of PyTorch's surface (examples.json): step lists with what they must give, and behaviours in
 * words, which are tests by hand.
 *
 * Holds: a step that must raise raises an error of the library's; a crash is none.
 */
import { readFileSync } from "node:fs";
import { member, type Adapter, type Callable, type Kwargs } from "../oracle/adapter.ts";
import { isClose } from "../oracle/compare.ts";
import type { DTypeName } from "../oracle/format.ts";
import { callModule, construct } from "../oracle/modules.ts";
import { isCrash, isNotImplemented, messageOf } from "../oracle/not-implemented.ts";

type Plain = null | boolean | number | string | Plain[];
type Nested = null | boolean | number | Nested[];

type Argument =
  | null
  | boolean
  | number
  | string
  | Argument[]
  | { $: string; get?: number[] }
  | { tensor: Nested; dtype: DTypeName }
  | { float: number }
  | { tuple: Argument[] }
  | { dtype_of: string }
  | { memory_format: string }
  | { call: [string, Argument[]] };

interface Call {
  let: string | null;
  op: string;
  args: Argument[];
  kw?: Record<string, Argument>;
  raises?: true;
}
interface Block {
  block: "no_grad";
  steps: Step[];
}
type Step = Call | Block;

type Check = { tensor: Nested; dtype: string; tol?: number } | { list: (Check | Plain)[] } | { value: Plain };

export interface Steps {
  id: string;
  steps: Step[];
  expect: [string, Check][];
}
export interface Behaviour {
  id: string;
  behaviour: { given: string; then: string };
}

const all = JSON.parse(readFileSync(new URL("examples.json", import.meta.url), "utf8")) as (Steps | Behaviour)[];
export const stepLists: readonly Steps[] = all.filter((example) => "steps" in example);
export const behaviours: readonly Behaviour[] = all.filter((example) => "behaviour" in example);

type Variables = Map<string, unknown>;

/** Runs an example and gives what differs from what it must give: nothing, if all is well. */
export async function differences(adapter: Adapter, { steps, expect }: Steps): Promise<string[]> {
  const variables: Variables = new Map();
  const found: string[] = [];
  await runSteps(adapter, variables, steps, found);
  for (const [name, check] of expect) {
    const reason = await difference(adapter, variables.get(name), check);
    if (reason !== null) found.push(`${name}: ${reason}`);
  }
  return found;
}

async function runSteps(adapter: Adapter, variables: Variables, steps: Step[], found: string[]): Promise<void> {
  for (const step of steps) {
    if ("block" in step) {
      const block = adapter.lookup(`torch.${step.block}`) as (body: () => Promise<void>) => Promise<void>;
      await block(() => runSteps(adapter, variables, step.steps, found));
    } else if (step.raises === true) {
      const reason = await refusal(adapter, variables, step);
      if (reason !== null) found.push(reason);
    } else {
      const result = await perform(adapter, variables, step);
      if (step.let !== null) variables.set(step.let, result);
    }
  }
}

async function refusal(adapter: Adapter, variables: Variables, step: Call): Promise<string | null> {
  try {
    const result = await perform(adapter, variables, step);
    if (adapter.isTensor(result)) await adapter.read(result);
  } catch (error) {
    return isNotImplemented(error) || isCrash(error) ? `${step.op}: ${messageOf(error)}` : null;
  }
  return `${step.op} did not raise`;
}

async function perform(adapter: Adapter, variables: Variables, { op, args, kw }: Call): Promise<unknown> {
  const values: unknown[] = [];
  for (const arg of args) values.push(await valueOf(adapter, variables, arg));
  const kwargs: Kwargs = {};
  for (const [name, arg] of Object.entries(kw ?? {})) kwargs[name] = await valueOf(adapter, variables, arg);
  const [first, ...rest] = values;
  if (op.startsWith(".")) return adapter.method(first, op.slice(1), rest, kwargs);
  if (op.startsWith("@")) return member(first, op.slice(1));
  if (op === "call") return callModule(first, rest, kwargs);
  if (op === "getitem") return adapter.getItem(first, rest[0] as unknown[]);
  if (op === "str") return String(first);
  // A whole number is an int64 to arange: Python's 4.0 says so by its type, JavaScript's by an option.
  if (op === "torch.arange" && args.some(isFloat)) kwargs["dtype"] = adapter.dtype("float32");
  return isClass(adapter.lookup(op)) ? construct(adapter, op, values, kwargs) : adapter.call(op, values, kwargs);
}

const isFloat = (arg: Argument): boolean => typeof arg === "object" && arg !== null && "float" in arg;
const isClass = (value: unknown): boolean =>
  typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));

async function valueOf(adapter: Adapter, variables: Variables, arg: Argument): Promise<unknown> {
  if (arg === null || typeof arg !== "object") return arg;
  if (Array.isArray(arg) || "tuple" in arg) {
    const values: unknown[] = [];
    for (const part of Array.isArray(arg) ? arg : arg.tuple) values.push(await valueOf(adapter, variables, part));
    return values;
  }
  if ("$" in arg)
    return (arg.get ?? []).reduce<unknown>((value, at) => [...(value as unknown[])][at], variables.get(arg.$));
  if ("float" in arg) return arg.float;
  if ("dtype_of" in arg) return adapter.dtype(arg.dtype_of);
  if ("memory_format" in arg) return adapter.lookup(`torch.${arg.memory_format}`);
  if ("call" in arg) return perform(adapter, variables, { let: null, op: arg.call[0], args: arg.call[1] });
  const make = adapter.lookup("torch.tensor") as Callable;
  const options = { dtype: adapter.dtype(arg.dtype), ...("requires_grad" in arg ? { requires_grad: true } : {}) };
  return make(arg.tensor, options);
}

async function difference(adapter: Adapter, value: unknown, check: Check | Plain): Promise<string | null> {
  if (check === null || typeof check !== "object" || Array.isArray(check)) return plainDifference(value, check);
  if ("value" in check) return plainDifference(value, check.value);
  if ("list" in check) {
    const parts = [...(value as Iterable<unknown>)];
    if (parts.length !== check.list.length) return `${parts.length} members, expected ${check.list.length}`;
    for (const [i, part] of check.list.entries()) {
      const reason = await difference(adapter, parts[i], part);
      if (reason !== null) return `[${i}] ${reason}`;
    }
    return null;
  }
  const got = await adapter.read(value);
  const shape = shapeOf(check.tensor);
  if (got.shape.join() !== shape.join()) return `shape [${got.shape.join(", ")}], expected [${shape.join(", ")}]`;
  if (got.dtype !== check.dtype) return `dtype ${got.dtype}, expected ${check.dtype}`;
  const want = elementsOf(check.tensor);
  const tol = check.tol ?? 0;
  // The tolerance is absolute up to 1, relative above it.
  const wrong = want.findIndex((x, i) => !isClose(Number(got.data[i]), x, Math.abs(x) > 1 ? [tol, 0] : [0, tol]));
  return wrong < 0 ? null : `[${wrong}] is ${String(got.data[wrong])}, expected ${want[wrong]}`;
}

function plainDifference(value: unknown, want: Plain): string | null {
  const got: unknown = want === null ? (value ?? null) : value;
  return JSON.stringify(got) === JSON.stringify(want) ? null : `${String(got)}, expected ${JSON.stringify(want)}`;
}

function shapeOf(nested: Nested): number[] {
  const shape: number[] = [];
  for (let at: Nested = nested; Array.isArray(at); at = at[0]!) shape.push(at.length);
  return shape;
}

function elementsOf(nested: Nested): number[] {
  return Array.isArray(nested) ? nested.flatMap(elementsOf) : [Number(nested)];
}
