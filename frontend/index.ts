/** `import * as torch from "cresset"`: PyTorch's namespace, with every method of Tensor. */
import "./methods.ts";

export * from "./core.ts";
