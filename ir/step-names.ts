/**
 * The names of autograd's steps: PyTorch's, which numbers an operator's overloads and states some operators by others.
 * Each family of operators tells those of its own (`nameSteps`).
 */
import { isNode } from "./graph.ts";

type Args = Readonly<Record<string, unknown>>;
export type StepRule = (args: Args) => string | number | null;

/** What an operator is called as a step: its own name, or another's, with the overload's number where that is not 0. */
export function stepOfCall(operator: string, args: Args): string {
  const dot = operator.indexOf(".");
  const name = dot < 0 ? operator : operator.slice(0, dot);
  const found = rules.get(operator)?.(args) ?? 0;
  return found === 0 ? name : typeof found === "string" ? found : `${name}:${found}`;
}

/** `log_softmax` is `LogSoftmaxBackward0`, `sum:1` `SumBackward1`; a user's Function says its whole name. */
export function gradientName(step: string): string {
  if (step === "CopySlices" || step.endsWith("Backward")) return step;
  const [own, overload] = step.split(":") as [string, string?];
  const [name, number = overload] = (stated.get(own) ?? own).split(":");
  // A letter behind a digit is a capital, too: Log1P.
  const words = name!.replaceAll(
    /(^|_|\d)([a-z])/g,
    (_all, before: string, letter: string) => before + letter.toUpperCase(),
  );
  return `${words.replaceAll("_", "")}Backward${number ?? 0}`;
}

const rules = new Map<string, StepRule>();
const stated = new Map<string, string>([["cast", "to_copy"]]);

/**
 * `others`: of operators that PyTorch always states by others, whose steps have their names. `own`: the step of a call
 * by its arguments.
 */
export function nameSteps(
  others: Readonly<Record<string, string>>,
  own: Readonly<Record<string, StepRule>> = {},
): void {
  for (const [name, other] of Object.entries(others)) stated.set(name, other);
  for (const [name, rule] of Object.entries(own)) rules.set(name, rule);
}

export const given = (value: unknown): boolean => value !== null && value !== undefined;
export const rank = (value: unknown): number => (isNode(value) ? value.shape.length : 0);
export const when =
  (holds: (args: Args) => boolean, step: string | number, otherwise: string | number = 0): StepRule =>
  (args) =>
    holds(args) ? step : otherwise;
/** Overload 1 is that with this argument, or with a tensor as this argument. */
export const with1 = (name: string): StepRule => when((args) => given(args[name]), 1);
export const tensor1 = (name: string): StepRule => when((args) => isNode(args[name]), 1);
/** The last step of losses that PyTorch states by other operators. */
export const reducedStep =
  (unreduced: string | null): StepRule =>
  ({ reduction }) =>
    reduction === "mean" || reduction === "sum" ? reduction : unreduced;
