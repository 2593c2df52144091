/**
 * `torch.safetensors`: the functions of Python's `safetensors.torch`.
 * https://huggingface.co/docs/safetensors/api/torch
 */
import { isDType } from "../ir/dtype.ts";
import { DTypeError } from "../ir/errors.ts";
import { typedView } from "../runtime/typed-array.ts";
import { currentDevice, type DeviceLike } from "./devices.ts";
import {
  readFile,
  readFileAsync,
  writeFile,
  writeFileAsync,
  type AsyncFileSource,
  type FileSource,
  type FileTarget,
} from "./files.ts";
import { leafOf, readContents, readContentsAsync, type Contents } from "./saved-contents.ts";
import { loadSafetensors, saveSafetensors, type StoredTensor } from "./serialization/index.ts";
import { withSite } from "./site.ts";
import { Tensor } from "./tensor.ts";

type Tensors = Readonly<Record<string, Tensor>> | ReadonlyMap<string, Tensor>;
type Metadata = Readonly<Record<string, string>> | null;
interface LoadOptions {
  readonly device?: DeviceLike | null;
}

const entriesOf = (tensors: Tensors): [string, Tensor][] =>
  tensors instanceof Map
    ? [...(tensors as ReadonlyMap<string, Tensor>)]
    : Object.entries(tensors as Readonly<Record<string, Tensor>>);

const packed = (tensors: Tensors, metadata: Metadata | undefined, contents: Contents): Uint8Array =>
  saveSafetensors(
    entriesOf(tensors).map(([name, tensor]) => [name, leafOf(tensor, contents)] as const),
    metadata ?? {},
  );

function unpacked(file: Uint8Array, where: DeviceLike | LoadOptions | null): Record<string, Tensor> {
  const spelling = typeof where === "object" && where !== null && !("type" in where) ? where.device : where;
  const device = currentDevice(spelling ?? null);
  const make = ({ dtype, shape, storage }: StoredTensor): Tensor => {
    if (!isDType(dtype))
      throw new DTypeError(
        "safetensors/dtype",
        `load: the file holds a tensor of ${dtype}, a type that is not available here.`,
      );
    return Tensor.ofArray(
      typedView(dtype, storage.bytes.buffer, storage.bytes.byteOffset, storage.elementCount),
      shape,
      dtype,
      device,
    );
  };
  return Object.fromEntries(loadSafetensors(file, make).tensors);
}

/** The bytes of a file with these tensors, by name. */
export const save = (tensors: Tensors, metadata?: Metadata): Uint8Array =>
  withSite(() => packed(tensors, metadata, readContents("torch.safetensors.save", tensors)));
/** The same on every device, as a promise. */
export async function saveAsync(tensors: Tensors, metadata?: Metadata): Promise<Uint8Array> {
  return packed(tensors, metadata, await readContentsAsync(tensors));
}

/** The tensors of a file's bytes, by name. */
export const load = (
  data: ArrayBufferLike | ArrayBufferView,
  device: DeviceLike | LoadOptions | null = null,
): Record<string, Tensor> => withSite(() => unpacked(readFile("torch.safetensors.load", data), device));

/**
 * Writes tensors to a file.
 * @throws SerializationError for a type that the format does not have
 */
export const save_file = (tensors: Tensors, filename: FileTarget, metadata?: Metadata): void =>
  withSite(() =>
    writeFile(
      "torch.safetensors.save_file",
      filename,
      packed(tensors, metadata, readContents("torch.safetensors.save_file", tensors)),
    ),
  );
/** The same on every device, as a promise. */
export async function save_fileAsync(tensors: Tensors, filename: FileTarget, metadata?: Metadata): Promise<void> {
  await writeFileAsync("torch.safetensors.save_file", filename, await saveAsync(tensors, metadata));
}

/** Reads the tensors of a file. @throws SerializationError when its header does not describe its bytes exactly */
export const load_file = (
  filename: FileSource,
  device: DeviceLike | LoadOptions | null = null,
): Record<string, Tensor> => withSite(() => unpacked(readFile("torch.safetensors.load_file", filename), device));
/** The same on every device, as a promise. */
export async function load_fileAsync(
  filename: AsyncFileSource,
  device: DeviceLike | LoadOptions | null = null,
): Promise<Record<string, Tensor>> {
  return unpacked(await readFileAsync("torch.safetensors.load_file", filename), device);
}
