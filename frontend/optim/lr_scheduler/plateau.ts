/** Lowering the learning rate when a metric stops improving. */
import { ArgumentError, ValueError } from "../../../ir/errors.ts";
import { signature, type CallOf } from "../../arguments.ts";
import { Tensor } from "../../tensor.ts";
import { LRScheduler, perGroup, type AnyOptimizer } from "./base.ts";

const plateau = signature<
  [
    mode: "min" | "max",
    factor: number,
    patience: number,
    threshold: number,
    threshold_mode: "rel" | "abs",
    cooldown: number,
    min_lr: number | readonly number[],
    eps: number,
  ]
>()("mode?, factor?, patience?, threshold?, threshold_mode?, cooldown?, min_lr?, eps?");

/** https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html */
export class ReduceLROnPlateau extends LRScheduler {
  mode: "min" | "max";
  factor: number;
  patience: number;
  threshold: number;
  threshold_mode: "rel" | "abs";
  cooldown: number;
  min_lrs: number[];
  /** That of groups which are added later; null where each group has its own. */
  default_min_lr: number | null;
  eps: number;
  best: number;
  num_bad_epochs = 0;
  cooldown_counter = 0;

  constructor(optimizer: AnyOptimizer, ...args: CallOf<typeof plateau>) {
    const {
      mode = "min",
      factor = 0.1,
      patience = 10,
      threshold = 1e-4,
      threshold_mode = "rel",
      cooldown = 0,
      min_lr = 0,
      eps = 1e-8,
    } = plateau.bind("ReduceLROnPlateau", args);
    if (factor >= 1) throw new ValueError("scheduler/factor", "ReduceLROnPlateau: Factor should be < 1.0.");
    if (mode !== "min" && mode !== "max")
      throw new ValueError("scheduler/mode", `ReduceLROnPlateau: mode ${String(mode)} is unknown!`);
    if (threshold_mode !== "rel" && threshold_mode !== "abs")
      throw new ValueError(
        "scheduler/threshold-mode",
        `ReduceLROnPlateau: threshold mode ${String(threshold_mode)} is unknown!`,
      );
    super(optimizer);
    this.last_epoch = 0;
    this.mode = mode;
    this.factor = factor;
    this.patience = patience;
    this.threshold = threshold;
    this.threshold_mode = threshold_mode;
    this.cooldown = cooldown;
    this.min_lrs = perGroup("min_lr", min_lr, this.groups);
    this.default_min_lr = typeof min_lr === "number" ? min_lr : null;
    this.eps = eps;
    this.best = mode === "min" ? Infinity : -Infinity;
    this._last_lr = this.get_lr();
  }
  override get_lr(): number[] {
    return this.groups.map((group) => group.lr);
  }
  get in_cooldown(): boolean {
    return this.cooldown_counter > 0;
  }
  /** Takes the metric of the epoch that ended. */
  override step(metrics?: number | Tensor, epoch?: number): void {
    if (metrics === undefined)
      throw new ArgumentError(
        "scheduler/metrics",
        "ReduceLROnPlateau.step: missing 1 required positional argument: 'metrics'.",
      );
    const current = metrics instanceof Tensor ? Number(metrics.item()) : metrics;
    this.hostEffect_(() => this.take(current, epoch));
  }
  private take(current: number, epoch: number | undefined): void {
    this.last_epoch = epoch ?? this.last_epoch + 1;
    if (this.is_better(current, this.best)) {
      this.best = current;
      this.num_bad_epochs = 0;
    } else this.num_bad_epochs++;
    if (this.in_cooldown) {
      this.cooldown_counter--;
      this.num_bad_epochs = 0;
    }
    if (this.num_bad_epochs > this.patience) {
      this.reduce();
      this.cooldown_counter = this.cooldown;
      this.num_bad_epochs = 0;
    }
    this._last_lr = this.get_lr();
  }
  private reduce(): void {
    const { groups, default_min_lr } = this;
    if (groups.length !== this.min_lrs.length) {
      if (default_min_lr === null)
        throw new ValueError(
          "scheduler/groups",
          `ReduceLROnPlateau.step: The number of param groups in the \`optimizer\` (${groups.length}) differs from when \`ReduceLROnPlateau\` was initialized (${this.min_lrs.length}), usually due to a new param group being added to the optimizer.`,
          "Please modify the `min_lrs` field to match the length of the `optimizer` param groups.",
        );
      this.min_lrs = groups.map(() => default_min_lr);
    }
    groups.forEach((group, i) => {
      const lower = Math.max(group.lr * this.factor, this.min_lrs[i]!);
      if (group.lr - lower > this.eps) group.lr = lower;
    });
  }
  is_better(value: number, best: number): boolean {
    const margin = this.threshold_mode === "rel" ? best * this.threshold : this.threshold;
    if (this.mode === "min")
      return this.threshold_mode === "rel" ? value < best * (1 - this.threshold) : value < best - margin;
    return this.threshold_mode === "rel" ? value > best * (1 + this.threshold) : value > best + margin;
  }
}
