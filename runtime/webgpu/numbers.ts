/** Numbers given to a run, as kernels take them. */
import type { Kind } from "../../ir/loop.ts";
import type { ScalarValue } from "../device.ts";

const view = new DataView(new ArrayBuffer(8));

/** A number slot's value, which its type holds, as a kernel's number of a kind: int64 may have become a narrower one. */
export function convertNumber(value: ScalarValue, kind: Kind): ScalarValue {
  switch (kind) {
    case "f32":
      return Math.fround(Number(value));
    case "i32":
      return typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value | 0;
    case "i64":
      return BigInt.asIntN(
        64,
        typeof value === "bigint" ? value : BigInt(Number.isFinite(value) ? Math.trunc(value) : 0),
      );
    case "bool":
      return Number(value) === 0 ? 0 : 1;
    case "f64":
      return Number(value);
  }
}

/** Writes a converted number as the u32 words of a record. */
export function writeNumber(words: Uint32Array, at: number, value: ScalarValue, kind: Kind): void {
  if (kind === "i64") {
    view.setBigInt64(0, value as bigint);
    words[at] = view.getUint32(4);
    words[at + 1] = view.getUint32(0);
  } else if (kind === "f32") {
    view.setFloat32(0, value as number);
    words[at] = view.getUint32(0);
  } else {
    words[at] = value as number;
  }
}
