/** Moving and converting the values of a module tree: the parameters stay the same objects. */
import { isComplex, isFloat, type DType } from "../../ir/dtype.ts";
import { DTypeError } from "../../ir/errors.ts";
import { isPlainObject } from "../bind.ts";
import { device as DeviceObject, type DeviceLike } from "../devices.ts";
import { dtypeName, type DTypeLike } from "../dtype.ts";
import type { memory_format } from "../formats.ts";
import { withGradMode } from "../grad-mode.ts";
import { Tensor } from "../tensor.ts";
import { ownBuffers, ownParameters, walk } from "./module-internals.ts";
import type { Module } from "./module.ts";

export interface Destination {
  readonly device: DeviceLike | null;
  readonly dtype: DType | null;
}
export interface ToOptions {
  readonly device?: DeviceLike | null;
  readonly dtype?: DTypeLike | null;
  readonly tensor?: Tensor;
  readonly non_blocking?: boolean;
  readonly memory_format?: memory_format | null | undefined;
}

const isDeviceSpelling = (value: unknown): value is DeviceLike =>
  value instanceof DeviceObject ||
  typeof value === "number" ||
  (typeof value === "string" && /^(cpu|cuda|webgpu)(:\w+)?$/.test(value));

/** `to(device)`, `to(dtype)`, `to(device, dtype)`, `to(tensor)`, `to({ device, dtype })`. */
export function destination(args: readonly unknown[]): Destination {
  let device: DeviceLike | null = null;
  let dtype: DType | null = null;
  for (const arg of args) {
    if (arg === undefined || arg === null || typeof arg === "boolean") continue;
    if (arg instanceof Tensor) [device, dtype] = [arg.device, arg.dtype.name];
    else if (isDeviceSpelling(arg)) device = arg;
    else if (isPlainObject(arg)) {
      const options = arg as ToOptions;
      if (options.tensor !== undefined) [device, dtype] = [options.tensor.device, options.tensor.dtype.name];
      device = options.device ?? device;
      if (options.dtype !== undefined && options.dtype !== null) dtype = dtypeName(options.dtype, "to");
    } else dtype = dtypeName(arg, "to");
  }
  if (dtype !== null && !isFloat(dtype) && !isComplex(dtype))
    throw new DTypeError(
      "module/to-dtype",
      `to: nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.${dtype}.`,
    );
  return { device, dtype };
}

/** Where one tensor of the module goes: only floats change their type. */
const target = (tensor: Tensor, { device, dtype }: Destination): [DeviceObject, DType] => [
  device === null ? tensor.device : new DeviceObject(device),
  dtype !== null && (tensor.is_floating_point() || tensor.is_complex()) ? dtype : tensor.dtype.name,
];

/** Every tensor of a tree, once; gradients too. */
function tensorsOf(root: Module): Set<Tensor> {
  const found = new Set<Tensor>();
  for (const [, module] of walk(root))
    for (const [, tensor] of [...ownParameters(module), ...ownBuffers(module)]) found.add(tensor);
  return found;
}

/** Replaces the contents of all parameters and buffers (and of the parameters' gradients) by `convert` of them. */
export function convertTensors(root: Module, convert: (tensor: Tensor) => Tensor): void {
  withGradMode(false, () => {
    for (const tensor of tensorsOf(root)) {
      const plain = tensor.detach();
      const converted = convert(plain);
      const gradient = tensor.grad === null ? null : convert(tensor.grad);
      if (converted !== plain) tensor.become_(converted);
      if (gradient !== tensor.grad) tensor.grad = gradient;
    }
  });
}

export const convertTo = (root: Module, where: Destination): void =>
  convertTensors(root, (tensor) => tensor.to(...target(tensor, where)));

export async function convertToAsync(root: Module, where: Destination): Promise<void> {
  for (const tensor of tensorsOf(root)) {
    const plain = tensor.detach();
    const converted = await plain.toAsync(...target(tensor, where));
    const gradient = tensor.grad === null ? null : await tensor.grad.toAsync(...target(tensor, where));
    if (converted !== plain) tensor.become_(converted);
    if (gradient !== tensor.grad) tensor.grad = gradient;
  }
}
