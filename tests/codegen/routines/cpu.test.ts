import { jsDevice } from "../../../runtime/js/device.ts";
import { createWasmDevice } from "../../../runtime/wasm/device.ts";
import { describeRoutines } from "./cases.ts";
import { describeEigenvectors } from "./eigenvectors.ts";
import { describeSymmetric } from "./symmetric.ts";

for (const device of [jsDevice(), createWasmDevice()])
  for (const describeThem of [describeRoutines, describeEigenvectors, describeSymmetric])
    describeThem(device.name, () => [{ device }, { device, dynamic: true }], ["float32", "float64"]);
