/**
 * Jacobians by differences and by differentiation, for gradcheck. Values are read in the middle of it, so these are
 * generators: they yield the tensors that they need to know, and are driven by reads of either kind.
 */
import { typedArray } from "../runtime/typed-array.ts";
import { grad } from "./autograd.ts";
import { fillTyped } from "./elements.ts";
import { dual_level, make_dual, unpack_dual } from "./forward-ad.ts";
import { Tensor } from "./tensor.ts";

/** Yields tensors and is given their values. */
export type Reading<T> = Generator<readonly Tensor[], T, readonly Float64Array[]>;
export type Differentiable = (...inputs: never[]) => Tensor | readonly Tensor[];

const widened = (tensor: Tensor): Tensor =>
  (tensor.itemsize === 2 && tensor.is_floating_point() ? tensor.to("float32") : tensor).detach();
const numbers = (array: ArrayLike<number | bigint>): Float64Array =>
  Float64Array.from(array as ArrayLike<number>, Number);

export function readNow<T>(reading: Reading<T>): T {
  let step = reading.next();
  while (step.done !== true)
    step = reading.next(step.value.map((tensor) => numbers(widened(tensor).readSync_("gradcheck"))));
  return step.value;
}
export async function readLater<T>(reading: Reading<T>): Promise<T> {
  let step = reading.next();
  while (step.done !== true)
    step = reading.next((await Promise.all(step.value.map((tensor) => widened(tensor).read_()))).map(numbers));
  return step.value;
}

/** A leaf with given values, of another's type, shape and device. */
export function leafLike(like: Tensor, values: ArrayLike<number>, requires_grad: boolean): Tensor {
  const array = typedArray(like.dtype.name, values.length);
  fillTyped(array, like.dtype.name, values);
  const leaf = Tensor.ofArray(array, like.shape, like.dtype.name, like.storage_.device);
  return requires_grad ? leaf.requires_grad_() : leaf;
}

/** A function at a point: which of its arguments are differentiated, and what they are. */
export class Probe {
  private readonly func: Differentiable;
  private readonly args: readonly unknown[];
  /** Places of the arguments that need gradients. */
  readonly places: readonly number[];
  private readonly values: readonly Float64Array[];

  private constructor(
    func: Differentiable,
    args: readonly unknown[],
    places: readonly number[],
    values: readonly Float64Array[],
  ) {
    this.func = func;
    this.args = args;
    this.places = places;
    this.values = values;
  }

  static *at(func: Differentiable, args: readonly unknown[]): Reading<Probe> {
    const places = args.flatMap((arg, place) => (arg instanceof Tensor && arg.requires_grad ? [place] : []));
    const values = yield places.map((place) => args[place] as Tensor);
    return new Probe(func, args, places, values);
  }

  /** How many numbers input `k` has. */
  size(k: number): number {
    return this.values[k]!.length;
  }
  input(k: number): Tensor {
    return this.args[this.places[k]!] as Tensor;
  }

  /** Fresh leaves, and the differentiable results for them; one input may be moved. */
  run(moved = -1, by: ArrayLike<number> = [], scale = 0): { inputs: Tensor[]; outputs: Tensor[] } {
    const inputs = this.places.map((place, k) => {
      const values = k === moved ? this.values[k]!.map((x, i) => x + scale * by[i]!) : this.values[k]!;
      return leafLike(this.args[place] as Tensor, values, true);
    });
    return { inputs, outputs: this.outputsOf(inputs) };
  }

  private outputsOf(inputs: readonly Tensor[]): Tensor[] {
    const args = [...this.args];
    this.places.forEach((place, k) => (args[place] = inputs[k]));
    const result = (this.func as (...args: unknown[]) => Tensor | readonly Tensor[])(...args);
    const all = result instanceof Tensor ? [result] : [...result];
    return all.filter((output) => output instanceof Tensor && output.is_floating_point());
  }

  /** How the outputs change along a direction of input `k`, by forward mode; null for those that do not. */
  tangents(k: number, direction: ArrayLike<number>): (Tensor | null)[] {
    const { inputs } = this.run();
    return dual_level(() => {
      const duals = inputs.map((input, i) => (i === k ? make_dual(input, leafLike(input, direction, false)) : input));
      return this.outputsOf(duals).map((output) => unpack_dual(output).tangent);
    });
  }

  /** Derivatives of all outputs along a direction of input `k`, by central differences. */
  *slope(k: number, direction: ArrayLike<number>, eps: number): Reading<Float64Array[]> {
    const above = yield this.run(k, direction, eps).outputs;
    const below = yield this.run(k, direction, -eps).outputs;
    return above.map((high, i) => high.map((x, j) => (x - below[i]![j]!) / (2 * eps)));
  }
}

/** A Jacobian row by row: one row for each number of the input, one column for each of the output. */
export type Jacobian = Float64Array[];

/** By differences: [output][input]. */
export function* numericalJacobians(probe: Probe, eps: number, outputCount: number): Reading<Jacobian[][]> {
  const jacobians: Jacobian[][] = Array.from({ length: outputCount }, () => probe.places.map(() => []));
  for (const k of probe.places.keys()) {
    for (let i = 0; i < probe.size(k); i++) {
      const direction = new Float64Array(probe.size(k));
      direction[i] = 1;
      const columns = yield* probe.slope(k, direction, eps);
      columns.forEach((column, output) => jacobians[output]![k]!.push(column));
    }
  }
  return jacobians;
}

/** By differentiation: [output][input]. No gradient counts as zeros. */
export function* analyticalJacobians(probe: Probe): Reading<Jacobian[][]> {
  const { inputs, outputs } = probe.run();
  const jacobians: Jacobian[][] = [];
  for (const output of outputs) {
    const count = output.numel();
    const jacobian = inputs.map((_, k): Jacobian =>
      Array.from({ length: probe.size(k) }, () => new Float64Array(count)),
    );
    for (let j = 0; j < count && output.requires_grad; j++) {
      const seed = new Float64Array(count);
      seed[j] = 1;
      const gradients = yield* vectorJacobian([output], inputs, [seed]);
      gradients.forEach((gradient, k) => gradient?.forEach((x, i) => (jacobian[k]![i]![j] = x)));
    }
    jacobians.push(jacobian);
  }
  return jacobians;
}

/** Gradients of outputs, weighted by seeds, by the inputs; null where there is none. The graph is kept. */
export function* vectorJacobian(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  seeds: readonly ArrayLike<number>[],
): Reading<(Float64Array | null)[]> {
  const grad_outputs = outputs.map((output, i) => leafLike(output, seeds[i]!, false));
  const gradients = grad(outputs, inputs, { grad_outputs, retain_graph: true, allow_unused: true });
  const values = yield gradients.filter((gradient) => gradient !== null);
  let next = 0;
  return gradients.map((gradient) => (gradient === null ? null : values[next++]!));
}
