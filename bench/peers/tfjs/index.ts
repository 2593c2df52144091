/** TensorFlow.js on its WebAssembly backend, one thread. */
import * as tf from "@tensorflow/tfjs";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import type { Peer } from "../peer.ts";
import { networkWorkloads } from "./networks.ts";
import { sequenceWorkloads } from "./sequences.ts";
import { tensorWorkloads } from "./tensors.ts";

setThreadsCount(1);
await tf.setBackend("wasm");
await tf.ready();

export const peer: Peer = {
  name: "tfjs-wasm",
  workloads: { ...tensorWorkloads, ...networkWorkloads, ...sequenceWorkloads },
};
