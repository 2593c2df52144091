/**
 * Optimizer cases: parameters W [4, 3] and b [3], loss mean((tanh(X W + b) - Y)^2). The recorded gradients are set, a
 * step is taken, the parameters are compared; LBFGS takes a closure instead.
 */
import { member, type Adapter } from "../adapter.ts";
import { Comparison, entry } from "../comparison.ts";
import { Decoder } from "../decode.ts";
import {
  floatOf,
  isTagged,
  isTensorNode,
  type FloatNode,
  type TensorNode,
  type Tolerance,
  type Tree,
} from "../format.ts";
import { defineKind } from "./kind.ts";

interface OptimizerCase {
  optimizer: string;
  kwargs: Record<string, Tree>;
  groups: ({ params: ParameterName[] } & Record<string, Tree>)[] | null;
  problem: { X: TensorNode; Y: TensorNode; W: TensorNode; b: TensorNode };
  steps: {
    /** Absent for LBFGS. */
    grads?: Record<ParameterName, TensorNode>;
    /** Before the step. */
    loss: number | FloatNode;
    params: Record<ParameterName, TensorNode>;
  }[];
  tol?: Tolerance;
  /** float64 takes another path: only the loss is comparable. */
  f64_mismatch?: number;
  state_dict?: Tree;
}

type ParameterName = "W" | "b";
const NAMES: readonly ParameterName[] = ["W", "b"];

/** Hyperparameters that choose an implementation, not a result; their defaults differ between versions. */
const IMPLEMENTATION_FLAGS = new Set(["foreach", "fused", "capturable", "differentiable"]);

export const optim = defineKind<OptimizerCase>({
  operator: (record) => record.optimizer,
  *checks(record, { adapter }) {
    yield { label: "steps", run: () => checkSteps(adapter, record) };
    if (record.state_dict !== undefined) yield { label: "state_dict", run: () => checkStateDict(adapter, record) };
  },
});

interface Session {
  parameters: Record<ParameterName, unknown>;
  optimizer: unknown;
}

function start(adapter: Adapter, record: OptimizerCase): Session {
  const leaf = (name: ParameterName) =>
    new Decoder(adapter, true).tensor({ ...record.problem[name], requires_grad: true });
  const parameters = { W: leaf("W"), b: leaf("b") };
  const decoder = new Decoder(adapter);
  const list =
    record.groups === null
      ? NAMES.map((name) => parameters[name])
      : record.groups.map(({ params, ...rest }) => ({
          ...decoder.kwargs(rest as Record<string, Tree>),
          params: params.map((name) => parameters[name]),
        }));
  const optimizer = adapter.construct(record.optimizer, [list], decoder.kwargs(record.kwargs));
  return { parameters, optimizer };
}

async function stepWith(
  adapter: Adapter,
  { parameters, optimizer }: Session,
  grads: Record<ParameterName, TensorNode>,
): Promise<void> {
  for (const name of NAMES) {
    (parameters[name] as { grad: unknown }).grad = new Decoder(adapter).tensor(grads[name]);
  }
  await adapter.method(optimizer, "step");
}

/** One LBFGS step. Gives the loss before it. */
async function stepWithClosure(adapter: Adapter, session: Session, record: OptimizerCase): Promise<number> {
  const decoder = new Decoder(adapter);
  const x = decoder.tensor(record.problem.X);
  const y = decoder.tensor(record.problem.Y);
  const { W, b } = session.parameters;
  const apply = (receiver: unknown, name: string, ...args: unknown[]) => adapter.apply(receiver, name, ...args);
  const closure = () => {
    apply(session.optimizer, "zero_grad");
    const predicted = apply(apply(apply(x, "matmul", W), "add", b), "tanh");
    const loss = apply(apply(apply(predicted, "sub", y), "pow", 2), "mean");
    apply(loss, "backward");
    return loss;
  };
  const loss = await adapter.method(session.optimizer, "step", [closure]);
  return typeof loss === "number" ? loss : Number((await adapter.read(loss)).data[0]);
}

async function checkSteps(adapter: Adapter, record: OptimizerCase): Promise<string | null> {
  const session = start(adapter, record);
  for (const [i, step] of record.steps.entries()) {
    if (step.grads !== undefined) await stepWith(adapter, session, step.grads);
    else {
      const loss = await stepWithClosure(adapter, session, record);
      const wanted = typeof step.loss === "number" ? step.loss : floatOf(step.loss);
      if (record.f64_mismatch !== undefined && !(loss <= 1.02 * wanted + 1e-4)) {
        return `step ${i + 1}: loss ${loss}, expected at most about ${wanted}`;
      }
    }
    if (record.f64_mismatch !== undefined) continue;
    const comparison = new Comparison(adapter);
    for (const name of NAMES) {
      comparison.expect(
        session.parameters[name],
        step.params[name],
        { tolerance: record.tol },
        `step ${i + 1} ${name}`,
      );
    }
    const reason = await comparison.verdict();
    if (reason !== null) return reason;
  }
  return null;
}

/** The state's entries, and those hyperparameters that mean something. */
async function checkStateDict(adapter: Adapter, record: OptimizerCase): Promise<string | null> {
  const session = start(adapter, record);
  for (const { grads } of record.steps) if (grads !== undefined) await stepWith(adapter, session, grads);
  const actual = await adapter.method(session.optimizer, "state_dict");
  const comparison = new Comparison(adapter);

  for (const [id, recordedState] of dictOf(record.state_dict!, "state")) {
    const state = entry(entry(actual, "state"), id);
    for (const [name, recorded] of dictOf(recordedState)) {
      const value = entry(state, name);
      const where = `state ${id} ${name}`;
      if (name === "step") comparison.expect(await numberOf(adapter, value), countOf(recorded), {}, where);
      else comparison.expect(value, recorded, { tolerance: record.tol }, where);
    }
  }
  const groups = get(record.state_dict!, "param_groups") as Tree[];
  groups.forEach((group, i) => {
    const live = member(entry(actual, "param_groups"), i);
    for (const [name, recorded] of dictOf(group)) {
      if (recorded === null || IMPLEMENTATION_FLAGS.has(name)) continue;
      comparison.expect(entry(live, name), recorded, {}, `group ${i} ${name}`);
    }
  });
  return comparison.verdict();
}

function get(tree: Tree, key: string): Tree {
  return dictOf(tree).find(([name]) => name === key)?.[1] ?? null;
}

/** The entries of a recorded dict, or of the dict under `key` in it. */
function dictOf(tree: Tree, key?: string): [string, Tree][] {
  const dict = key === undefined ? tree : get(tree, key);
  if (!isTagged(dict) || dict.$ !== "dict") return [];
  return dict.v.map(([name, value]) => [String(name as string | number), value]);
}

/** The step count is a tensor in some optimizers and a number in others, and which ones differs between versions. */
async function numberOf(adapter: Adapter, value: unknown): Promise<unknown> {
  return adapter.isTensor(value) ? Number((await adapter.read(value)).data[0]) : value;
}

function countOf(recorded: Tree): Tree {
  if (!isTensorNode(recorded)) return recorded;
  return Buffer.from(recorded.data, "base64").readFloatLE(0);
}
