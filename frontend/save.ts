/**
 * `torch.save`: files that PyTorch loads. Everything in them is data: tensors, numbers, strings, lists, dicts; so save
 * `model.state_dict()` and `optimizer.state_dict()`, not the objects themselves.
 */
import { ArgumentError } from "../ir/errors.ts";
import { device } from "./devices.ts";
import { dtype } from "./dtype.ts";
import { writeFile, writeFileAsync, type FileTarget } from "./files.ts";
import { layout, memory_format, Size } from "./formats.ts";
import { isModule } from "./nn/module-internals.ts";
import { leafOf, readContents, readContentsAsync, type Contents } from "./saved-contents.ts";
import { savePt, TorchDevice, TorchName, TorchSize } from "./serialization/index.ts";
import { withSite } from "./site.ts";
import { Tensor } from "./tensor.ts";

/** PyTorch's keyword arguments, which change nothing here. */
export interface SaveFileOptions {
  readonly pickle_module?: unknown;
  readonly pickle_protocol?: number;
  readonly _use_new_zipfile_serialization?: boolean;
}

/**
 * Writes a value to a file that `torch.load`, PyTorch's too, reads; without a file, returns the bytes.
 * Tensors that share memory share it again when they are loaded. Python's tuples are frozen arrays, its OrderedDicts
 * what `state_dict()` returns, dicts with keys that are not strings Maps.
 * https://docs.pytorch.org/docs/stable/generated/torch.save.html
 * @throws SerializationError when a value has no counterpart in Python, with the path to it
 */
export function save(obj: unknown): Uint8Array;
export function save(obj: unknown, f: FileTarget, options?: SaveFileOptions): void;
export function save(obj: unknown, f?: FileTarget): Uint8Array | void {
  return withSite(() => {
    const bytes = packed(obj, readContents("torch.save", obj));
    return f === undefined ? bytes : writeFile("torch.save", f, bytes);
  });
}

/** The same for tensors on every device. */
export function saveAsync(obj: unknown): Promise<Uint8Array>;
export function saveAsync(obj: unknown, f: FileTarget, options?: SaveFileOptions): Promise<void>;
export async function saveAsync(obj: unknown, f?: FileTarget): Promise<Uint8Array | void> {
  const contents = await withSite(() => readContentsAsync(obj));
  const bytes = withSite(() => packed(obj, contents));
  if (f === undefined) return bytes;
  return writeFileAsync("torch.save", f, bytes);
}

function packed(obj: unknown, contents: Contents): Uint8Array {
  return savePt(obj, {
    replace(value) {
      if (value instanceof Tensor) return leafOf(value, contents);
      if (value instanceof dtype) return new TorchName("dtype", (value as dtype).name);
      if (value instanceof layout) return new TorchName("layout", value.name);
      if (value instanceof memory_format) return new TorchName("memory_format", value.name);
      if (value instanceof Size) return new TorchSize([...value]);
      if (value instanceof device) return new TorchDevice(value.type === "webgpu" ? "cuda" : "cpu", value.index);
      if (isModule(value))
        throw new ArgumentError(
          "save/module",
          `torch.save: a module (${value._get_name()}) is code, which no file can hold.`,
          "Save model.state_dict(), and load it into a new model with load_state_dict().",
        );
      return value;
    },
  });
}
