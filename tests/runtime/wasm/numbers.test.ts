/** Numbers of a run lie where the kernels read them, also in the upper half of the heap. */
import { expect, test } from "vitest";
import type { HeapViews } from "../../../runtime/wasm/memory-pool.ts";
import { writeNumber } from "../../../runtime/wasm/numbers.ts";

test.each([
  ["float32", "f32", 4, 0.5],
  ["float64", "f64", 8, 0.1],
  ["int64", "i64", 8, 3n],
  ["int32", "i32", 4, 7],
  ["bool", "i32", 4, 1],
] as const)("%s above 2 GiB", (dtype, view, bytes, value) => {
  // As large as the heap may be, without its memory.
  const written: Record<number, unknown> = {};
  const address = 2 ** 31 + 4096;
  writeNumber({ [view]: written } as unknown as HeapViews, address, { id: 0, dtype }, value);
  expect(written).toEqual({ [address / bytes]: value });
});
