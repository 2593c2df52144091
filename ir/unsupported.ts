/** The refusal of an element type that an operator does not take, in PyTorch's words. */
import { scalarName, type DType } from "./dtype.ts";
import { DTypeError } from "./errors.ts";
import { describe, type Node } from "./graph.ts";

const limits = "clamp is not supported for complex types";
const sorting = "Sort does not support complex dtypes on CPU";
/** Where PyTorch says more of complex numbers than that there is no kernel. */
const complexWords: Readonly<Record<string, string>> = {
  deg2rad: "deg2rad is not supported for complex tensors",
  isneginf: "isneginf does not support complex inputs",
  isposinf: "isposinf does not support complex inputs",
  nansum: "nansum on CPU does not support complex inputs",
  rad2deg: "rad2deg is not supported for complex tensors",
  argmax: "argmax(): does not support complex input",
  argmin: "argmin(): does not support complex input",
  argsort: sorting,
  ceil: "ceil is not supported for complex inputs",
  clamp: limits,
  clamp_max: limits,
  clamp_min: limits,
  floor: "floor is not supported for complex inputs",
  fmax: "fmax not implemented for complex tensors",
  fmin: "fmin not implemented for complex tensors",
  hardtanh: limits,
  maximum: "maximum not implemented for complex tensors",
  minimum: "minimum not implemented for complex tensors",
  msort: sorting,
  relu: limits,
  relu6: limits,
  sign: "Unlike NumPy, torch.sign is not intended to support complex numbers",
  signbit: "signbit is not implemented for complex tensors",
  sort: sorting,
  topk: "topk does not support complex dtypes on CPU",
  trunc: "trunc is not supported for complex inputs",
};

/** The code of a refusal that a step of an operator makes, who cannot know the operator. */
export const complexCode = "complex/operation";

export function complexUnsupported(name: string, given: Node): DTypeError {
  const words = Object.hasOwn(complexWords, name) ? `${complexWords[name]}: ` : "";
  const cure = name === "sign" ? "Please use torch.sgn instead." : "Take its real(), imag() or abs() first.";
  return unsupported(name, given, cure, complexCode, words);
}

/** Of a tensor, or of the type that several operands have in common. */
export function unsupported(
  name: string,
  given: Node | DType,
  cure?: string,
  code = `${name}/dtype`,
  words = "",
): DTypeError {
  return noKernel(name, `${name}_cpu`, given, cure, code, words);
}

/** The same of a kernel that has another name than the operator. */
export function noKernel(
  name: string,
  kernel: string,
  given: Node | DType,
  cure?: string,
  code = `${name}/dtype`,
  words = "",
): DTypeError {
  const [dtype, got] = typeof given === "string" ? [given, given] : [given.dtype, describe(given)];
  return new DTypeError(
    code,
    `${name}: ${words}"${kernel}" not implemented for '${scalarName(dtype)}', got ${got}.`,
    cure,
  );
}
