/** Draws whose parameters are tensors, and masks. */
import { isComplex, scalarName } from "../../ir/dtype.ts";
import { ArgumentError, DTypeError, ShapeError, ValueError } from "../../ir/errors.ts";
import type { Node } from "../../ir/graph.ts";
import { enterScope } from "../../ir/interning.ts";
import { widen } from "../../ir/ops/nn/support.ts";
import { checkBroadcast } from "../../ir/ops/support.ts";
import { broadcastShapes, formatShape, type Shape } from "../../ir/shape.ts";
import {
  checkMultinomial,
  fillBernoulli,
  fillBernoulliFrom,
  fillBinomial,
  fillDropoutMask,
  fillMultinomial,
  fillPoisson,
} from "../../runtime/random/index.ts";
import { signature, type CallOf } from "../arguments.ts";
import { callInplace, callOperator, withSite } from "../call.ts";
import { dtypeOption, finish, sizeArguments, type FactoryOptions } from "../creation.ts";
import { currentDevice } from "../devices.ts";
import { withGradMode } from "../grad-mode.ts";
import { resized } from "../resizing.ts";
import { graph, settings } from "../state.ts";
import { Tensor } from "../tensor.ts";
import {
  type FloatArray,
  type FloatType,
  drawn,
  philoxWords,
  uniformNode,
  unit,
  requireFloatType,
  normalNode,
  generatorOf,
  inMemoryOrder,
  onHost,
  orderOfMemory,
} from "./draws.ts";
import { examplesHere } from "./examples.ts";
import { default_generator, type Generator } from "./generator.ts";

type Source = [generator: Generator | null];
type Target = [...Source, out: Tensor | null];

const bernoulliSignature = signature<[input: Tensor, p: number | null, ...Target]>()("input, p?, *, generator?, out?");

/**
 * 0/1 draws with the probabilities of `input`, or p.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.bernoulli.html
 */
export function bernoulli(...args: CallOf<typeof bernoulliSignature>): Tensor {
  return withSite(() => {
    const { input, p, ...given } = bernoulliSignature.bind("bernoulli", args);
    const { device } = input.storage_;
    const { cpu_ } = generatorOf(given);
    const dtype = input.type_ as never;
    if (typeof p !== "number") requireFloatType("bernoulli", input.type_, "bernoulli_tensor_cpu_p_");
    // Probabilities of an example of a batch are not known yet: uniform values are compared with them.
    if (typeof p !== "number" && examplesHere() !== null) return comparedDraws(input, generatorOf(given));
    // Into `out` they are drawn in its type, and in the order of its memory.
    if (given.out instanceof Tensor)
      return resized(given.out, input.shape, "bernoulli").bernoulli_(typeof p === "number" ? p : input, {
        generator: generatorOf(given),
      });
    const draws = drawn(input.shape, input.type_, device, (target) =>
      typeof p === "number"
        ? fillBernoulli(target, cpu_, p, dtype)
        : fillBernoulliFrom(target, cpu_, onHost("bernoulli", input), dtype),
    );
    return Tensor.ofNode(typeof p === "number" ? draws : withZeroGradient(draws, input), device);
  });
}

function comparedDraws(p: Tensor, generator: Generator): Tensor {
  const { device } = p.storage_;
  const chances = widen(graph, p.node_());
  const checked = graph.refuseWhere(
    chances,
    () => graph.not(graph.and(graph.ge(chances, 0), graph.le(chances, 1))),
    () =>
      new ValueError("bernoulli/probability", "bernoulli: Expected p_in >= 0 && p_in <= 1 to be true, but got false."),
  );
  const uniform = uniformNode(p.shape, chances.dtype, device, generator, 0, 1);
  const draws = graph.cast(graph.lt(uniform, checked), p.type_);
  return Tensor.ofNode(withZeroGradient(draws, p), device);
}

/** Draws do not depend on a parameter smoothly: its gradient is zero, not missing. */
function withZeroGradient(draws: Node, ...parameters: readonly Tensor[]): Node {
  const zeros = parameters
    .map((parameter) => parameter.node_())
    .filter((node) => node.requiresGrad)
    .map((node) => graph.cast(graph.expandTo(graph.mul(node, 0), draws.shape), draws.dtype));
  return zeros.length === 0
    ? draws
    : graph.withHistory(
        draws,
        zeros.reduce((sum, zero) => graph.add(sum, zero)),
      );
}
const drawnInto = (result: Tensor, { out }: { readonly out?: Tensor | null | undefined }): Tensor =>
  finish(result, { out: out ?? undefined });

const poissonSignature = signature<[input: Tensor, ...Source]>()("input, generator?");

/**
 * Poisson draws with the rates of `input`.
 *
 * Shape: `[*] -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.poisson.html
 */
export function poisson(...args: CallOf<typeof poissonSignature>): Tensor {
  return withSite(() => {
    const { input, generator } = poissonSignature.bind("poisson", args);
    const { cpu_ } = generatorOf({ generator });
    const dtype = requireFloatType("poisson", input.type_);
    const draws = drawn(input.shape, dtype, input.storage_.device, (target) =>
      fillPoisson(target as FloatArray, cpu_, onHost("poisson", input), dtype),
    );
    return Tensor.ofNode(withZeroGradient(draws, input), input.storage_.device);
  });
}

const binomialSignature = signature<[count: Tensor, prob: Tensor, ...Source]>()("count, prob, generator?");

/**
 * How many of `count` trials succeed, each with probability `prob`; float32 or float64, both of one type.
 *
 * Shape: `[*] and [*], broadcast together -> [*]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.binomial.html
 */
export function binomial(...args: CallOf<typeof binomialSignature>): Tensor {
  return withSite(() => {
    const { count, prob, generator } = binomialSignature.bind("binomial", args);
    const { cpu_ } = generatorOf({ generator });
    const dtype = count.type_;
    for (const parameter of [count, prob])
      if ((parameter.type_ !== "float32" && parameter.type_ !== "float64") || parameter.type_ !== dtype)
        throw new DTypeError(
          "binomial/dtype",
          `binomial only supports floating-point dtypes, float32 or float64, and one of them for both: count ${String(count)}, prob ${String(prob)}.`,
          'Convert them with .to("float32").',
        );
    const shape = broadcastShapes(count.shape, prob.shape);
    if (shape === null)
      throw new ShapeError(
        "binomial/broadcast",
        `binomial: count ${String(count)} and prob ${String(prob)} cannot be broadcast together.`,
      );
    const spread = (parameter: Tensor): Tensor => callOperator("expand", [parameter, shape]) as Tensor;
    const draws = drawn(shape, dtype, count.storage_.device, (target) => {
      const [counts, probabilities] = [onHost("binomial", spread(count)), onHost("binomial", spread(prob))];
      fillBinomial(target as Float32Array, cpu_, counts, probabilities);
    });
    return Tensor.ofNode(withZeroGradient(draws, count, prob), count.storage_.device);
  });
}

const multinomialSignature = signature<
  [input: Tensor, num_samples: number | bigint, replacement: boolean | null, ...Target]
>()("input, num_samples, replacement?, *, generator?, out?");

/**
 * Indices drawn with the weights of each row.
 *
 * Shape: `[*, n] -> int64[*, num_samples]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.multinomial.html
 */
export function multinomial(...args: CallOf<typeof multinomialSignature>): Tensor {
  return withSite(() => {
    const { input, num_samples, replacement, ...given } = multinomialSignature.bind("multinomial", args);
    requireFloatType("multinomial", input.type_);
    if (input.shape.length !== 1 && input.shape.length !== 2)
      throw new ShapeError(
        "multinomial/dimensions",
        `multinomial: prob_dist must be 1 or 2 dim, got shape ${formatShape(input.shape)}.`,
        "Flatten all dimensions but the last, which holds the weights.",
      );
    const rows = input.shape.length === 2 ? input.shape[0]! : 1;
    const sizes = {
      rows,
      categories: input.shape.at(-1)!,
      samples: Number(num_samples),
      replacement: replacement ?? false,
      byColumns: orderOfMemory(input) !== null,
    };
    checkMultinomial(sizes);
    if (given.out instanceof Tensor && given.out.type_ !== "int64")
      throw new DTypeError(
        "multinomial/out",
        `multinomial expects Long tensor out, got: ${scalarName(given.out.type_)}.`,
      );
    const shape = input.shape.length === 2 ? [rows, sizes.samples] : [sizes.samples];
    const { cpu_ } = generatorOf(given);
    const { device } = input.storage_;
    const dtype = input.type_ as FloatType;
    const draws = drawn(shape, "int64", device, (target) =>
      fillMultinomial(target, cpu_, onHost("multinomial", input), sizes, dtype),
    );
    return drawnInto(Tensor.ofNode(draws, device), given);
  });
}

type Parameter = number | Tensor;
const normalSignature = signature<
  [
    mean: Parameter,
    std: Parameter,
    size: readonly number[],
    ...Target,
    dtype: FactoryOptions["dtype"],
    layout: FactoryOptions["layout"],
    device: FactoryOptions["device"],
    requires_grad: boolean,
    pin_memory: boolean,
  ]
>()("mean, std?, size?, *, generator?, out?, dtype?, layout?, device?, requires_grad?, pin_memory?");

/**
 * Normal draws with given means and deviations.
 *
 * Shape: `[*] and [*], broadcast together -> [*], or size -> [*size]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.normal.html
 */
export function normal(...args: CallOf<typeof normalSignature>): Tensor {
  return withSite(() => {
    const { mean, std = 1, size, out, ...given } = normalSignature.bind("normal", args);
    const generator = generatorOf(given);
    const options: FactoryOptions = { ...given, out: out ?? undefined };
    if (typeof std === "number" && std < 0)
      throw new ValueError("normal/std", `normal: normal expects std >= 0.0, but found std ${std}.`);
    if (!(mean instanceof Tensor) && !(std instanceof Tensor)) {
      if (size === undefined)
        throw new ArgumentError("normal/size", "normal: missing the size, as neither mean nor std is a Tensor.");
      const { shape } = sizeArguments("normal", [size]);
      if (options.out !== undefined) {
        dtypeOption(options, settings.defaultDType, "normal");
        return resized(options.out, shape, "normal").normal_(mean, std, { generator });
      }
      const device = currentDevice(options.device);
      const dtype = dtypeOption(options, settings.defaultDType, "normal");
      return finish(Tensor.ofNode(normalNode(shape, dtype, device, generator, mean, std), device), options);
    }
    const unused = ["size", "dtype", "layout", "device", "requires_grad", "pin_memory"] as const;
    const refused = unused.find((option) => ((option === "size" ? size : given[option]) ?? null) !== null);
    if (refused !== undefined)
      throw new ArgumentError(
        "normal/arguments",
        `normal() received an invalid combination of arguments - takes no ${refused} where mean or std is a Tensor.`,
      );
    const like = mean instanceof Tensor ? mean : (std as Tensor);
    const { device } = like.storage_;
    enterScope(device.name);
    const shape =
      mean instanceof Tensor && std instanceof Tensor
        ? checkBroadcast("normal", mean.node_(), std.node_())
        : like.shape;
    const deviations = std instanceof Tensor ? Tensor.ofNode(notNegative(std.node_()), device) : std;
    if (options.out !== undefined) return normalInto(options.out, generator, [mean, deviations], shape);
    const base = Tensor.ofNode(normalNode(shape, like.type_, device, generator, 0, 1), device);
    // The second parameter does not widen the type of the first.
    const draws = withGradMode(false, () => {
      callInplace("mul", base, [deviations]);
      return callInplace("add", base, [mean]).node_();
    });
    const parameters = [mean, std].filter((value) => value instanceof Tensor);
    return finish(Tensor.ofNode(withZeroGradient(draws, ...parameters), device), options);
  });
}

/** In the type of `out` and the order of its memory; of one tensor `out` keeps its shape, with which that broadcasts. */
function normalInto(
  out: Tensor,
  generator: Generator,
  [mean, std]: readonly [Parameter, Parameter],
  shape: Shape,
): Tensor {
  const areBoth = mean instanceof Tensor && std instanceof Tensor;
  const target = areBoth ? resized(out, shape, "normal") : out;
  for (const parameter of [mean, std])
    if (parameter instanceof Tensor) checkBroadcast("normal", parameter.node_(), target.node_());
  return withGradMode(false, () => {
    target.normal_(0, 1, { generator });
    callInplace("mul", target, [std]);
    return callInplace("add", target, [mean]);
  });
}

function notNegative(std: Node): Node {
  if (isComplex(std.dtype))
    throw new DTypeError(
      "normal/std",
      `normal: normal expects standard deviation to be non-complex, got ${std.dtype}.`,
    );
  if (std.shape.includes(0)) return std;
  return graph.refuseWhere(
    std,
    () => graph.lt(std, 0),
    () => new ValueError("normal/std", "normal: normal expects all elements of std >= 0.0."),
  );
}

/** The mask of dropout: 0 with probability p, else 1/(1-p). */
export function dropoutMask(input: Tensor, p: number): Tensor {
  const { device } = input.storage_;
  const dtype = requireFloatType("dropout", input.dtype.name);
  if (device.name !== "webgpu")
    return Tensor.ofNode(
      inMemoryOrder(input.shape, orderOfMemory(input), (shape) =>
        drawn(shape, dtype, device, (target) =>
          fillDropoutMask(target as FloatArray, default_generator.cpu_, p, dtype),
        ),
      ),
      device,
    );
  enterScope(device.name);
  const kept = graph.ge(graph.reshape(unit(philoxWords(input.numel(), default_generator)), input.shape), p);
  return Tensor.ofNode(graph.mul(graph.cast(kept, dtype), 1 / (1 - p)), device);
}
