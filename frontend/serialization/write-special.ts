/** The classes of values.ts in a pickle. */
import { numpyCodeOf } from "./numpy.ts";
import { opcodes as op } from "./pickle-opcodes.ts";
import type { PickleWriter } from "./pickle-writer.ts";
import { bytesOf } from "./tensors.ts";
import {
  Complex,
  NumpyArray,
  PythonObject,
  PythonReference,
  TorchDevice,
  TorchName,
  TorchSize,
  TorchStorage,
} from "./values.ts";
import type { StorageWriter } from "./write-tensors.ts";

/** Writes one part of a value; `step` says where it stands, for messages. */
type WriteItem = (child: unknown, step: string) => void;

/** False: the value is none of these. */
export function writeSpecial(writer: PickleWriter, storages: StorageWriter, value: object, item: WriteItem): boolean {
  if (value instanceof TorchName) writeName(writer, value);
  else if (value instanceof TorchDevice) writeDevice(writer, value);
  else if (value instanceof TorchSize) writer.call("torch", "Size", () => writer.indices(value.sizes));
  else if (value instanceof TorchStorage) storages.storage(value);
  else if (value instanceof PythonReference) writeGlobal(writer, value.name);
  else if (value instanceof NumpyArray) writeArray(writer, value);
  else if (value instanceof PythonObject) writeObject(writer, value, item);
  else if (value instanceof Complex) {
    const part = (number: number) => () => writer.number(number);
    writer.call("__builtin__", "complex", part(value.re), part(value.im));
  } else return false;
  return true;
}

function writeGlobal(writer: PickleWriter, name: string): void {
  const dot = name.lastIndexOf(".");
  const module = name.slice(0, dot);
  writer.global(module === "builtins" ? "__builtin__" : module, name.slice(dot + 1));
}

function writeName(writer: PickleWriter, { kind, name }: TorchName): void {
  if (kind !== "layout") return writer.global("torch", name);
  writer.call("torch.serialization", "_get_layout", () => writer.string(`torch.${name}`));
}

function writeDevice(writer: PickleWriter, { type, index }: TorchDevice): void {
  const parts = [() => writer.string(type)];
  if (index !== null) parts.push(() => writer.number(index));
  writer.call("torch", "device", ...parts);
}

function writeArray(writer: PickleWriter, { dtype, shape, bytes }: NumpyArray): void {
  const none = (): void => writer.opcode(op.NONE);
  const no = (): void => writer.opcode(op.NEWFALSE);
  writer.call(
    "numpy.core.multiarray",
    "_reconstruct",
    () => writer.global("numpy", "ndarray"),
    () => writer.indices([0]),
    () => writer.bytesValue(Uint8Array.of(0x62)),
  );
  const writeDtype = (): void => {
    writer.call(
      "numpy",
      "dtype",
      () => writer.string(numpyCodeOf(dtype)),
      no,
      () => writer.opcode(op.NEWTRUE),
    );
    const order = bytesOf(dtype) === 1 ? "|" : "<";
    const integer = (number: number) => () => writer.number(number);
    writer.tuple([integer(3), () => writer.string(order), none, none, none, integer(-1), integer(-1), integer(0)]);
    writer.opcode(op.BUILD);
  };
  writer.tuple([() => writer.number(1), () => writer.indices(shape), writeDtype, no, () => writer.bytesValue(bytes)]);
  writer.opcode(op.BUILD);
}

function writeObject(writer: PickleWriter, value: PythonObject, item: WriteItem): void {
  if (value.class.startsWith("torch.sparse_")) return writeSparse(writer, value, item);
  const writeArgs = value.args.map((arg, i) => () => item(arg, `'s argument ${i}`));
  writeGlobal(writer, value.class);
  writer.tuple(writeArgs);
  writer.opcode(writeArgs.length === 0 ? op.NEWOBJ : op.REDUCE);
  if (value.elements.length > 0) {
    writer.opcode(op.MARK);
    value.elements.forEach((element, i) => item(element, `[${i}]`));
    writer.opcode(op.APPENDS);
  }
  if (value.entries.size > 0) {
    writer.opcode(op.MARK);
    for (const [key, entry] of value.entries) {
      item(key, "'s key");
      item(entry, `[${String(key)}]`);
    }
    writer.opcode(op.SETITEMS);
  }
  if (value.state !== null) {
    item(value.state, "'s state");
    writer.opcode(op.BUILD);
  }
}

function writeSparse(writer: PickleWriter, value: PythonObject, item: WriteItem): void {
  const parts =
    value.state instanceof Map ? [...(value.state as Map<string, unknown>)] : Object.entries(value.state ?? {});
  writer.call(
    "torch._utils",
    "_rebuild_sparse_tensor",
    () => writeName(writer, new TorchName("layout", value.class.slice("torch.".length))),
    () =>
      writer.tuple(
        parts.map(
          ([name, part]) =>
            () =>
              item(part, `.${name}`),
        ),
      ),
  );
}
