/** Objects of classes that are all that is seen of them: a copy of the members stands for such an object. */
import { isPlainObject } from "../bind.ts";
import { textOf } from "../function-text.ts";
import { isOwnClass } from "./holders.ts";

/** What a class keeps beside members: `#private`, by whichever means a compiler has them. */
const hidden = /#|WeakMap|WeakSet|__private|classPrivate|\[native code\]/;

const known = new WeakMap<object, boolean>();
function isOpenClass(prototype: object): boolean {
  let isOpen = known.get(prototype);
  if (isOpen === undefined) {
    isOpen = true;
    for (let own: object | null = prototype; own !== null && own !== Object.prototype && isOpen;) {
      const { constructor } = own;
      isOpen = typeof constructor === "function" && !hidden.test(textOf(constructor as () => unknown));
      own = Object.getPrototypeOf(own) as object | null;
    }
    known.set(prototype, isOpen);
  }
  return isOpen;
}

/** Whether an object of a class has members alone, and none that is a function: that may know the object itself. */
export function isOpenObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isPlainObject(value)) return false;
  if (isOwnClass(value) || !isOpenClass(Object.getPrototypeOf(value) as object)) return false;
  return Object.entries(Object.getOwnPropertyDescriptors(value)).every(
    ([, { value: member, enumerable, writable }]) =>
      enumerable === true && writable === true && typeof member !== "function",
  );
}
