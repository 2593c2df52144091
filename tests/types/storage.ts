/** Memory under tensors, files, and switches of the whole process. */
import * as torch from "cresset";
import type { Tensor } from "cresset";
import { is } from "./expected.ts";

export function storages(x: Tensor): void {
  is<number>()(x.untyped_storage().nbytes());
  is<torch.TypedStorage>()(x.storage());
  is<torch.TypedStorage>()(torch.FloatStorage(3));
  is<torch.TypedStorage>()(torch.LongStorage([1n, 2n], { device: "cpu" }));
  is<Tensor>()(x.set_(x.storage(), 0, [2], [1]));
  is<boolean>()(x.is_set_to(x));
  is<Tensor>()(torch.from_dlpack(x));
  // @ts-expect-error words are no elements
  torch.FloatStorage(["1"]);
  // @ts-expect-error a misspelled option
  torch.FloatStorage(3, { devise: "cpu" });
  if (torch.is_storage(x)) is<never>()(x as never);
}

export async function files(x: Tensor): Promise<void> {
  const bytes: Uint8Array = torch.save({ weight: x });
  is<unknown>()(torch.load(bytes, { weights_only: true }));
  is<unknown>()(await torch.loadAsync(bytes, { map_location: "cpu" }));
  is<Record<string, Tensor>>()(torch.safetensors.load(bytes));
  // @ts-expect-error a misspelled option
  torch.load(bytes, { weight_only: true });
  // @ts-expect-error a number is no tensor
  torch.safetensors.save({ weight: 1 });
}

export function generators(): void {
  is<torch.Generator>()(torch.manual_seed(0));
  is<Tensor>()(torch.get_rng_state());
  is<number>()(torch.random.fork_rng(() => 3));
  // @ts-expect-error a seed is a number
  torch.manual_seed("0");
}

export function process(): void {
  torch.set_num_threads(2);
  torch.set_default_dtype(torch.float64);
  torch.set_default_device("cpu:js");
  is<boolean>()(torch.backends.cpu.benchmark);
  // @ts-expect-error no such type
  torch.set_default_dtype("double64");
  // @ts-expect-error a count is a number
  torch.set_num_threads("2");
  // @ts-expect-error there is no such switch
  torch.backends.cpu.benchmarks = true;
}
