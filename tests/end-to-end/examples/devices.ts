import * as torch from "cresset";
import { Net } from "./net.ts";

await torch.webgpu.init();                               // Node (optional `webgpu` package) or browser
const gpu = new Net().to("webgpu");
const out = gpu(torch.randn(8, 1, 8, 8, { device: "webgpu" }));
await out.tolistAsync();                                 // out.tolist() would throw and name tolistAsync()

export { gpu, out };
