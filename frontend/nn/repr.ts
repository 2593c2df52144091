/** A module as PyTorch prints it. */
import { reprFloat } from "../printing/index.ts";
import { ownChildren } from "./module-internals.ts";
import type { Module } from "./module.ts";

/** A Python float. */
export const float = reprFloat;

/** A Python value: whole numbers are ints, arrays tuples. */
export function python(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : reprFloat(value);
  if (Array.isArray(value)) return tuple(value as unknown[]);
  if (typeof value === "string") return value;
  return (value as { toString(): string }).toString();
}

/** A Python tuple: `(2,)`, `(3, 3)`. */
export const tuple = (values: readonly unknown[]): string =>
  values.length === 1 ? `(${python(values[0])},)` : `(${values.map(python).join(", ")})`;

/** A Python list: `[5]`. */
export const list = (values: readonly unknown[]): string => `[${values.map(python).join(", ")}]`;

/** All lines but the first moved to the right. */
export const indentRest = (text: string, by = 2): string => text.replaceAll("\n", `\n${" ".repeat(by)}`);

/** `Name(` extra, then one child a line `)`. */
export function block(name: string, extra: string, childLines: readonly string[]): string {
  const extraLines = extra === "" ? [] : extra.split("\n");
  if (extraLines.length + childLines.length === 0) return `${name}()`;
  if (extraLines.length === 1 && childLines.length === 0) return `${name}(${extra})`;
  return `${name}(\n  ${[...extraLines, ...childLines].join("\n  ")}\n)`;
}

export function repr(module: Module): string {
  const children = ownChildren(module).map(([name, child]) => `(${name}): ${indentRest(child.toString())}`);
  return block(module._get_name(), module.extra_repr(), children);
}
