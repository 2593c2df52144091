import * as torch from "cresset";
import { Net } from "./net.ts";
const model = new Net();

const program = torch.export(model.eval(), [torch.randn(1, 1, 8, 8)], { dynamic_shapes: { x: { 0: "batch" } }, output_names: ["output"] });
await program.save("digits/", { target: "wasm" });       // or "webgpu", "js"
// PyTorch's own spelling, torch.export.export(model, args), is the same function
