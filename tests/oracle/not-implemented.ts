/**
 * Telling "the library does not have this yet" from "the library is wrong". The first is counted, the second is a
 * failure; neither is hidden.
 */

/** Thrown by the runner: a name is not in the namespace, or a case cannot be said in this library or on this device. */
export class NotImplementedHere extends Error {
  override name = "NotImplementedHere";
}

/** V8's words for using a member that does not exist. */
const ABSENT_MEMBER = /is not a (function|constructor)|is not iterable|Cannot read properties of (undefined|null)/;

function topFrame(error: Error): string {
  return error.stack?.split("\n").find((line) => /^\s+at /.test(line)) ?? "";
}

/**
 * True for NotImplementedError (the library's or the runner's), for an element type that the device does not have, and for a TypeError about an absent member raised by the
 * runner's own code: `x.foo(1)` in a ported snippet says that the library has no `foo`. The same TypeError raised inside
 * the library is a crash.
 */
export function isNotImplemented(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof NotImplementedHere || error.name === "NotImplementedError") return true;
  if (error.name === "DTypeError" && error.message.startsWith("[device/dtype]")) return true;
  return isAbsentMember(error) && topFrame(error).includes("tests/oracle/");
}

function isAbsentMember(error: Error): boolean {
  return error instanceof TypeError && ABSENT_MEMBER.test(error.message);
}

/**
 * True for an error that no library means to throw: it does not count as a refusal where PyTorch refuses.
 */
export function isCrash(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return isAbsentMember(error) || error instanceof ReferenceError || /Maximum call stack/.test(error.message);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
