/** Ours, as its peers are. */
import { useThreads } from "../threads.ts";
import { workloads } from "../workloads/index.ts";
import type { Peer } from "./peer.ts";

export const peer: Peer = {
  name: "cresset",
  setThreads: useThreads,
  workloads: Object.fromEntries(workloads.map((workload) => [workload.id, () => workload.prepare("cpu")])),
};
