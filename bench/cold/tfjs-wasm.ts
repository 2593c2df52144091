import * as tf from "@tensorflow/tfjs";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { generate } from "../generate.ts";

setThreadsCount(1);
await tf.setBackend("wasm");
await tf.ready();
const size = 256;
const matrix = (seed: number): tf.Tensor => tf.tensor(generate(seed, size ** 2), [size, size]);
console.log(tf.matMul(matrix(11), matrix(12)).softmax(-1).dataSync()[0]);
