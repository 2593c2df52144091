/** Element types that a device cannot hold are refused where a tensor of one would come to be. */
import type { DType } from "../ir/dtype.ts";
import { DTypeError } from "../ir/errors.ts";
import { holds, type Device } from "../runtime/device.ts";

export function refuseDtype(operator: string, dtype: DType, device: Device): void {
  if (holds(device.name, dtype)) return;
  throw new DTypeError(
    "device/dtype",
    `${operator}: ${dtype} is not available on ${device.name}.`,
    `Convert to ${dtype === "float64" ? "float32" : "another type"}, or use the "cpu" device.`,
  );
}
