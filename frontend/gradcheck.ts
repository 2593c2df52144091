/**
 * `torch.autograd.gradcheck` and `gradgradcheck`: gradients against differences.
 * https://docs.pytorch.org/docs/stable/autograd.html#module-torch.autograd.gradcheck
 */
import { grad } from "./autograd.ts";
import { checked, type GradcheckOptions } from "./gradcheck-checks.ts";
import { GradcheckError, seeded } from "./gradcheck-values.ts";
import { readLater, readNow, type Differentiable, type Reading } from "./jacobians.ts";
import { randn_like } from "./random/index.ts";
import { captureSite, withSite } from "./site.ts";
import { Tensor } from "./tensor.ts";

export { GradcheckError, type GradcheckOptions };

export interface GradgradcheckOptions extends GradcheckOptions {
  /** Gradients that flow into the outputs; random ones by default. */
  readonly grad_outputs?: Tensor | readonly Tensor[] | null;
  readonly gen_non_contig_grad_outputs?: boolean;
  readonly check_fwd_over_rev?: boolean;
  readonly check_rev_over_rev?: boolean;
}
type Outputs = Tensor | readonly Tensor[];
/** The function is given the inputs, one tensor or a list of arguments. */
interface Check<R> {
  (func: (input: Tensor) => Outputs, inputs: Tensor, options?: GradcheckOptions): R;
  <A extends unknown[]>(func: (...inputs: A) => Outputs, inputs: readonly [...A], options?: GradcheckOptions): R;
}
type Seeds = Tensor | readonly Tensor[] | null;
interface SecondCheck<R> {
  (
    func: (input: Tensor) => Outputs,
    inputs: Tensor,
    grad_outputs?: Seeds | GradgradcheckOptions,
    options?: GradgradcheckOptions,
  ): R;
  <A extends unknown[]>(
    func: (...inputs: A) => Outputs,
    inputs: readonly [...A],
    grad_outputs?: Seeds | GradgradcheckOptions,
    options?: GradgradcheckOptions,
  ): R;
}

/**
 * Compares the gradients of `func` at `inputs`, for those that require grad, with central differences. The inputs
 * should be float64; values near a kink of the function fail rightly.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html
 * @throws GradcheckError which says where they differ, with both Jacobians
 */
export const gradcheck: Check<boolean> = (func: Differentiable, inputs: unknown, options: GradcheckOptions = {}) =>
  withSite(() => judged(options, () => readNow(checked("gradcheck", func, listOf(inputs), options))));
/** The same for tensors on every device. */
export const gradcheckAsync: Check<Promise<boolean>> = (
  func: Differentiable,
  inputs: unknown,
  options: GradcheckOptions = {},
) => judgedLater(options, () => readLater(checked("gradcheck", func, listOf(inputs), options)));

/**
 * Compares the gradients of gradients with differences of gradients.
 * https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html
 * @throws GradcheckError which says where they differ, with both Jacobians
 */
export const gradgradcheck: SecondCheck<boolean> = (
  func: Differentiable,
  inputs: unknown,
  grad_outputs: Seeds | GradgradcheckOptions = null,
  options: GradgradcheckOptions = {},
) => {
  const { seeds, settings } = gradgradArguments(grad_outputs, options);
  return withSite(() => judged(settings, () => readNow(gradgradChecked(func, listOf(inputs), seeds, settings))));
};
/**
 * The same on every device, as a promise.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html
 */
export const gradgradcheckAsync: SecondCheck<Promise<boolean>> = (
  func: Differentiable,
  inputs: unknown,
  grad_outputs: Seeds | GradgradcheckOptions = null,
  options: GradgradcheckOptions = {},
) => {
  const { seeds, settings } = gradgradArguments(grad_outputs, options);
  return judgedLater(settings, () => readLater(gradgradChecked(func, listOf(inputs), seeds, settings)));
};

const listOf = (inputs: unknown): unknown[] => (Array.isArray(inputs) ? [...(inputs as unknown[])] : [inputs]);

function gradgradArguments(
  given: Tensor | readonly Tensor[] | null | GradgradcheckOptions,
  options: GradgradcheckOptions,
): { seeds: readonly Tensor[] | null; settings: GradgradcheckOptions } {
  const named = given !== null && !(given instanceof Tensor) && !Array.isArray(given);
  const settings = named ? (given as GradgradcheckOptions) : options;
  const seeds = named ? settings.grad_outputs : (given as Tensor | readonly Tensor[] | null);
  return { seeds: seeds === null || seeds === undefined ? null : (listOf(seeds) as Tensor[]), settings };
}

function judged(options: GradcheckOptions, run: () => boolean): boolean {
  try {
    return run();
  } catch (error) {
    if (error instanceof GradcheckError && options.raise_exception === false) return false;
    throw error;
  }
}
async function judgedLater(options: GradcheckOptions, run: () => Promise<boolean>): Promise<boolean> {
  const site = captureSite();
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof GradcheckError)) throw error;
    if (options.raise_exception === false) return false;
    if (!error.message.includes("\n  at ")) error.message += `\n  at ${site()}`;
    throw error;
  }
}

/** The first gradients as a function of the inputs and of the gradients that flow in, checked in its turn. */
function gradgradChecked(
  func: Differentiable,
  args: readonly unknown[],
  given: readonly Tensor[] | null,
  options: GradgradcheckOptions,
): Reading<boolean> {
  const call = (list: readonly unknown[]): Tensor[] => {
    const result = (func as (...args: unknown[]) => Tensor | readonly Tensor[])(...list);
    return (result instanceof Tensor ? [result] : [...result]).filter(
      (output) => output instanceof Tensor && output.requires_grad,
    );
  };
  const generator = seeded();
  const seeds = given ?? call(args).map((output) => randn_like(output.detach(), { generator }).requires_grad_());
  const gradients = (...all: unknown[]): Tensor[] => {
    const inputs = all.slice(0, args.length);
    const grad_outputs = all.slice(args.length) as Tensor[];
    const leaves = inputs.filter((input): input is Tensor => input instanceof Tensor && input.requires_grad);
    return grad(call(inputs), leaves, { grad_outputs, create_graph: true, allow_unused: true }).filter(
      (gradient) => gradient !== null,
    );
  };
  const { check_fwd_over_rev = false, check_rev_over_rev = true } = options;
  const modes = { check_forward_ad: check_fwd_over_rev, check_backward_ad: check_rev_over_rev };
  return checked("gradgradcheck", gradients, [...args, ...seeds], { ...options, ...modes });
}
