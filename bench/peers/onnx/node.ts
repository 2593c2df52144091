/** onnxruntime-node: native code with the machine's own vectors. */
import runtime from "onnxruntime-node";
import { onnxPeer } from "./session.ts";

export const peer = onnxPeer("ort-node", runtime, { provider: "cpu", preallocated: true });
