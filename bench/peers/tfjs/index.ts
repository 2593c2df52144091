/** TensorFlow.js on its WebAssembly backend. */
import * as tf from "@tensorflow/tfjs";
import { getThreadsCount, setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import type { Peer } from "../peer.ts";
import { networkWorkloads } from "./networks.ts";
import { sequenceWorkloads } from "./sequences.ts";
import { tensorWorkloads } from "./tensors.ts";

export const peer: Peer = {
  name: "tfjs-wasm",
  async setThreads(count) {
    setThreadsCount(count);
    await tf.setBackend("wasm");
    await tf.ready();
    // One in Node, whatever is asked for.
    return count === 1 ? 1 : getThreadsCount();
  },
  workloads: { ...tensorWorkloads, ...networkWorkloads, ...sequenceWorkloads },
};
