/**
 * Printing: values that are already at hand come in, the text that PyTorch 2.13 prints goes out. Nothing here knows
 * Tensor, reads a device or looks at global state: `printSettings` is the one mutable object, and its options are
 * passed to `formatTensor` by whoever prints.
 */
export { formatTensor, type PrintableTensor } from "./format-tensor.ts";
export {
  formatNamedResult,
  formatParameter,
  formatTorchName,
  reprDevice,
  reprTuple,
  strDevice,
  type PrintableDevice,
} from "./format-values.ts";
export {
  changePrintOptions,
  defaultPrintOptions,
  PrintOptionsError,
  printProfiles,
  printSettings,
  PrintSettings,
  type PrintOptionChanges,
  type PrintOptions,
  type PrintProfile,
} from "./print-options.ts";
export { formatFixed, formatScientific, reprFloat } from "./python-number.ts";
