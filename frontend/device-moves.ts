/** Values on their way between devices, through the host; gradients move back. */
import { DeviceError, DTypeError } from "../ir/errors.ts";
import { enterScope } from "../ir/interning.ts";
import { defineOp } from "../ir/operator.ts";
import { holds, type Device } from "../runtime/device.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";

/** The recorded form of a move between devices; gradients move back. */
const moves: { readonly from: Device; readonly to: Device }[] = [];
defineOp({
  name: "to_device",
  signature: "to_device(Tensor input, Tensor moved, int move)",
  places: [],
  composite: true,
  doc: { summary: "The same values on another device.", shape: "[*] -> [*]", source: "torch.Tensor.to" },
  gradient(_g, { attrs, grads }) {
    const grad = grads[0];
    if (!grad) return [null, null];
    const { from, to } = moves[attrs["move"] as number]!;
    const back = moved(Tensor.ofNode(grad, to), from);
    enterScope(from.name);
    return [back.node_(), null];
  },
  record: (_g, { moved: result }) => result,
});

/**
 * The same values on another device; they pass through the host, read synchronously.
 * @throws DeviceError when the origin is read by promises only
 */
export function moved(source: Tensor, target: Device): Tensor {
  const origin = source.storage_.device;
  if (origin === target) return source;
  if (!origin.synchronous)
    throw new DeviceError(
      "to/synchronous",
      `to: values leave ${origin.name} by a promise only.`,
      `Use the ...Async twin: await tensor.toAsync("${target.name}").`,
    );
  return landed(source, source.readSync_().slice(), target);
}

/** A tensor of values that were read from `source`; its history stays attached. */
export function landed(source: Tensor, values: Parameters<typeof Tensor.ofArray>[0], target: Device): Tensor {
  if (!holds(target.name, source.dtype.name))
    throw new DTypeError(
      "to/device-dtype",
      `to: ${source.dtype.name} is not available on ${target.name}.`,
      `Name a type that is: to("${target.name}", "float32").`,
    );
  const copy = Tensor.ofArray(values, source.shape, source.dtype.name, target);
  const node = source.node_();
  if (!graph.gradEnabled || !node.requiresGrad) return copy;
  // One number for each pair of devices: it is part of the graph.
  const from = source.storage_.device;
  const known = moves.findIndex((other) => other.from === from && other.to === target);
  const move = known >= 0 ? known : moves.push({ from, to: target }) - 1;
  enterScope(target.name);
  const attrs = { input: { $input: 0 }, moved: { $input: 1 }, move };
  return Tensor.ofNode(
    graph.call("to_device", [node, copy.node_()], attrs, [{ dtype: node.dtype, shape: node.shape }]),
    target,
  );
}
