/**
 * `torch.utils.data`: datasets, samplers and loaders. Random orders are PyTorch's for the same seed.
 * https://docs.pytorch.org/docs/stable/data.html
 */
export { default_collate, default_convert, type Collated } from "./collate.ts";
export { DataLoader, type DataLoaderOptions } from "./data-loader.ts";
export {
  ChainDataset,
  ConcatDataset,
  Dataset,
  IterableDataset,
  StackDataset,
  Subset,
  TensorDataset,
  type AnyDataset,
  type MapStyle,
} from "./dataset.ts";
export * as distributed from "./distributed.ts";
export {
  BatchSampler,
  random_split,
  RandomSampler,
  Sampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from "./sampler.ts";

/** Items are made on the thread that asks for them: there is never a worker. */
export const get_worker_info = (): null => null;
