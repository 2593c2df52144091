/** Learning-rate schedulers: SGD with one group for each of `base_lrs`; lr (and momentum) after each scheduler step. */
import { entry } from "../comparison.ts";
import { member, type Adapter, type Kwargs } from "../adapter.ts";
import { isClose } from "../compare.ts";
import { Decoder } from "../decode.ts";
import { isTagged, type Tolerance, type Tree } from "../format.ts";
import { NotImplementedHere } from "../not-implemented.ts";
import { defineKind } from "./kind.ts";

interface SchedulerCase {
  scheduler: string;
  kwargs: Record<string, Tree>;
  /** The inner schedulers of SequentialLR and ChainedScheduler. */
  parts?: { scheduler: string; kwargs: Record<string, Tree> }[];
  base_lrs: number[];
  sgd_kwargs?: Record<string, Tree>;
  /** ReduceLROnPlateau: what each step is given. */
  metrics?: number[];
  lrs: number[][];
  momentums?: number[][];
  tol: Tolerance;
}

/** The recorded lambda bodies, by their text. */
const LAMBDAS: Record<string, (epoch: number) => number> = {
  "0.95 ** epoch": (epoch) => 0.95 ** epoch,
  "1 / (1 + epoch)": (epoch) => 1 / (1 + epoch),
  "0.9 + 0.01 * epoch": (epoch) => 0.9 + 0.01 * epoch,
};

export const schedulers = defineKind<SchedulerCase>({
  operator: (record) => record.scheduler,
  *checks(record, { adapter }) {
    yield { label: "lr", run: () => checkSchedule(adapter, record, "lr", record.lrs) };
    const { momentums } = record;
    if (momentums !== undefined) {
      yield { label: "momentum", run: () => checkSchedule(adapter, record, "momentum", momentums) };
    }
  },
});

function kwargsOf(adapter: Adapter, recorded: Record<string, Tree>): Kwargs {
  const decoder = new Decoder(adapter);
  return Object.fromEntries(
    Object.entries(recorded).map(([name, tree]) => {
      if (!isTagged(tree) || tree.$ !== "expr") return [name, decoder.value(tree)];
      const lambda = LAMBDAS[tree.v];
      if (lambda === undefined) throw new NotImplementedHere(`the lambda ${tree.v}`);
      return [name, lambda];
    }),
  );
}

function makeScheduler(adapter: Adapter, record: SchedulerCase, optimizer: unknown): unknown {
  if (record.parts === undefined) {
    return adapter.construct(record.scheduler, [optimizer], kwargsOf(adapter, record.kwargs));
  }
  const parts = record.parts.map((part) =>
    adapter.construct(part.scheduler, [optimizer], kwargsOf(adapter, part.kwargs)),
  );
  const isChained = record.scheduler.endsWith(".ChainedScheduler");
  return adapter.construct(
    record.scheduler,
    isChained ? [parts] : [optimizer, parts],
    kwargsOf(adapter, record.kwargs),
  );
}

async function checkSchedule(
  adapter: Adapter,
  record: SchedulerCase,
  name: "lr" | "momentum",
  wanted: number[][],
): Promise<string | null> {
  const groups = record.base_lrs.map((lr) => ({
    params: [adapter.makeTensor(new Float32Array(2), [2], "float32", true)],
    lr,
  }));
  const sgd = { lr: record.base_lrs[0]!, ...kwargsOf(adapter, record.sgd_kwargs ?? {}) };
  const optimizer = adapter.construct("torch.optim.SGD", [groups], sgd);
  const scheduler = makeScheduler(adapter, record, optimizer);

  for (const [i, expected] of wanted.entries()) {
    if (i > 0 || record.metrics !== undefined) {
      await adapter.method(optimizer, "step");
      await adapter.method(scheduler, "step", record.metrics === undefined ? [] : [record.metrics[i]!]);
    }
    const live = Array.from(member(optimizer, "param_groups") as Iterable<unknown>, (group) => entry(group, name));
    if (!expected.every((value, at) => isClose(Number(live[at]), value, record.tol))) {
      return `after ${i} steps: ${name} is ${live.join(", ")}, expected ${expected.join(", ")}`;
    }
  }
  return null;
}
