import { NotImplementedError } from "../../ir/errors.ts";
import type { ExportModel, TargetCode } from "./model.ts";

export function emitWebGpuTarget(_model: ExportModel, _separate: boolean): TargetCode {
  throw new NotImplementedError("export/webgpu", "export: the webgpu target is not here yet.");
}
