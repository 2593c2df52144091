/** Writes the numbers of a run into a program's table, as the register kind of their type. */
import { numberKind } from "../../codegen/wasm/index.ts";
import type { NumberSlot } from "../../ir/program.ts";
import { roundToDType } from "../../ir/rounding.ts";
import type { ScalarValue } from "../device.ts";
import type { HeapViews } from "./memory-pool.ts";

/** `address`: below 4 GiB, so that shifts must take it as unsigned. */
export function writeNumber(views: HeapViews, address: number, slot: NumberSlot, value: ScalarValue): void {
  const held = roundToDType(value, slot.dtype);
  switch (numberKind(slot)) {
    case "f32":
      views.f32[address >>> 2] = held as number;
      return;
    case "f64":
      views.f64[address >>> 3] = held as number;
      return;
    case "i64":
      views.i64[address >>> 3] = held as bigint;
      return;
    case "i32":
    case "bool":
      views.i32[address >>> 2] = held as number;
  }
}
