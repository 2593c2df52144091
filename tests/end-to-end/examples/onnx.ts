import * as torch from "cresset";
import { Net } from "./net.ts";
const model = new Net();

await torch.onnx.export(model, [torch.randn(1, 1, 8, 8)], "digits.onnx");
