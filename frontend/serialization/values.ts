/**
 * What a saved tree is made of in JavaScript, besides null, booleans, numbers, bigints, strings and tensors:
 *
 * | Python               | JavaScript                                                                                |
 * | -------------------- | ----------------------------------------------------------------------------------------- |
 * | int, float           | number; bigint beyond 2 ** 53. An integral number is saved as an int                      |
 * | list, tuple          | Array, frozen Array                                                                       |
 * | dict                 | plain object if an object keeps its keys and their order, else Map; see `DictForm`        |
 * | OrderedDict          | the same with `dictInfo` attached                                                         |
 * | dict of ints         | Map; an object whose `dictInfo` says so is saved as one, too                              |
 * | set, frozenset       | Set                                                                                       |
 * | bytes, bytearray     | Uint8Array                                                                                |
 * | anything else        | a class of this file                                                                      |
 */
import { Complex } from "../complex-number.ts";

/** `torch.float16`, `torch.strided`, `torch.channels_last`: told apart by `kind`. */
export class TorchName {
  readonly kind: "dtype" | "layout" | "memory_format" | "qscheme";
  /** Without `torch.` */
  readonly name: string;
  constructor(kind: TorchName["kind"], name: string) {
    this.kind = kind;
    this.name = name;
  }
}

export class TorchDevice {
  readonly type: string;
  readonly index: number | null;
  constructor(type: string, index: number | null = null) {
    this.type = type;
    this.index = index;
  }
}

export class TorchSize {
  readonly sizes: readonly number[];
  constructor(sizes: readonly number[]) {
    this.sizes = sizes;
  }
}

export { Complex };

/** A storage saved by itself, outside any tensor; `dtype` is null for an untyped one. */
export class TorchStorage {
  readonly dtype: string | null;
  readonly bytes: Uint8Array;
  constructor(dtype: string | null, bytes: Uint8Array) {
    this.dtype = dtype;
    this.bytes = bytes;
  }
}

/** Little-endian elements in row-major order. */
export class NumpyArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  constructor(dtype: string, shape: readonly number[], bytes: Uint8Array) {
    this.dtype = dtype;
    this.shape = shape;
    this.bytes = bytes;
  }
}

/** A class or function that is only named, such as the activation function that a module holds. */
export class PythonReference {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** An instance of a class that does not exist here, for example a whole saved module: its name and its state. */
export class PythonObject {
  /** "torch.nn.modules.conv.Conv2d" */
  readonly class: string;
  readonly args: readonly unknown[];
  /** Usually its attributes by name. */
  state: unknown = null;
  /** What a subclass of list or set holds. */
  readonly elements: unknown[] = [];
  /** What a subclass of dict holds. */
  readonly entries = new Map<unknown, unknown>();
  constructor(className: string, args: readonly unknown[] = []) {
    this.class = className;
    this.args = args;
  }
}

/** Values that a caller may want as its own kind of object: what `revive` receives. */
export type SpecialValue =
  TorchName | TorchDevice | TorchSize | TorchStorage | Complex | NumpyArray | PythonObject | PythonReference;

/** What an object does not show of the dict that it is in Python. */
export interface DictInfo {
  /** An OrderedDict. */
  readonly ordered: boolean;
  /** The keys are whole numbers there: an object's are strings, whatever they were written as. */
  readonly integerKeys?: boolean;
  /** What is set on it, such as `_metadata` on a state_dict. */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

const dictInfoKey = Symbol("cresset.dictInfo");

/** Marks an object or Map, invisibly to enumeration, spreading and JSON. */
export function setDictInfo<Dict extends object>(dict: Dict, info: DictInfo): Dict {
  return Object.defineProperty(dict, dictInfoKey, { value: info, configurable: true });
}

export const getDictInfo = (dict: object): DictInfo | undefined =>
  (dict as { readonly [dictInfoKey]?: DictInfo })[dictInfoKey];
