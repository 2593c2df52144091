/** The target "webgpu": the program's shaders, a plan of its memory, and a small runtime that follows the plan. */
import { arrayOf, base64 } from "./arrays.ts";
import { resultsOf, type ExportModel, type TargetCode } from "./model.ts";
import { deviceBytes, planWebGpu, type PlacedBlock } from "./webgpu-plan.ts";

/** What every adapter offers. */
const guaranteed = {
  maxStorageBufferBindingSize: 128 * 2 ** 20,
  maxBufferSize: 256 * 2 ** 20,
  maxStorageBuffersPerShaderStage: 8,
};

export function emitWebGpuTarget(model: ExportModel, separate: boolean): TargetCode {
  const plan = planWebGpu(model);
  const largest = Math.max(...plan.chunkBytes);
  const needed = {
    maxStorageBufferBindingSize: largest,
    maxBufferSize: largest,
    maxStorageBuffersPerShaderStage: Math.max(0, ...plan.dispatches.map(({ chunks }) => chunks.length)),
  };
  const limits = Object.fromEntries(
    Object.entries(needed).filter(([name, value]) => value > guaranteed[name as keyof typeof guaranteed]),
  );
  const shaderList = `[\n${plan.shaders.map((text) => `\`${text.replaceAll(/[`\\$]/g, "\\$&")}\`,\n`).join("\n")}]`;
  const results = resultsOf(model).map(({ from }) => plan[`${from.kind}s`][from.index]!);
  const source = `${separate ? "" : `const shaders = ${shaderList};\n`}
// Buffers on the device, and where in them (buffer, byte) values lie.
const chunkBytes = ${JSON.stringify(plan.chunkBytes)};
const weightPlaces = ${placesText(plan.weights)};
const inputPlaces = ${placesText(plan.inputs)};
const resultPlaces = ${placesText(results)};
// [shader, buffers, byte of its record, workgroups]
const dispatches = [
${plan.dispatches.map(({ shader, chunks, record, workgroups, kernel }) => `  [${shader}, ${JSON.stringify(chunks)}, ${record}, ${workgroups}], // ${kernel}\n`).join("")}];
const neededLimits = ${JSON.stringify(limits)};
const recordWindow = ${plan.recordWindow};
const recordText = ${base64(new Uint8Array(plan.records.buffer))};
const resultBytes = ${JSON.stringify(resultsOf(model).map(deviceBytes))};
const resultArrays = [${resultsOf(model)
    .map(({ dtype }) => arrayOf(dtype))
    .join(", ")}];
${runtimeText(separate)}`;
  return {
    source,
    files: separate ? new Map([["kernels.mjs", `export const shaders = ${shaderList};\n`]]) : new Map(),
    kernelCount: plan.dispatches.length,
    peakBytes: plan.chunkBytes.reduce((total, bytes) => total + bytes, plan.records.byteLength),
    loadOptions: "  /** A GPUDevice to compute on; by default one is asked for. */\n  readonly device?: object;\n",
  };
}

const placesText = (places: readonly PlacedBlock[]): string =>
  JSON.stringify(places.map(({ chunk, offset }) => [chunk, offset]));

const runtimeText = (separate: boolean): string => `
async function prepare(weights, { device: given }) {
  ${separate ? `const { shaders } = await import("./kernels.mjs");\n  ` : ""}const device = given ?? (await openDevice());
  for (const filter of ["out-of-memory", "validation"]) device.pushErrorScope(filter);
  const chunks = chunkBytes.map((size) => device.createBuffer({ size, usage: 0x8c })); // storage, copies from and to it
  const put = ([chunk, offset], array) => device.queue.writeBuffer(chunks[chunk], offset, toWords(array));
  weights.forEach((array, i) => put(weightPlaces[i], array));
  const records = device.createBuffer({ size: Math.max(16, recordBytes.length + recordWindow), usage: 0x48 }); // uniform, copies to it
  device.queue.writeBuffer(records, 0, recordBytes);

  const layouts = new Map();
  const layoutOf = (count) => {
    if (!layouts.has(count)) {
      const entries = [{ binding: 0, visibility: 4, buffer: { type: "uniform", hasDynamicOffset: true } }];
      for (let i = 1; i <= count; i++) entries.push({ binding: i, visibility: 4, buffer: { type: "storage" } });
      const group = device.createBindGroupLayout({ entries });
      layouts.set(count, { group, pipeline: device.createPipelineLayout({ bindGroupLayouts: [group] }) });
    }
    return layouts.get(count);
  };
  const groups = new Map();
  const groupOf = (list) => {
    const key = list.join();
    if (!groups.has(key)) {
      const entries = [{ binding: 0, resource: { buffer: records, size: recordWindow } }];
      list.forEach((chunk, i) => entries.push({ binding: i + 1, resource: { buffer: chunks[chunk] } }));
      groups.set(key, device.createBindGroup({ layout: layoutOf(list.length).group, entries }));
    }
    return groups.get(key);
  };
  const bindings = new Map(dispatches.map(([shader, list]) => [shader, list.length]));
  const compiling = shaders.map((code, i) => device.createComputePipelineAsync({ layout: layoutOf(bindings.get(i)).pipeline, compute: { module: device.createShaderModule({ code }), entryPoint: "main" } }));
  const boundGroups = dispatches.map(([, list]) => groupOf(list));
  const refusals = [device.popErrorScope(), device.popErrorScope()];
  const pipelines = await Promise.all(compiling);
  for (const error of await Promise.all(refusals)) if (error) throw new Error(\`load: the GPU refused the model: \${error.message}\`);
  const commands = dispatches.map(([shader, , record, count], i) => {
    const rows = Math.ceil(count / 65535);
    return { pipeline: pipelines[shader], group: boundGroups[i], record: [record], x: Math.ceil(count / rows), y: rows };
  });
  const stagingBytes = resultBytes.reduce((total, bytes) => total + bytes, 0);
  const free = [];
  return async (given) => {
    given.forEach((array, i) => put(inputPlaces[i], array));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, record, x, y } of commands) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group, record);
      pass.dispatchWorkgroups(x, y);
    }
    pass.end();
    // Of its own for each run that is under way.
    const staging = free.pop() ?? device.createBuffer({ size: Math.max(4, stagingBytes), usage: 0x9 }); // map to read, copies to it
    let end = 0;
    resultPlaces.forEach(([chunk, offset], i) => {
      if (resultBytes[i] > 0) encoder.copyBufferToBuffer(chunks[chunk], offset, staging, end, resultBytes[i]);
      end += resultBytes[i];
    });
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const words = staging.getMappedRange().slice(0);
    staging.unmap();
    free.push(staging);
    let start = 0;
    return resultArrays.map((Type, i) => fromWords(Type, words.slice(start, (start += resultBytes[i]))));
  };
}

const recordBytes = Uint8Array.from(atob(recordText), (character) => character.charCodeAt(0));

/** Elements of one or two bytes take a word of four each. */
function toWords(array) {
  const { buffer, byteOffset, byteLength, length } = array;
  const width = array.BYTES_PER_ELEMENT;
  if (width === 1) return Uint32Array.from(new Uint8Array(buffer, byteOffset, length));
  if (width === 2) return Uint32Array.from(new Uint16Array(buffer, byteOffset, length));
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function fromWords(Type, words) {
  if (Type.BYTES_PER_ELEMENT >= 4) return new Type(words);
  const narrow = Type.BYTES_PER_ELEMENT === 1 ? Uint8Array : Uint16Array;
  return new Type(narrow.from(new Uint32Array(words)).buffer);
}

async function openDevice() {
  const adapter = await (await findGpu())?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("load: there is no WebGPU adapter here; a device can be given with load({ device })");
  return adapter.requestDevice({ requiredLimits: neededLimits });
}

async function findGpu() {
  if (globalThis.navigator?.gpu) return globalThis.navigator.gpu;
  if (typeof process !== "object" || process.versions?.node === undefined) return undefined;
  // Node: the package "webgpu", where it is installed. Its entry point must outlive all work.
  const key = Symbol.for("cresset.webgpu.dawn");
  const name = "webgpu";
  globalThis[key] ??= await import(/* @vite-ignore */ /* webpackIgnore: true */ name).then(({ create }) => create([]), () => undefined);
  return globalThis[key];
}
`;
