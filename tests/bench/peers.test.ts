import { describe, expect, test } from "vitest";
import { countOf } from "../../bench/peers/peer.ts";
import { gpt, gptSizes } from "../../bench/peers/parameters.ts";
import { onnxModel } from "../../bench/peers/onnx/model.ts";
import { resNet18, type Convolution } from "../../bench/workloads/resnet-layers.ts";
import { workloads } from "../../bench/workloads/index.ts";
import { Gpt } from "../../examples/gpt/model.ts";

const flopsOf = (id: string): number => workloads.find((workload) => workload.id === id)!.flops!;

describe("what the peers are given", () => {
  test("the GPT's parameters have the sizes of the model's, linear maps transposed", () => {
    const { width, block, vocabulary, layers, heads } = gptSizes;
    const model = new Gpt({ width, block, vocabulary, layers, heads });
    const expected = [...model.named_parameters()].map(([name, { shape, ndim }]) =>
      ndim === 2 && !/tokens|positions/.test(name) ? [...shape].reverse() : [...shape],
    );
    expect(gpt().map(({ shape }) => [...shape])).toEqual(expected);
    for (const { shape, values } of gpt()) expect(values).toHaveLength(countOf(shape));
  });

  test("ResNet-18's layers do the multiplications and additions that the workload counts", () => {
    const { stem, blocks, classifier } = resNet18();
    let size = 224;
    const flops = (layer: Convolution, side: number): number =>
      2 * layer.inputs * layer.outputs * layer.kernel ** 2 * side ** 2;
    size /= stem.stride;
    let total = flops(stem, size);
    size /= 2;
    for (const { conv1, conv2, shortcut } of blocks) {
      size /= conv1.stride;
      total += flops(conv1, size) + flops(conv2, size);
      if (shortcut !== null) total += flops(shortcut, size);
    }
    total += 2 * classifier.inputs * classifier.outputs;
    expect(total).toBe(flopsOf("W8_resnet18"));
    expect(classifier.place).toBe(20);
  });

  test("recurrent layers count what is multiplied in them", () => {
    expect([flopsOf("W9_lstm"), flopsOf("W9_gru")]).toEqual([2_147_483_648, 1_610_612_736]);
  });

  test("an ONNX model is the protobuf message that the format describes", () => {
    const bytes = onnxModel({
      inputs: { x: [300] },
      outputs: { y: [300] },
      weights: { w: { shape: [1], values: new Float32Array([1]) } },
      nodes: [{ operator: "Mul", inputs: ["x", "w"], output: "y", attributes: { axis: -1 } }],
    });
    const text = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    // ir_version 10.
    expect(text.startsWith("08 0a 3a")).toBe(true);
    // The attribute axis: an int64 of -1 is ten bytes, then its type, INT.
    expect(text).toContain("0a 04 61 78 69 73 18 ff ff ff ff ff ff ff ff ff 01 a0 01 02");
    // The weight: one size of 1, FLOAT, its name, the bytes of 1.
    expect(text).toContain("08 01 10 01 42 01 77 4a 04 00 00 80 3f");
    // 300 = 0b10_0101100.
    expect(text).toContain("08 ac 02");
    expect(text.endsWith("42 04 0a 00 10 15")).toBe(true);
  });
});
