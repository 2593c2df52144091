/** The six ways an operator case is called. */
import type { Adapter, Kwargs } from "./adapter.ts";
import { NotImplementedHere } from "./not-implemented.ts";

export type CallKind = "function" | "method" | "inplace" | "property" | "getitem" | "out";

/** Calls `name` as `kind` says; for "getitem", `args[1]` holds the parts of the subscript. */
export async function invoke(
  adapter: Adapter,
  kind: CallKind,
  name: string,
  args: readonly unknown[],
  kwargs: Kwargs = {},
): Promise<unknown> {
  switch (kind) {
    case "function":
    case "out":
      return adapter.call(name, args, kwargs);
    case "method":
    case "inplace":
      return adapter.method(args[0], name, args.slice(1), kwargs);
    case "property":
      return adapter.property(args[0], name);
    case "getitem":
      return adapter.getItem(args[0], args[1] as unknown[]);
    default:
      throw new NotImplementedHere(`calls of kind ${String(kind)}`);
  }
}
