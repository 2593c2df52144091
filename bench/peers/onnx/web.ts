/** onnxruntime-web on WebAssembly. */
import runtime from "onnxruntime-web";
import { onnxPeer } from "./session.ts";

export const peer = onnxPeer("ort-web", runtime, {
  provider: "wasm",
  preallocated: false,
  setThreads: (count) => (runtime.env.wasm.numThreads = count),
});
