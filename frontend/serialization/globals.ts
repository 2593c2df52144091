/**
 * Every name that a checkpoint may refer to, and what calling it does here. This table is the whole of what a file can
 * reach: a name that is not in it is an error that says the name.
 */
import { dtypeOfStorageClass, storedDtypes } from "./dtypes.ts";
import { serializationErrors } from "./errors.ts";
import { NumpyDtype, numpyFromBuffer, NumpyRecord, numpyScalar } from "./numpy.ts";
import {
  asIndex,
  asIndices,
  asItems,
  asString,
  asTuple,
  PyCallable,
  PyClass,
  PyDict,
  PySet,
  PyTuple,
} from "./python-values.ts";
import { rebuildFromType, rebuildParameter, rebuildTensor, rebuildTensorV3, StorageClass } from "./tensor-records.ts";
import { Complex, PythonObject, PythonReference, TorchDevice, TorchName, TorchSize } from "./values.ts";

type Call = (args: readonly unknown[]) => unknown;

function dict(source: unknown, ordered: boolean): PyDict {
  const made = new PyDict();
  made.ordered = ordered;
  if (source === undefined) return made;
  const entries =
    source instanceof Map ? source : asItems(source, "a dict's items").map((pair) => asTuple(pair, "an item"));
  for (const [key, value] of entries) made.set(key, value);
  return made;
}

const items = (source: unknown): readonly unknown[] =>
  source === undefined ? [] : asItems(source, "a container's items");

function encode([text, encoding]: readonly unknown[]): Uint8Array {
  if (encoding !== "latin1") throw serializationErrors.unsupported(`bytes in the encoding ${String(encoding)}`);
  return Uint8Array.from(asString(text, "bytes"), (char) => char.charCodeAt(0));
}

function bytes([source, encoding]: readonly unknown[]): Uint8Array {
  if (source === undefined) return new Uint8Array(0);
  if (source instanceof Uint8Array) return source;
  if (typeof source === "string") return encode([source, encoding === "latin-1" ? "latin1" : encoding]);
  return Uint8Array.from(items(source), (item) => asIndex(item, "a byte"));
}

function complex([re = 0, im = 0]: readonly unknown[]): Complex {
  if (typeof re !== "number" || typeof im !== "number")
    throw serializationErrors.corrupt("a complex number has no parts");
  return new Complex(re, im);
}

function device([type, index]: readonly unknown[]): TorchDevice {
  const [name = "", ordinal] = asString(type, "a device").split(":");
  if (index !== undefined && index !== null) return new TorchDevice(name, asIndex(index, "a device's index"));
  return new TorchDevice(name, ordinal === undefined ? null : asIndex(Number(ordinal), "a device's index"));
}

/** Sparse tensors stay what they are made of: a layout and dense components. */
function sparse([layout, parts]: readonly unknown[]): PythonObject {
  if (!(layout instanceof TorchName)) throw serializationErrors.corrupt("a sparse tensor has no layout");
  const values = asTuple(parts, "a sparse tensor's parts");
  const names =
    layout.name === "sparse_coo"
      ? ["indices", "values", "size", "is_coalesced"]
      : ["compressed_indices", "plain_indices", "values", "size"];
  const made = new PythonObject(`torch.${layout.name}`);
  made.state = new PyDict(names.map((name, i) => [name, values[i] ?? null]));
  return made;
}

/** Protocol 2's way to create objects of classes without `__new__`: (class, object, None). */
function reconstruct([type, base]: readonly unknown[]): PythonObject {
  if (!(type instanceof PyClass) || !(base instanceof PyCallable) || base.name !== "builtins.object") {
    throw serializationErrors.unsupported("an object that is created from something else than a class of its own");
  }
  return new PythonObject(type.name);
}

const callOnly =
  (name: string): Call =>
  () => {
    throw serializationErrors.unsupported(`a call of ${name} in a pickle`);
  };

const calls: Readonly<Record<string, Call>> = {
  "collections.OrderedDict": ([source]) => dict(source, true),
  "collections.defaultdict": () => new PyDict(),
  "collections.Counter": ([source]) => dict(source, false),
  "builtins.dict": ([source]) => dict(source, false),
  "builtins.list": ([source]) => [...items(source)],
  "builtins.tuple": ([source]) => new PyTuple(items(source)),
  "builtins.set": ([source]) => new PySet(items(source)),
  "builtins.frozenset": ([source]) => new PySet(items(source)),
  "builtins.bytes": bytes,
  "builtins.bytearray": bytes,
  "builtins.complex": complex,
  "builtins.object": callOnly("object"),
  "builtins.int": callOnly("int"),
  "builtins.float": callOnly("float"),
  "builtins.str": callOnly("str"),
  "builtins.bool": callOnly("bool"),
  "_codecs.encode": encode,
  "copyreg._reconstructor": reconstruct,
  "torch.Size": ([sizes]) => new TorchSize(asIndices(sizes, "a torch.Size")),
  "torch.device": device,
  "torch.serialization._get_layout": ([name]) =>
    new TorchName("layout", asString(name, "a layout").replace(/^torch\./, "")),
  "torch._utils._rebuild_tensor": (args) => rebuildTensor(args),
  "torch._utils._rebuild_tensor_v2": (args) => rebuildTensor(args),
  "torch._utils._rebuild_tensor_v3": rebuildTensorV3,
  "torch._utils._rebuild_parameter": rebuildParameter,
  "torch._utils._rebuild_parameter_with_state": rebuildParameter,
  "torch._utils._rebuild_sparse_tensor": sparse,
  "torch._tensor._rebuild_from_type_v2": rebuildFromType,
  "numpy.core.multiarray._reconstruct": () => new NumpyRecord(),
  "numpy.core.multiarray.scalar": numpyScalar,
  "numpy.core.numeric._frombuffer": numpyFromBuffer,
  "numpy.dtype": (args) => new NumpyDtype(args),
};

/** Types that are only ever arguments of the calls above. */
const references = new Set([
  "numpy.ndarray",
  "torch.Tensor",
  "torch.nn.parameter.Parameter",
  "torch.nn.parameter.Buffer",
]);

const memoryFormats = new Set(["contiguous_format", "channels_last", "channels_last_3d", "preserve_format"]);
const quantizationSchemes = new Set([
  "per_tensor_affine",
  "per_channel_affine",
  "per_tensor_symmetric",
  "per_channel_symmetric",
]);

/** Names that moved: Python 2's modules, and NumPy 2's. */
const movedModules: ReadonlyMap<string, string> = new Map([
  ["__builtin__", "builtins"],
  ["copy_reg", "copyreg"],
  ["numpy._core.multiarray", "numpy.core.multiarray"],
  ["numpy._core.numeric", "numpy.core.numeric"],
]);

/** PyTorch's own modules are plain data once loaded; classes of other packages must be asked for. */
export const isTorchModuleClass = (name: string): boolean =>
  name.startsWith("torch.nn.modules.") || name.startsWith("torch.optim.");

const isTorchFunction = (name: string): boolean =>
  name.startsWith("torch.nn.functional.") || name.startsWith("torch._C._nn.");

/** The value of a global; `allowsClass` decides about classes that are loaded as PythonObjects. */
export function resolveGlobal(module: string, name: string, allowsClass: (name: string) => boolean): unknown {
  const fullName = `${movedModules.get(module) ?? module}.${name}`;
  if (Object.hasOwn(calls, fullName)) return new PyCallable(fullName, calls[fullName]!);
  if (references.has(fullName)) return new PythonReference(fullName);
  if (module === "torch" || module === "torch.storage") {
    const dtype = dtypeOfStorageClass.get(name);
    if (dtype !== undefined) return new StorageClass(dtype);
    if (name === "UntypedStorage" || name === "_UntypedStorage") return new StorageClass(null);
  }
  if (module === "torch") {
    if (Object.hasOwn(storedDtypes, name)) return new TorchName("dtype", name);
    if (memoryFormats.has(name)) return new TorchName("memory_format", name);
    if (quantizationSchemes.has(name)) return new TorchName("qscheme", name);
  }
  if (isTorchFunction(fullName)) return new PythonReference(fullName);
  // PyTorch's internal functions are no classes: one that is missing above cannot be loaded at all.
  if (module.startsWith("torch._")) throw serializationErrors.unsupported(`a value that ${fullName} rebuilds`);
  if (allowsClass(fullName)) return new PyClass(fullName);
  throw serializationErrors.forbiddenGlobal(fullName);
}
