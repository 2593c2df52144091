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

export const onnxPeer = (name: string, runtime: OnnxRuntime, options: SessionOptions): Peer => ({
  name,
  workloads: Object.fromEntries(
    Object.entries(onnxWorkloads).map(([id, make]) => [id, () => prepare(runtime, make(), options)]),
  ),
});

interface SessionOptions {
  readonly provider: string;
  /** Whether results may go to memory that is there already. */
  readonly preallocated: boolean;
}

async function prepare(
  { InferenceSession, Tensor }: OnnxRuntime,
  { model, inputs }: OnnxWorkload,
  { provider, preallocated }: SessionOptions,
): Promise<PeerCase> {
  const session = await InferenceSession.create(onnxModel(model), {
    executionProviders: [provider],
    intraOpNumThreads: 1,
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
