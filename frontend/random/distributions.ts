/** Draws whose parameters are tensors, and masks. */
import { ShapeError } from "../../ir/errors.ts";
import type { Node } from "../../ir/graph.ts";
import { enterScope } from "../../ir/interning.ts";
import { formatShape } from "../../ir/shape.ts";
import {
  fillBernoulli,
  fillBernoulliFrom,
  fillDropoutMask,
  fillMultinomial,
  fillPoisson,
} from "../../runtime/random/index.ts";
import { isPlainObject, scalarArgument } from "../bind.ts";
import { withSite } from "../call.ts";
import { dtypeOption, finish, sizeArguments } from "../creation.ts";
import { currentDevice } from "../devices.ts";
import { graph, settings } from "../state.ts";
import { Tensor } from "../tensor.ts";
import {
  type FloatArray,
  type RandomOptions,
  drawn,
  philoxWords,
  unit,
  requireFloatType,
  normalNode,
  generatorOf,
  onHost,
} from "./draws.ts";
import { Generator, default_generator } from "./generator.ts";

/** 0/1 draws with the probabilities of `input`. https://docs.pytorch.org/docs/stable/generated/torch.bernoulli.html */
export function bernoulli(input: Tensor, p?: number | RandomOptions | null, options: RandomOptions = {}): Tensor {
  return withSite(() => {
    const device = input.storage_.device;
    const dtype = input.dtype.name;
    if (typeof p === "number")
      return finish(
        Tensor.ofNode(
          drawn(input.shape, dtype, device, (target) =>
            fillBernoulli(target, generatorOf(options).cpu_, p, dtype as never),
          ),
          device,
        ),
        options,
      );
    const rest = isPlainObject(p) ? (p as RandomOptions) : options;
    const draws = drawn(input.shape, dtype, device, (target) =>
      fillBernoulliFrom(target, generatorOf(rest).cpu_, onHost("bernoulli", input), dtype as never),
    );
    // The gradient by the probabilities is zero, not missing.
    const node = input.node_();
    return finish(
      Tensor.ofNode(node.requiresGrad ? graph.withHistory(draws, graph.mul(node, 0)) : draws, device),
      rest,
    );
  });
}

/** Poisson draws with the rates of `input`. https://docs.pytorch.org/docs/stable/generated/torch.poisson.html */
export function poisson(input: Tensor, generator?: Generator | RandomOptions | null): Tensor {
  return withSite(() => {
    const source = generator instanceof Generator ? generator : (generator?.generator ?? default_generator);
    const dtype = requireFloatType("poisson", input.dtype.name);
    return Tensor.ofNode(
      drawn(input.shape, dtype, input.storage_.device, (target) =>
        fillPoisson(target as FloatArray, source.cpu_, onHost("poisson", input), dtype),
      ),
      input.storage_.device,
    );
  });
}

/** Indices drawn with the weights of each row. https://docs.pytorch.org/docs/stable/generated/torch.multinomial.html */
export function multinomial(
  input: Tensor,
  num_samples: number | bigint,
  replacement: boolean | RandomOptions = false,
  options: RandomOptions = {},
): Tensor {
  return withSite(() => {
    const named = (isPlainObject(replacement) ? replacement : options) as RandomOptions & { replacement?: boolean };
    const again = typeof replacement === "boolean" ? replacement : (named.replacement ?? false);
    requireFloatType("multinomial", input.dtype.name);
    if (input.shape.length !== 1 && input.shape.length !== 2)
      throw new ShapeError(
        "multinomial/dimensions",
        `multinomial: prob_dist must be 1 or 2 dim, got shape ${formatShape(input.shape)}.`,
        "Flatten all dimensions but the last, which holds the weights.",
      );
    const categories = input.shape.at(-1)!;
    const rows = input.shape.length === 2 ? input.shape[0]! : 1;
    const samples = Number(num_samples);
    const shape = input.shape.length === 2 ? [rows, samples] : [samples];
    const device = input.storage_.device;
    return finish(
      Tensor.ofNode(
        drawn(shape, "int64", device, (target) =>
          fillMultinomial(target, generatorOf(named).cpu_, onHost("multinomial", input), {
            rows,
            categories,
            samples,
            replacement: again,
          }),
        ),
        device,
      ),
      named,
    );
  });
}

/** Normal draws with given means and deviations. https://docs.pytorch.org/docs/stable/generated/torch.normal.html */
export function normal(
  mean: number | Tensor,
  std: number | Tensor = 1,
  size?: readonly number[] | RandomOptions,
  options: RandomOptions = {},
): Tensor {
  return withSite(() => {
    const rest = (isPlainObject(size) ? size : options) as RandomOptions;
    if (!(mean instanceof Tensor) && !(std instanceof Tensor)) {
      const shape = sizeArguments("normal", [Array.isArray(size) ? size : []]).shape;
      const device = currentDevice(rest.device);
      return finish(
        Tensor.ofNode(
          normalNode(shape, dtypeOption(rest, settings.defaultDType, "normal"), device, generatorOf(rest), mean, std),
          device,
        ),
        rest,
      );
    }
    const like = mean instanceof Tensor ? mean : (std as Tensor);
    const both = mean instanceof Tensor && std instanceof Tensor ? graph.add(mean.node_(), std.node_()) : like.node_();
    const { device } = like.storage_;
    const base = normalNode(both.shape, like.dtype.name, device, generatorOf(rest), 0, 1);
    const of = (value: number | Tensor): Node =>
      value instanceof Tensor ? value.node_() : graph.scalar(scalarArgument(value), base.dtype);
    return finish(Tensor.ofNode(graph.add(graph.mul(base, of(std)), of(mean)), device), rest);
  });
}

/** The mask of dropout: 0 with probability p, else 1/(1-p). */
export function dropoutMask(input: Tensor, p: number): Tensor {
  const { device } = input.storage_;
  const dtype = requireFloatType("dropout", input.dtype.name);
  if (device.name !== "webgpu")
    return Tensor.ofNode(
      drawn(input.shape, dtype, device, (target) =>
        fillDropoutMask(target as FloatArray, default_generator.cpu_, p, dtype),
      ),
      device,
    );
  enterScope(device.name);
  const kept = graph.ge(graph.reshape(unit(philoxWords(input.numel(), default_generator)), input.shape), p);
  return Tensor.ofNode(graph.mul(graph.cast(kept, dtype), 1 / (1 - p)), device);
}
