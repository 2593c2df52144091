/**
 * `torch.autograd.graph`: the steps of the recorded graph, and hooks on what is saved for backward passes.
 * https://docs.pytorch.org/docs/stable/autograd.html#hooks-for-saved-tensors
 */
import { moved } from "./device-moves.ts";
import { currentDevice } from "./devices.ts";
import { refuseHooks, useHooks } from "./saved-packing.ts";
import { scoped, type Scope } from "./scope.ts";
import { withSite } from "./site.ts";
import { graph } from "./state.ts";
import { Tensor } from "./tensor.ts";

export { get_gradient_edge, GradientEdge } from "./gradient-edge.ts";
export { GradientFunction as Node } from "./grad-fn.ts";
export { register_multi_grad_hook, type MultiGradHook } from "./multi-grad-hooks.ts";
export { allow_mutation_on_saved_tensors, type MutationScope } from "./saved-mutation.ts";

/**
 * What operators save inside goes through hooks: `pack_hook` is called with each tensor when its operator is called,
 * `unpack_hook` with what that returned when a backward pass needs it, and gives the tensor to compute with. Of several
 * that are nested the innermost is used. Both run without recording gradients.
 * https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks
 */
export function saved_tensors_hooks<P>(pack_hook: (tensor: Tensor) => P, unpack_hook: (packed: P) => Tensor): Scope;
export function saved_tensors_hooks<P, T>(
  pack_hook: (tensor: Tensor) => P,
  unpack_hook: (packed: P) => Tensor,
  body: () => T,
): T;
export function saved_tensors_hooks<P, T>(
  pack: (tensor: Tensor) => P,
  unpack: (packed: P) => Tensor,
  body?: () => T,
): T | Scope {
  return withSite(() => scoped(useHooks({ pack, unpack }), body));
}

/**
 * Hooks are an error inside, which says `error_message`.
 * https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.disable_saved_tensors_hooks
 */
export function disable_saved_tensors_hooks(error_message: string): Scope;
export function disable_saved_tensors_hooks<T>(error_message: string, body: () => T): T;
export function disable_saved_tensors_hooks<T>(error_message: string, body?: () => T): T | Scope {
  return withSite(() => scoped(refuseHooks(error_message), body));
}

export interface SaveOnCpuOptions {
  /** Without effect: there is no such memory. */
  readonly pin_memory?: boolean;
  readonly device_type?: string;
}
/** A value of its own, whatever is written to the tensor later. */
const kept = (tensor: Tensor): Tensor =>
  Tensor.ofNode(graph.distinct(graph.detach(tensor.node_())), tensor.storage_.device);

/**
 * What operators save inside is kept in the CPU's memory, and goes back where a backward pass needs it. Only from
 * devices that are read synchronously: from WebGPU values leave by promises.
 * https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.save_on_cpu
 */
export function save_on_cpu(options?: boolean | SaveOnCpuOptions): Scope;
export function save_on_cpu<T>(body: () => T): T;
export function save_on_cpu<T>(options: boolean | SaveOnCpuOptions, body: () => T): T;
export function save_on_cpu<T>(first: boolean | SaveOnCpuOptions | (() => T) = {}, second?: () => T): T | Scope {
  const body = typeof first === "function" ? first : second;
  const pack = (tensor: Tensor): readonly [Tensor, Tensor["storage_"]["device"]] => {
    const { device } = tensor.storage_;
    return [tensor.device.type === "cpu" ? kept(tensor) : moved(tensor, currentDevice("cpu")), device];
  };
  const unpack = ([tensor, device]: ReturnType<typeof pack>): Tensor => moved(tensor, device);
  return withSite(() => scoped(useHooks({ pack, unpack }), body));
}
