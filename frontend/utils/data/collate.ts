/** Making batches of items. */
import "../../../ir/ops/joining.ts";
import { ArgumentError, ValueError } from "../../../ir/errors.ts";
import { isPlainObject } from "../../bind.ts";
import { callOperator, withSite } from "../../call.ts";
import { tensor } from "../../creation.ts";
import { supports } from "../../../runtime/device.ts";
import { currentDevice } from "../../devices.ts";
import { settings } from "../../state.ts";
import { Tensor } from "../../tensor.ts";
import type { TypedArray } from "../../../runtime/typed-array.ts";

/** What default_collate makes of items of type T. */
export type Collated<T> = T extends Tensor | number | bigint | boolean | ArrayBufferView
  ? Tensor
  : T extends string
    ? string[]
    : T extends readonly unknown[]
      ? { -readonly [K in keyof T]: Collated<T[K]> }
      : T extends object
        ? { [K in keyof T]: Collated<T[K]> }
        : unknown;

const isArray = (value: unknown): value is TypedArray => ArrayBuffer.isView(value) && !(value instanceof DataView);

/**
 * Items as one batch, in their own structure: tensors and typed arrays are stacked, numbers become float64 tensors,
 * bigints int64, booleans bool; strings stay lists.
 * https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.default_collate
 */
export function default_collate<T>(batch: readonly T[]): Collated<T> {
  return withSite(() => collate(batch)) as Collated<T>;
}

function collate(batch: readonly unknown[]): unknown {
  const [first] = batch;
  if (first instanceof Tensor) return callOperator("stack", [batch]);
  if (isArray(first)) return callOperator("stack", [batch.map((item) => tensor(item as TypedArray))]);
  switch (typeof first) {
    case "number":
      return tensor(batch as number[], {
        dtype: supports(currentDevice().name, "float64") ? "float64" : settings.defaultDType,
      });
    case "bigint":
    case "boolean":
      return tensor(batch as boolean[]);
    case "string":
      return [...batch];
    default:
  }
  if (Array.isArray(first)) {
    const rows = batch as readonly (readonly unknown[])[];
    if (rows.some((row) => row.length !== first.length))
      throw new ValueError("collate/sizes", "default_collate: each element in list of batch should be of equal size.");
    return first.map((_, column) => collate(rows.map((row) => row[column])));
  }
  if (first instanceof Map) {
    const maps = batch as readonly ReadonlyMap<unknown, unknown>[];
    return new Map([...first.keys()].map((key) => [key, collate(maps.map((map) => map.get(key)))]));
  }
  if (isPlainObject(first)) {
    const objects = batch as readonly Record<string, unknown>[];
    return Object.fromEntries(Object.keys(first).map((key) => [key, collate(objects.map((object) => object[key]))]));
  }
  throw new ArgumentError(
    "collate/type",
    `default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found ${first === null ? "null" : typeof first}.`,
    "Pass a collate_fn of your own.",
  );
}

/** An item outside any batch: typed arrays become tensors, everything else stays. */
export function default_convert(data: unknown): unknown {
  if (isArray(data)) return tensor(data);
  if (data instanceof Tensor) return data;
  if (Array.isArray(data)) return data.map(default_convert);
  if (isPlainObject(data))
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, default_convert(value)]));
  return data;
}
