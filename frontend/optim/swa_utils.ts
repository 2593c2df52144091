/** `torch.optim.swa_utils`: averages of weights over training. https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema */
import { ArgumentError } from "../../ir/errors.ts";
import { enterScope } from "../../ir/interning.ts";
import { signature, type CallOf } from "../arguments.ts";
import { tensor } from "../creation.ts";
import type { DeviceLike } from "../devices.ts";
import { withGradMode } from "../grad-mode.ts";
import { deepcopy } from "../nn/deepcopy.ts";
import { Module } from "../nn/module.ts";
import { op } from "../nn/op.ts";
import { copyInto } from "../nn/state-dict.ts";
import { graph } from "../state.ts";
import { Tensor } from "../tensor.ts";
import { LRScheduler, perGroup, type AnyOptimizer } from "./lr_scheduler/base.ts";

/** The next average of one parameter; `num_averaged` is a 0-d int64 tensor. */
export type AverageFunction = (averaged: Tensor, current: Tensor, num_averaged: Tensor) => Tensor;
/** Writes the next averages of several parameters into the first list. */
export type MultiAverageFunction = (
  averaged: readonly Tensor[],
  current: readonly Tensor[],
  num_averaged: Tensor,
) => void;

/** decay * averaged + (1 - decay) * current. */
export function get_ema_avg_fn(decay = 0.999): AverageFunction {
  if (!(decay >= 0 && decay <= 1))
    throw new ArgumentError(
      "swa/decay",
      `get_ema_avg_fn: Invalid decay value ${decay}. Please provide a value in [0, 1] range.`,
    );
  return (averaged, current) => op("add", op("mul", averaged, decay), op("mul", current, 1 - decay));
}
/** The mean of all weights so far. */
export const get_swa_avg_fn = (): AverageFunction => (averaged, current, num_averaged) =>
  op("add", averaged, op("div", op("sub", current, averaged), op("add", num_averaged, 1)));

const averaging = signature<
  [
    device: DeviceLike | null,
    avg_fn: AverageFunction | null,
    multi_avg_fn: MultiAverageFunction | null,
    use_buffers: boolean,
  ]
>()("device?, avg_fn?, multi_avg_fn?, use_buffers?");

/** A copy of a model whose parameters are averages of the model's. https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.AveragedModel.html */
export class AveragedModel<M extends Module = Module> extends Module {
  module: M;
  declare n_averaged: Tensor;
  use_buffers: boolean;
  private readonly average: () => { one: AverageFunction; many: MultiAverageFunction | null };
  constructor(model: M, ...args: CallOf<typeof averaging>) {
    super();
    const { device, avg_fn, multi_avg_fn, use_buffers = false } = averaging.bind("AveragedModel", args);
    if (avg_fn && multi_avg_fn)
      throw new ArgumentError(
        "swa/functions",
        "AveragedModel: Only one of avg_fn and multi_avg_fn should be provided.",
      );
    this.module = deepcopy(model);
    if (device !== undefined && device !== null) this.module.to(device);
    // Beside the weights, so that a compiled step need not move it to them.
    this.register_buffer("n_averaged", tensor(0n, { device: device ?? this.module.parameters()[0]?.device ?? null }));
    this.use_buffers = use_buffers;
    const functions = { one: avg_fn ?? get_swa_avg_fn(), many: multi_avg_fn ?? null };
    this.average = () => functions;
  }
  override forward(...args: Parameters<M["forward"]>): ReturnType<M["forward"]> {
    return (this.module as unknown as (...list: unknown[]) => ReturnType<M["forward"]>)(...(args as unknown[]));
  }
  /** Takes the model's present parameters into the averages. */
  update_parameters(model: Module): void {
    withGradMode(false, () => {
      const pairs = this.pairs(model);
      const own = pairs.map(([mine]) => mine.detach());
      const current = pairs.map(([mine, theirs]) => theirs.detach().to(mine.device, mine.dtype));
      const { one, many } = this.average();
      const before = own.map((mine) => op("clone", mine));
      if (many !== null) many(own, current, this.n_averaged);
      pairs.forEach(([mine], i) => {
        const count = this.n_averaged.to(mine.device);
        const first = op("eq", count, 0);
        const next = many === null ? one(before[i]!, current[i]!, count) : own[i]!;
        enterScope(mine.storage_.device.name);
        // The first time there is nothing to average with.
        mine.write_(graph.cast(op("where", first, current[i]!, next).node_(), mine.dtype.name), "update_parameters");
      });
      if (!this.use_buffers) {
        const buffers = model.buffers();
        this.module.buffers().forEach((mine, i) => copyInto(mine, buffers[i]!));
      }
      const counter = this.n_averaged;
      enterScope(counter.storage_.device.name);
      counter.write_(graph.add(counter.node_(), 1), "update_parameters");
    });
  }
  private pairs(model: Module): [mine: Tensor, theirs: Tensor][] {
    const tensors = (module: Module): Tensor[] => [
      ...module.parameters(),
      ...(this.use_buffers ? module.buffers() : []),
    ];
    const theirs = tensors(model);
    return tensors(this.module).map((mine, i) => [mine, theirs[i]!]);
  }
}

/** Recomputes the running statistics of batch normalisation: averaged weights have never seen data. */
export async function update_bn(
  loader: Iterable<unknown> | AsyncIterable<unknown>,
  model: Module,
  given: DeviceLike | null | { readonly device?: DeviceLike | null } = null,
): Promise<void> {
  const device =
    given !== null && Object.getPrototypeOf(given) === Object.prototype
      ? ((given as { device?: DeviceLike | null }).device ?? null)
      : (given as DeviceLike | null);
  type Norm = Module & { momentum: number | null; reset_running_stats(): void };
  const norms = model
    .modules()
    .filter((module): module is Norm => "reset_running_stats" in module && "momentum" in module);
  if (norms.length === 0) return;
  const before = norms.map((norm) => norm.momentum);
  const wasTraining = model.training;
  model.train();
  for (const norm of norms) {
    norm.reset_running_stats();
    norm.momentum = null;
  }
  try {
    for await (const batch of loader) {
      const input = (Array.isArray(batch) ? batch[0] : batch) as Tensor;
      const placed = device === null || !(input instanceof Tensor) ? input : input.to(device);
      withGradMode(false, () => (model as unknown as (x: Tensor) => unknown)(placed));
    }
  } finally {
    norms.forEach((norm, i) => (norm.momentum = before[i]!));
    model.train(wasTraining);
  }
}

const swalr = signature<
  [swa_lr: number | readonly number[], anneal_epochs: number, anneal_strategy: "cos" | "linear", last_epoch: number]
>()("swa_lr, anneal_epochs?, anneal_strategy?, last_epoch?");

/** From the present rate to swa_lr, which then stays. https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.SWALR.html */
export class SWALR extends LRScheduler {
  anneal_epochs: number;
  anneal_strategy: "cos" | "linear";
  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof swalr>) {
    const { swa_lr, anneal_epochs = 10, anneal_strategy = "cos", last_epoch = -1 } = swalr.bind("SWALR", args);
    if (anneal_strategy !== "cos" && anneal_strategy !== "linear")
      throw new ArgumentError(
        "swa/anneal",
        `SWALR: anneal_strategy must by one of 'cos' or 'linear', instead got ${String(anneal_strategy)}.`,
      );
    if (!(Number.isInteger(anneal_epochs) && anneal_epochs >= 0))
      throw new ArgumentError(
        "swa/epochs",
        `SWALR: anneal_epochs must be equal or greater than 0, got ${anneal_epochs}.`,
      );
    super(optimizer, last_epoch);
    perGroup("swa_lr", swa_lr, this.groups).forEach((rate, i) => (this.groups[i]!["swa_lr"] = rate));
    this.anneal_epochs = anneal_epochs;
    this.anneal_strategy = anneal_strategy;
    this._initial_step();
  }
  private share(t: number): number {
    return this.anneal_strategy === "cos" ? (1 - Math.cos(Math.PI * t)) / 2 : t;
  }
  override get_lr(): number[] {
    const step = this._step_count - 1;
    const span = this.anneal_epochs === 0 ? Math.max(1, step) : this.anneal_epochs;
    const before = this.share(Math.max(0, Math.min(1, (step - 1) / Math.max(1, span))));
    const now = this.share(Math.max(0, Math.min(1, step / Math.max(1, span))));
    return this.groups.map((group) => {
      const target = group["swa_lr"] as number;
      // The rate that annealing began at, from the present one.
      const from = before === 1 ? target : (group.lr - before * target) / (1 - before);
      return target * now + from * (1 - now);
    });
  }
}
