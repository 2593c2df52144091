/** Device names as users write them, and the devices behind them. */
import { ArgumentError, DeviceError } from "../ir/errors.ts";
import type { Device, DeviceName } from "../runtime/device.ts";
import { createWasmDevice, type ThreadedDevice, type WasmDeviceOptions } from "../runtime/wasm/device.ts";
import { callableClass } from "./callable-class.ts";
import { reprDevice } from "./printing/index.ts";
import { noteDevice } from "./debug.ts";
import { settings } from "./state.ts";

class DeviceObject {
  readonly type: "cpu" | "webgpu";
  readonly index: number | null;
  /** Which implementation: `cpu` is WebAssembly, `cpu:js` plain JavaScript. */
  readonly name: DeviceName;
  constructor(spelling: DeviceLike, index?: number) {
    this.name = deviceName(index === undefined ? spelling : `${String(spelling)}:${index}`);
    this.type = this.name === "webgpu" ? "webgpu" : "cpu";
    // As in PyTorch: "cuda" means the current one, "cpu" no particular one.
    this.index = this.name === "webgpu" || index === 0 || String(spelling) === "cpu:0" ? 0 : null;
  }
  toString(): string {
    return this.name;
  }
  /** As Python shows it: `device(type='cpu')`. */
  repr(): string {
    return reprDevice(this);
  }
}
/** A device; `new` may be left out. https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.device */
export const device = /* @__PURE__ */ callableClass(DeviceObject);
export type device = DeviceObject;
/**
 * What is accepted where a device is asked for: the names stand first in completions, and any string is allowed, because
 * programs are told their device.
 */
export type DeviceLike = device | DeviceText | (string & Record<never, never>) | number;
/** The names themselves. */
export type DeviceText = DeviceName | "cuda" | `${"cpu" | "webgpu" | "cuda"}:${number}`;

export function deviceName(spelling: DeviceLike): DeviceName {
  if (spelling instanceof device) return spelling.name;
  // An integer is the ordinal of the accelerator, of which there is one.
  switch (typeof spelling === "number" ? `webgpu:${spelling}` : spelling) {
    case "cpu":
    case "cpu:0":
      return "cpu";
    case "cpu:js":
      return "cpu:js";
    case "webgpu":
    case "webgpu:0":
    case "cuda":
    case "cuda:0":
      return "webgpu";
    default:
      throw new ArgumentError(
        "device/unknown",
        typeof spelling === "number"
          ? `device: invalid device ordinal ${spelling}`
          : `device: "${spelling}" is not a device`,
        'Devices are "cpu", "cpu:js" and "webgpu" ("cuda" means the same), which has the one index 0.',
      );
  }
}

let wasm: ThreadedDevice | null = null;
let webgpu: Device | null = null;

/** `options` count when the device is asked for the first time. */
let jsDevice: (() => Device) | null = null;
/** The device `cpu:js` is code of its own, which not every page has (cpu-js.ts). */
export function provideJsDevice(device: () => Device): void {
  jsDevice = device;
}
function js(): Device {
  if (jsDevice === null)
    throw new DeviceError(
      "device/absent",
      "cpu:js: cresset/core has no such device.",
      'Import "cresset/cpu-js", or import from "cresset".',
    );
  return jsDevice();
}

export const cpuDevice = (options: WasmDeviceOptions = {}): ThreadedDevice => (wasm ??= createWasmDevice(options));

export function deviceFor(name: DeviceName): Device {
  if (name === "cpu:js") return opened(name, js());
  if (name === "cpu") return opened(name, cpuDevice());
  if (webgpu === null)
    throw new DeviceError(
      "webgpu/not-initialised",
      "webgpu: the device has not been opened",
      "Call `await torch.webgpu.init()` first.",
    );
  return webgpu;
}

const seen = new Set<Device>();
function opened(name: DeviceName, device: Device): Device {
  if (!seen.has(device)) {
    seen.add(device);
    noteDevice(name);
  }
  return device;
}

/** `torch.webgpu`: opening the GPU takes a promise, so it is asked for. */
export const webgpuModule = {
  /** Opens the adapter. @throws AdapterNotFoundError when there is none. */
  async init(): Promise<void> {
    if (webgpu !== null) return;
    const { openWebGpu } = await import("./webgpu.ts");
    webgpu = opened("webgpu", await openWebGpu());
  },
  /** Whether `init` has succeeded. */
  is_available: (): boolean => webgpu !== null,
  /** Waits until all queued work is done. */
  synchronize: (): Promise<void> => webgpu?.synchronize() ?? Promise.resolve(),
};

/** The device of new tensors when none is named. */
export const currentDevice = (spelling?: DeviceLike | null): Device =>
  deviceFor(deviceName(spelling ?? settings.defaultDevice));
