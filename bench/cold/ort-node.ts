import runtime from "onnxruntime-node";
import { softmaxOfProduct } from "../peers/onnx/cold-model.ts";

console.log(await softmaxOfProduct(runtime, "cpu"));
