/** onnxruntime-web on WebAssembly, one thread. */
import runtime from "onnxruntime-web";
import { onnxPeer } from "./session.ts";

runtime.env.wasm.numThreads = 1;
export const peer = onnxPeer("ort-web", runtime, { provider: "wasm", preallocated: false });
