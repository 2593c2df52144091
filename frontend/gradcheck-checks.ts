/** What gradcheck checks, one thing after another. */
import "../ir/ops/complex.ts";
import { dtypeBytes } from "../ir/dtype.ts";
import { ValueError } from "../ir/errors.ts";
import { elementCount } from "../ir/shape.ts";
import { grad } from "./autograd.ts";
import { callOperator } from "./call.ts";
import {
  analyticalJacobians,
  numericalJacobians,
  Probe,
  vectorJacobian,
  type Differentiable,
  type Reading,
} from "./jacobians.ts";
import { checkBatchedForward, checkForward } from "./gradcheck-forward.ts";
import { failed, isClose, printed, seeded, sum, weights, worstOf, type Settings } from "./gradcheck-values.ts";
import { randn_like } from "./random/index.ts";
import { Tensor } from "./tensor.ts";

export interface GradcheckOptions {
  /** Step of the differences. */
  readonly eps?: number;
  readonly atol?: number;
  readonly rtol?: number;
  /** false: false is returned instead of an error. */
  readonly raise_exception?: boolean;
  /** By how much two backward passes of the same may differ. */
  readonly nondet_tol?: number;
  readonly check_undefined_grad?: boolean;
  readonly check_grad_dtypes?: boolean;
  readonly check_batched_grad?: boolean;
  readonly check_backward_ad?: boolean;
  readonly check_forward_ad?: boolean;
  readonly check_batched_forward_grad?: boolean;
  /** One random direction instead of all of them. */
  readonly fast_mode?: boolean;
  readonly masked?: boolean | null;
}
const parts = (z: Tensor): Tensor => callOperator("view_as_real", [z.resolve_conj()]) as Tensor;
const isComplex = (value: unknown): value is Tensor => value instanceof Tensor && value.is_complex();

/** A function of complex tensors as one of their real and imaginary parts, and the same of its results. */
function inRealNumbers(
  func: Differentiable,
  args: readonly unknown[],
): { readonly func: Differentiable; readonly args: readonly unknown[] } {
  const leaf = (z: Tensor): Tensor =>
    (callOperator("clone", [parts(z.detach())]) as Tensor).requires_grad_(z.requires_grad);
  const call = (...values: unknown[]): Tensor | readonly Tensor[] => {
    const inputs = values.map((value, i) => (isComplex(args[i]) ? callOperator("view_as_complex", [value]) : value));
    const result = (func as (...inputs: unknown[]) => Tensor | readonly Tensor[])(...inputs);
    const real = (output: Tensor): Tensor => (isComplex(output) ? parts(output) : output);
    return result instanceof Tensor ? real(result) : Array.isArray(result) ? result.map(real) : result;
  };
  return { func: call, args: args.map((arg) => (isComplex(arg) ? leaf(arg) : arg)) };
}

/** @throws GradcheckError */
export function* checked(
  name: string,
  given: Differentiable,
  givenArguments: readonly unknown[],
  options: GradcheckOptions,
): Reading<boolean> {
  const { func, args } = inRealNumbers(given, givenArguments);
  const {
    eps = 1e-6,
    atol = 1e-5,
    rtol = 1e-3,
    nondet_tol = 0,
    fast_mode = false,
    check_undefined_grad = true,
    check_grad_dtypes = false,
    check_batched_grad = false,
  } = options;
  checkChoices(name, options);
  checkInputs(name, args);
  const settings: Settings = { eps, atol, rtol, nondetTolerance: nondet_tol };
  const probe = yield* Probe.at(func, args);
  const outputCount = probe.run().outputs.length;
  if (outputCount === 0) throw failed("outputs", `${name}: the function returns no floating point tensor.`);
  if (check_grad_dtypes) checkDTypes(probe);
  if (options.check_backward_ad ?? true) {
    if (fast_mode) yield* checkDirections(probe, settings);
    else yield* checkJacobians(probe, outputCount, settings);
    yield* checkRepeated(probe, settings);
    if (check_undefined_grad) yield* checkUndefined(probe, settings);
    if (check_batched_grad) yield* checkBatched(probe, settings);
  }
  if (options.check_forward_ad ?? false) yield* checkForward(probe, { ...settings, fast: fast_mode });
  if (options.check_batched_forward_grad ?? false) yield* checkBatchedForward(probe, settings);
  return true;
}

function checkChoices(name: string, options: GradcheckOptions): void {
  const { check_forward_ad: forward = false, check_backward_ad: backward = true } = options;
  const refuse = (text: string): never => {
    throw new ValueError("gradcheck/choices", `${name}: ${text}.`);
  };
  if (!forward && !backward) refuse("Expected at least one of check_forward_ad or check_backward_ad to be True");
  if (options.check_batched_grad === true && !backward)
    refuse("Setting check_batched_grad=True requires check_backward_ad to be True");
  if (options.check_batched_forward_grad === true && !forward)
    refuse("Setting check_batched_forward_grad=True requires check_forward_ad to be True");
}

function checkInputs(name: string, args: readonly unknown[]): void {
  const tensors = args.filter((arg): arg is Tensor => arg instanceof Tensor && arg.requires_grad);
  if (tensors.length === 0)
    throw new ValueError(
      "gradcheck/inputs",
      `${name}: gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True.`,
      "Call requires_grad_() on the inputs.",
    );
  const narrow = tensors.findIndex((tensor) => dtypeBytes(tensor.dtype.name) < 8);
  if (narrow >= 0) {
    // oxlint-disable-next-line no-console -- as PyTorch warns
    console.warn(
      `${name}: Input #${args.indexOf(tensors[narrow])} requires gradient and is not a double precision floating point. This check will likely fail if all the inputs are not of double precision floating point.`,
    );
  }
}

function* checkJacobians(probe: Probe, outputCount: number, settings: Settings): Reading<void> {
  const numerical = yield* numericalJacobians(probe, settings.eps, outputCount);
  const analytical = yield* analyticalJacobians(probe);
  for (const [i, byInput] of numerical.entries()) {
    for (const [k, expected] of byInput.entries()) {
      const got = analytical[i]![k]!;
      const worst = worstOf(got, expected, settings);
      if (worst === null) continue;
      const [row, column] = worst;
      throw failed(
        "mismatch",
        `Jacobian mismatch for output ${i} with respect to input ${probe.places[k]},\nnumerical:${printed(expected)}\nanalytical:${printed(got)}\nThe derivative of element ${column} of the output by element ${row} of the input is ${expected[row]![column]} by differences and ${got[row]![column]} by the gradient.`,
      );
    }
  }
}

/** Along one random direction of each input, weighted by random numbers at each output. */
function* checkDirections(probe: Probe, settings: Settings): Reading<void> {
  const generator = seeded();
  const { inputs, outputs } = probe.run();
  const rights = yield probe.places.map((_, k) => weights(generator, probe.size(k)));
  const lefts = yield outputs.map((output) => weights(generator, output.numel()));
  for (const [i, output] of outputs.entries()) {
    const gradients = output.requires_grad
      ? yield* vectorJacobian([output], inputs, [lefts[i]!])
      : inputs.map(() => null);
    for (const k of probe.places.keys()) {
      const slopes = yield* probe.slope(k, rights[k]!, settings.eps);
      const expected = dot(slopes[i]!, lefts[i]!);
      const got = gradients[k] === null ? 0 : dot(gradients[k]!, rights[k]!);
      const tolerance = { ...settings, atol: settings.atol * sum(lefts[i]!) * sum(rights[k]!) };
      if (!isClose(got, expected, tolerance)) {
        throw failed(
          "mismatch",
          `Jacobian mismatch for output ${i} with respect to input ${probe.places[k]},\nnumerical:${expected}\nanalytical:${got}\nThe above quantities relating the numerical and analytical jacobians are computed in fast mode.`,
          "Pass { fast_mode: false } to see the Jacobians themselves.",
        );
      }
    }
  }
}
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((total, x, i) => total + x * b[i]!, 0);

/** Two backward passes of the same must agree. */
function* checkRepeated(probe: Probe, { nondetTolerance }: Settings): Reading<void> {
  const passes: (Float64Array | null)[][] = [];
  for (let pass = 0; pass < 2; pass++) {
    const { inputs, outputs } = differentiable(probe);
    if (outputs.length === 0) return;
    const generator = seeded();
    passes.push(
      yield* vectorJacobian(outputs, inputs, yield outputs.map((output) => weights(generator, output.numel()))),
    );
  }
  passes[0]!.forEach((gradient, k) =>
    gradient?.forEach((x, i) => {
      if (Object.is(x, passes[1]![k]?.[i]) || Math.abs(x - passes[1]![k]![i]!) <= nondetTolerance) return;
      throw failed(
        "nondeterministic",
        `Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different values, although analytical gradient matches numerical gradient. The tolerance for nondeterminism was ${nondetTolerance}.`,
      );
    }),
  );
}

function differentiable(probe: Probe): { inputs: Tensor[]; outputs: Tensor[] } {
  const { inputs, outputs } = probe.run();
  return { inputs, outputs: outputs.filter((output) => output.requires_grad) };
}

/** An output that nothing depends on has no gradient: the same as a gradient of zeros. */
function* checkUndefined(probe: Probe, settings: Settings): Reading<void> {
  const { inputs, outputs } = differentiable(probe);
  if (outputs.length < 2) return;
  const generator = seeded();
  const seeds = yield outputs.map((output) => weights(generator, output.numel()));
  for (const [i, output] of outputs.entries()) {
    const alone = yield* vectorJacobian([output], inputs, [seeds[i]!]);
    const among = yield* vectorJacobian(
      outputs,
      inputs,
      outputs.map((other, j) => (i === j ? seeds[i]! : new Float64Array(elementCount(other.shape)))),
    );
    alone.forEach((gradient, k) => {
      const other = among[k] ?? null;
      const same =
        gradient === null
          ? (other?.every((x) => x === 0) ?? true)
          : gradient.every((x, at) => isClose(x, other?.[at] ?? 0, settings));
      if (!same)
        throw failed(
          "undefined",
          "Expected backward function to handle undefined output grads. Please look at 'Notes about undefined output gradients' in 'tools/autograd/derivatives.yaml'.",
          `The gradient of output ${i} by input ${probe.places[k]} is another when the other outputs have none.`,
        );
    });
  }
}

function* checkBatched(probe: Probe, settings: Settings): Reading<void> {
  const { inputs, outputs } = differentiable(probe);
  const generator = seeded();
  for (const output of outputs) {
    const grad_outputs = randn_like(output.detach().expand([3, ...output.shape]), { generator });
    const batched = grad([output], inputs, {
      grad_outputs: [grad_outputs],
      is_grads_batched: true,
      retain_graph: true,
      allow_unused: true,
    });
    for (const [row, seed] of [...grad_outputs].entries()) {
      const [values] = yield [seed];
      const single = yield* vectorJacobian([output], inputs, [values!]);
      for (const [k, gradient] of batched.entries()) {
        if (gradient === null) continue;
        const [all] = yield [gradient];
        const part = all!.subarray(row * probe.size(k), (row + 1) * probe.size(k));
        if (!part.every((x, i) => isClose(x, single[k]?.[i] ?? 0, settings)))
          throw failed(
            "batched",
            `While computing batched gradients, got values that differ from those of one gradient at a time, for input ${probe.places[k]}.`,
          );
      }
    }
  }
}

function checkDTypes(probe: Probe): void {
  const { inputs, outputs } = differentiable(probe);
  const gradients = grad(outputs, inputs, {
    grad_outputs: outputs.map((output) => output.detach()),
    retain_graph: true,
    allow_unused: true,
  });
  gradients.forEach((gradient, k) => {
    if (gradient !== null && gradient.dtype !== probe.input(k).dtype)
      throw failed(
        "dtype",
        `Gradient has dtype mismatch: got ${String(gradient.dtype)} for an input of ${String(probe.input(k).dtype)}.`,
      );
  });
}
