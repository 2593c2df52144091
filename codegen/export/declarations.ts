/** model.d.mts: what TypeScript needs to know of model.mjs. */
import { arrayOf } from "./arrays.ts";
import type { ExportModel, NamedTensor, TargetCode } from "./model.ts";

const property = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));
const shapeType = ({ shape }: NamedTensor): string => `readonly [${shape.join(", ")}]`;
const comment = ({ dtype, shape }: NamedTensor): string => `/** ${dtype}[${shape.join(", ")}]${bits[dtype] ?? ""} */`;
const bits: Readonly<Record<string, string>> = {
  float16: ", as bit patterns",
  bfloat16: ", as bit patterns",
  bool: ", as 0 and 1",
};

export function declarationsText(model: ExportModel, code: TargetCode): string {
  const input = (tensor: NamedTensor): string => {
    const array = arrayOf(tensor.dtype);
    return `  ${comment(tensor)}\n  readonly ${property(tensor.name)}: ${array} | { readonly data: ${array}; readonly shape: ${shapeType(tensor)} };\n`;
  };
  const output = (tensor: NamedTensor): string =>
    `  ${comment(tensor)}\n  readonly ${property(tensor.name)}: ${arrayOf(tensor.dtype)} & { readonly shape: ${shapeType(tensor)} };\n`;
  return `export interface Inputs {
${model.inputs.map(input).join("")}}
export interface Outputs {
${model.outputs.map(output).join("")}}
export interface LoadOptions {
  /** The bytes of weights.safetensors, or its URL, if it does not lie beside model.mjs. */
  readonly weights?: string | URL | ArrayBuffer | ArrayBufferView;
${code.loadOptions ?? ""}}
export interface TensorInfo {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}
export declare const inputs: readonly TensorInfo[];
export declare const outputs: readonly TensorInfo[];
/** Reads the weights and makes the model ready. */
export declare function load(options?: LoadOptions): Promise<(inputs: Inputs) => Promise<Outputs>>;
`;
}
