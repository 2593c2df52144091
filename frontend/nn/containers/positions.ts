/** Places in a list as Python counts them. */
import { ArgumentError, IndexError } from "../../../ir/errors.ts";

export function positionIn(name: string, index: number | bigint, length: number): number {
  const place = Number(index);
  if (!Number.isInteger(place) || place < -length || place >= length)
    throw new IndexError("container/index", `${name}: index ${String(index)} is out of range for ${length} entries.`);
  return place < 0 ? place + length : place;
}

/** "1:3" as the bounds of Array.prototype.slice. */
export function sliceBounds(text: string): [start?: number, end?: number] {
  const parts = /^\s*(-?\d*)\s*:\s*(-?\d*)\s*$/.exec(text);
  if (parts === null)
    throw new ArgumentError(
      "container/slice",
      `at: "${text}" is not a slice.`,
      'Write a slice without a step, such as "1:3".',
    );
  const bound = (part: string): number | undefined => (part === "" ? undefined : Number(part));
  const end = bound(parts[2]!);
  return end === undefined ? [bound(parts[1]!) ?? 0] : [bound(parts[1]!) ?? 0, end];
}
