import runtime from "onnxruntime-web";
import { softmaxOfProduct } from "../peers/onnx/cold-model.ts";

runtime.env.wasm.numThreads = 1;
console.log(await softmaxOfProduct(runtime, "wasm"));
process.exit();
