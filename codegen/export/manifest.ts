/** manifest.json: what an exported directory holds, for programs that read it. */
import { tensorBytes } from "./arrays.ts";
import type { ExportModel, NamedTensor, TargetCode } from "./model.ts";

const entry = ({ name, dtype, shape }: NamedTensor): object => ({ name, dtype, shape });

export function manifestText(model: ExportModel, target: string, code: TargetCode): string {
  const manifest = {
    format: 1,
    producer: "cresset",
    target,
    inputs: model.inputs.map(entry),
    outputs: model.outputs.map(entry),
    // What stays from run to run: in weights.safetensors.
    state: model.weights.map((weight) => ({ ...entry(weight), bytes: tensorBytes(weight) })),
    kernel_count: code.kernelCount,
    peak_bytes: code.peakBytes,
    graph_hash: model.graphHash,
  };
  const lines = Object.entries(manifest).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${Array.isArray(value) ? list(value) : JSON.stringify(value)}`,
  );
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** An item a line. */
const list = (items: readonly unknown[]): string =>
  items.length === 0 ? "[]" : `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(",\n")}\n  ]`;
