/** What may not happen while the body of a region (`scan`, `cond`, `while_loop`) is recorded. */
import { AutogradError, ReadError } from "../ir/errors.ts";

let underway: string | null = null;
let depth = 0;

/** How many bodies are being recorded, one inside the other. */
export const bodyDepth = (): number => depth;

/** Whose body is being recorded; null outside. */
export const bodyUnderWay = (): string | null => underway;

/** Runs the recording of a body of this operator's. */
export function inBodyOf<T>(operator: string, record: () => T): T {
  const outer = underway;
  underway = operator;
  depth++;
  try {
    return record();
  } finally {
    underway = outer;
    depth--;
  }
}

/** What happens inside a body is this operator's, which is made of the one whose body it is. */
export function onBehalfOf<T>(operator: string, record: () => T): T {
  const outer = underway;
  underway = operator;
  try {
    return record();
  } finally {
    underway = outer;
  }
}

/**
 * A body is recorded once, however often it runs: what happens outside the graph would happen once.
 * @throws AutogradError inside a body
 */
export function refuseInBody(what: string, cure: string): void {
  if (underway === null) return;
  throw new AutogradError(
    "region/body",
    `${underway}: ${what} in a function that ${underway} records once, and that computes nothing while it is recorded.`,
    cure,
  );
}

/**
 * Something rests on what stands for a slice or a carried value: `scan` and `while_loop` give their functions such tensors.
 * @throws ReadError always
 */
export function refuseLeaked(): never {
  throw new ReadError(
    "scan/leaked",
    "scan, while_loop: a tensor of the function's is used outside of it, where it has no value: the function is recorded once, for all turns.",
    "Return it: scan gives its y for each slice.",
  );
}
