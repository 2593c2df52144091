/**
 * Values that are drawn, as nodes. On the CPU devices a draw takes words from PyTorch's MT19937 stream at the call, in
 * program order, and its values are PyTorch's; on WebGPU uniform and normal values are computed in kernels by Philox
 * 4x32-10 from the seed and a counter of draws.
 */
import { type DType, isComplex, isFloat, realOf, scalarName } from "../../ir/dtype.ts";
import { ArgumentError, DTypeError, ReadError } from "../../ir/errors.ts";
import type { Node } from "../../ir/graph.ts";
import { enterScope } from "../../ir/interning.ts";
import { elementCount, type Shape } from "../../ir/shape.ts";
import type { Device } from "../../runtime/device.ts";
import { fillNormal, fillNormalSingly, fillUniform } from "../../runtime/random/index.ts";
import { typedArray, type TypedArray } from "../../runtime/typed-array.ts";
import { HostScalar, scalarArgument } from "../bind.ts";
import type { FactoryOptions } from "../creation.ts";
import { preservedOrder } from "../memory-layout.ts";
import { graph } from "../state.ts";
import type { Tensor } from "../tensor.ts";
import { traceObserver } from "../trace.ts";
import { inputNode, Value } from "../value.ts";
import { drawnForExample } from "./examples.ts";
import { Generator, default_generator } from "./generator.ts";
import { noKernel } from "../../ir/unsupported.ts";

export type FloatArray = Float32Array | Float64Array | Uint16Array;
export type FloatType = "float32" | "float64" | "float16" | "bfloat16";

export interface RandomOptions extends FactoryOptions {
  readonly generator?: Generator | null | undefined;
}

type FillArray = (target: TypedArray) => void;

/**
 * A leaf whose values are drawn now, and again at each replay of a compiled function. Draws for all examples of a batch
 * follow each other, unless `isOneDraw`: then all of them are one.
 */
export function drawn(shape: Shape, dtype: DType, device: Device, fill: FillArray, isOneDraw = false): Node {
  return drawnForExample(shape, (all) => {
    const each = elementCount(shape);
    const fillAll: FillArray =
      isOneDraw || all.length === shape.length
        ? fill
        : (target) => {
            for (let start = 0; start < target.length; start += each) fill(target.subarray(start, start + each));
          };
    const array = typedArray(dtype, elementCount(all));
    fillAll(array);
    const value = new Value(dtype, all, device, array);
    traceObserver()?.draw(value, fillAll);
    return inputNode(value);
  });
}

/** Axes of a tensor from the outermost in memory to the innermost; null: row by row. */
export const orderOfMemory = (tensor: Tensor): readonly number[] | null =>
  tensor.is_contiguous() ? null : preservedOrder(tensor.shape, tensor.stride());

/** Values of a shape, drawn in the order in which its elements lie in memory, as PyTorch's kernels walk them. */
export function inMemoryOrder(shape: Shape, order: readonly number[] | null, draw: (shape: Shape) => Node): Node {
  if (order === null) return draw(shape);
  const drawnAlong = draw(order.map((axis) => shape[axis]!));
  return graph.permute(
    drawnAlong,
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** Philox words (int32) of a draw on WebGPU. */
export function philoxWords(count: number, generator: Generator): Node {
  return drawnForExample([count], (all) => graph.reshape(wordsOfDraw(elementCount(all), generator), all));
}
function wordsOfDraw(count: number, generator: Generator): Node {
  const low = (read: () => number): Node => graph.scalar(scalarArgument(new HostScalar(read)), "int32");
  const word = (value: bigint): number => Number(BigInt.asIntN(32, value));
  let draw = 0;
  const seedOf = (): bigint => generator.wordsSeed_;
  return graph.philox(
    count,
    [low(() => word(seedOf())), low(() => word(seedOf() >> 32n))],
    [low(() => (draw = generator.nextDraw_()) | 0), low(() => Math.floor(draw / 2 ** 32) | 0)],
  );
}
/** Uniform float32 in [0, 1) from the top 24 bits of words. */
export const unit = (words: Node): Node =>
  graph.mul(graph.cast(graph.and(graph.binary("shr", words, 8), 0xffffff), "float32"), 2 ** -24);

export const requireFloatType = (name: string, dtype: DType, kernel = `${name}_cpu`): FloatType => {
  if (!isFloat(dtype))
    throw name === "multinomial"
      ? new DTypeError(
          "multinomial/dtype",
          `multinomial only supports floating-point dtypes for input, got: ${scalarName(dtype)}.`,
          "Convert it with input.float().",
        )
      : noKernel(name, kernel, dtype, "Choose a float dtype.");
  return dtype as FloatType;
};

/** Complex numbers whose parts are drawn in turns, as they lie in memory. */
const overParts = (shape: Shape, draw: (parts: Shape) => Node): Node => graph.asComplex(draw([...shape, 2]));

/** Uniform values in [from, to). */
export function uniformNode(
  shape: Shape,
  dtype: DType,
  device: Device,
  generator: Generator,
  from: number,
  to: number,
): Node {
  if (isComplex(dtype))
    return overParts(shape, (parts) => uniformNode(parts, realOf(dtype), device, generator, from, to));
  const type = requireFloatType("uniform", dtype, "check_uniform_bounds");
  enterScope(device.name);
  if (device.name !== "webgpu")
    return drawn(shape, dtype, device, (target) => fillUniform(target as FloatArray, generator.cpu_, from, to, type));
  const values = graph.reshape(unit(philoxWords(elementCount(shape), generator)), shape);
  const scaled = from === 0 && to === 1 ? values : graph.add(graph.mul(values, to - from), from);
  return graph.cast(scaled, dtype);
}

/** Normal values. PyTorch draws 16 and more that lie row by row in blocks (`inBlocks`), others one by one. */
export function normalNode(
  shape: Shape,
  dtype: DType,
  device: Device,
  generator: Generator,
  mean: number,
  std: number,
  inBlocks = true,
): Node {
  if (isComplex(dtype)) {
    const part = std / Math.SQRT2;
    return overParts(shape, (parts) => normalNode(parts, realOf(dtype), device, generator, mean, part, inBlocks));
  }
  const type = requireFloatType("normal", dtype, "normal_kernel_cpu");
  enterScope(device.name);
  if (device.name !== "webgpu")
    return drawn(
      shape,
      dtype,
      device,
      (target) => (inBlocks ? fillNormal : fillNormalSingly)(target as FloatArray, generator.cpu_, mean, std, type),
      true,
    );
  // Box-Muller on pairs of words.
  const count = elementCount(shape);
  const words = graph.reshape(philoxWords(2 * count, generator), [2, count]);
  const part = (i: number): Node => graph.reshape(unit(graph.sliceAxis(words, 0, i, 1)), [count]);
  const radius = graph.sqrt(graph.mul(graph.log1p(graph.neg(part(0))), -2));
  const values = graph.mul(radius, graph.unary("cos", graph.mul(part(1), 2 * Math.PI)));
  const scaled = mean === 0 && std === 1 ? values : graph.add(graph.mul(values, std), mean);
  return graph.cast(graph.reshape(scaled, shape), dtype);
}

export function generatorOf({ generator }: { readonly generator?: Generator | null | undefined }): Generator {
  if (generator === undefined || generator === null) return default_generator;
  if (!(generator instanceof Generator))
    throw new ArgumentError("random/generator", `generator must be a torch.Generator, got ${typeof generator}.`);
  return generator;
}

/** Values of a tensor on the host, for draws whose parameters are tensors; float32 of a narrower float. */
export function onHost(name: string, tensor: Tensor): Float32Array | Float64Array {
  if (!tensor.storage_.device.synchronous)
    throw new ReadError(
      `${name}/device`,
      `${name}: its parameters are read on the host, which ${tensor.storage_.device.name} does only asynchronously.`,
      "Compute it on a CPU device.",
    );
  const dtype = tensor.dtype.name;
  const narrow = dtype === "float16" || dtype === "bfloat16";
  const values = (narrow ? tensor.detach().to("float32") : tensor).readSync_();
  return values instanceof Float64Array || values instanceof Float32Array ? values : Float64Array.from(values, Number);
}
