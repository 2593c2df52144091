/** A workload on ONNX Runtime, which onnxruntime-web and onnxruntime-node offer through one interface. */
import { fingerprint } from "../../generate.ts";
import { countOf, valuesOf, type Peer, type PeerCase } from "../peer.ts";
import { onnxModel } from "./model.ts";
import { onnxWorkloads, type OnnxWorkload } from "./workloads.ts";

export interface OnnxTensor {
  readonly data: Float32Array;
}
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: { executionProviders: string[]; intraOpNumThreads: number; graphOptimizationLevel: "all" },
    ): Promise<{
      run(feeds: Record<string, OnnxTensor>, fetches?: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>>;
    }>;
  };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => OnnxTensor;
}

export function onnxPeer(name: string, runtime: OnnxRuntime, options: SessionOptions): Peer {
  let threads = 1;
  return {
    name,
    setThreads(count) {
      threads = count;
      options.setThreads?.(count);
      return count;
    },
    workloads: Object.fromEntries(
      Object.entries(onnxWorkloads).map(([id, make]) => [id, () => prepare(runtime, make(), threads, options)]),
    ),
  };
}

interface SessionOptions {
  readonly provider: string;
  /** Whether results may go to memory that is there already. */
  readonly preallocated: boolean;
  /** Where a session's own setting is not enough. */
  readonly setThreads?: (count: number) => void;
}

async function prepare(
  { InferenceSession, Tensor }: OnnxRuntime,
  { model, inputs }: OnnxWorkload,
  threads: number,
  { provider, preallocated }: SessionOptions,
): Promise<PeerCase> {
  const session = await InferenceSession.create(onnxModel(model), {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    graphOptimizationLevel: "all",
  });
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, given]) => [name, new Tensor("float32", valuesOf(given), given.shape)]),
  );
  const fetches = Object.fromEntries(
    Object.entries(model.outputs).map(([name, shape]) => [
      name,
      new Tensor("float32", new Float32Array(countOf(shape)), shape),
    ]),
  );
  let last: Record<string, OnnxTensor> = {};
  return {
    async run() {
      last = await (preallocated ? session.run(feeds, fetches) : session.run(feeds));
    },
    check: async () => fingerprint(Object.values(last)[0]!.data),
  };
}
