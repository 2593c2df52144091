/** Models as functions: the state of several side by side, and normalisation that keeps none. */
import "../../ir/ops/joining.ts";
import { ArgumentError } from "../../ir/errors.ts";
import { callOperator, withSite } from "../call.ts";
import { withGradMode } from "../grad-mode.ts";
import { BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm } from "../nn/modules/batch-norm.ts";
import type { Module } from "../nn/module.ts";
import type { Tensor } from "../tensor.ts";

type Named = Record<string, Tensor>;

/**
 * Parameters and buffers of models of one kind, each stacked over the models, for `vmap` of `functional_call`.
 *
 * Shape: `[*] of each of n models -> [n, *]`
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.stack_module_state.html
 */
export function stack_module_state(models: readonly Module[]): readonly [params: Named, buffers: Named] {
  return withSite(() => {
    const [first] = models;
    const refuse = (what: string): never => {
      throw new ArgumentError("stack_module_state/models", `stack_module_state: Expected ${what}.`);
    };
    if (first === undefined) return refuse("at least one model, got 0");
    if (models.some(({ training }) => training !== first.training))
      return refuse("all models to have the same training/eval mode");
    if (models.some((model) => model.constructor !== first.constructor))
      return refuse("all models to be of the same class");
    const stacked = (of: (model: Module) => readonly (readonly [string, Tensor])[]): Named => {
      const all = models.map((model) => new Map(of(model)));
      return Object.fromEntries(of(first).map(([name]) => [name, stackOf(all.map((each) => each.get(name)!))]));
    };
    return [stacked((model) => model.named_parameters()), stacked((model) => model.named_buffers())] as const;
  });
}

/** A leaf of its own, which requires grad where the tensors do. */
function stackOf(tensors: readonly Tensor[]): Tensor {
  const stacked = withGradMode(false, () => callOperator("stack", [tensors]) as Tensor);
  return tensors[0]!.requires_grad ? stacked.requires_grad_() : stacked;
}

type AnyBatchNorm = BatchNorm1d | BatchNorm2d | BatchNorm3d | SyncBatchNorm;
const isBatchNorm = (module: Module): module is AnyBatchNorm =>
  [BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm].some((kind) => module instanceof kind);

/**
 * Batch normalisation in a model keeps no running statistics any more: it normalises by the batch, so that nothing is
 * written. Returns the model.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.func.replace_all_batch_norm_modules_.html
 */
export function replace_all_batch_norm_modules_<M extends Module>(root: M): M {
  for (const module of root.modules()) {
    if (!isBatchNorm(module) || !module.track_running_stats) continue;
    module.running_mean = null;
    module.running_var = null;
    module.num_batches_tracked = null;
    module.track_running_stats = false;
  }
  return root;
}
