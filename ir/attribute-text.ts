/** Attributes of nodes as text: for interning and keys, and readable back (see ir/text). */

/** Attributes as text: the same for equal attributes. */
export function attrsKey(attrs: object): string {
  for (const _ in attrs) return textOf(attrs);
  return "";
}

/** JSON.stringify with `encodeAttr`, for attributes: most are a few short lists of whole numbers. */
function textOf(value: unknown): string {
  if (typeof value === "number")
    return Number.isFinite(value) && (value !== 0 || !Object.is(value, -0)) ? String(value) : otherText(value);
  if (typeof value !== "object" || value === null || "toJSON" in value) return otherText(value);
  let text = "";
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) text += (i === 0 ? "" : ",") + textOf(value[i] ?? null);
    return `[${text}]`;
  }
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined) text += `${text === "" ? "" : ","}"${key}":${textOf(item)}`;
  }
  return `{${text}}`;
}

const otherText = (value: unknown): string => JSON.stringify(value, encodeAttr);

/** JSON for the values that JSON lacks. */
export function encodeAttr(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return { $bigint: value.toString() };
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
    return { $number: Object.is(value, -0) ? "-0" : String(value) };
  return value;
}
export function decodeAttr(_key: string, value: unknown): unknown {
  if (value !== null && typeof value === "object") {
    if ("$bigint" in value) return BigInt(value.$bigint as string);
    if ("$number" in value) return Number(value.$number);
  }
  return value;
}
