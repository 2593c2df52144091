import * as torch from "../../frontend/index.ts";
import { fingerprint } from "../generate.ts";
import { completed, type Case } from "./workload.ts";

/** The case of a function of tensors: its result goes to memory that was there before, as a native peer's would. */
export function map(
  device: string,
  inputs: readonly torch.Tensor[],
  shape: readonly number[],
  compute: (...inputs: torch.Tensor[]) => torch.Tensor,
): Case {
  const output = torch.zeros([...shape], { device });
  const call = torch.compile((...given: torch.Tensor[]) => {
    output.copy_(compute(...given));
  });
  return {
    run() {
      call(...inputs);
      return completed(device);
    },
    check: async () => fingerprint((await output.reshape(-1).numpyAsync()) as Float32Array),
    get statistics() {
      return call.statistics;
    },
  };
}
