/** `torch.utils.data.distributed`. */
export { DistributedSampler } from "./sampler.ts";
