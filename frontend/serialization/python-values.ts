/**
 * What the pickle machine computes with: close to Python, turned into JavaScript values by `toJavaScript` at the end.
 * Lists are Arrays, bytes Uint8Arrays, None null; the rest of Python is here and in values.ts.
 */
import { serializationErrors } from "./errors.ts";

export class PyTuple {
  readonly items: readonly unknown[];
  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

export class PyDict extends Map<unknown, unknown> {
  ordered = false;
  /** Set by BUILD on an OrderedDict: what Python keeps in `__dict__`. */
  attributes: PyDict | null = null;
}

export class PySet {
  readonly items: unknown[];
  constructor(items: readonly unknown[]) {
    this.items = [...items];
  }
}

/** A global that may be called: each one is written out in globals.ts. */
export class PyCallable {
  readonly name: string;
  readonly call: (args: readonly unknown[]) => unknown;
  constructor(name: string, call: (args: readonly unknown[]) => unknown) {
    this.name = name;
    this.call = call;
  }
}

/** A class whose instances become PythonObjects. */
export class PyClass {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** A value that BUILD can fill in. */
export interface Buildable {
  build(state: unknown): void;
}

export const isBuildable = (value: unknown): value is Buildable =>
  typeof value === "object" && value !== null && "build" in value && typeof value.build === "function";

/** Typed access to unpickled values: what is missing or of another type makes the file damaged. */
const expected = (what: string, kind: string): Error => serializationErrors.corrupt(`${what} is not ${kind}`);

export function asTuple(value: unknown, what: string): readonly unknown[] {
  if (value instanceof PyTuple) return value.items;
  throw expected(what, "a tuple");
}

export function asString(value: unknown, what: string): string {
  if (typeof value === "string") return value;
  throw expected(what, "a string");
}

/** A size, stride, offset or count. */
export function asIndex(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw expected(what, "a whole number, 0 or more");
}

export const asIndices = (value: unknown, what: string): number[] =>
  asTuple(value, what).map((item) => asIndex(item, what));

export function asBytes(value: unknown, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  // Python 2 pickled bytes as str, which is read as text where it is valid UTF-8.
  if (typeof value === "string") return new TextEncoder().encode(value);
  throw expected(what, "bytes");
}

/** The members of what Python could iterate over. */
export function asItems(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  if (value instanceof PyTuple || value instanceof PySet) return value.items;
  throw expected(what, "a list, tuple or set");
}
