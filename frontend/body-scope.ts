/** What may not happen while the body of a region (`scan`, `cond`, `while_loop`) is recorded. */
import { AutogradError } from "../ir/errors.ts";

let underway: string | null = null;

/** Whose body is being recorded; null outside. */
export const bodyUnderWay = (): string | null => underway;

/** Runs the recording of a body of this operator's. */
export function inBodyOf<T>(operator: string, record: () => T): T {
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
