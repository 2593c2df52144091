import { defaultDevice, init, nn, numpy as np } from "@jax-js/jax";
import { generate } from "../generate.ts";

await init("wasm");
defaultDevice("wasm");
const size = 256;
const matrix = (seed: number): np.Array => np.array(generate(seed, size ** 2)).reshape([size, size]);
console.log((await nn.softmax(np.matmul(matrix(11), matrix(12)), -1).data())[0]);
process.exit();
