/** torch.distributions: properties, densities and their gradients, shapes, and KL divergences. */
import { member, type Adapter } from "../adapter.ts";
import { Comparison } from "../comparison.ts";
import { Decoder } from "../decode.ts";
import { FLOAT32_TOLERANCE } from "../compare.ts";
import type { RecordedError, TensorNode, Tolerance, Tree } from "../format.ts";
import { NotImplementedHere } from "../not-implemented.ts";
import { defineKind, mustRefuse, type Check } from "./kind.ts";

type Params = Record<string, Tree>;

interface Evaluation {
  value: TensorNode;
  log_prob?: TensorNode;
  log_prob_tol?: Tolerance;
  /** Of sum(log_prob), by parameter. */
  log_prob_grads?: Record<string, TensorNode | null>;
  cdf?: TensorNode;
  cdf_tol?: Tolerance;
  icdf_q?: number;
  icdf?: TensorNode;
}

interface DistributionCase {
  dist: string;
  params: Params;
  /** How a composite distribution is made. */
  build?: string;
  batch_shape: number[];
  event_shape: number[];
  has_rsample: boolean;
  props: Record<string, TensorNode>;
  eval: Evaluation[];
  /** Of a sample of shape [7, 2]. */
  sample_shape: number[];
}

interface DivergenceCase {
  kl: [string, string];
  p: Params;
  q: Params;
  out?: TensorNode;
  error?: RecordedError;
  tol?: Tolerance;
}

/** Properties that are methods in PyTorch. */
const METHODS = new Set(["entropy", "enumerate_support"]);
const PROPERTY_TOLERANCE: Tolerance = [1e-5, 1e-5];

function isDivergence(record: DistributionCase | DivergenceCase): record is DivergenceCase {
  return "kl" in record;
}

export const distributions = defineKind<DistributionCase | DivergenceCase>({
  operator: (record) => (isDivergence(record) ? "torch.distributions.kl_divergence" : record.dist),
  *checks(record, { adapter }) {
    if (isDivergence(record)) {
      yield { label: record.kl.join(" from "), run: () => checkDivergence(adapter, record) };
    } else yield* distributionChecks(adapter, record);
  },
});

function make(adapter: Adapter, record: DistributionCase, withGrad = false): { distribution: unknown; params: Params } {
  if (record.build !== undefined) return { distribution: composite(adapter, record.build), params: {} };
  const params: Record<string, unknown> = {};
  for (const [name, tree] of Object.entries(record.params)) {
    const node = tree as TensorNode;
    const isLeaf = withGrad && typeof tree === "object" && /^(float|complex)/.test(node.dtype);
    params[name] = new Decoder(adapter, isLeaf).value(isLeaf ? { ...node, requires_grad: true } : tree);
  }
  return { distribution: adapter.construct(record.dist, [], params), params: params as Params };
}

/** The composite distributions of the cases, by their recorded text. */
function composite(adapter: Adapter, build: string): unknown {
  if (build !== "MixtureSameFamily(Categorical([0.3, 0.7]), Normal([0, 2], [1, 0.5]))") {
    throw new NotImplementedHere(`the distribution ${build}`);
  }
  const pair = (a: number, b: number) => adapter.makeTensor(Float32Array.of(a, b), [2], "float32");
  const mixture = adapter.construct("torch.distributions.Categorical", [pair(0.3, 0.7)]);
  const components = adapter.construct("torch.distributions.Normal", [pair(0, 2), pair(1, 0.5)]);
  return adapter.construct("torch.distributions.MixtureSameFamily", [mixture, components]);
}

function* distributionChecks(adapter: Adapter, record: DistributionCase): Generator<Check> {
  yield { label: "shapes", run: () => checkShapes(adapter, record) };
  for (const [name, node] of Object.entries(record.props)) {
    yield { label: name, run: () => checkProperty(adapter, record, name, node) };
  }
  for (const [i, evaluation] of record.eval.entries()) {
    for (const name of ["log_prob", "cdf", "icdf"] as const) {
      if (evaluation[name] !== undefined) {
        yield { label: `${name} ${i}`, run: () => checkEvaluation(adapter, record, evaluation, name) };
      }
    }
    if (evaluation.log_prob_grads !== undefined) {
      yield { label: `log_prob gradient ${i}`, run: () => checkGradients(adapter, record, evaluation) };
    }
  }
}

async function checkShapes(adapter: Adapter, record: DistributionCase): Promise<string | null> {
  const { distribution } = make(adapter, record);
  const sample = await adapter.method(distribution, "sample", [[7, 2]]);
  return new Comparison(adapter)
    .expect(member(distribution, "batch_shape"), record.batch_shape, {}, "batch_shape")
    .expect(member(distribution, "event_shape"), record.event_shape, {}, "event_shape")
    .expect(member(distribution, "has_rsample"), record.has_rsample, {}, "has_rsample")
    .expect(member(sample, "shape"), record.sample_shape, {}, "sample")
    .verdict();
}

async function checkProperty(
  adapter: Adapter,
  record: DistributionCase,
  name: string,
  node: TensorNode,
): Promise<string | null> {
  const { distribution } = make(adapter, record);
  const value = METHODS.has(name) ? await adapter.method(distribution, name) : adapter.property(distribution, name);
  return new Comparison(adapter).expect(value, node, { tolerance: PROPERTY_TOLERANCE }).verdict();
}

async function checkEvaluation(
  adapter: Adapter,
  record: DistributionCase,
  evaluation: Evaluation,
  name: "log_prob" | "cdf" | "icdf",
): Promise<string | null> {
  const { distribution } = make(adapter, record);
  const argument =
    name === "icdf" ? await quantile(adapter, record, evaluation) : new Decoder(adapter).tensor(evaluation.value);
  const value = await adapter.method(distribution, name, [argument]);
  const tolerance = name === "icdf" ? PROPERTY_TOLERANCE : (evaluation[`${name}_tol`] ?? FLOAT32_TOLERANCE);
  return new Comparison(adapter).expect(value, evaluation[name]!, { tolerance }).verdict();
}

/** The recorded quantile as a tensor of the distribution's batch shape. */
async function quantile(adapter: Adapter, record: DistributionCase, { icdf_q }: Evaluation): Promise<unknown> {
  return adapter.call("torch.full", [[...record.batch_shape, ...record.event_shape], icdf_q]);
}

async function checkGradients(
  adapter: Adapter,
  record: DistributionCase,
  evaluation: Evaluation,
): Promise<string | null> {
  const { distribution, params } = make(adapter, record, true);
  const logProb = await adapter.method(distribution, "log_prob", [new Decoder(adapter).tensor(evaluation.value)]);
  const names = Object.keys(evaluation.log_prob_grads!);
  const sum = adapter.apply(logProb, "sum");
  const seed = await adapter.call("torch.ones_like", [sum]);
  const grads = await adapter.grad(
    [sum],
    names.map((name) => params[name]),
    [seed],
  );
  const comparison = new Comparison(adapter);
  names.forEach((name, i) => {
    comparison.expectGradient(grads[i], evaluation.log_prob_grads![name] ?? null, [1e-4, 1e-4], name);
  });
  return comparison.verdict();
}

async function checkDivergence(adapter: Adapter, record: DivergenceCase): Promise<string | null> {
  const call = () => {
    const [p, q] = ([0, 1] as const).map((side) =>
      adapter.construct(
        `torch.distributions.${record.kl[side]}`,
        [],
        new Decoder(adapter).kwargs(side === 0 ? record.p : record.q),
      ),
    );
    return adapter.call("torch.distributions.kl_divergence", [p, q]);
  };
  if (record.error !== undefined) return mustRefuse(adapter, record.error, call);
  return new Comparison(adapter).expect(await call(), record.out!, { tolerance: record.tol }).verdict();
}
