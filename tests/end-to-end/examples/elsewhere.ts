// elsewhere: no dependency, no eval
import { load } from "./digits/model.mjs";
const run = await load();                                // reads weights.safetensors beside it
const { output } = await run({ x: new Float32Array(64) });

export { output };
