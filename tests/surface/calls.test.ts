/**
 * The functions, methods and attributes of the surface called in the ways that they can be called: by position and by
 * name, with `out`, in place, on tensors without elements and without dimensions, and wrongly. calls.json holds each call
 * and what PyTorch 2.13 gave for it.
 */
import { readFileSync } from "node:fs";
import * as torch from "cresset";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isClose } from "../oracle/compare.ts";
import { isCrash, messageOf } from "../oracle/not-implemented.ts";

type Plain = number | boolean | string | null;
type Result =
  | { tensor: (number | string)[]; shape: number[]; dtype: string }
  | { list: Result[] }
  | { value: Plain }
  | { raises: string };
const { names, calls } = JSON.parse(readFileSync(new URL("calls.json", import.meta.url), "utf8")) as {
  /** What the calls are made with, by name. */
  names: Record<string, string>;
  calls: ({ call: string } & Result)[];
};

const given = Object.entries(names).map(([name, value]) => `const ${name} = ${value};`);
const evaluate = (call: string): unknown =>
  // oxlint-disable-next-line typescript/no-implied-eval -- the calls are data
  (new Function("torch", `${given.join("\n")}\nreturn ${call}`) as (t: typeof torch) => unknown)(torch);

/** Why a result is not what PyTorch gave; null where it is. */
function difference(actual: unknown, want: Result): string | null {
  if ("raises" in want) return "did not raise";
  if ("list" in want) {
    const parts = [...(actual as Iterable<unknown>)];
    if (parts.length !== want.list.length) return `${parts.length} members, expected ${want.list.length}`;
    const reasons = parts.map((part, i) => difference(part, want.list[i]!));
    return reasons.find((reason) => reason !== null) ?? null;
  }
  if ("value" in want) return isSame(actual ?? null, want.value) ? null : `${String(actual)}, expected ${want.value}`;
  if (!(actual instanceof torch.Tensor)) return `${String(actual)}, expected a tensor`;
  const { shape, dtype } = actual;
  if (shape.join() !== want.shape.join() || String(dtype) !== `torch.${want.dtype}`)
    return `${dtype.name}[${shape.join()}], expected ${want.dtype}[${want.shape.join()}]`;
  const parts = actual.is_complex() ? torch.view_as_real(actual.detach().resolve_conj()) : actual.detach();
  const values = parts.double().reshape(-1).tolist() as number[];
  const wrong = want.tensor.findIndex((x, i) => !isSame(values[i], x, dtype.itemsize === 2));
  return wrong < 0 ? null : `[${wrong}] is ${values[wrong]}, expected ${want.tensor[wrong]}`;
}

function isSame(actual: unknown, want: Plain, isHalf = false): boolean {
  if (want === "nan" || want === "inf" || want === "-inf")
    return Object.is(actual, want === "nan" ? NaN : want === "inf" ? Infinity : -Infinity);
  if (typeof want !== "number") return typeof want === "string" ? String(actual) === want : actual === want;
  return isClose(Number(actual), want, isHalf ? [2e-3, 1e-4] : [2e-5, 2e-6]);
}

describe.each(["cpu", "cpu:js"])("calls on %s give what PyTorch gives:", (device) => {
  const { warn } = console;
  beforeAll(() => {
    torch.set_default_device(device);
    console.warn = () => {};
  });
  afterAll(() => {
    torch.set_default_device(null);
    console.warn = warn;
  });

  it.each(calls)("$call", ({ call, ...want }) => {
    let reason: string | null;
    try {
      reason = difference(evaluate(call), want);
      if ("raises" in want) reason = readsWrong(call) ? null : reason;
    } catch (error) {
      reason = "raises" in want && !isCrash(error) ? null : messageOf(error);
    }
    expect(reason).toBe(null);
  });
});

/** Errors that depend on values are raised when a result is read. */
function readsWrong(call: string): boolean {
  const result = evaluate(call);
  try {
    for (const part of [result].flat()) if (part instanceof torch.Tensor) part.tolist();
  } catch (error) {
    return !isCrash(error);
  }
  return false;
}
