/**
 * Every class of error that users see. A message is: `Class [code] operator: what arrived and which rule it broke.`,
 * a line with a cure that is valid, and the user's own line when it is known.
 */
export class CressetError extends Error {
  /** Stable identifier such as `matmul/inner-dims`. */
  readonly code: string;
  constructor(code: string, message: string, cure?: string) {
    // The user's frame may lie deeper than the ten frames that are kept by default.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 60;
    super(`[${code}] ${message}${cure === undefined ? "" : `\n  ${cure}`}`);
    Error.stackTraceLimit = limit;
    this.code = code;
    this.name = new.target.name;
  }
}

/** Sizes that do not fit each other or the operator. */
export class ShapeError extends CressetError {}
/** An element type that the operator or the device does not take. */
export class DTypeError extends CressetError {}
/** Tensors on different devices, or a device that cannot do what is asked. */
export class DeviceError extends CressetError {}
/** Misuse of gradients: freed graphs, overwritten saved values, backward from a non-scalar. */
export class AutogradError extends CressetError {}
/** An index out of range. */
export class IndexError extends CressetError {}
/** A wrong argument: missing, unknown, or of the wrong kind. */
export class ArgumentError extends CressetError {}
/** A value outside an operator's domain, found when values are known. */
export class ValueError extends CressetError {}
/** A matrix that cannot be factored, found when values are known. */
export class LinAlgError extends CressetError {}
/** A model or graph that cannot be exported. */
export class ExportError extends CressetError {}
/** A file that is not what it should be, or a value that cannot be saved. */
export class SerializationError extends CressetError {}
/** Reading a value that is no longer, or cannot be, there. */
export class ReadError extends CressetError {}
/** No WebGPU adapter on this machine or in this browser. */
export class AdapterNotFoundError extends CressetError {}
/** The GPU device went away; its memory is gone. */
export class DeviceLostError extends CressetError {}
/** A refused allocation; the message names the sizes. */
export class OutOfMemoryError extends CressetError {}
/** A broken invariant of the compiler itself: always a bug in Cresset. */
export class IrError extends CressetError {}
/** Part of PyTorch's surface that is not here yet. */
export class NotImplementedError extends CressetError {}
