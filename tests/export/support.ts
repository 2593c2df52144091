/** Exports models and runs the results where the library is not: in a Node process of their own, and on a page. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect } from "vitest";
import type * as torch from "../../frontend/index.ts";

export interface RawArray {
  readonly type: string;
  readonly shape?: readonly number[];
  readonly bytes: string;
}

export const raw = (array: ArrayBufferView, shape?: readonly number[]): RawArray => ({
  type: (array as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag],
  ...(shape === undefined ? {} : { shape }),
  bytes: Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64"),
});

export const rawTensor = async (tensor: torch.Tensor): Promise<RawArray> =>
  raw(await tensor.detach().numpyAsync(), tensor.shape);

export async function rawTensors(tensors: Readonly<Record<string, torch.Tensor>>): Promise<Record<string, RawArray>> {
  const entries = await Promise.all(
    Object.entries(tensors).map(async ([name, tensor]) => [name, await rawTensor(tensor)] as const),
  );
  return Object.fromEntries(entries);
}

export function numbersIn({ type, bytes }: RawArray): number[] {
  const { buffer, byteOffset, byteLength } = Buffer.from(bytes, "base64");
  const data = buffer.slice(byteOffset, byteOffset + byteLength);
  switch (type) {
    case "Float32Array":
      return [...new Float32Array(data)];
    case "BigInt64Array":
      return Array.from(new BigInt64Array(data), Number);
    case "Int32Array":
      return [...new Int32Array(data)];
    case "Uint16Array":
      return [...new Uint16Array(data)];
    default:
      return [...new Uint8Array(data)];
  }
}

/** Outputs of another engine or device, which may have other elementary functions and a fused multiply-add. */
export function expectClose(
  actual: Readonly<Record<string, RawArray>>,
  wanted: Readonly<Record<string, RawArray>>,
  tolerance = 1e-5,
): void {
  expect(Object.keys(actual)).toEqual(Object.keys(wanted));
  for (const [name, array] of Object.entries(wanted)) {
    expect(actual[name]!.shape).toEqual(array.shape);
    expect(actual[name]!.type).toEqual(array.type);
    const values = numbersIn(actual[name]!);
    numbersIn(array).forEach((value, i) =>
      expect(Math.abs(values[i]! - value) / Math.max(1, Math.abs(value))).toBeLessThan(tolerance),
    );
  }
}

/** An empty directory that is removed afterwards. */
export async function inTemporaryDirectory<T>(body: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(path.join(tmpdir(), "cresset-export-"));
  try {
    return await body(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Runs in any place that has `load` of an exported module. */
export const runText = `
const unpack = ({ type, bytes }) => {
  const { buffer } = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
  return new globalThis[type](buffer);
};
const pack = (array) => {
  let text = "";
  for (const byte of new Uint8Array(array.buffer, array.byteOffset, array.byteLength)) text += String.fromCharCode(byte);
  return { type: array[Symbol.toStringTag], shape: array.shape, bytes: btoa(text) };
};
const runRaw = async (run, given) => {
  const outputs = await run(Object.fromEntries(Object.entries(given).map(([name, array]) => [name, unpack(array)])));
  return Object.fromEntries(Object.entries(outputs).map(([name, array]) => [name, pack(array)]));
};`;

/** A Node process without the library that may not make code of strings. */
export async function runInNode(
  directory: string,
  program: string,
  flags: readonly string[] = ["--disallow-code-generation-from-strings"],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  return inTemporaryDirectory(async (elsewhere) => {
    const file = path.join(elsewhere, "main.mjs");
    await writeFile(
      file,
      program.replaceAll("MODEL", JSON.stringify(pathToFileURL(path.join(directory, "model.mjs")).href)),
    );
    const { PATH = "" } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, file], {
      cwd: elsewhere,
      env: { PATH, ...env },
      timeout: 60_000,
      maxBuffer: 2 ** 28,
    });
    return stdout;
  });
}

/** The outputs for each set of inputs, of one loaded model. */
export async function outputsInNode(
  directory: string,
  inputs: readonly Readonly<Record<string, torch.Tensor>>[],
  env: Readonly<Record<string, string>> = {},
): Promise<Record<string, RawArray>[]> {
  const given = await Promise.all(inputs.map(rawTensors));
  const program = `
import { load } from MODEL;
${runText}
const run = await load();
const outputs = [];
for (const given of ${JSON.stringify(given)}) outputs.push(await runRaw(run, given));
console.log(JSON.stringify(outputs));`;
  return JSON.parse(await runInNode(directory, program, undefined, env)) as Record<string, RawArray>[];
}
