/**
 * model.mjs: the target's code and what all targets share, which is reading the weights, checking the inputs and
 * naming the outputs. It imports nothing; under Node, the weights are read with what `import()` gives of Node itself.
 */
import { holds } from "../../ir/builder.ts";
import { arrayOf, arrayTypes } from "./arrays.ts";
import { resultsOf, type ExportModel, type NamedTensor, type TargetCode } from "./model.ts";

export function moduleText(model: ExportModel, target: string, code: TargetCode): string {
  const used = new Set([...model.inputs, ...model.weights, ...resultsOf(model)].map(({ dtype }) => dtype));
  const tagged = model.weights.map((weight) => ({ ...plain(weight), tag: arrayTypes[weight.dtype].tag }));
  return `// A model for the target "${target}", made by Cresset. It needs nothing but the files beside it.
// Graph ${model.graphHash}: see graph.txt and graph.svg.

export const inputs = ${list(model.inputs.map(plain))};
export const outputs = ${list(model.outputs.map(plain))};
const weights = ${list(tagged)};
${resultsText(model)}const arrays = { ${Array.from(used, (dtype) => `${dtype}: ${arrayOf(dtype)}`).join(", ")} };

/**
 * Reads the weights and makes the model ready. \`options.weights\` are the bytes of weights.safetensors, or its URL, if
 * it does not lie beside this file. Returns a function of the inputs by name, that gives the outputs by name.
 */
export async function load(options = {}) {
  const execute = await prepare(weights.length > 0 ? readWeights(await bytesOf(options.weights)) : [], options);
  return async function run(given) {
    const values = await execute(checkInputs(given));
${model.checks === null ? "" : "    raise(values.pop());\n"}    return Object.fromEntries(outputs.map(({ name, shape }, i) => [name, Object.defineProperty(values[i], "shape", { value: shape })]));
  };
}

const elementCount = ({ shape }) => shape.reduce((count, size) => count * size, 1);
const byteCount = (tensor) => elementCount(tensor) * arrays[tensor.dtype].BYTES_PER_ELEMENT;
const describe = ({ dtype, shape }) => \`\${dtype}[\${shape.join(", ")}]\`;

function checkInputs(given) {
  if (typeof given !== "object" || given === null) throw new TypeError(\`run: takes an object with the inputs \${inputs.map(({ name }) => name).join(", ")}\`);
  const unknown = Object.keys(given).find((key) => !inputs.some(({ name }) => name === key));
  if (unknown !== undefined) throw new TypeError(\`run: there is no input "\${unknown}"; there are \${inputs.map(({ name }) => name).join(", ") || "none"}\`);
  return inputs.map((input) => {
    const value = given[input.name];
    const { name: kind } = arrays[input.dtype];
    const wanted = \`run: input "\${input.name}" must be a \${kind} of \${elementCount(input)} elements (\${describe(input)})\`;
    if (value === undefined || value === null) throw new TypeError(\`\${wanted}; it is missing\`);
    let data = ArrayBuffer.isView(value) ? value : value.data;
    const got = data?.[Symbol.toStringTag];
    if (got === "Float16Array" && input.dtype === "float16") data = new Uint16Array(data.buffer, data.byteOffset, data.length);
    else if (got !== kind) throw new TypeError(\`\${wanted}, got \${got ?? typeof data}\`);
    if (data.length !== elementCount(input)) throw new RangeError(\`\${wanted}, got \${data.length} elements\`);
    if (data !== value && value.shape !== undefined && value.shape.join() !== input.shape.join()) throw new RangeError(\`\${wanted}, got shape [\${value.shape.join(", ")}]\`);
    return data;
  });
}

async function bytesOf(source = new URL("./weights.safetensors", import.meta.url)) {
  if (typeof source === "string" || source instanceof URL) return readFile(source);
  return ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source);
}

async function readFile(source) {
  const isRemote = /^(https?|data|blob):/.test(source);
  if (!isRemote && typeof process === "object" && process.versions?.node !== undefined) {
    const name = "node:fs/promises"; // Not a literal, so that bundlers leave it alone.
    const files = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
    return new Uint8Array(await files.readFile(String(source).startsWith("file:") ? new URL(source) : source));
  }
  const response = await fetch(source);
  if (!response.ok) throw new Error(\`load: \${source} could not be read: \${response.status} \${response.statusText}\`);
  return new Uint8Array(await response.arrayBuffer());
}

function readWeights(file) {
  const wrong = (reason) => new Error(\`load: these weights do not fit the model: \${reason}\`);
  if (file.length < 8) throw wrong("they are no safetensors file");
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (length > file.length - 8) throw wrong("they are no safetensors file");
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  return weights.map((weight) => {
    const entry = Object.hasOwn(header, weight.name) ? header[weight.name] : undefined;
    if (entry === undefined) throw wrong(\`"\${weight.name}" is missing\`);
    if (entry.dtype !== weight.tag || entry.shape.join() !== weight.shape.join()) throw wrong(\`"\${weight.name}" must be \${describe(weight)}, got \${entry.dtype} [\${entry.shape.join(", ")}]\`);
    const start = 8 + length + entry.data_offsets[0];
    const bytes = file.subarray(start, start + byteCount(weight));
    if (bytes.length !== byteCount(weight)) throw wrong("the file is cut short");
    const isAligned = bytes.byteOffset % arrays[weight.dtype].BYTES_PER_ELEMENT === 0;
    const { buffer, byteOffset } = isAligned ? bytes : bytes.slice();
    return new arrays[weight.dtype](buffer, byteOffset, elementCount(weight));
  });
}

${code.source}`;
}

const plain = ({ name, dtype, shape }: NamedTensor): NamedTensor => ({ name, dtype, shape });

/** What `execute` gives: the outputs, and last the status of the checks. */
function resultsText({ checks }: ExportModel): string {
  if (checks === null) return "const results = outputs;\n";
  return `const results = [...outputs, ${JSON.stringify(plain(checks.status))}];
const checks = ${list(checks.messages)};
function raise(status) {
  const failed = status.findIndex((told) => told !== ${holds}n);
  if (failed >= 0) throw new RangeError(checks[failed]);
}
`;
}

/** An array with an item a line. */
const list = (items: readonly (object | string)[]): string =>
  items.length === 0 ? "[]" : `[\n${items.map((item) => `  ${JSON.stringify(item)},\n`).join("")}]`;
