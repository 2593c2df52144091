/** Tensors in a pickle, and the storages that they refer to. */
import { serializationErrors } from "./errors.ts";
import { storedDtypes } from "./dtypes.ts";
import { opcodes as op } from "./pickle-opcodes.ts";
import type { PickleWriter } from "./pickle-writer.ts";
import type { TensorLeaf } from "./tensors.ts";
import { bytesOf } from "./tensors.ts";
import type { TorchStorage } from "./values.ts";

export class StorageWriter {
  /** By the number that the pickle uses. */
  readonly contents: Uint8Array[] = [];
  readonly #writer: PickleWriter;
  readonly #numbers = new Map<object, number>();

  constructor(writer: PickleWriter) {
    this.#writer = writer;
  }

  /** `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)`; v3 with a dtype on untyped storages. */
  tensor(leaf: TensorLeaf, path: string): void {
    const writer = this.#writer;
    const size = bytesOf(leaf.dtype);
    const storageClass = storedDtypes[leaf.dtype]!.storageClass;
    const number = this.#number(leaf.storageKey, () => {
      const bytes = leaf.storageBytes();
      if (bytes.length !== leaf.storageElementCount * size) {
        const wanted = `${leaf.storageElementCount} elements of ${leaf.dtype}`;
        throw serializationErrors.cannotSave(path, `a tensor whose storage has ${bytes.length} bytes for ${wanted}`);
      }
      return bytes;
    });
    const parts = [
      () => this.#reference(number, storageClass, leaf.storageElementCount * (storageClass === undefined ? size : 1)),
      () => writer.number(leaf.storage_offset),
      () => writer.indices(leaf.shape),
      () => writer.indices(leaf.strides),
      () => writer.opcode(leaf.requires_grad === true && leaf.parameter !== true ? op.NEWTRUE : op.NEWFALSE),
      () => writer.orderedDict(),
    ];
    const rebuild = (): void =>
      storageClass === undefined
        ? writer.call("torch._utils", "_rebuild_tensor_v3", ...parts, () => writer.global("torch", leaf.dtype))
        : writer.call("torch._utils", "_rebuild_tensor_v2", ...parts);
    if (leaf.parameter !== true) return rebuild();
    writer.call(
      "torch._utils",
      "_rebuild_parameter",
      rebuild,
      () => writer.opcode(leaf.requires_grad === false ? op.NEWFALSE : op.NEWTRUE),
      () => writer.orderedDict(),
    );
  }

  storage(value: TorchStorage): void {
    const storageClass = value.dtype === null ? undefined : storedDtypes[value.dtype]?.storageClass;
    const count = storageClass === undefined ? value.bytes.length : value.bytes.length / bytesOf(value.dtype!);
    this.#reference(
      this.#number(value, () => value.bytes),
      storageClass,
      count,
    );
  }

  #number(key: object, bytes: () => Uint8Array): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.contents.push(bytes()) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** Always on the CPU: the file must load where no such device exists. */
  #reference(number: number, storageClass: string | undefined, count: number): void {
    const writer = this.#writer;
    const module = storageClass === undefined ? "torch.storage" : "torch";
    writer.tuple([
      () => writer.string("storage"),
      () => writer.global(module, storageClass ?? "UntypedStorage"),
      () => writer.string(String(number)),
      () => writer.string("cpu"),
      () => writer.number(count),
    ]);
    writer.opcode(op.BINPERSID);
  }
}
