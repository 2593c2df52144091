/**
 * The errors of random draws: what arrived, the rule that it broke, and (where it is well known) PyTorch's own phrase.
 */
import { ArgumentError, ValueError } from "../../ir/errors.ts";

export function badSeed(seed: number | bigint): ValueError {
  const inexact = typeof seed === "number" && Number.isInteger(seed) && !Number.isSafeInteger(seed);
  return new ValueError(
    "random/seed",
    `manual_seed: the seed must be a whole number from -2^63 to 2^64 - 1, got ${seed}.`,
    inexact ? "Beyond 2^53 write it as a bigint." : undefined,
  );
}

export const badState = (problem: string): ValueError =>
  new ValueError("random/state", `set_state: ${problem}`, "Pass what get_state() of a CPU generator returned.");

export const badParameter = (draw: string, rule: string, given: unknown, verb: "got" | "found" = "got"): ValueError =>
  new ValueError("random/parameter", `${draw} expects ${rule}, but ${verb} ${String(given)}`);

export const badArray = (draw: string, problem: string): ArgumentError =>
  new ArgumentError("random/array", `${draw}: ${problem}`);
