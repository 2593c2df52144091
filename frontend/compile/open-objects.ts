/** Objects of classes that are all that is seen of them: a copy of the members stands for such an object. */
import { isPlainObject } from "../bind.ts";
import { isRecordOfMembers } from "./contents.ts";

/** Whether an object of a class has members alone, and none that is a function: that may know the object itself. */
export function isOpenObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isPlainObject(value)) return false;
  if (!isRecordOfMembers(value)) return false;
  return Object.entries(Object.getOwnPropertyDescriptors(value)).every(
    ([, { value: member, enumerable, writable }]) =>
      enumerable === true && writable === true && typeof member !== "function",
  );
}
