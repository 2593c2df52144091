/** `import "cresset/cpu-js"`: the device of JavaScript loops, for pages that take functions from `cresset/core`. */
import { jsDevice } from "../runtime/js/device.ts";
import { provideJsDevice } from "./devices.ts";

provideJsDevice(jsDevice);
