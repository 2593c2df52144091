/** The files of an exported directory: codegen's, the picture, and the weights. */
import { drawGraph, exportFiles, type ExportOptions } from "../../codegen/export/index.ts";
import type { Node } from "../../ir/graph.ts";
import { contiguousStrides, elementCount } from "../../ir/shape.ts";
import type { ScalarArgument } from "../../ir/signature.ts";
import { saveSafetensors } from "../serialization/safetensors.ts";
import type { TensorLeaf } from "../serialization/tensors.ts";
import type { TargetProgram } from "./program.ts";
import type { Recorded } from "./record.ts";

export async function directoryFiles(
  recorded: Recorded,
  { model, weights }: TargetProgram,
  options: ExportOptions,
): Promise<Map<string, string | Uint8Array>> {
  const files = exportFiles(model, options);
  files.set("graph.svg", picture(recorded));
  const leaves = await Promise.all(
    weights.map(async ({ name, node, contents }): Promise<readonly [string, TensorLeaf]> => [
      name,
      leafOf(node, new Uint8Array(await contents)),
    ]),
  );
  files.set("weights.safetensors", saveSafetensors(leaves));
  return files;
}

function picture({ inputs, weights, outputs }: Recorded): string {
  const leaves = new Map<Node, { readonly kind: "input" | "weight"; readonly name: string }>();
  for (const { name, node } of inputs) leaves.set(node, { kind: "input", name });
  for (const { name, node } of weights) leaves.set(node, { kind: "weight", name });
  return drawGraph(
    outputs.map(({ node }) => node),
    {
      leaf(node) {
        if (node.op === "scalar") return { kind: "number", name: String((node.binding as ScalarArgument).value) };
        return leaves.get(node) ?? null;
      },
      outputs: outputs.map(({ name }) => name),
    },
  );
}

function leafOf({ dtype, shape }: Recorded["outputs"][number]["node"], bytes: Uint8Array): TensorLeaf {
  return {
    dtype,
    shape,
    strides: contiguousStrides(shape),
    storage_offset: 0,
    storageKey: bytes,
    storageElementCount: elementCount(shape),
    storageBytes: () => bytes,
  };
}
