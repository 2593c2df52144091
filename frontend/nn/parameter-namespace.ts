/** `torch.nn.parameter`. */
export { Buffer, Parameter } from "./parameter.ts";
