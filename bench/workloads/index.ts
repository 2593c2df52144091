/** All workloads, in the order in which they are run and printed. */
import { cnnWorkload } from "./cnn.ts";
import { gptWorkload } from "./gpt.ts";
import { mlpWorkloads, tinyWorkload } from "./mlp.ts";
import { tensorWorkloads } from "./tensors.ts";
import type { Workload } from "./workload.ts";

export const workloads: readonly Workload[] = [
  ...tensorWorkloads,
  ...mlpWorkloads,
  cnnWorkload,
  gptWorkload,
  tinyWorkload,
];
