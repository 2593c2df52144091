/** `repr(value)`: the text PyTorch prints. The only place that knows how the library gives it. */
import { hasMethod, type Adapter, type Callable } from "./adapter.ts";
import { NotImplementedHere } from "./not-implemented.ts";

/** Methods that may give a value's repr, best first. */
const METHODS = ["reprAsync", "__repr__", "repr"];

const GENERIC_TEXT = new Set<unknown>([
  Object.prototype.toString,
  Function.prototype.toString,
  Array.prototype.toString,
]);

export async function representation(adapter: Adapter, value: unknown): Promise<string> {
  for (const name of METHODS) {
    if (hasMethod(value, name)) return String(await adapter.apply(value, name));
  }
  if (hasMethod(value, "print")) return printed(() => adapter.apply(value, "print"));
  const ownText = (value as { toString: unknown }).toString;
  if (typeof ownText !== "function" || GENERIC_TEXT.has(ownText)) throw new NotImplementedHere("repr of this value");
  return Reflect.apply(ownText as Callable, value, []) as string;
}

/** What `action` writes to the console. */
async function printed(action: () => unknown): Promise<string> {
  const lines: string[] = [];
  const log = console.log;
  console.log = (...parts: unknown[]) => lines.push(parts.map(String).join(" "));
  try {
    await action();
  } finally {
    console.log = log;
  }
  return lines.join("\n");
}
