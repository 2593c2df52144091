/**
 * Files: PyTorch's .pt (zip and legacy) and safetensors, between bytes and trees of plain values. Nothing here knows
 * Tensor: reading calls `makeTensor` with what the file says, writing asks tensor leaves for their storage. A file
 * can only ever build data: names outside a fixed table are refused and nothing in it is executed. Whatever is wrong
 * with a file is a SerializationError; equal trees give equal bytes.
 */
export { loadPt, type LoadOptions } from "./read-pt.ts";
export { loadSafetensors, saveSafetensors, type SafetensorsContents } from "./safetensors.ts";
export { type StorageData, type StoredTensor, type TensorLeaf } from "./tensors.ts";
export { type DictForm } from "./to-javascript.ts";
export {
  Complex,
  getDictInfo,
  NumpyArray,
  PythonObject,
  PythonReference,
  setDictInfo,
  TorchDevice,
  TorchName,
  TorchSize,
  TorchStorage,
  type DictInfo,
  type SpecialValue,
} from "./values.ts";
export { savePt, type SaveOptions } from "./write-pt.ts";
