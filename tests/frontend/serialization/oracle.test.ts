import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { LoadOptions } from "../../../frontend/serialization/index.ts";
import {
  loadPt,
  loadSafetensors,
  PythonObject,
  savePt,
  saveSafetensors,
} from "../../../frontend/serialization/index.ts";
import type { OracleNode } from "./describe-tree.ts";
import { describeExpected, describeLoaded } from "./describe-tree.ts";
import { makeTensor } from "./fake-tensor.ts";

interface Case {
  readonly file: string;
  readonly format: "zip" | "legacy" | "safetensors";
  readonly expected?: unknown;
  readonly contains_class?: string;
  readonly state?: { readonly v: readonly [string, unknown][] };
  readonly metadata?: Readonly<Record<string, string>>;
}

const oracle = new URL("../../oracle/cases/", import.meta.url);
const cases = gunzipSync(readFileSync(new URL("pt_files.jsonl.gz", oracle)))
  .toString("utf8")
  .split("\n")
  .slice(1)
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Case);
const read = ({ file }: Case): Uint8Array => new Uint8Array(readFileSync(new URL(file, oracle)));

const options: LoadOptions = { makeTensor, dicts: "map" };
const trees = cases.filter((entry) => entry.format !== "safetensors" && entry.expected !== undefined);
const modules = cases.filter((entry) => entry.contains_class !== undefined);
const safetensors = cases.filter((entry) => entry.format === "safetensors");

/** safetensors has no order of its own: by name, and each tensor's storage by itself. */
const byName = (dict: unknown): ReadonlyMap<string, object> =>
  new Map(
    (dict as { readonly dict: [string, object][] }).dict.map(([name, tensor]) => [name, { ...tensor, storage: 0 }]),
  );

describe("the pt_files oracle", () => {
  it("has the 26 files that were recorded, each of a kind tested here", () => {
    expect(cases).toHaveLength(26);
    expect(trees.length + modules.length + safetensors.length).toBe(26);
  });

  it.each(trees)("$file loads as torch.load loads it", (entry) => {
    expect(describeLoaded(loadPt(read(entry), options))).toEqual(describeExpected(entry.expected));
  });

  it.each(trees)("$file is the same after saving and loading again", (entry) => {
    const again = loadPt(savePt(loadPt(read(entry), options)), options);
    expect(describeLoaded(again)).toEqual(describeExpected(entry.expected));
  });

  it.each(modules)("$file loads as a generic object with the module's state", (entry) => {
    const loaded = loadPt(read(entry), options) as PythonObject;
    expect(loaded).toBeInstanceOf(PythonObject);
    expect(loaded.class).toBe(entry.contains_class);
    const parameters = (loaded.state as Map<string, Map<string, unknown>>).get("_parameters")!;
    const bare = describeLoaded(new Map(parameters)) as { readonly dict: [string, object][] };
    const plain = bare.dict.map(([name, tensor]) => [name, { ...tensor, requires_grad: false, parameter: false }]);
    // The oracle recorded state_dict(), where parameters are detached tensors.
    expect({ orderedDict: plain }).toEqual(describeExpected(entry.state));
    expect(describeLoaded(loadPt(savePt(loaded), options))).toEqual(describeLoaded(loaded));
  });

  it.each(safetensors)("$file loads, with its metadata", (entry) => {
    const { tensors, metadata } = loadSafetensors(read(entry), makeTensor);
    expect(byName(describeLoaded(tensors))).toEqual(byName(describeExpected(entry.expected as OracleNode)));
    expect(metadata).toEqual(entry.metadata);
  });

  it.each(safetensors)("$file is written byte for byte as the safetensors library wrote it", (entry) => {
    const { tensors, metadata } = loadSafetensors(read(entry), makeTensor);
    expect(saveSafetensors(tensors, metadata)).toEqual(read(entry));
  });
});
