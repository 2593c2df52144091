/** PyTorch's CPU random streams: `manual_seed`, then draws in order; mt19937, bit for bit up to a transcendental's ulp. */
import type { Adapter, Kwargs } from "../adapter.ts";
import { Comparison } from "../comparison.ts";
import { Decoder } from "../decode.ts";
import type { Tolerance, Tree } from "../format.ts";
import { construct, parametersOf } from "../modules.ts";
import { NotImplementedHere } from "../not-implemented.ts";
import { defineKind } from "./kind.ts";

interface Draw {
  fn: string;
  args: Tree[];
  kwargs: Record<string, Tree>;
}

interface RandomCase {
  seed: number;
  calls?: Draw[];
  outs?: Tree[];
  kind?: "initial_seed";
  value?: number;
}

const TOLERANCE: Tolerance = [1.3e-6, 1e-6];

export const random = defineKind<RandomCase>({
  operator: (record) =>
    `random ${record.calls === undefined ? record.kind : record.calls.map(({ fn }) => fn).join(",")}`,
  *checks(record, { adapter }) {
    yield { label: `seed ${record.seed}`, run: () => check(adapter, record) };
  },
});

async function check(adapter: Adapter, record: RandomCase): Promise<string | null> {
  if (adapter.device === "webgpu") throw new NotImplementedHere("PyTorch's CPU generator on webgpu, which has its own");
  await adapter.call("torch.manual_seed", [record.seed]);
  const comparison = new Comparison(adapter);
  if (record.calls === undefined) {
    return comparison.expect(await adapter.call("torch.initial_seed", []), record.value ?? null).verdict();
  }
  for (const [i, call] of record.calls.entries()) {
    comparison.expect(await draw(adapter, call), record.outs![i]!, { tolerance: TOLERANCE }, `call ${i} ${call.fn}`);
  }
  return comparison.verdict();
}

/** Modules whose fresh parameters are the result. */
const MODULES = new Set(["Linear", "Conv2d", "Embedding", "LSTM"]);
/** Functions that take a tensor of probabilities or rates, given as a list. */
const ON_A_LIST: Record<string, string> = {
  bernoulli_p: "torch.bernoulli",
  poisson: "torch.poisson",
  multinomial: "torch.multinomial",
};

async function draw(adapter: Adapter, { fn, args: recordedArgs, kwargs: recordedKwargs }: Draw): Promise<unknown> {
  const decoder = new Decoder(adapter);
  const args = decoder.values(recordedArgs);
  const kwargs = decoder.kwargs(recordedKwargs);
  if (MODULES.has(fn)) {
    return Object.values(await parametersOf(adapter, construct(adapter, `torch.nn.${fn}`, args, kwargs)));
  }
  const listed = ON_A_LIST[fn];
  if (listed !== undefined) {
    const values = args[0] as number[];
    const input = adapter.makeTensor(Float32Array.from(values), [values.length], "float32");
    return adapter.call(listed, [input, ...args.slice(1)], kwargs);
  }
  if (fn === "dropout") {
    const ones = await adapter.call("torch.ones", [args[0]]);
    return adapter.call("torch.nn.functional.dropout", [ones, args[1]]);
  }
  if (/^(kaiming|xavier)_/.test(fn)) {
    return adapter.call(`torch.nn.init.${fn}`, [await empty(adapter, args[0], {})], kwargs);
  }
  if (fn.endsWith("_")) {
    const { dtype, ...rest } = kwargs;
    const destination = await empty(adapter, args[0], dtype === undefined ? {} : { dtype });
    return adapter.method(destination, fn, args.slice(1), rest);
  }
  return adapter.call(`torch.${fn}`, args, kwargs);
}

async function empty(adapter: Adapter, size: unknown, kwargs: Kwargs): Promise<unknown> {
  return adapter.call("torch.empty", [size], kwargs);
}
