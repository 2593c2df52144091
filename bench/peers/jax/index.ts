/** @jax-js/jax on its WebAssembly device, each workload under its jit. */
import { defaultDevice, init } from "@jax-js/jax";
import type { Peer } from "../peer.ts";
import { networkWorkloads } from "./networks.ts";
import { sequenceWorkloads } from "./sequences.ts";
import { tensorWorkloads } from "./tensors.ts";

await init("wasm");
defaultDevice("wasm");

export const peer: Peer = {
  name: "jax-js",
  workloads: { ...tensorWorkloads, ...networkWorkloads, ...sequenceWorkloads },
};
