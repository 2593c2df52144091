/** The user's own line: the first stack frame that is not the library's. */
import { CressetError } from "../ir/errors.ts";
import { noteSite, type Site } from "../ir/graph.ts";

const pathOf = (url: URL): string => url.href.replace(/^file:\/\//, "");
const here = new URL(import.meta.url);
const root = pathOf(new URL("..", here));
// The library's folders, and the file that all of it may have been joined into.
const own = [...["frontend/", "ir/", "passes/", "codegen/", "runtime/"].map((folder) => root + folder), pathOf(here)];

/** `file:line:column` of the user's frame in a stack trace, or null. */
export function userSite(stack: string | undefined): string | null {
  if (stack === undefined) return null;
  for (const line of stack.split("\n").slice(1)) {
    const place = /\(?((?:file:\/\/|https?:\/\/|\/|[A-Za-z]:\\)[^()]*:\d+:\d+)\)?$/
      .exec(line.trim())?.[1]
      ?.replace(/^file:\/\//, "");
    if (place === undefined || place.includes("node:internal") || own.some((folder) => place.startsWith(folder)))
      continue;
    return place;
  }
  return null;
}

/** Remembers the call that is under way; its line is worked out only when asked for. */
export function captureSite(): () => string | null {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const now = new Error();
  Error.stackTraceLimit = limit;
  return () => userSite(now.stack);
}

let noting = false;
/** Whether nodes remember the lines that recorded them: programs that were made without are not used then. */
export const notesSites = (): boolean => noting;
/** What is recorded from here on is the user's line. out: what it was before, for `noteSite` */
export const noteThisLine = (): Site | null => noteSite(noting ? captureSite() : null);
export function noteSites(on: boolean): void {
  noting = on;
}

/** Runs a call; an error gets the user's line. */
export function withSite<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    locate(error);
    throw error;
  }
}
/** Gives an error the user's line, unless it has one. */
export function locate(error: unknown): void {
  if (!(error instanceof CressetError) || error.message.includes("\n  at ")) return;
  const site = userSite(error.stack);
  if (site !== null) error.message += `\n  at ${site}`;
}
