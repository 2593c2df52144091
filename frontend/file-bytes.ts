/** Tensors and storages of what a file holds. */
import { dtypeBytes } from "../ir/dtype.ts";
import { NotImplementedError, ValueError } from "../ir/errors.ts";
import { typedView } from "../runtime/typed-array.ts";
import { withSite } from "./call.ts";
import { isPlainObject } from "./bind.ts";
import { dtypeOption, type TensorOptions } from "./creation.ts";
import { currentDevice } from "./devices.ts";
import { readFile, type FileSource } from "./files.ts";
import { settings } from "./state.ts";
import { Tensor } from "./tensor.ts";

/** As many bytes of a file as are wanted; all, if 0. */
export function fileBytes(operator: string, file: FileSource, shared: boolean | null, bytes: number): Uint8Array {
  if (shared === true)
    throw new NotImplementedError(
      "from_file/shared",
      `${operator}: shared=True writes into the file, which takes a mapping of files into memory that JavaScript lacks.`,
      "Read it with shared=False, and save what has changed.",
    );
  const contents = readFile(operator, file);
  if (contents.byteLength < bytes)
    throw new ValueError(
      "from_file/size",
      `${operator}: the file has ${contents.byteLength} bytes, ${bytes} are wanted.`,
    );
  return contents.slice(0, bytes === 0 ? undefined : bytes);
}

export interface FileOptions extends TensorOptions {
  readonly shared?: boolean | null;
  readonly size?: number;
}
/**
 * The first `size` elements of a file of bare numbers (little-endian), as a copy.
 *
 * Shape: `-> [size]`
 *
 * @throws NotImplementedError for `shared`, which would write back into the file
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.from_file.html
 */
export function from_file(
  filename: FileSource,
  shared: boolean | null | FileOptions = null,
  size: number | FileOptions = 0,
  given: FileOptions = {},
): Tensor {
  return withSite(() => {
    const named = (value: unknown): value is FileOptions => isPlainObject(value);
    const options = [shared, size, given].find(named) ?? {};
    const isShared = named(shared) ? (options.shared ?? null) : shared;
    const count = named(shared) || named(size) ? (options.size ?? 0) : size;
    const dtype = dtypeOption(options, settings.defaultDType, "from_file");
    const bytes = count * dtypeBytes(dtype);
    const contents = count === 0 ? new Uint8Array(0) : fileBytes("from_file", filename, isShared, bytes);
    const result = Tensor.ofArray(typedView(dtype, contents.buffer), [count], dtype, currentDevice(options.device));
    return options.requires_grad === true ? result.requires_grad_() : result;
  });
}
