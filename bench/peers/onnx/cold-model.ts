/** W11 as an ONNX model. */
import type { Generated } from "../peer.ts";
import { onnxModel } from "./model.ts";
import type { OnnxRuntime } from "./session.ts";
import { valuesOf } from "../peer.ts";

const shape = [256, 256] as const;

export async function softmaxOfProduct({ InferenceSession, Tensor }: OnnxRuntime, provider: string): Promise<number> {
  const model = onnxModel({
    inputs: { a: shape, b: shape },
    outputs: { y: shape },
    weights: {},
    nodes: [
      { operator: "MatMul", inputs: ["a", "b"], output: "product" },
      { operator: "Softmax", inputs: ["product"], output: "y", attributes: { axis: 1 } },
    ],
  });
  const session = await InferenceSession.create(model, {
    executionProviders: [provider],
    intraOpNumThreads: 1,
    graphOptimizationLevel: "all",
  });
  const matrix = (given: Generated): InstanceType<typeof Tensor> => new Tensor("float32", valuesOf(given), given.shape);
  const { y } = await session.run({ a: matrix({ seed: 11, shape }), b: matrix({ seed: 12, shape }) });
  return y!.data[0]!;
}
