/** nn.init, nn.utils (gradient clipping, packed sequences, weight_norm) and autograd.functional. */
import { type Adapter, type Callable } from "../adapter.ts";
import { Comparison } from "../comparison.ts";
import { Decoder } from "../decode.ts";
import type { RecordedError, TensorNode, Tolerance, Tree } from "../format.ts";
import { callModule, construct, loadState } from "../modules.ts";
import { NotImplementedHere } from "../not-implemented.ts";
import { defineKind, mustRefuse } from "./kind.ts";

interface Statistics {
  mean: number;
  std: number;
  min: number;
  max: number;
  zeros: number;
}

interface InitUtilsCase {
  fn: string;
  args?: Tree[];
  kwargs?: Record<string, Tree>;
  out?: Tree;
  error?: RecordedError;
  tol?: Tolerance;
  /** nn.init: of the tensor to fill. */
  shape?: number[];
  stats?: Statistics;
  /** Gradient clipping. */
  grads?: TensorNode[];
  after?: TensorNode[];
  max_norm?: Tree;
  norm_type?: Tree;
  total_norm?: TensorNode;
  clip_value?: number;
  /** Packed sequences. */
  input?: Tree;
  lengths?: number[];
  batch_first?: boolean;
  enforce_sorted?: boolean;
  /** weight_norm. */
  state?: Record<string, TensorNode>;
  /** autograd.functional: the body of the function, in `x`. */
  code?: string;
  x?: TensorNode;
  v?: TensorNode;
}

export const initUtils = defineKind<InitUtilsCase>({
  operator: (record) => record.fn,
  *checks(record, { adapter }) {
    yield { label: record.code ?? "call", run: () => check(adapter, record) };
  },
});

async function check(adapter: Adapter, record: InitUtilsCase): Promise<string | null> {
  if (record.stats !== undefined) return checkStatistics(adapter, record, record.stats);
  if (record.grads !== undefined) return checkClipping(adapter, record, record.grads);
  const call = () => perform(adapter, record);
  if (record.error !== undefined) return mustRefuse(adapter, record.error, call);
  return new Comparison(adapter).expect(await call(), record.out ?? null, { tolerance: record.tol }).verdict();
}

async function perform(adapter: Adapter, record: InitUtilsCase): Promise<unknown> {
  const decoder = new Decoder(adapter);
  const kwargs = decoder.kwargs(record.kwargs);
  if (record.shape !== undefined) return fill(adapter, record);
  if (record.args !== undefined) return adapter.call(record.fn, decoder.values(record.args), kwargs);
  if (record.code !== undefined) return differentiate(adapter, record, record.code);
  if (record.state !== undefined) return weightNorm(adapter, record, record.state);

  const args = [decoder.value(record.input ?? null)];
  if (record.fn.endsWith(".unpad_sequence")) {
    const lengths = BigInt64Array.from(record.lengths!, BigInt);
    args.push(adapter.makeTensor(lengths, [lengths.length], "int64"));
  } else if (record.lengths !== undefined) {
    args.push(record.lengths);
    Object.assign(kwargs, { batch_first: record.batch_first, enforce_sorted: record.enforce_sorted });
  }
  return adapter.call(record.fn, args, kwargs);
}

async function fill(adapter: Adapter, record: InitUtilsCase): Promise<unknown> {
  const destination = await adapter.call("torch.empty", [record.shape]);
  return adapter.call(record.fn, [destination], new Decoder(adapter).kwargs(record.kwargs));
}

/** Random initialisers: moments within what chance allows, extremes loosely, zeros exactly. */
async function checkStatistics(adapter: Adapter, record: InitUtilsCase, wanted: Statistics): Promise<string | null> {
  await adapter.call("torch.manual_seed", [0]);
  const { data } = await adapter.read(await fill(adapter, record));
  const values = Array.from(data, Number);
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
  const min = values.reduce((a, b) => Math.min(a, b));
  const max = values.reduce((a, b) => Math.max(a, b));
  const zeros = values.filter((x) => x === 0).length;
  const near = (name: string, got: number, expected: number, allowed: number) =>
    Math.abs(got - expected) <= allowed ? null : `${name} ${got}, expected about ${expected}`;
  return (
    near("mean", mean, wanted.mean, (12 * wanted.std) / Math.sqrt(values.length)) ??
    near("std", std, wanted.std, 0.03 * wanted.std) ??
    near("min", min, wanted.min, 0.35 * Math.abs(wanted.min)) ??
    near("max", max, wanted.max, 0.35 * Math.abs(wanted.max)) ??
    near("zeros", zeros, wanted.zeros, 0)
  );
}

async function checkClipping(adapter: Adapter, record: InitUtilsCase, grads: TensorNode[]): Promise<string | null> {
  const decoder = new Decoder(adapter);
  const parameters = grads.map((node) => {
    const parameter = new Decoder(adapter, true).tensor({ ...node, requires_grad: true });
    (parameter as { grad: unknown }).grad = new Decoder(adapter).tensor(node);
    return parameter;
  });
  const comparison = new Comparison(adapter);
  const options = { tolerance: record.tol };
  if (record.clip_value !== undefined) await adapter.call(record.fn, [parameters, record.clip_value]);
  else {
    const kwargs = { norm_type: decoder.value(record.norm_type ?? null) };
    const total = await adapter.call(record.fn, [parameters, decoder.value(record.max_norm ?? null)], kwargs);
    comparison.expect(total, record.total_norm!, options, "total norm");
  }
  record.after!.forEach((node, i) => {
    comparison.expect((parameters[i] as { grad: unknown }).grad, node, options, `gradient ${i}`);
  });
  return comparison.verdict();
}

async function weightNorm(
  adapter: Adapter,
  record: InitUtilsCase,
  state: Record<string, TensorNode>,
): Promise<unknown> {
  const [out, features] = state["weight_v"]!.shape;
  const module = await adapter.call(record.fn, [construct(adapter, "torch.nn.Linear", [features, out])]);
  await loadState(adapter, module, state);
  return callModule(module, [new Decoder(adapter).value(record.input ?? null)]);
}

/** The recorded function bodies, by their text. */
const BODIES: Record<string, (adapter: Adapter, x: unknown) => unknown> = {
  "(x * x).sum()": (a, x) => a.apply(a.apply(x, "mul", x), "sum"),
  "x.exp().sum()": (a, x) => a.apply(a.apply(x, "exp"), "sum"),
  "(x.sin() * x).sum()": (a, x) => a.apply(a.apply(a.apply(x, "sin"), "mul", x), "sum"),
  "x.exp()": (a, x) => a.apply(x, "exp"),
  "x * x.sum()": (a, x) => a.apply(x, "mul", a.apply(x, "sum")),
  "x.cumsum(0)": (a, x) => a.apply(x, "cumsum", 0),
};

async function differentiate(adapter: Adapter, record: InitUtilsCase, code: string): Promise<unknown> {
  const body = BODIES[code];
  if (body === undefined) throw new NotImplementedHere(`the function ${code}`);
  const decoder = new Decoder(adapter);
  const f: Callable = (x) => body(adapter, x);
  const args = [f, decoder.tensor(record.x!)];
  if (record.v !== undefined) args.push(decoder.tensor(record.v));
  return adapter.call(record.fn, args);
}
