/** What may stand between the brackets of `x.at(...)`: parsed, not yet applied. */
import { pythonType } from "./python-type.ts";
import { IndexError } from "../ir/errors.ts";
import { isPlainObject } from "./bind.ts";
import { fromHost, tensor } from "./creation.ts";
import type { Nested } from "./element-values.ts";
import type { HostNumber } from "./elements.ts";
import { Tensor } from "./tensor.ts";

/** Part of a dimension, as Python's `slice`. */
export class Slice {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number | null;
  constructor(start: number | null, stop: number | null, step: number | null) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
  toString(): string {
    const text = (value: number | null): string => (value === null ? "" : String(value));
    return `${text(this.start)}:${text(this.stop)}${this.step === null ? "" : `:${this.step}`}`;
  }
}

type Bound = number | bigint | Tensor | null | undefined;
/** `slice(stop)`, `slice(start, stop)`, `slice(start, stop, step)`: null leaves an end open. */
export function slice(first?: Bound, ...more: readonly Bound[]): Slice {
  const [start, stop, step] = more.length === 0 ? [null, first, null] : [first, more[0], more[1]];
  return new Slice(sliceEnd(start), sliceEnd(stop), sliceEnd(step));
}
function sliceEnd(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const number = Number(value instanceof Tensor ? value.item() : value);
  if (!Number.isInteger(number))
    throw new IndexError(
      "index/slice",
      `slice indices must be integers or null, got ${value instanceof Tensor ? value.toString() : JSON.stringify(value)}.`,
    );
  return number;
}

/** What one place between the brackets may be. A string may hold several, as in `"..., 1:3"`. */
export type Index =
  | number
  | bigint
  | boolean
  | string
  | null
  | Slice
  | Tensor
  | SliceBounds
  | readonly Nested<number | bigint | boolean>[];
export interface SliceBounds {
  readonly start?: number | null;
  readonly stop?: number | null;
  readonly step?: number | null;
}
export type IndexValue = Tensor | Nested<HostNumber>;

export type Part = number | boolean | null | "..." | Slice | Tensor;
const refuse = (value: unknown): never => {
  throw new IndexError(
    "index/kind",
    `only integers, slices (\`:\`), ellipsis (\`...\`), None and long or byte Variables are valid indices (got ${pythonType(value)}), and so are null, booleans and arrays; got ${Array.isArray(value) ? `[${value.map(String).join(", ")}]` : String(value)}.`,
  );
};

function parseText(text: string): Part[] {
  return text.split(",").map((raw): Part => {
    const part = raw.trim();
    if (part === "...") return "...";
    if (part === "null" || part === "None" || part === "newaxis") return null;
    if (part === "true" || part === "True") return true;
    if (part === "false" || part === "False") return false;
    if (/^[+-]?\d+$/.test(part)) return Number(part);
    const match = /^([+-]?\d+)?\s*:\s*([+-]?\d+)?\s*(?::\s*([+-]?\d+)?)?$/.exec(part);
    if (match === null) return refuse(JSON.stringify(text));
    const end = (value: string | undefined): number | null => (value === undefined ? null : Number(value));
    return new Slice(end(match[1]), end(match[2]), end(match[3]));
  });
}

export function parseSubscript(self: Tensor, indices: readonly unknown[]): Part[] {
  const [only] = indices;
  // One list that holds lists, tensors, slices or the like stands for several indices.
  const given =
    indices.length === 1 &&
    Array.isArray(only) &&
    only.some(
      (item) => item === null || (typeof item !== "number" && typeof item !== "bigint" && typeof item !== "boolean"),
    )
      ? (only as unknown[])
      : indices;
  return given.flatMap((item): Part | Part[] => {
    if (typeof item === "string") return parseText(item);
    if (item === null || typeof item === "boolean" || item instanceof Slice || item instanceof Tensor) return item;
    if (typeof item === "number" || typeof item === "bigint")
      return Number.isInteger(Number(item)) ? Number(item) : refuse(item);
    if (Array.isArray(item)) return arrayIndex(self, item);
    if (isPlainObject(item) && Object.keys(item).every((key) => key === "start" || key === "stop" || key === "step"))
      return new Slice(sliceEnd(item["start"]), sliceEnd(item["stop"]), sliceEnd(item["step"]));
    return refuse(item);
  });
}

/** An array of whole numbers is an index tensor, one of booleans a mask. */
function arrayIndex(self: Tensor, items: readonly unknown[]): Tensor {
  const flat = items.flat(Infinity);
  if (flat.length === 0) return fromHost([], [0], "int64", self.storage_.device);
  const options = { device: self.device };
  if (flat.every((item) => typeof item === "boolean")) return tensor(items as Nested<boolean>[], options);
  if (
    !flat.every(
      (item) =>
        (typeof item === "number" && Number.isInteger(item)) || typeof item === "bigint" || item instanceof Tensor,
    )
  )
    return refuse(items);
  return tensor(items as Nested<number>[], { ...options, dtype: "int64" });
}
