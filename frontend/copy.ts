/** Python's `copy` module, for models: `torch.copy.deepcopy(model)`. */
export { deepcopy } from "./nn/deepcopy.ts";
