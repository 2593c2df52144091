/**
 * The target "wasm": the program's WebAssembly module and a memory of exactly the size that it needs. Every address is
 * decided here, so that the exported module only copies inputs in and outputs out.
 */
import { ExportError } from "../../ir/errors.ts";
import type { Program } from "../../ir/program.ts";
import { roundToDType } from "../../ir/rounding.ts";
import { emitProgram, hostModule, lowestAddress, numberKind, type WasmProgram } from "../wasm/index.ts";
import { base64, tensorBytes } from "./arrays.ts";
import { librarySource } from "./js-library.ts";
import { resultsOf, type ExportModel, type TargetCode } from "./model.ts";

const pageBytes = 65536;
const mostPages = 65536;
const alignment = 64;
/** Large blocks start at different cache lines of their pages: arrays walked together would compete for cache sets. */
const skewedFrom = 16384;
const skewStep = 320;
const skewCount = 12;

interface MemoryLayout {
  readonly table: number;
  readonly tableBytes: Uint8Array;
  readonly weights: readonly number[];
  readonly inputs: readonly number[];
  readonly results: readonly number[];
  readonly end: number;
}

export function emitWasmTarget(model: ExportModel, separate: boolean): TargetCode {
  const { program } = model;
  const plain = emitProgram(program, { relaxedSimd: false });
  const relaxed = emitProgram(program, { relaxedSimd: true });
  const modules = sameBytes(plain.bytes, relaxed.bytes) ? [plain.bytes] : [relaxed.bytes, plain.bytes];
  const layout = layOut(model, plain);
  const pages = Math.ceil(layout.end / pageBytes);
  if (pages > mostPages) {
    throw new ExportError(
      "export/memory",
      `export: the model needs ${(layout.end / 2 ** 30).toFixed(1)} GiB, and WebAssembly addresses 4 GiB.`,
      'Export with { target: "webgpu" }, or with smaller example inputs.',
    );
  }
  const fileNames = modules.length === 1 ? ["kernels.wasm"] : ["kernels.relaxed.wasm", "kernels.wasm"];
  const kernelTexts = modules.map((bytes, i) =>
    separate ? `await readFile(new URL("./${fileNames[i]}", import.meta.url))` : `decode(${base64(bytes)})`,
  );
  const places = (addresses: readonly number[]): string => JSON.stringify(addresses);
  const results = resultsOf(model).map(({ from }) => layout[`${from.kind}s`][from.index]!);
  const hostNames = [...new Set([...plain.hostFunctions, ...relaxed.hostFunctions])];
  const source = `${librarySource(hostNames)}
const weightPlaces = ${places(layout.weights)};
const inputPlaces = ${places(layout.inputs)};
const resultPlaces = ${places(results)};

async function prepare(weights) {
  const memory = new WebAssembly.Memory({ initial: ${pages}, maximum: ${pages} });
  const { run0 } = await instantiate({ ${hostModule}: { ${["memory", ...hostNames].join(", ")} } });
  const { buffer } = memory;
  const put = (place, { buffer: source, byteOffset, byteLength }) => new Uint8Array(buffer, place, byteLength).set(new Uint8Array(source, byteOffset, byteLength));
  put(${layout.table}, decode(${base64(layout.tableBytes)}));
  weights.forEach((array, i) => put(weightPlaces[i], array));
  return (given) => {
    given.forEach((array, i) => put(inputPlaces[i], array));
    run0(${layout.table});
    return results.map((result, i) => new arrays[result.dtype](buffer.slice(resultPlaces[i], resultPlaces[i] + byteCount(result))));
  };
}

${instantiateText(kernelTexts)}
${decodeText}`;
  return {
    source,
    files: separate ? new Map(modules.map((bytes, i) => [fileNames[i]!, bytes])) : new Map(),
    kernelCount: plain.kernelCount,
    peakBytes: pages * pageBytes - lowestAddress,
  };
}

/** With two modules the first uses the fused multiply-add of relaxed SIMD, which not every engine has. */
function instantiateText(kernels: readonly string[]): string {
  if (kernels.length === 1) {
    return `async function instantiate(host) {
  return (await WebAssembly.instantiate(${kernels[0]}, host)).instance.exports;
}
`;
  }
  return `async function instantiate(host) {
  const relaxed = ${kernels[0]};
  const kernels = WebAssembly.validate(relaxed) ? relaxed : ${kernels[1]};
  return (await WebAssembly.instantiate(kernels, host)).instance.exports;
}
`;
}

const decodeText = `const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
`;

function layOut(model: ExportModel, code: WasmProgram): MemoryLayout {
  const { program } = model;
  let end = lowestAddress;
  let skews = 0;
  const reserve = (bytes: number): number => {
    const skew = bytes < skewedFrom ? 0 : (skews++ % skewCount) * skewStep;
    const address = Math.ceil((end + skew) / alignment) * alignment;
    end = address + bytes;
    return address;
  };
  const table = reserve(code.tableBytes);
  const places = {
    weights: model.weights.map((tensor) => reserve(tensorBytes(tensor))),
    inputs: model.inputs.map((tensor) => reserve(tensorBytes(tensor))),
    results: new Array<number>(program.outputCount).fill(0),
  };
  for (const { bytes, place } of program.slots)
    if (place.kind === "output") places.results[place.index] = reserve(bytes);
  const arena = reserve(program.arenaBytes);
  const scratch = reserve(code.scratchBytes);

  const tableBytes = new Uint8Array(code.tableBytes);
  const view = new DataView(tableBytes.buffer);
  program.slots.forEach(({ place }, position) => {
    let address = 0;
    if (place.kind === "input") {
      const { kind, index } = model.given[place.index]!;
      address = places[`${kind}s`][index]!;
    } else if (place.kind === "output") address = places.results[place.index]!;
    else if (place.kind === "temporary") address = arena + place.offset;
    view.setUint32(code.table.slotOffset(position), address, true);
  });
  view.setUint32(code.table.scratchOffset, scratch, true);
  program.numbers.forEach((slot, i) => writeNumber(view, code.table.numberOffset(i), slot, model.numbers[i]!));
  code.extents.forEach((value, i) => view.setInt32(code.table.extentOffset(i), value, true));
  return { table, tableBytes, ...places, end };
}

function writeNumber(view: DataView, offset: number, slot: Program["numbers"][number], given: number | bigint): void {
  const value = roundToDType(given, slot.dtype);
  switch (numberKind(slot)) {
    case "f32":
      return view.setFloat32(offset, Number(value), true);
    case "f64":
      return view.setFloat64(offset, Number(value), true);
    case "i64":
      return view.setBigInt64(offset, BigInt(value), true);
    case "i32":
    case "bool":
      return view.setInt32(offset, Number(value), true);
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
