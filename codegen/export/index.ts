/**
 * Exported directories: a model as an ES module that needs neither the library nor `eval`. In: a program made for the
 * target, without draws and donations, and the names of what it takes and gives. Out: the directory's files but the
 * picture and the weights. Always: equal models give equal files.
 */
import { declarationsText } from "./declarations.ts";
import { moduleText } from "./es-module.ts";
import { emitJsTarget } from "./js-target.ts";
import { manifestText } from "./manifest.ts";
import type { ExportModel, ExportOptions, ExportTarget, TargetCode } from "./model.ts";
import { emitWasmTarget } from "./wasm-target.ts";
import { emitWebGpuTarget } from "./webgpu-target.ts";

export type { ExportModel, ExportOptions, ExportTarget, Given, NamedOutput, NamedTensor } from "./model.ts";
export { drawGraph } from "./picture.ts";

const targets: Readonly<Record<ExportTarget, (model: ExportModel, separate: boolean) => TargetCode>> = {
  js: emitJsTarget,
  wasm: emitWasmTarget,
  webgpu: emitWebGpuTarget,
};

export function exportFiles(
  model: ExportModel,
  { target, separate = false }: ExportOptions,
): Map<string, string | Uint8Array> {
  const code = targets[target](model, separate);
  return new Map([
    ["model.mjs", moduleText(model, target, code)],
    ["model.d.mts", declarationsText(model, code)],
    ["manifest.json", manifestText(model, target, code)],
    ["graph.txt", model.graphText],
    ...code.files,
  ]);
}
