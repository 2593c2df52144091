import { jsDevice } from "../../../runtime/js/device.ts";
import { createWasmDevice } from "../../../runtime/wasm/device.ts";
import { describeRoutines } from "./cases.ts";

for (const device of [jsDevice(), createWasmDevice()])
  describeRoutines(device.name, () => [{ device }, { device, dynamic: true }], ["float32", "float64"]);
