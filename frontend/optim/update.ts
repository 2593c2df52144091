/**
 * What updates are recorded with: parameters that share everything but their values go through one set of numbers, and
 * state starts as zeros in memory, so that the second step is the same program as the first. A complex tensor is updated
 * as its parts, [..., 2]: each part is a parameter of its own, with squares, signs and sizes of its own.
 */
import { isComplex, realOf, type DType } from "../../ir/dtype.ts";
import { DTypeError } from "../../ir/errors.ts";
import { enterScope } from "../../ir/interning.ts";
import { type Node } from "../../ir/graph.ts";
import { elementCount, formatShape } from "../../ir/shape.ts";
import type { Device } from "../../runtime/device.ts";
import { typedArray } from "../../runtime/typed-array.ts";
import { HostScalar, scalarArgument } from "../bind.ts";
import { fillTyped } from "../elements.ts";
import { noteThisLine } from "../site.ts";
import { graph, settings } from "../state.ts";
import { Tensor } from "../tensor.ts";
import { traceObserver } from "../trace.ts";
import { areTogether, cohortsOf, haveSameNumbers, type Cohort, type Counter } from "./cohorts.ts";

/** A tensor of one value like another, with its contents in memory; of a complex one both parts are that value. */
export function filledLike(like: Tensor, value: number, shape: readonly number[] = like.shape): Tensor {
  const dtype = like.dtype.name;
  const contents = typedArray(dtype, elementCount(shape));
  if (value !== 0) fillTyped(contents, realOf(dtype), new Array<number>(contents.length).fill(value));
  return Tensor.ofArray(contents, shape, dtype, like.storage_.device);
}
export const zerosLike = (like: Tensor, shape: readonly number[] = like.shape): Tensor => filledLike(like, 0, shape);

/** A number as it is in the 0-d tensor of the default type that PyTorch keeps it in: another run can go on with it exactly. */
export const inState = (value: number): number => (settings.defaultDType === "float64" ? value : Math.fround(value));

const isHalf = (dtype: DType): boolean => dtype === "float16" || dtype === "bfloat16";

/** For optimizers that PyTorch has for real parameters alone. */
export const partsCure =
  "Optimize the parts, a real tensor [..., 2], and compute with torch.view_as_complex() of it; or use torch.optim.Adam.";

/** One parameter of a bucket. */
export interface Entry<S> {
  readonly param: Tensor;
  readonly state: S;
}

/** Parameters of one device and type that step together. Half types are computed in float32, complex ones by parts. */
export class Bucket<S> {
  readonly entries: Entry<S>[] = [];
  readonly device: Device;
  /** What is computed in. */
  readonly dtype: DType;
  private readonly paramType: DType;

  constructor(first: Tensor) {
    this.device = first.storage_.device;
    this.paramType = first.dtype.name;
    this.dtype = isHalf(this.paramType) ? "float32" : realOf(this.paramType);
  }

  get first(): Entry<S> {
    return this.entries[0]!;
  }

  /** A number that is read anew before each run: changing it compiles nothing. */
  number(read: () => number): Node {
    return graph.scalar(scalarArgument(new HostScalar(read)), this.dtype);
  }
  /** A tensor's value, or a complex one's parts, in the type that is computed in. */
  value(tensor: Tensor): Node {
    const node = tensor.node_();
    if (isComplex(node.dtype) !== isComplex(this.paramType)) refuseState(node, this.paramType);
    return graph.cast(isComplex(node.dtype) ? graph.asReal(node) : node, this.dtype);
  }
  /** The gradient, or minus it. */
  grad({ param }: Entry<S>, maximize: boolean): Node {
    const node = this.value(param.grad!);
    return maximize ? graph.neg(node) : node;
  }
  /** A tensor's new value. */
  write(tensor: Tensor, node: Node, operator: string): void {
    const dtype = tensor.dtype.name;
    const value = graph.cast(node, realOf(dtype));
    tensor.write_(isComplex(dtype) ? graph.asComplex(value) : value, operator);
  }
}

function refuseState(found: Node, paramType: DType): never {
  const why = isComplex(paramType) ? ": view_as_real is only supported for complex tensors" : "";
  throw new DTypeError(
    "optimizer/state",
    `a ${paramType} parameter has ${found.dtype}${formatShape(found.shape)} in its optimizer's state${why}.`,
    `Convert it with to(torch.${paramType}) before it is loaded.`,
  );
}

/** Sorts parameters into buckets. `counters`: what numbers are computed from that parameters have of their own. */
export function bucketsOf<S>(
  params: readonly Tensor[],
  states: readonly S[],
  counters: readonly Counter[] | null,
): Bucket<S>[] {
  const cohorts = counters === null ? null : cohortsOf(counters);
  const buckets = new Map<string, Bucket<S>>();
  params.forEach((param, i) => {
    const key = `${param.storage_.device.name} ${param.dtype.name} ${cohorts?.[i]!.id ?? 0}`;
    let bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, (bucket = new Bucket(param)));
    bucket.entries.push({ param, state: states[i]! });
  });
  if (counters !== null)
    for (const together of new Set(cohorts))
      guard(
        together,
        counters.filter((_, i) => cohorts![i] === together),
      );
  return [...buckets.values()];
}

/** A recording in which parameters share a number is for steps in which they do. */
function guard(cohort: Cohort, members: readonly Counter[]): void {
  const observer = traceObserver();
  if (observer === null || members.length === 1) return;
  observer.guard("which parameters have stepped together", () => areTogether(members, cohort), { rare: true });
  observer.guard("which parameters have equal step numbers", () => haveSameNumbers(members));
}

/** Records a bucket's nodes on its device. */
export function record<S>(bucket: Bucket<S>, update: (entry: Entry<S>) => void): void {
  noteThisLine();
  for (const entry of bucket.entries) {
    enterScope(bucket.device.name);
    update(entry);
  }
}

/** a + (b - a) * weight */
export const lerp = (a: Node, b: Node, weight: Node): Node => graph.add(a, graph.mul(graph.sub(b, a), weight));
