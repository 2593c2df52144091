/** What Python calls the type of a value: the words of its messages, which are searched for. */
const names: Readonly<Record<string, string>> = {
  string: "str",
  boolean: "bool",
  bigint: "int",
  undefined: "NoneType",
};

export function pythonType(value: unknown): string {
  if (value === null) return "NoneType";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (Array.isArray(value)) return "list";
  if (typeof value !== "object") return names[typeof value] ?? typeof value;
  const made = (value.constructor as { readonly name: string } | undefined)?.name ?? "Object";
  return made === "Object" ? "dict" : made;
}
