/** `torch.load`: files that PyTorch or `torch.save` wrote. A file can only ever become data: no code in it is run. */
import { isDType } from "../ir/dtype.ts";
import { ArgumentError, DeviceError, DTypeError } from "../ir/errors.ts";
import { isContiguous, sameShape } from "../ir/shape.ts";
import { holds, type Device } from "../runtime/device.ts";
import { typedView } from "../runtime/typed-array.ts";
import { isPlainObject } from "./bind.ts";
import { currentDevice, device, deviceFor, webgpuModule, type DeviceLike } from "./devices.ts";
import { dtypeObject } from "./dtype.ts";
import { readFile, readFileAsync, type AsyncFileSource, type FileSource } from "./files.ts";
import * as formats from "./formats.ts";
import { Parameter, parameterOf } from "./nn/parameter.ts";
import { PickledModule } from "./pickled-module.ts";
import { loadPt, PythonObject, TorchDevice, TorchName, TorchSize, type StoredTensor } from "./serialization/index.ts";
import { withSite } from "./site.ts";
import { settings } from "./state.ts";
import { as_strided } from "./strided.ts";
import { Tensor } from "./tensor.ts";
import { detachStep } from "./views.ts";

/** What a map_location function sees of a storage, and may return on another device. */
export interface LoadedStorage {
  readonly device: device;
  cpu(): LoadedStorage;
  cuda(index?: number): LoadedStorage;
  to(device: DeviceLike): LoadedStorage;
}

/**
 * Where tensors go: one device for all; devices by the location in the file; or a function of a storage (which is on the
 * CPU) and its location, returning a device, a storage, or null for the location in the file.
 */
export type MapLocation =
  | DeviceLike
  | Readonly<Record<string, DeviceLike>>
  | ReadonlyMap<string, DeviceLike>
  | ((storage: LoadedStorage, location: string) => LoadedStorage | DeviceLike | null | undefined);

export interface LoadFileOptions {
  readonly map_location?: MapLocation | null | undefined;
  /** false: classes, whole modules for example, become plain objects; still nothing is run. */
  readonly weights_only?: boolean | null | undefined;
  readonly pickle_module?: unknown;
  readonly mmap?: boolean | null | undefined;
  readonly encoding?: string | undefined;
}
const optionNames = new Set(["map_location", "weights_only", "pickle_module", "mmap", "encoding"]);

/**
 * Reads a file that PyTorch or `torch.save` wrote: a path, or bytes.
 * Python's tuples become frozen arrays; dicts become objects, or Maps where an object would not keep their keys.
 * https://docs.pytorch.org/docs/stable/generated/torch.load.html
 * @throws SerializationError which says what is wrong with the file, or which name it may not use
 */
export function load(f: FileSource, options?: LoadFileOptions): unknown;
export function load(f: FileSource, map_location: MapLocation | null, options?: LoadFileOptions): unknown;
export function load(f: FileSource, ...args: unknown[]): unknown {
  return withSite(() => unpacked(readFile("torch.load", f), optionsOf(args)));
}

/** The same, also from an address, a Blob or a Response. */
export function loadAsync(f: AsyncFileSource, options?: LoadFileOptions): Promise<unknown>;
export function loadAsync(
  f: AsyncFileSource,
  map_location: MapLocation | null,
  options?: LoadFileOptions,
): Promise<unknown>;
export async function loadAsync(f: AsyncFileSource, ...args: unknown[]): Promise<unknown> {
  const options = withSite(() => optionsOf(args));
  const bytes = await readFileAsync("torch.load", f);
  return withSite(() => unpacked(bytes, options));
}

/** A trailing object is a dict of locations unless it says an option's name: no location is called so. */
function optionsOf(args: readonly unknown[]): LoadFileOptions {
  const last = args.at(-1);
  const named = isPlainObject(last) && Object.keys(last).every((key) => optionNames.has(key));
  const [map_location] = named ? args.slice(0, -1) : args;
  const options = named ? (last as LoadFileOptions) : {};
  return map_location === undefined ? options : { ...options, map_location: map_location as MapLocation | null };
}

function unpacked(file: Uint8Array, options: LoadFileOptions): unknown {
  const { map_location = null, weights_only } = options;
  const loader = new TensorLoader(map_location);
  return loadPt(file, {
    makeTensor: (stored) => loader.tensor(stored),
    classes: weights_only === false ? () => true : () => false,
    revive(value) {
      if (value instanceof TorchSize) return new formats.Size(value.sizes);
      if (value instanceof TorchDevice)
        return value.type === "cpu" || value.type === "cuda" ? new device(value.type) : value;
      if (value instanceof TorchName) return named(value);
      return value instanceof PythonObject ? (PickledModule.from(value) ?? value) : value;
    },
  });
}

function named(value: TorchName): unknown {
  if (value.kind === "dtype") return isDType(value.name) ? dtypeObject(value.name) : value;
  const found = (formats as Readonly<Record<string, unknown>>)[value.name];
  return found instanceof formats.layout || found instanceof formats.memory_format ? found : value;
}

class TensorLoader {
  private readonly map: MapLocation | null;
  /** A tensor over each storage of the file, which others are views of. */
  private readonly bases = new Map<StoredTensor["storage"], Tensor>();

  constructor(map: MapLocation | null) {
    this.map = map;
  }

  tensor(stored: StoredTensor): Tensor {
    const { dtype } = stored;
    if (!isDType(dtype))
      throw new DTypeError(
        "load/dtype",
        `torch.load: the file holds a tensor of ${dtype}, a type that is not available here.`,
        "Convert it to another type before saving it.",
      );
    const known = this.bases.get(stored.storage);
    // Two types over one storage: the second gets memory of its own.
    const fresh = known === undefined || known.dtype.name !== dtype;
    const base = fresh ? this.base(stored, dtype) : known;
    if (known === undefined) this.bases.set(stored.storage, base);
    const own = fresh && sameShape(base.shape, stored.shape);
    const tensor = own
      ? new Tensor(base.storage_, base.shape, null, null)
      : as_strided(base.viewBy_(detachStep), stored.shape, stored.strides, stored.storageOffset);
    if (stored.parameter)
      return own ? parameterOf(tensor, stored.requires_grad) : new Parameter(tensor, stored.requires_grad);
    return stored.requires_grad ? tensor.requires_grad_() : tensor;
  }

  /** Of the first tensor's shape when that is the whole storage, else flat. */
  private base(stored: StoredTensor, dtype: Parameters<typeof typedView>[0]): Tensor {
    const { storage, shape, strides, storageOffset } = stored;
    const { buffer, byteOffset } = storage.bytes;
    const { itemsize } = dtypeObject(dtype);
    const count = Math.floor(storage.bytes.length / itemsize);
    const whole =
      storageOffset === 0 && isContiguous(shape, strides) && shape.reduce((n, size) => n * size, 1) === count;
    const target = this.deviceOf(stored.device);
    if (!holds(target.name, dtype))
      throw new DTypeError(
        "load/device-dtype",
        `torch.load: ${dtype} is not available on ${target.name}.`,
        'Load it with { map_location: "cpu" } and convert it.',
      );
    return Tensor.ofArray(typedView(dtype, buffer, byteOffset, count), whole ? shape : [count], dtype, target);
  }

  private deviceOf(location: string): Device {
    const { map } = this;
    if (map === null) return deviceAt(location);
    if (typeof map === "function" && !(map instanceof device)) {
      const chosen = map(storageOn(new device("cpu")), location);
      if (chosen === null || chosen === undefined) return deviceAt(location);
      return currentDevice(typeof chosen === "object" && !(chosen instanceof device) ? chosen.device : chosen);
    }
    if (map instanceof Map || isPlainObject(map)) {
      const table = map as ReadonlyMap<string, DeviceLike> | Readonly<Record<string, DeviceLike>>;
      const chosen =
        table instanceof Map
          ? (table as ReadonlyMap<string, DeviceLike>).get(location)
          : (table as Readonly<Record<string, DeviceLike>>)[location];
      return chosen === undefined ? deviceAt(location) : currentDevice(chosen);
    }
    return currentDevice(map as DeviceLike);
  }
}

const storageOn = (where: device): LoadedStorage => ({
  device: where,
  cpu: () => storageOn(new device("cpu")),
  cuda: () => storageOn(new device("cuda")),
  to: (target) => storageOn(new device(target)),
});

/** The device that a location in a file names. */
function deviceAt(location: string): Device {
  const [type] = location.split(":");
  if (type === "cpu") return deviceFor(settings.defaultDevice === "cpu:js" ? "cpu:js" : "cpu");
  if (type === "cuda" || type === "mps" || type === "webgpu") {
    if (webgpuModule.is_available()) return deviceFor("webgpu");
    throw new DeviceError(
      "load/device",
      `torch.load: Attempting to deserialize object on a CUDA device (${location}), but torch.webgpu.is_available() is false.`,
      'Pass { map_location: "cpu" } to map all storages to the CPU, or call `await torch.webgpu.init()` first.',
    );
  }
  throw new ArgumentError(
    "load/location",
    `torch.load: don't know how to restore data location of a storage tagged with ${location}.`,
    'Pass { map_location: "cpu" }.',
  );
}
