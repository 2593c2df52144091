/** Values that an operator has to know before it can be recorded, because its result's shape depends on them. */
import { ReadError } from "../ir/errors.ts";
import { enterScope } from "../ir/interning.ts";
import { nothingMeasured, type HostElements, type Measured, type Operator } from "../ir/operator.ts";
import { elementCount } from "../ir/shape.ts";
import type { Device } from "../runtime/device.ts";
import { bfloat16Value, float16Value } from "../runtime/half-floats.ts";
import { typedArray, type TypedArray } from "../runtime/typed-array.ts";
import { bodyUnderWay, refuseInBody } from "./body-scope.ts";
import { fillTyped } from "./elements.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";
import { contentsOf, nodeOver } from "./value.ts";

type BoundArguments = Readonly<Record<string, unknown>>;

/** @throws ReadError naming the Async twin when the device is read by promises only */
export function measuredNow(definition: Operator, args: BoundArguments, device: Device, name: string): Measured {
  if (definition.measure === null) return nothingMeasured;
  const tensors = toMeasure(definition, args, device);
  if (tensors.length > 0 && bodyUnderWay() === "vmap")
    refuseInBody(
      `We do not support batching operators that can output dynamic shape: attempted to vmap over ${name}, which reads a value`,
      "Compute with shapes that do not depend on values: where() instead of a mask, for one.",
    );
  if (tensors.length > 0 && !device.synchronous) {
    throw new ReadError(
      "shape/depends-on-data",
      `${name}: the shape of its result depends on data, which takes a promise on ${device.name}.`,
      `Use the ...Async twin: await ${name}Async(...).`,
    );
  }
  return measuredOf(
    device,
    tensors.map((tensor) => hostElements(tensor, tensor.readSync_())),
  );
}

export async function measuredLater(definition: Operator, args: BoundArguments, device: Device): Promise<Measured> {
  if (definition.measure === null) return nothingMeasured;
  const values: HostElements[] = [];
  for (const tensor of toMeasure(definition, args, device)) values.push(hostElements(tensor, await tensor.read_()));
  return measuredOf(device, values);
}

function toMeasure(definition: Operator, args: BoundArguments, device: Device): readonly Tensor[] {
  enterScope(device.name);
  return definition.measure!(graph, args, device.synchronous).map((node) => Tensor.ofNode(graph.detach(node), device));
}

function measuredOf(device: Device, values: readonly HostElements[]): Measured {
  return {
    values,
    synchronous: device.synchronous,
    upload(elements, shape, dtype) {
      const array = typedArray(dtype, elementCount(shape));
      fillTyped(array, dtype, elements);
      return nodeOver(dtype, shape, contentsOf(dtype, shape, device, array));
    },
  };
}

function hostElements(tensor: Tensor, data: TypedArray): HostElements {
  const dtype = tensor.dtype.name;
  if (dtype !== "float16" && dtype !== "bfloat16") return data;
  return Float32Array.from(data as Uint16Array, dtype === "float16" ? float16Value : bfloat16Value);
}
