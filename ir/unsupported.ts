/** The refusal of an element type that an operator does not take, in PyTorch's words. */
import { scalarName, type DType } from "./dtype.ts";
import { DTypeError } from "./errors.ts";
import { describe, type Node } from "./graph.ts";

/** Of a tensor, or of the type that several operands have in common. */
export function unsupported(name: string, given: Node | DType, cure?: string, code = `${name}/dtype`): DTypeError {
  const [dtype, got] = typeof given === "string" ? [given, given] : [given.dtype, describe(given)];
  return new DTypeError(code, `${name}: "${name}_cpu" not implemented for '${scalarName(dtype)}', got ${got}.`, cure);
}
