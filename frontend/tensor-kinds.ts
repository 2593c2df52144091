/** What PyTorch tells of a tensor and is nearly always the same here: where it could be, how it could be held. */
import { Tensor } from "./tensor.ts";

declare module "./tensor.ts" {
  interface Tensor {
    /** False: there is no such device. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_ipu: boolean;
    /** False: there is no such device. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_maia: boolean;
    /** False: kernels choose their own order of elements. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_mkldnn: boolean;
    /** False: Apple's GPUs are `webgpu`, too. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_mps: boolean;
    /** False: there is no such device. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_mtia: boolean;
    /** False: there are no nested tensors. https://docs.pytorch.org/docs/stable/nested.html */
    readonly is_nested: boolean;
    /** False: there are no sparse tensors yet. https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_sparse_csr.html */
    readonly is_sparse_csr: boolean;
    /** False: there is no such device. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_vulkan: boolean;
    /** False: there is no such device. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_xla: boolean;
    /** False: Intel's GPUs are `webgpu`, too. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly is_xpu: boolean;
    /** null: tensors have no names. https://docs.pytorch.org/docs/stable/tensors.html */
    readonly name: null;
    /** False: what it asked for is `torch.no_grad`. https://docs.pytorch.org/docs/stable/autograd.html#variable-deprecated */
    readonly volatile: boolean;
  }
}

const kinds: Record<string, boolean | null> = { name: null, volatile: false };
for (const name of "ipu maia mkldnn mps mtia nested sparse_csr vulkan xla xpu".split(" ")) kinds[`is_${name}`] = false;
for (const [name, value] of Object.entries(kinds))
  Object.defineProperty(Tensor.prototype, name, { get: () => value, configurable: true });
