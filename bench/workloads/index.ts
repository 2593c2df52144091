/** All workloads, in the order in which they are run and printed. */
import { cnnWorkload } from "./cnn.ts";
import { gptWorkload } from "./gpt.ts";
import { mlpWorkloads, tinyWorkload } from "./mlp.ts";
import { recurrentWorkloads } from "./recurrent.ts";
import { resNetWorkload } from "./resnet.ts";
import { tensorWorkloads } from "./tensors.ts";
import type { Workload } from "./workload.ts";

export const workloads: readonly Workload[] = [
  ...tensorWorkloads,
  ...mlpWorkloads,
  cnnWorkload,
  gptWorkload,
  resNetWorkload,
  ...recurrentWorkloads,
  tinyWorkload,
];
